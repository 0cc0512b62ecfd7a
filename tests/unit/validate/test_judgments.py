"""Judgments: what is read, and every way in which a line can be wrong."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from egoalign import cli
from egoalign.tables import JUDGMENTS, SESSIONS, UNMATCHED, read_table, write_table
from tests.unit.align.made import random_session

HEADER = [column.name for column in JUDGMENTS.columns]
MORE = [*HEADER, "inclusion_probability", "timestamp"]


def judgment(**changes: Any) -> dict[str, Any]:
    row = {
        "kind": "choose_utterance",
        "item_id": "i1",
        "annotator_id": "a1",
        "child_id": "kim",
        "session_id": "day1",
        "utterance_id": "u00003",
        "second": 17,
        "distractors": json.dumps([["kim", "day1", "u00009"], ["lee", "day1", "u00002"]]),
        "answer": 2,
        "correct_answer": 2,
        "correct": "",
    }
    return row | changes


def choose_image(**changes: Any) -> dict[str, Any]:
    distractors = json.dumps([["kim", "day1", 30], ["lee", "day1", 4.0004]])
    return judgment(kind="choose_image", distractors=distractors, **changes)


def read(
    folder: Path, rows: list[dict[str, Any]], header: list[str] = HEADER, **options: Any
) -> int:
    for child in ("kim", "lee"):
        random_session(1, child_id=child).write(folder)
    sessions = [{"child_id": c, "session_id": "day1", "exclude": False} for c in ("kim", "lee")]
    sessions.append({"child_id": "lee", "session_id": "day2", "exclude": True})
    write_table(SESSIONS, sessions, folder / "sessions.parquet")
    with (folder / "judgments.csv").open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, header, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)
    words = ["read-judgments", "--quiet", "--judgments", folder / "judgments.csv"]
    words += ["--sessions", folder / "sessions.parquet", "--out", folder / "out.parquet"]
    words += ["--frames-folder", folder, "--utterances-folder", folder]
    words += ["--unmatched", folder / "lost.parquet", "--unmatched-csv", folder / "lost.csv"]
    words += ["--options", json.dumps({"rating_scale": [1, 5]} | options)]
    return cli.main([str(word) for word in words])


def test_every_kind_is_read(tmp_path: Path) -> None:
    rows = [
        judgment(),
        judgment(annotator_id="a2", answer=0),
        judgment(annotator_id="a3", answer="", correct_answer=2),
        choose_image(item_id="7", answer=1, correct_answer="", correct="TRUE"),
        judgment(kind="rating", distractors="", answer=4.5, correct_answer=""),
        judgment(kind="label", distractors="", answer="", correct_answer=""),
        judgment(kind="label", distractors="", answer="Yes", annotator_id="a2"),
        judgment(kind="label", distractors="", answer="unsure", annotator_id="a3"),
        judgment(kind="label", distractors="", answer="0.0", annotator_id="a4"),
    ]
    assert read(tmp_path, rows) == 0
    table = read_table(JUDGMENTS, tmp_path / "out.parquet").to_pylist()
    assert [row["correct"] for row in table] == [True, False, None, True, *[None] * 5]
    assert [row["answer"] for row in table] == [2, 0, None, 1, 4.5, None, 1, None, 0]
    # A right choice is the true pair; which distractor a wrong one took is not known.
    assert [row["chosen"] for row in table] == [0, None, None, 0, *[None] * 5]
    assert {row["trial_no"] for row in table} == {row["weight"] for row in table} == {None}
    assert read_table(UNMATCHED, tmp_path / "lost.parquet").num_rows == 0
    assert table[3]["item_id"] == "7"
    # A second that was rounded becomes the grid's own.
    assert json.loads(table[3]["distractors"]) == [["kim", "day1", 30.0], ["lee", "day1", 4.0]]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (judgment(child_id="zoe"), "no session 'day1' of child 'zoe' in the corpus"),
        (judgment(session_id="day9"), "no session 'day9' of child 'kim'"),
        (judgment(child_id="lee", session_id="day2"), "in the corpus, or it is excluded"),
        (judgment(utterance_id="u1"), "no utterance 'u1' in session 'day1' of child 'kim'"),
        (judgment(second=17.4), "no grid second 17.4 in session 'day1'"),
        (judgment(second="soon"), "second 'soon': expected a number"),
        (judgment(second=""), "second empty"),
        (judgment(item_id=" "), "item_id empty"),
        (judgment(kind="choice"), "kind 'choice': expected one of choose_utterance, "),
        (judgment(distractors="[]"), "a forced choice needs at least one"),
        (judgment(distractors="{"), "expected JSON [[child, session, utterance], ...]"),
        (judgment(distractors="[[1, 2]]"), "expected JSON [[child, session, utterance], ...]"),
        (judgment(distractors='[["kim", "day1", 3]]'), "expected JSON"),
        (judgment(distractors='[["kim", "day1", "u9"]]'), "distractor: no utterance 'u9'"),
        (judgment(distractors='[["zoe", "day1", "u00001"]]'), "distractor: no session"),
        (
            choose_image() | {"distractors": '[["kim", "day1", 900]]'},
            "distractor: no grid second 900",
        ),
        (choose_image() | {"distractors": '[["zoe", "day1", 9]]'}, "distractor: no session"),
        (judgment(correct_answer=""), "correct_answer empty"),
        (judgment(correct="perhaps"), "correct 'perhaps': expected true, false, 1 or 0"),
        (judgment(correct="false"), "correct is false but answer 2 and correct_answer 2 agree"),
        (judgment(answer="inf"), "answer 'inf': expected a number"),
        (judgment(kind="label", answer=3), "answer '3': a label is yes or 1, no or 0, unsure or"),
        (judgment(kind="rating", answer=6), "rating 6: outside validate.rating_scale [1, 5]"),
        (judgment(chosen=3), "chosen 3: expected 0 (the true pair) to 2"),
        (judgment(chosen=1), "chosen is 1 but the answer is right; 0 is the true pair"),
        (judgment(answer=1, chosen=0), "chosen is 0 but the answer is wrong"),
        (judgment(chosen=0.5), "chosen 0.5: expected a whole number"),
        (judgment(trial_no="first"), "trial_no 'first': expected a number"),
        (judgment(weight=0), "weight 0: expected a number above 0"),
        (judgment(inclusion_probability=1.5), "inclusion_probability 1.5: expected above 0"),
        (
            judgment(weight=3, inclusion_probability=0.5),
            "weight 3 is not 1 / inclusion_probability 0.5; give one of them",
        ),
        (judgment(timestamp="noon"), "timestamp 'noon': expected ISO 8601 or a number"),
    ],
)
def test_a_wrong_line_is_named(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], row: dict, message: str
) -> None:
    assert read(tmp_path, [judgment(item_id="fine"), row], MORE) == 2
    said = capfd.readouterr().err
    assert "1 problem(s)" in said
    assert message in said
    assert "line 3:" in said
    assert not (tmp_path / "out.parquet").exists()


def test_rows_that_contradict_each_other(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    rows = [judgment(), judgment(), judgment(annotator_id="a2", second=18)]
    assert read(tmp_path, rows) == 2
    said = capfd.readouterr().err
    assert "line 3: annotator 'a1' has answered choose_utterance item 'i1' twice" in said
    assert "line 4: choose_utterance item 'i1' shows another pair" in said


def test_all_problems_are_counted_and_ten_are_shown(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    rows = [judgment(item_id=f"i{i}", utterance_id="none") for i in range(25)]
    assert read(tmp_path, rows) == 2
    said = capfd.readouterr().err
    assert "25 problem(s)" in said
    assert said.count("no utterance 'none'") == 10
    assert "and 15 more" in said


def test_a_missing_column_or_file_is_named(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert read(tmp_path, [judgment()], [name for name in HEADER if name != "second"]) == 2
    assert "column(s) second missing; found kind, item_id" in capfd.readouterr().err
    words = ["read-judgments", "--judgments", "none.csv", "--sessions", "s", "--out", "o"]
    words += ["--unmatched", "u", "--unmatched-csv", "c"]
    assert cli.main([*words, "--frames-folder", "f", "--utterances-folder", "u"]) == 2
    assert "none.csv: cannot be read" in capfd.readouterr().err


def test_a_rating_needs_a_stated_scale(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    rows = [judgment(kind="rating", distractors="", answer=4)]
    assert read(tmp_path, rows, rating_scale=None) == 2
    said = capfd.readouterr().err
    assert (
        "line 2: a rating, but validate.rating_scale is not set; state it, such as [1, 5]" in said
    )


def test_trials_are_numbered_by_their_times_and_weights_are_taken(tmp_path: Path) -> None:
    times = ["2025-11-13T09:00:05Z", "2025-11-13T09:00:01Z", "2025-11-13T10:00:00+02:00"]
    rows = [
        judgment(item_id=f"i{k}", timestamp=time, inclusion_probability=0.25, chosen=0)
        for k, time in enumerate(times)
    ]
    rows += [judgment(annotator_id="a2", trial_no=7, weight=4, item_id="i0")]
    assert read(tmp_path, rows, MORE) == 0
    table = read_table(JUDGMENTS, tmp_path / "out.parquet").to_pylist()
    assert [row["trial_no"] for row in table] == [3, 2, 1, 7]
    assert [row["weight"] for row in table] == [4.0] * 4
    assert [row["chosen"] for row in table] == [0, 0, 0, 0]


def test_what_does_not_match_is_dropped_where_that_is_wanted_and_listed(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    rows = [
        judgment(item_id=f"i{k}", utterance_id=f"u0000{k}" if k % 2 else "no") for k in range(4)
    ]
    assert read(tmp_path, rows) == 2
    assert "or set validate.on_unmatched to drop" in capfd.readouterr().err
    assert read(tmp_path, rows, on_unmatched="drop") == 0
    assert "2 answers are left out" in capfd.readouterr().err
    kept = read_table(JUDGMENTS, tmp_path / "out.parquet")["item_id"].to_pylist()
    assert kept == ["i1", "i3"]
    lost = read_table(UNMATCHED, tmp_path / "lost.parquet").to_pylist()
    reason = "no utterance 'no' in session 'day1' of child 'kim'"
    assert lost == [{"file": 1, "line": line, "reason": reason} for line in (2, 4)]


def test_dropping_does_not_forgive_what_cannot_be_read(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    rows = [judgment(utterance_id="no"), judgment(second="soon", item_id="i2")]
    assert read(tmp_path, rows, on_unmatched="drop") == 2
    said = capfd.readouterr().err
    assert "1 problem(s); correct these lines or leave them out:" in said
    assert "line 3: second 'soon'" in said


def test_a_file_of_another_corpus_is_refused(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert read(tmp_path, [judgment(child_id="zoe")], on_unmatched="drop") == 2
    said = capfd.readouterr().err
    assert "none of 1 answers names what the corpus has, the first: no session 'day1'" in said
