"""The tiny corpus through a real SLURM of one node, with the project's own profile."""

from __future__ import annotations

import re

from tests.slurm.run import Run
from tests.workflow.compare import differences

PER_SESSION = ("ingest_session", "encode_session", "align_session")
GPU_RULES = ("encode_session", "score_reference")


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


def test_results_are_those_of_the_local_run(by_slurm: Run, tiny):
    assert by_slurm.done.returncode == 0, by_slurm.text
    assert by_slurm.project.outputs() == tiny.outputs()
    assert differences(by_slurm.project.results, tiny.results, tiny.outputs()) == []
    assert by_slurm.project.planned() == {}


def test_every_job_ended_well(by_slurm: Run):
    assert len(by_slurm.jobs) > 30
    assert {job.facts["JobState"] for job in by_slurm.jobs} == {"COMPLETED"}


def test_rules_that_run_a_model_ask_for_a_gpu_and_no_others(by_slurm: Run):
    assert by_slurm.of("encode_session")
    assert by_slurm.of("score_reference")
    for job in by_slurm.jobs:
        on_gpu = job.rule in GPU_RULES
        assert job.facts["Partition"] == ("gpu" if on_gpu else "main"), job.rule
        assert (job.gpus == "gres:gpu:1") == on_gpu, (job.rule, job.facts)


def test_small_rules_stay_out_of_the_queue(by_slurm: Run, root):
    sent = {job.rule for job in by_slurm.jobs}
    assert len(local_rules(root)) > 5
    assert not sent & local_rules(root)
    assert {"draw_nulls", "fit_models", "calibrate_model", *PER_SESSION} <= sent


def test_every_job_asks_for_what_its_rule_says(by_slurm: Run):
    for job in by_slurm.jobs:
        assert job.facts["MinMemoryNode"] != "0", job.rule
        assert job.facts["TimeLimit"] != "UNLIMITED", job.rule
    # 20 seconds of small video are next to nothing, so that the least of the rule is left.
    job = by_slurm.of("encode_session")[0]
    assert job.facts["MinMemoryNode"] == "6001M"
    assert minutes(job.facts["TimeLimit"]) == 21
