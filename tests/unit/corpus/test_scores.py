"""The lab's score table: its eight columns, every utterance, text from the private tables."""

from __future__ import annotations

import csv

from egoalign.corpus.scores import write_scores
from egoalign.tables import ALIGNMENT, UTTERANCES, write_table


def utterance(number: int, text: str) -> dict:
    return {
        "utterance_id": f"u{number}", "start_s": number + 0.5, "end_s": None, "text": text,
        "text_encoded": text.strip(), "speaker": "unknown", "text_id": f"t{number}", "n_words": 1,
        "source_format": "csv",
    }  # fmt: skip


def scored(child: str, session: str, number: int, score: float | None) -> dict:
    return {
        "child_id": child, "session_id": session, "utterance_id": f"u{number}", "model_id": "m",
        "speaker": "unknown", "n_words": 1, "n_frames": 1, "nearest_frame": False,
        "score_min": score, "score_mean": score, "score_max": score,
        "reason": None if score is not None else "no time given",
    }  # fmt: skip


def test_every_utterance_has_a_line_in_the_labs_columns(tmp_path):
    (tmp_path / "c.tsv").write_text("child_id\nK01\nK02\n")
    (tmp_path / "s.tsv").write_text(
        "child_id\tsession_id\tvideo\tsource_name\texclude\texclude_reason\n"
        "K02\ta\tx/film one.MP4\t\t\t\nK01\ta\tb.mp4\tTea, at 5:19pm\t\t\n"
        "K01\tb\tc.mp4\t\tyes\tdark\n"
    )
    folder = tmp_path / "transcripts"
    write_table(
        UTTERANCES, [utterance(0, ' a "ball", look')], folder / "K02" / "a.utterances.parquet"
    )
    write_table(
        UTTERANCES, [utterance(0, "yes"), utterance(1, "shoe")],
        folder / "K01" / "a.utterances.parquet",
    )  # fmt: skip
    rows = [scored("K01", "a", 1, None), scored("K01", "a", 0, 0.25), scored("K02", "a", 0, 0.125)]
    write_table(ALIGNMENT, rows, tmp_path / "alignment.parquet")
    out = tmp_path / "scores.csv"
    write_scores(
        tmp_path / "c.tsv",
        tmp_path / "s.tsv",
        tmp_path,
        tmp_path / "alignment.parquet",
        folder,
        out,
    )
    with out.open(newline="", encoding="utf-8") as stream:
        assert list(csv.reader(stream)) == [
            ["child_id", "video_name", "utterance", "utterance_start_time", "utterance_end_time",
             "clip_score_min", "clip_score_mean", "clip_score_max"],
            ["K02", "film one", ' a "ball", look', "0.5", "", "0.125", "0.125", "0.125"],
            ["K01", "Tea, at 5:19pm", "shoe", "1.5", "", "", "", ""],
            ["K01", "Tea, at 5:19pm", "yes", "0.5", "", "0.25", "0.25", "0.25"],
        ]  # fmt: skip
