"""Options that lead a corpus along other ways through the workflow than the demo's."""

from __future__ import annotations

from egoalign.tables import read_columns
from tests.workflow.test_other_corpora import MODEL, make_project, write_csv, write_video

TOKENS = ["video_id", "utterance_id", "utterance", "token_num", "token"]
TIMES = ["token_start_time", "token_end_time", "spacy_pos", "lemma"]
SPOKEN = [("see the ball", 1.2, 3.9), ("dogs", 5.3, 5.6), ("over there", 6.2, 9.8)]


def token_rows(recording: str) -> list[list[object]]:
    """Return the rows of one recording: each utterance's words follow one another evenly."""
    rows: list[list[object]] = []
    for number, (text, start, end) in enumerate(SPOKEN):
        words = text.split()
        step = (end - start) / len(words)
        for place, word in enumerate(words):
            begin = start + place * step
            times = [f"{begin:.3f}", f"{begin + step:.3f}"]
            rows.append([recording, number, text, place, word, *times, "NOUN", word.rstrip("s")])
    return rows


def test_one_token_table_speech_only_key_frames_tiles_and_words(tmp_path):
    """Three sessions share a token table; one child's language is not kept."""
    folder = tmp_path / "project"
    sessions = []
    for child, name in (("ana", "first"), ("ana", "second"), ("bel", "third")):
        write_video(folder / "mine" / f"{name}.mp4", "libx264", 12, (192, 96))
        sessions.append(
            {
                "child_id": child,
                "session_id": name,
                "video": f"mine/{name}.mp4",
                "rttm": "mine/all.rttm",
                "age_days": 400,
            }
        )
    rows = [token_rows(name) for name in ("second", "first", "nobody", "third")]
    mixed = [row for group in zip(*rows, strict=True) for row in group]
    write_csv(folder / "mine" / "tokens.csv", [*TOKENS, *TIMES], mixed)
    turns = [
        f"SPEAKER {name} 1 {onset} {length} <NA> <NA> {label} <NA> <NA>\n"
        for name in ("first", "second", "third")
        for onset, length, label in ((0.9, 3.5, "FEM"), (5.0, 1.0, "KCHI"), (6.0, 3.0, "CHI"))
    ]
    (folder / "mine" / "all.rttm").write_text("".join(turns))
    project = make_project(
        folder,
        sessions,
        "child_id\tlanguages\nana\teng\nbel\tspa\n",
        transcripts={
            "merged": "mine/tokens.csv",
            "languages": ["eng"],
            "language_from": "children",
        },
        encode={
            "models": [MODEL],
            "frames": "speech",
            "grid": "keyframes",
            "picture": "tiles_max",
        },
        align={"window": {"points": "words"}, "nulls": {"draws": 20}},
    )
    done = project.run()
    assert done.returncode == 0, done.stdout + done.stderr

    def table(name: str) -> list[dict]:
        return read_columns(project.results / name).to_pylist()

    rows = table("align/small/alignment.parquet")
    assert len(rows) == 9
    assert {row["reason"] for row in rows if row["child_id"] == "bel"} == {"language left out"}
    scored = [row for row in rows if row["child_id"] == "ana"]
    assert all(row["score_max"] is not None for row in scored)
    assert [row["speaker"] for row in scored] == 2 * ["female_adult", "key_child", "other_child"]
    # Middles of the words: 1.65, 2.55, 3.45 of the first utterance; 7.1, 8.9 of the last.
    assert [row["n_frames"] for row in scored] == 2 * [2, 1, 2]
    words = table("private/transcripts/ana/first.words.parquet")
    assert [word["lemma"] for word in words] == ["see", "the", "ball", "dog", "over", "there"]
    frames = table("video/ana/first.frames.parquet")
    wanted = [frame["requested_s"] for frame in frames if frame["wanted"]]
    assert wanted == [2, 3, 5, 7, 9]
    vectors = table("encode/small/ana/first.frame_embeddings.arrow")
    assert sorted({row["tile"] for row in vectors if row["decoded"]}) == [0, 1]
    others = table("encode/small/bel/third.frame_embeddings.arrow")
    assert not any(row["decoded"] for row in others)
    assert project.planned() == {}
    with (folder / "mine" / "tokens.csv").open("a") as stream:
        stream.write("third,9,no,0,no,11,11.5,INTJ,no\n")
    planned = project.planned()
    assert planned["split_transcripts"] == 1
    assert planned["ingest_session"] == 3
