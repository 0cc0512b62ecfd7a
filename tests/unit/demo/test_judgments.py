from __future__ import annotations

import csv
import json

import pytest

from egoalign.config import DemoOptions
from egoalign.demo.judgments import make_judgments
from egoalign.demo.plan import corpus_plan
from egoalign.demo.truth import truth_paths
from egoalign.log import UserError
from egoalign.tables import DEMO_UTTERANCES, DEMO_VISIBLE, JUDGMENTS, write_table

OPTIONS = DemoOptions(children=3, sessions=(1, 3), duration_s=(20, 20), raters=4)


@pytest.fixture
def truth_dir(tmp_path):
    """Write a made-up truth: an utterance a second, every second one of them about what is seen."""
    for session in corpus_plan(OPTIONS).sessions:
        if session.exclude_reason:
            continue
        visible, utterances = truth_paths(tmp_path / "truth", session.child_id, session.session_id)
        seen = [
            {"second": float(s), "kind": "cup", "share_picture": 0.1, "share_crop": 0.2}
            for s in range(0, 21, 2)
        ]
        write_table(DEMO_VISIBLE, seen, visible)
        spoken = [
            {
                "utterance_id": f"u{s:05d}",
                "start_s": s - 0.2,
                "end_s": s + 0.2,
                "text": f"cup {session.child_id} {session.session_id} {s}",
                "speaker": "female_adult",
                "second": float(s),
                "kind": "cup",
            }
            for s in range(1, 21)
        ]
        write_table(DEMO_UTTERANCES, spoken, utterances)
    return tmp_path / "truth"


def test_the_file_has_the_columns_of_the_table_and_ids_of_the_corpus(truth_dir, tmp_path):
    make_judgments(OPTIONS, truth_dir, tmp_path / "j.csv", tmp_path / "p.json")
    with (tmp_path / "j.csv").open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        rows = list(reader)
    assert reader.fieldnames == [column.name for column in JUDGMENTS.columns]
    assert {row["kind"] for row in rows} == {"choose_utterance", "choose_image", "rating", "label"}
    sessions = {(one.child_id, one.session_id): one for one in corpus_plan(OPTIONS).sessions}
    pairs = [(row["child_id"], row["session_id"], float(row["second"])) for row in rows]
    for row in rows:
        for child, session, one in json.loads(row["distractors"]):
            second = one if row["kind"] == "choose_image" else float(str(one)[1:])
            pairs.append((child, session, second))
    for child, session, second in pairs:
        plan = sessions[child, session]
        assert plan.exclude_reason is None
        assert second < plan.duration_s
        assert not any(low <= second <= high for low, high in plan.exclude_intervals)
    choices = [row for row in rows if row["correct"]]
    assert {row["correct"] for row in choices} == {"true", "false"}
    for row in choices:
        assert (row["answer"] == row["correct_answer"]) == (row["correct"] == "true")


def test_all_parameters_are_written(truth_dir, tmp_path):
    make_judgments(OPTIONS, truth_dir, tmp_path / "j.csv", tmp_path / "p.json")
    parameters = json.loads((tmp_path / "p.json").read_text(encoding="utf-8"))
    plan = corpus_plan(OPTIONS)
    assert parameters["child_effects"] == {child.child_id: child.effect for child in plan.children}
    assert len(parameters["session_effects"]) == len(plan.sessions)
    assert set(parameters["word_effects"]) == {"cup"}
    assert len(parameters["raters"]) == 2 * OPTIONS.raters
    assert parameters["in_view_share"] == 0.005
    assert parameters["speech"]["speaker"]["key_child"] == 0.4


def test_a_missing_truth_is_named(tmp_path):
    with pytest.raises(UserError, match=r"s1\.visible\.parquet: no such file"):
        make_judgments(OPTIONS, tmp_path, tmp_path / "j.csv", tmp_path / "p.json")
