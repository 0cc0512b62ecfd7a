"""Judgments: what is read, and every way in which a line can be wrong."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from egoalign import cli
from egoalign.tables import JUDGMENTS, SESSIONS, read_table, write_table
from tests.unit.align.made import random_session

HEADER = [column.name for column in JUDGMENTS.columns]


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


def read(folder: Path, rows: list[dict[str, Any]], header: list[str] = HEADER) -> int:
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
    return cli.main([str(word) for word in words])


def test_every_kind_is_read(tmp_path: Path) -> None:
    rows = [
        judgment(),
        judgment(annotator_id="a2", answer=0),
        judgment(annotator_id="a3", answer="", correct_answer=2),
        choose_image(item_id="7", answer=1, correct_answer="", correct="TRUE"),
        judgment(kind="rating", distractors="", answer=4.5, correct_answer=""),
        judgment(kind="label", distractors="", answer="", correct_answer=""),
    ]
    assert read(tmp_path, rows) == 0
    table = read_table(JUDGMENTS, tmp_path / "out.parquet").to_pylist()
    assert [row["correct"] for row in table] == [True, False, None, True, None, None]
    assert [row["answer"] for row in table] == [2, 0, None, 1, 4.5, None]
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
        (judgment(kind="label", answer=3), "answer 3: a label is 1 (yes), 0 (no) or empty"),
    ],
)
def test_a_wrong_line_is_named(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], row: dict, message: str
) -> None:
    assert read(tmp_path, [judgment(item_id="fine"), row]) == 2
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
    assert cli.main([*words, "--frames-folder", "f", "--utterances-folder", "u"]) == 2
    assert "none.csv: cannot be read" in capfd.readouterr().err
