from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from egoalign.config import DemoOptions, load_config
from egoalign.corpus.read import read_corpus
from egoalign.demo.corpus_tables import make_tables
from egoalign.demo.plan import corpus_plan, refer_probability, word_effect
from egoalign.log import UserError
from egoalign.tables import months

FORMATS = ["json", "csv", "srt", "vtt", "cha", "eaf"]


def test_the_default_corpus_is_of_the_stated_size():
    plan = corpus_plan(DemoOptions())
    assert [len(child.sessions) for child in plan.children] == [2, 3, 3, 4, 4, 5]
    durations = [session.duration_s for session in plan.sessions]
    assert all(60 <= duration <= 120 for duration in durations)
    assert 25 * 60 <= sum(durations) <= 28 * 60
    assert {session.size for session in plan.sessions} == {(480, 854), (854, 480)}
    for child in plan.children:
        ages = [months(session.age_days) for session in child.sessions]
        assert ages[0] >= 6
        assert ages[-1] <= 30
        assert all(first < second for first, second in pairwise(ages))


def test_each_child_has_its_own_kinds_of_files_in_all_its_sessions():
    plan = corpus_plan(DemoOptions(children=7))
    kinds = [
        {(session.video_kind, session.transcript_format) for session in child.sessions}
        for child in plan.children
    ]
    assert [len(found) for found in kinds] == [1] * 7
    assert len({video for found in kinds for video, _ in found}) == 6
    assert [next(iter(found))[1] for found in kinds] == [*FORMATS, "json"]


def test_a_tiny_corpus_has_unequal_children():
    plan = corpus_plan(DemoOptions(children=3, sessions=(1, 3), duration_s=(20, 20)))
    assert [len(child.sessions) for child in plan.children] == [1, 2, 3]
    assert {session.duration_s for session in plan.sessions} == {20.0}


def test_equal_seeds_give_equal_plans_and_others_do_not():
    assert corpus_plan(DemoOptions(seed=7)) == corpus_plan(DemoOptions(seed=7))
    assert corpus_plan(DemoOptions(seed=7)).children != corpus_plan(DemoOptions(seed=8)).children


def test_a_further_child_does_not_change_the_others_draws():
    few, more = (corpus_plan(DemoOptions(children=n, sessions=(2, 2))) for n in (3, 4))
    assert few.children[:2] == more.children[:2]


def test_agreement_rises_with_the_childs_age_and_the_speakers_effect():
    session = corpus_plan(DemoOptions()).session("D01", "s1")
    chances = [
        refer_probability(1, session, speaker, "ball")
        for speaker in ("other_child", "male_adult", "female_adult", "key_child")
    ]
    assert chances == sorted(chances)
    logit = np.log(chances[1] / (1 - chances[1]))
    assert logit == pytest.approx(session.agreement + word_effect(1, "ball"))


def test_word_effects_depend_on_the_word_and_the_seed():
    assert word_effect(1, "ball") == word_effect(1, "ball")
    assert len({word_effect(1, "ball"), word_effect(1, "cup"), word_effect(2, "ball")}) == 3


def test_an_unknown_session_is_named_with_those_there_are():
    with pytest.raises(UserError, match=r"--child D09 --session s1: .* it has D01/s1, D02/s1"):
        corpus_plan(DemoOptions(children=2, sessions=(1, 1))).session("D09", "s1")


def test_the_committed_tables_are_those_of_the_committed_config(root, tmp_path):
    options = load_config(root / "config/demo/config.yaml").demo
    assert options is not None
    make_tables(options, tmp_path, "results/demo/raw")
    for name in ("children.tsv", "sessions.tsv", "norms.csv", "context.csv"):
        committed = (root / "config/demo" / name).read_text(encoding="utf-8")
        assert (tmp_path / name).read_text(encoding="utf-8") == committed, name


def test_the_tables_are_a_corpus_that_the_workflow_reads(tmp_path):
    options = DemoOptions()
    make_tables(options, tmp_path, "made")
    corpus = read_corpus(tmp_path / "children.tsv", tmp_path / "sessions.tsv", tmp_path)
    plan = corpus_plan(options)
    assert [(row.child_id, row.session_id) for row in corpus.sessions] == [
        (session.child_id, session.session_id) for session in plan.sessions
    ]
    rows = {(row.child_id, row.session_id): row.row() for row in corpus.sessions}
    assert rows["D06", "s1"]["transcript_offset_s"] == -2.5
    assert rows["D06", "s2"]["exclude_intervals"] == [[8.0, 12.5]]
    assert rows["D06", "s3"]["exclude"]
    assert rows["D06", "s3"]["exclude_reason"] == "consent withdrawn"
    assert rows["D01", "s1"]["video"] == ["made/videos/D01/s1.mp4"]
    assert rows["D06", "s1"]["video"] == [f"made/videos/D06/s1_{part}.mp4" for part in (1, 2)]
    assert rows["D04", "s1"]["rttm"] == "made/rttm/D04/s1.rttm"
    assert [child for (child, _), row in rows.items() if row["rttm"]] == ["D04"] * 4
    assert rows["D01", "s1"]["age_days"] == plan.session("D01", "s1").age_days
