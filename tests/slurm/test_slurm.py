"""A real SLURM of one node, with the project's own profile: the same results as without it."""

from __future__ import annotations

import re

import pytest

from tests.slurm.run import Run
from tests.workflow.compare import differences

pytestmark = pytest.mark.timeout(1800)

PER_SESSION = {"ingest_session", "encode_session", "align_session"}
GPU_RULES = {"encode_session", "score_reference"}


def local_rules(root) -> set[str]:
    """Return the rules that the workflow keeps out of the queue."""
    text = (root / "workflow/rules/resources.smk").read_text()
    block = re.search(r"^localrules:\n((?: +\w+,\n)+)", text, flags=re.MULTILINE)
    assert block
    return set(re.findall(r"\w+", block[1]))


def minutes(limit: str) -> int:
    """Return the minutes of a time limit as SLURM writes it."""
    days, _, clock = limit.rpartition("-")
    hours, mins, _ = clock.split(":")
    return int(days or 0) * 1440 + int(hours) * 60 + int(mins)


def check_jobs(run: Run, root) -> None:
    """Check what was asked of SLURM for each job, and how it ended."""
    for job in run.jobs:
        on_gpu = job.rule in GPU_RULES
        assert job.facts["JobState"] == "COMPLETED", job
        assert job.facts["Partition"] == ("gpu" if on_gpu else "main"), job
        assert (job.gpus == "gres:gpu:1") == on_gpu, job
        assert job.facts["MinMemoryNode"].endswith("M"), job
        assert minutes(job.facts["TimeLimit"]) > 0, job
    assert not {job.rule for job in run.jobs} & local_rules(root)


def test_the_tiny_corpus_has_the_scores_of_the_local_run(by_slurm: Run, tiny):
    assert by_slurm.code == 0, by_slurm.text
    made = by_slurm.project.outputs()
    assert set(made) <= set(tiny.outputs())
    assert sum(name.endswith(".alignment.parquet") for name in made) > 3
    assert differences(by_slurm.project.results, tiny.results, made) == []


def test_jobs_ask_for_what_their_rules_and_the_profile_say(by_slurm: Run, root):
    check_jobs(by_slurm, root)
    sent = {job.rule for job in by_slurm.jobs}
    assert {"draw_nulls", *PER_SESSION, *GPU_RULES} <= sent
    assert len(local_rules(root)) > 5
    assert {"prepare_corpus", "write_config"} <= local_rules(root)
    # 20 seconds of small video are next to nothing, so that the least of the rule is left.
    job = by_slurm.of("encode_session")[0]
    assert job.facts["MinMemoryNode"] == "6001M"
    assert minutes(job.facts["TimeLimit"]) == 21


def test_logs_of_slurm_lie_in_the_private_folder(by_slurm: Run):
    assert (by_slurm.project.folder / "results/private/logs/slurm").is_dir()
    assert not (by_slurm.project.folder / ".snakemake/slurm_logs").exists()


@pytest.mark.full
@pytest.mark.timeout(5400)
def test_the_demo_corpus_has_all_results_of_the_local_run(demo_by_slurm: Run, demo, root):
    assert demo_by_slurm.code == 0, demo_by_slurm.text
    assert demo_by_slurm.project.outputs() == demo.outputs()
    assert differences(demo_by_slurm.project.results, demo.results, demo.outputs()) == []
    assert demo_by_slurm.project.planned() == {}
    check_jobs(demo_by_slurm, root)
    assert {"fit_models", "calibrate_model"} <= {job.rule for job in demo_by_slurm.jobs}
