"""What became of every session, from what its steps left behind."""

from __future__ import annotations

from dataclasses import replace

import pyarrow.parquet as pq
import pytest

from egoalign.corpus.read import SessionRow
from egoalign.corpus.status import Outcome, collect_status, session_status
from egoalign.tables import ALIGNMENT, FRAMES, MEDIA, UTTERANCES, write_table

SESSION = SessionRow("K01", "a", ("a.mp4",), None, None, 0.0, None, None, False, None, (), None)
WELL = Outcome(
    media={"readable": True, "reason": None, "duration_s": 3.0},
    n_utterances=2,
    n_wanted=3,
    decoded=[(True, None), (True, None), (True, None)],
    reasons=[None, "no time given"],
)


def test_a_session_that_went_well():
    assert session_status(SESSION, WELL) == {
        "child_id": "K01", "session_id": "a", "status": "ok", "stage": None, "reason": None,
        "duration_s": 3.0, "n_frames": 3, "n_frames_missing": 0, "n_utterances": 2, "n_scored": 1,
        "n_unscored": 1,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "status", "stage", "reason"),
    [
        ({"media": None}, "failed", "ingest_session", "the step did not finish"),
        ({"media": {"readable": False, "reason": "video missing"}}, "failed", "ingest_session",
         "video missing"),
        ({"speech": "transcript missing"}, "failed", "ingest_session", "transcript missing"),
        ({"media": {"readable": False, "reason": "video missing"}, "speech": "transcript missing"},
         "failed", "ingest_session", "video missing; transcript missing"),
        ({"decoded": None}, "failed", "encode_session", "the step did not finish"),
        ({"decoded": [(False, "decoder gave up")] * 3}, "failed", "encode_session",
         "decoder gave up"),
        ({"reasons": None}, "failed", "align_session", "the step did not finish"),
        ({"media": {"readable": True, "reason": "file ends early"}}, "ok", None, "file ends early"),
        ({"speech": "transcript empty", "n_utterances": 0, "reasons": []}, "ok", None,
         "transcript empty"),
        ({"speech": "no transcript", "n_utterances": 0, "reasons": []}, "ok", None,
         "no transcript"),
        ({"decoded": [(True, None), (False, "corrupt"), (True, None)]}, "ok", None,
         "1 pictures could not be decoded"),
        ({"decoder_note": "decord gave up (no answer in 60 s)"}, "ok", None,
         "decord gave up (no answer in 60 s)"),
        ({"reasons": ["x", "no time given", "no time given"]}, "ok", None,
         "no utterance was scored, most often: no time given"),
    ],
)  # fmt: skip
def test_each_way_to_end(changes, status, stage, reason):
    row = session_status(SESSION, replace(WELL, **changes))
    assert (row["status"], row["stage"], row["reason"]) == (status, stage, reason)


@pytest.mark.parametrize(
    ("changes", "status", "stage", "reason"),
    [
        ({}, "ok", None, None),
        ({"media": None, "n_wanted": None, "decoded": None}, "ok", None, None),
        ({"media": {"readable": False, "reason": "no video named"}, "speech": "no transcript"},
         "ok", None, None),
        ({"media": {"readable": False, "reason": "video missing"}}, "ok", None, "video missing"),
        ({"reasons": ["no score was given"]}, "ok", None,
         "no utterance was scored, most often: no score was given"),
        ({"reasons": []}, "failed", "import_scores", "the score table has no row of it"),
    ],
)  # fmt: skip
def test_where_scores_were_given_only_their_table_counts(changes, status, stage, reason):
    row = session_status(SESSION, replace(WELL, scores_given=True, **changes))
    assert (row["status"], row["stage"], row["reason"]) == (status, stage, reason)


def test_an_excluded_session_has_the_labs_reason():
    row = session_status(replace(SESSION, exclude=True, exclude_reason="dark"), Outcome())
    assert (row["status"], row["stage"], row["reason"]) == ("excluded", None, "dark")


def test_every_session_of_the_corpus_has_a_row(tmp_path):
    (tmp_path / "c.tsv").write_text("child_id\nK01\n")
    (tmp_path / "s.tsv").write_text(
        "child_id\tsession_id\tvideo\texclude\texclude_reason\n"
        "K01\ta\ta.mp4\t\t\nK01\tb\tb.mp4\tyes\tdark\nK01\tc\tc.mp4\t\t\n"
    )
    video, speech = tmp_path / "video", tmp_path / "speech"
    media = {"child_id": "K01", "session_id": "a", "readable": False, "reason": "video missing"}
    write_table(MEDIA, [media], video / "K01" / "a.media.parquet")
    write_table(FRAMES, [], video / "K01" / "a.frames.parquet")
    write_table(UTTERANCES, [], speech / "K01" / "a.utterances.parquet",
                {"reason": "transcript missing"})  # fmt: skip
    out, csv = tmp_path / "status.parquet", tmp_path / "status.csv"
    collect_status(
        tmp_path / "c.tsv", tmp_path / "s.tsv", tmp_path, video, tmp_path / "align" / "m",
        tmp_path / "encode" / "m", speech, "logs", out, csv,
    )  # fmt: skip
    rows = pq.read_table(out).to_pylist()
    assert [(r["session_id"], r["status"], r["reason"], r["log"]) for r in rows] == [
        (
            "a",
            "failed",
            "video missing; transcript missing",
            "logs/corpus/ingest_session/K01/a.log",
        ),
        ("b", "excluded", "dark", None),
        ("c", "failed", "the step did not finish", "logs/corpus/ingest_session/K01/c.log"),
    ]
    assert len(csv.read_text().splitlines()) == 4


def test_given_scores_are_read_from_their_table(tmp_path):
    (tmp_path / "c.tsv").write_text("child_id\nK01\n")
    (tmp_path / "s.tsv").write_text("child_id\tsession_id\tvideo\nK01\ta\t\nK01\tb\t\n")
    rows = [
        {"child_id": "K01", "session_id": "a", "utterance_id": f"u{k}", "model_id": "lab",
         "speaker": "unknown", "n_words": 1, "score_max": score,
         "reason": None if score else "no score was given"}
        for k, score in enumerate((0.2, 0.3, None))
    ]  # fmt: skip
    write_table(ALIGNMENT, rows, tmp_path / "alignment.parquet")
    folders = [tmp_path / name for name in ("video", "align/lab", "encode/lab", "speech")]
    out = tmp_path / "status.parquet"
    collect_status(
        tmp_path / "c.tsv", tmp_path / "s.tsv", tmp_path, *folders, "logs", out,
        tmp_path / "status.csv", tmp_path / "alignment.parquet",
    )  # fmt: skip
    first, second = pq.read_table(out).to_pylist()
    counts = ("status", "n_utterances", "n_scored", "n_unscored", "n_frames", "log")
    assert [first[name] for name in counts] == [
        "ok", 3, 2, 1, 0, "logs/align/import_scores/lab.log"
    ]  # fmt: skip
    assert [second[name] for name in ("status", "stage")] == ["failed", "import_scores"]
