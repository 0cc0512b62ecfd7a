"""A forced-choice export read as it is: names and words to ids, and what fits nothing."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from egoalign import cli
from egoalign.tables import (
    FRAMES,
    JUDGMENTS,
    SESSIONS,
    UNMATCHED,
    UTTERANCES,
    read_table,
    write_table,
)

HEADER = [
    *("prolific_pid", "annotator_index", "row_index", "mode", "selected_position"),
    *("correct_position", "is_correct", "utterance", "distractor_utt1", "distractor_utt2"),
    *("distractor_utt3", "image_path", "distractor_img1", "distractor_img2", "distractor_img3"),
    "timestamp",
]
"""The columns of the published task's export."""

OWN = [*HEADER, "item_id", "trial_no", "kind", "child_id", "session_id", "utterance_id", "second"]
OWN += ["distractors", "selected", "inclusion_probability"]
SAID = {
    "u0": ("see the ball", 2.0, 4.0),
    "u1": ("yeah", 6.0, 7.0),
    "u2": (" a cup ", 9.0, 10.5),
    "u3": ("yeah", 12.0, 13.0),
    "u4": ("where is it", 20.4, 20.6),
    "u5": ("here it is", 25.0, 28.0),
}


def corpus(folder: Path) -> None:
    """Write two recordings: kim/day1, known as GX0017, and lee/day1, by its video's name."""
    rows = []
    for child in ("kim", "lee"):
        said = SAID if child == "kim" else {"u0": ("the dog is asleep", 1.0, 3.0)}
        spoken = [
            {
                "utterance_id": utterance,
                "start_s": start,
                "end_s": end,
                "text": text,
                "text_encoded": text.strip(),
                "speaker": "female_adult",
                "text_id": "t0",
                "n_words": 1,
                "source_format": "csv",
            }
            for utterance, (text, start, end) in said.items()
        ]
        write_table(UTTERANCES, spoken, folder / child / "day1.utterances.parquet")
        grid = [{"frame_id": k, "requested_s": float(k), "wanted": True} for k in range(30)]
        write_table(FRAMES, grid, folder / child / "day1.frames.parquet")
        rows.append({"child_id": child, "session_id": "day1", "exclude": False})
    write_table(SESSIONS, rows, folder / "sessions.parquet")
    (folder / "children.tsv").write_text("child_id\nkim\nlee\n")
    (folder / "sessions.tsv").write_text(
        "child_id\tsession_id\tvideo\tage_days\tsource_name\n"
        "kim\tday1\tv/one.mp4\t400\tGX0017\n"
        "lee\tday1\tv/two_b.mp4\t410\t\n"
    )


def row(**changes: Any) -> dict[str, Any]:
    """Return a row in which the utterance of a picture is chosen, rightly."""
    made = {
        "prolific_pid": "5f0c3e",
        "annotator_index": 7,
        "row_index": 0,
        "mode": "utterances",
        "selected_position": 2,
        "correct_position": 2,
        "is_correct": "true",
        "utterance": "see the ball",
        "distractor_utt1": "a cup",
        "distractor_utt2": "the dog is asleep",
        "distractor_utt3": "here it is",
        "image_path": "frames/GX0017_00003.jpg",
        "distractor_img1": "frames/two_b_00002.jpg",
        "distractor_img2": "frames/GX0017_00020.jpg",
        "distractor_img3": "frames/GX0017_00010.jpg",
        "timestamp": "2025-11-14T10:00:00Z",
    }
    return made | changes


def read(
    folder: Path, rows: list[dict[str, Any]], header: list[str] = HEADER, **options: Any
) -> int:
    corpus(folder)
    with (folder / "export.csv").open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, header, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)
    words = ["read-judgments", "--quiet", "--judgments", folder / "export.csv"]
    words += ["--sessions", folder / "sessions.parquet", "--out", folder / "out.parquet"]
    words += ["--lab-children", folder / "children.tsv"]
    words += ["--lab-sessions", folder / "sessions.tsv"]
    words += ["--frames-folder", folder, "--utterances-folder", folder]
    words += ["--unmatched", folder / "lost.parquet", "--unmatched-csv", folder / "lost.csv"]
    words += ["--options", json.dumps({"rating_scale": [1, 5]} | options)]
    return cli.main([str(word) for word in words])


