"""Every benchmark runs in its small form and prints its table."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[3] / "benchmarks"


def rows(script: str, *options: str) -> list[dict[str, str]]:
    """Run a benchmark in its small form and return the lines of its first table."""
    command = [sys.executable, str(FOLDER / script), "--small", *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    lines = [line.strip("| ").split(" | ") for line in done.stdout.splitlines() if line[:1] == "|"]
    header, dashes, *body = lines
    assert set(dashes) == {"---"}
    return [dict(zip(header, line, strict=True)) for line in body if len(line) == len(header)]


def test_vectors_of_both_designs_are_written_read_and_counted():
    (line,) = rows("files.py")
    assert line["files, ours"] == "2"
    # Four utterances: a file a text, and one or more a picture.
    assert int(line["files, a file each"]) >= 8
    assert float(line["ratio"]) > 0


def test_nulls_of_growing_corpora_are_timed_with_their_memory():
    two, four = rows("nulls.py")
    assert (two["sessions"], four["sessions"]) == ("2", "4")
    for line in (two, four):
        assert float(line["CPU s"]) > 0
        assert float(line["largest size, MB"]) > 50


@pytest.mark.full
def test_start_up_is_told_by_part():
    found = {line["part"]: float(line["demo, wall s"]) for line in rows("startup.py")}
    assert len(found) == 12
    assert all(seconds >= 0 for seconds in found.values())


@pytest.mark.full
def test_a_model_that_is_kept_loaded_spares_most_of_what_is_fixed():
    found = rows("startup.py", "--sessions", "3")
    without, kept = (line for line in found if line["clock"] == "cpu")
    assert (without["kept loaded"], kept["kept loaded"]) == ("no", "yes")
    assert float(kept["fixed, a session"]) < float(without["fixed, a session"]) / 2


@pytest.mark.full
def test_memory_of_a_command_is_at_least_that_of_its_largest_process():
    for line in rows("memory.py"):
        assert float(line["all processes, MB"]) > 100
        assert float(line["largest process, MB"]) > 100


@pytest.mark.full
def test_embedding_is_held_against_the_sum_of_decoding_and_forward_pass():
    stage, command = rows("embedding.py")
    cores = os.cpu_count() or 1
    limit = (float(stage["decoding, CPU s"]) + float(stage["forward, CPU s"])) / cores
    assert float(stage["limit, s"]) == pytest.approx(limit, abs=0.011)
    assert stage["limit, s"] == command["limit, s"]


def test_the_other_design_needs_ffmpeg_and_says_so():
    command = [sys.executable, str(FOLDER / "per_utterance_design.py"), "--small"]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        env={**os.environ, "PATH": ""},
        timeout=300,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("no program ffmpeg on the path")


def test_mixed_models_are_timed_and_are_those_of_lme4_where_it_is():
    for line in rows("mixed_models.py"):
        assert float(line["ours, CPU s"]) > 0
        assert float(line["df, CPU s"]) > 0
        assert float(line["MB"]) > 50
        if line["lme4, CPU s"] != "-":
            assert float(line["lme4 / ours"]) > 0
            assert float(line["criterion, ours less lme4's"]) < 1e-4


def test_one_more_session_plans_its_own_jobs_and_those_of_the_corpus():
    everything, unchanged, one_more = rows("planning.py")
    assert int(everything["jobs"]) > 3 * 12
    assert unchanged["jobs"] == "0"
    # Whatever the number of sessions: three for the new one, and what was not a session's before.
    assert int(one_more["jobs"]) == int(everything["jobs"]) - 3 * 12 + 3 - 1
    assert float(everything["GB"]) > 0.05


@pytest.mark.full
def test_steps_of_the_whole_corpus_are_timed_with_their_memory():
    found = {line["step"]: float(line["GB"]) for line in rows("corpus_level.py")}
    assert {"draw_nulls", "collect_alignment", "summarise_alignment", "plot_null"} <= set(found)
    assert "ingest_session" not in found
    assert all(0.05 < size < 4 for size in found.values())
