"""Kill -9 of the workflow and of its steps: what is said, and results as without it.

The first tier kills late steps of a finished run; the second kills one run in every stage.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from egoalign.doctor.lock import is_locked
from tests.workflow import faults
from tests.workflow.project import Project, tiny_project

LATE = ("plot_age", "collect_status", "write_summary")
"""Steps after which little comes."""

EVERY_STAGE = (
    *("make_demo_captions", "prepare_corpus", "ingest_session"),
    *("encode_session", "align_session", "draw_nulls", "collect_alignment"),
    *("summarise_alignment", "summarise_words", "read_judgments", "calibrate_model"),
    *("write_scores", "gather_predictors", "summarise_children", "fit_models"),
    *("sample_reference", "score_reference", "plot_null", "plot_intercepts", "plot_age"),
    *("collect_status", "write_summary"),
)
"""Steps of every stage, each after those that it needs."""


def kill_workflow(project: Project, rule: str, outputs: list[Path], *flags: str) -> None:
    """Kill a run and all its steps as one of a rule begins, half-written files left."""
    run = faults.start(project, *flags)
    faults.wait_for_worker(project, rule.replace("_", "-"), run)
    faults.kill_run(project, run)
    faults.leave_half_written(outputs)
    assert is_locked(project.folder)


def kill_step(project: Project, rule: str, outputs: list[Path], *flags: str) -> None:
    """Kill the first step of a rule, half-written files left, and check what the run says."""
    run = faults.start(project, *flags)
    faults.wait_for_worker(project, rule.replace("_", "-"), run).kill()
    said = faults.end(run)
    assert run.returncode == 1
    assert f"egoalign: 1 step failed:\n  {rule}" in said
    assert "ended without a word: it was killed, or its machine was lost\n    log: /" in said
    faults.leave_half_written(outputs)
    assert not is_locked(project.folder)


@pytest.mark.parametrize("rule", LATE)
def test_kill_of_the_workflow(tiny, project, rule):
    kill_workflow(project, rule, faults.take_back(project, rule))
    refused = project.run()
    assert refused.returncode == 1
    assert "Directory cannot be locked" in refused.stdout + refused.stderr
    faults.clear_lock(project)
    faults.resume(project)
    faults.check_undisturbed(project, tiny)


@pytest.mark.parametrize("rule", LATE)
def test_kill_of_a_step(tiny, project, rule):
    kill_step(project, rule, faults.take_back(project, rule))
    faults.resume(project)
    faults.check_undisturbed(project, tiny)


def kill_in_every_stage(
    tiny: Project, folder: Path, kill: Callable[..., None], mend: Callable[[Project], None]
) -> None:
    """Kill one run in one stage after the other, let it come to its end, and look at all of it."""
    project = tiny_project(folder)
    files = faults.summary(tiny)
    for rule in EVERY_STAGE:
        outputs = [project.folder / row["output_file"] for row in files if row["rule"] == rule]
        assert [path for path in outputs if not path.exists()], f"{rule} has nothing to do"
        kill(project, rule, outputs, "--until", rule)
        mend(project)
    faults.resume(project)
    faults.check_undisturbed(project, tiny)


@pytest.mark.full
@pytest.mark.timeout(3600)
def test_kill_of_the_workflow_in_every_stage(tiny, tmp_path):
    kill_in_every_stage(tiny, tmp_path / "project", kill_workflow, faults.clear_lock)


@pytest.mark.full
@pytest.mark.timeout(3600)
def test_kill_of_a_step_in_every_stage(tiny, tmp_path):
    kill_in_every_stage(tiny, tmp_path / "project", kill_step, lambda project: None)