def test_names_and_words_become_ids(tmp_path: Path) -> None:
    rows = [
        row(),
        row(mode="images", is_correct="false", selected_position=1, row_index=3),
        row(prolific_pid="77aa", annotator_index=12, timestamp="2025-11-14T09:00:00Z"),
    ]
    assert read(tmp_path, rows) == 0
    table = read_table(JUDGMENTS, tmp_path / "out.parquet").to_pylist()
    assert [one["kind"] for one in table] == [
        "choose_utterance",
        "choose_image",
        "choose_utterance",
    ]
    assert [one["annotator_id"] for one in table] == ["a07", "a07", "a12"]
    assert [one["item_id"] for one in table] == ["x00001", "x00002", "x00001"]
    assert {(one["child_id"], one["utterance_id"], one["second"]) for one in table} == {
        ("kim", "u0", 3.0)
    }
    assert json.loads(table[0]["distractors"]) == [
        ["kim", "day1", "u2"],
        ["lee", "day1", "u0"],
        ["kim", "day1", "u5"],
    ]
    assert json.loads(table[1]["distractors"]) == [
        ["lee", "day1", 2.0],
        ["kim", "day1", 20.0],
        ["kim", "day1", 10.0],
    ]
    assert [one["correct"] for one in table] == [True, False, True]
    assert [one["chosen"] for one in table] == [0, None, 0]
    assert [one["trial_no"] for one in table] == [1, 2, 1]


def test_no_message_or_table_repeats_words_names_or_people(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    rows = [row(), row(utterance="a secret thing", row_index=1), row(image_path="Anna_00003.jpg")]
    assert read(tmp_path, rows, on_unmatched="drop") == 0
    written = (tmp_path / "lost.csv").read_text() + capfd.readouterr().err
    written += str(read_table(JUDGMENTS, tmp_path / "out.parquet").to_pylist())
    written += str(read_table(UNMATCHED, tmp_path / "lost.parquet").to_pylist())
    for private in ("secret", "Anna", "5f0c3e", "GX0017", "see the ball"):
        assert private not in written


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        (
            {"image_path": "GX9_00003.jpg"},
            "image_path: no recording of the corpus of that name",
        ),
        (
            {"utterance": "not said"},
            "utterance: not spoken in session 'day1' of child 'kim'",
        ),
        (
            {"image_path": "GX0017_00020.jpg"},
            "utterance: spoken not near second 20 in session 'day1' of child 'kim'",
        ),
        ({"distractor_utt2": "yeah"}, "distractor_utt2: 2 utterances of the corpus with that text"),
        (
            {"distractor_utt2": "never"},
            "distractor_utt2: no utterance of the corpus with that text",
        ),
        (
            {"mode": "images", "distractor_img2": "GX8_00001.jpg"},
            "distractor_img2: no recording of the corpus of that name",
        ),
        (
            {"image_path": "GX0017_00300.jpg", "utterance": "yeah"},
            "utterance: spoken not near second 300 in session 'day1' of child 'kim'",
        ),
    ],
)
def test_what_fits_nothing_or_several_things_is_listed(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], changes: dict, reason: str
) -> None:
    assert read(tmp_path, [row(), row(row_index=1, **changes)]) == 2
    assert f"line 3: {reason}" in capfd.readouterr().err
    assert read(tmp_path, [row(), row(row_index=1, **changes)], on_unmatched="drop") == 0
    lost = read_table(UNMATCHED, tmp_path / "lost.parquet").to_pylist()
    assert lost == [{"file": 1, "line": 3, "reason": reason}]


def test_repeated_words_are_told_apart_by_the_picture(tmp_path: Path) -> None:
    rows = [row(utterance="yeah", image_path=f"GX0017_000{second}.jpg") for second in ("06", "13")]
    assert read(tmp_path, rows) == 0
    table = read_table(JUDGMENTS, tmp_path / "out.parquet").to_pylist()
    assert [one["utterance_id"] for one in table] == ["u1", "u3"]


def test_words_repeated_at_one_moment_are_not_told_apart(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    said = SAID | {"u6": ("yeah", 7.5, 8.0)}
    try:
        SAID["u6"] = said["u6"]
        assert read(tmp_path, [row(utterance="yeah", image_path="GX0017_00007.jpg")]) == 2
    finally:
        del SAID["u6"]
    assert "utterance: spoken 2 times near second 7" in capfd.readouterr().err


def test_the_picture_of_a_short_utterance_may_lie_beside_it(tmp_path: Path) -> None:
    assert read(tmp_path, [row(utterance="where is it", image_path="GX0017_00020.jpg")]) == 0


def test_a_name_that_two_recordings_share_is_not_guessed(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    rows = [row(image_path="day1_00003.jpg")]
    assert read(tmp_path, rows) == 2
    assert "image_path: 2 recordings of the corpus of that name" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"mode": "both"}, "mode 'both': expected one of utterances, images"),
        ({"image_path": "GX0017.jpg"}, "image_path: expected a file name <recording>_<second>.jpg"),
        ({"image_path": ""}, "image_path empty"),
        ({"prolific_pid": "", "annotator_index": ""}, "annotator_index and prolific_pid empty"),
        ({"is_correct": "false"}, "correct is false but answer 2 and correct_answer 2 agree"),
    ],
)
def test_a_row_that_cannot_be_read_is_an_error_even_when_dropping(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], changes: dict, reason: str
) -> None:
    assert read(tmp_path, [row(), row(row_index=1, **changes)], on_unmatched="drop") == 2
    assert f"line 3: {reason}" in capfd.readouterr().err


