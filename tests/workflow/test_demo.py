"""The whole workflow on the demo corpus (second tier)."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.workflow.compare import differences
from tests.workflow.project import Project, copy_project

pytestmark = [pytest.mark.full, pytest.mark.timeout(3600)]

GOLDEN = Path(__file__).with_name("golden_demo.txt")
FEWEST_AUC = 0.65


@pytest.fixture(scope="module")
def demo(tmp_path_factory) -> Project:
    project = Project(
        copy_project(tmp_path_factory.mktemp("demo") / "project"), "config/demo/config.yaml"
    )
    done = project.run()
    assert done.returncode == 0, done.stdout + done.stderr
    return project


@pytest.fixture(scope="module")
def evaluation(demo) -> dict:
    return json.loads((demo.results / "truth/egoalign-demo.evaluation.json").read_text())


def test_it_makes_the_files_of_the_golden_list_and_no_others(demo):
    assert demo.outputs() == GOLDEN.read_text().splitlines()


def test_a_second_run_has_nothing_to_do(demo):
    assert demo.planned() == {}


@pytest.mark.parametrize("share", ["picture", "crop"])
def test_the_score_finds_what_is_in_view(evaluation, share):
    found = evaluation["scores"]["score_max"][share]
    assert found["ci_low"] >= FEWEST_AUC


@pytest.mark.parametrize("share", ["picture", "crop"])
def test_it_is_at_chance_when_the_pairs_are_shuffled(evaluation, share):
    found = evaluation["scores"]["shuffled_pair"][share]
    assert found["ci_low"] < 0.5 < found["ci_high"]


def test_captioned_pictures_stand_apart_from_the_corpus(demo):
    rows = pq.read_table(demo.results / "reference/egoalign-demo/comparison.parquet").to_pylist()
    found = {(row["metric"], row["subset"]): row for row in rows}
    for metric in ("auc_null", "share_above_null_p95"):
        for group in ("corpus", "corpus|one_frame"):
            assert found[metric, "captioned-photos"]["ci_low"] > found[metric, group]["estimate"]


def test_every_utterance_and_session_is_accounted_for(demo):
    rows = pq.read_table(demo.results / "align/egoalign-demo/alignment.parquet").to_pylist()
    assert all((row["score_max"] is None) == (row["reason"] is not None) for row in rows)
    status = pq.read_table(demo.results / "report/sessions_status.parquet").to_pylist()
    lines = (demo.folder / "config/demo/sessions.tsv").read_text().splitlines()
    assert len(status) == len(lines) - 1
    assert sum(row["n_utterances"] for row in status) == len(rows)


def test_a_killed_run_resumes_to_the_same_results(demo, tmp_path):
    project = Project(copy_project(tmp_path / "killed"), demo.config)
    run = subprocess.Popen(
        project.command(),
        cwd=project.folder,
        env=project.environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    while len(list(project.results.glob("encode/*/*/*.frame_embeddings.arrow"))) < 5:
        assert run.poll() is None, "the run ended before it could be killed"
        time.sleep(0.1)
    os.killpg(run.pid, signal.SIGKILL)
    run.wait()
    assert project.run("--unlock").returncode == 0
    done = project.run()
    assert done.returncode == 0, done.stdout + done.stderr
    assert project.outputs() == demo.outputs()
    assert differences(project.results, demo.results, demo.outputs()) == []