def test_two_people_of_one_slot_stay_apart(tmp_path: Path) -> None:
    rows = [row(), row(prolific_pid="other"), row(prolific_pid="other", mode="images")]
    assert read(tmp_path, rows) == 0
    table = read_table(JUDGMENTS, tmp_path / "out.parquet").to_pylist()
    assert [one["annotator_id"] for one in table] == ["a07", "a07-2", "a07-2"]


def test_ids_in_the_export_go_before_names(tmp_path: Path) -> None:
    """Our own task exports the columns of the published one, and ids: nothing is looked up."""
    ids = {
        "item_id": "t001",
        "kind": "choose_utterance",
        "child_id": "kim",
        "session_id": "day1",
        "utterance_id": "u1",
        "second": 6,
        "distractors": json.dumps([["kim", "day1", f"u{k}"] for k in (2, 3, 4)]),
        "trial_no": 9,
        "utterance": "",
        "image_path": "p/00012.jpg",
        "inclusion_probability": 0.25,
    }
    wrong = ids | {"selected_position": 1, "is_correct": "false"}
    rows = [
        row(**ids),
        row(**ids | {"kind": "catch", "item_id": "c1"}),
        row(**ids | {"kind": "practice", "item_id": "p1"}),
        row(**ids | {"annotator_index": 8, "trial_no": 2}),
        row(**wrong | {"annotator_index": 9, "selected": 3}),
    ]
    assert read(tmp_path, rows, OWN) == 0
    table = read_table(JUDGMENTS, tmp_path / "out.parquet").to_pylist()
    assert [(one["item_id"], one["annotator_id"], one["trial_no"]) for one in table] == [
        ("t001", "a07", 9),
        ("t001", "a08", 2),
        ("t001", "a09", 9),
    ]
    assert [one["chosen"] for one in table] == [0, 0, 3]
    assert [one["weight"] for one in table] == [4.0, 4.0, 4.0]
    assert table[0]["utterance_id"] == "u1"


def test_wrong_ids_in_the_export_are_listed(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    ids = {"item_id": "t1", "kind": "choose_utterance", "child_id": "kim", "session_id": "day1"}
    ids |= {"utterance_id": "u9", "second": 6, "distractors": '[["kim", "day1", "u2"]]'}
    assert read(tmp_path, [row(**ids)], OWN) == 2
    assert "no utterance 'u9' in session 'day1' of child 'kim'" in capfd.readouterr().err


def test_a_file_that_is_neither_is_refused(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert read(tmp_path, [row()], [name for name in HEADER if name != "mode"]) == 2
    said = capfd.readouterr().err
    assert "expected the columns of table judgments (docs/outputs.md) or those of a forced" in said


def test_several_files_make_one_table(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert read(tmp_path, [row()]) == 0
    label = "kind,item_id,annotator_id,child_id,session_id,utterance_id,second,answer\n"
    label += "label,l1,bea,kim,day1,u0,3,yes\n"
    (tmp_path / "labels.csv").write_text(label)
    words = ["read-judgments", "--quiet", "--sessions", tmp_path / "sessions.parquet"]
    words += ["--lab-children", tmp_path / "children.tsv"]
    words += ["--lab-sessions", tmp_path / "sessions.tsv", "--out", tmp_path / "out.parquet"]
    words += ["--frames-folder", tmp_path, "--utterances-folder", tmp_path]
    words += ["--unmatched", tmp_path / "lost.parquet", "--unmatched-csv", tmp_path / "lost.csv"]
    words += ["--judgments", tmp_path / "export.csv"]
    assert cli.main([str(word) for word in [*words, tmp_path / "labels.csv"]]) == 0
    table = read_table(JUDGMENTS, tmp_path / "out.parquet").to_pylist()
    assert [one["kind"] for one in table] == ["choose_utterance", "label"]
    assert cli.main([str(word) for word in [*words, tmp_path / "export.csv"]]) == 2
    said = capfd.readouterr().err
    assert "line 2 of export.csv: annotator 'a07' has answered choose_utterance item" in said
