"""What doctor says of good and bad runs, line by line."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from egoalign.cli import main
from egoalign.config import Config, parse_section
from egoalign.corpus.read import Corpus, open_corpus
from egoalign.doctor import checks
from egoalign.doctor.checks import Run, compare_packages, permissions, plan, sources, weights
from egoalign.doctor.cost import cost_of
from egoalign.provenance.files import FIRST, record_sources, sources_path, write_sources

PROJECT = '[project]\ndependencies = ["numpy>=2", "PyYAML>=6", "decord; sys_platform == \'x\'"]\n'


@pytest.fixture
def folder(tmp_path: Path, monkeypatch) -> Path:
    (tmp_path / "children.tsv").write_text("child_id\nkim\n")
    (tmp_path / "sessions.tsv").write_text(
        "child_id\tsession_id\tvideo\ttranscript\tage_days\n"
        "kim\ta\ta.mp4\ta.csv\t400\nkim\tb\tb.mp4\t\t500\n"
    )
    for name in ("a.mp4", "a.csv", "b.mp4"):
        (tmp_path / name).write_bytes(b"0" * 100)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run_of(**values) -> Run:
    corpus = {"children": "children.tsv", "sessions": "sessions.tsv"}
    return Run(parse_section(Config, {"corpus": corpus, **values}, "config"), "config.yaml", 4)


def lines(findings) -> list[str]:
    return [str(finding) for finding in findings]


def corpus_of(run: Run) -> Corpus:
    return open_corpus(run.config.corpus)


def packages(folder: Path, lock: str, there: dict[str, str]) -> list[str]:
    (folder / "lock.txt").write_text(lock)
    (folder / "pyproject.toml").write_text(PROJECT)
    return lines(compare_packages(folder / "lock.txt", folder / "pyproject.toml", there.get))


def test_packages_as_locked_are_ok(folder):
    lock = "# made\nnumpy==2.1\nPyYAML==6.0 ; python_version > '3'\ntorch==2.9+cpu\n"
    (found,) = packages(folder, lock, {"numpy": "2.1", "PyYAML": "6.0", "torch": "2.9"})
    assert found.startswith("ok       environment  Python 3.")
    assert found.endswith(", 3 packages as locked")


def test_a_needed_package_that_lacks_is_a_problem_and_another_version_is_a_note(folder):
    found = packages(folder, "numpy==2.1\nPyYAML==6.0\npytest==8\n", {"numpy": "2.0"})
    lock = folder / "lock.txt"
    assert found[0] == f"problem  environment  not installed: PyYAML; pip install -r {lock}"
    assert "1 packages are not as locked: numpy 2.0 (locked: 2.1); numbers may differ" in found[1]
    assert len(found) == 2
    assert lines(compare_packages(folder / "none", folder / "none", {}.get))[0].startswith(
        "note     environment"
    )


def test_a_gpu_precision_without_a_gpu_is_a_problem(folder, monkeypatch):
    monkeypatch.setattr(checks.shutil, "which", lambda name: None)
    monkeypatch.setattr(checks.sys, "platform", "linux")
    (found,) = lines(checks.gpu(run_of(encode={"precision": "fp16"})))
    assert (
        "problem  gpu          none on this machine, and encode.precision: fp16 needs one" in found
    )
    (found,) = lines(checks.gpu(run_of()))
    assert found == "note     gpu          none on this machine: encoding will run on its CPU"


def test_weights_that_lack_or_differ_are_problems(folder, root):
    model = {
        "name": str(root / "config/demo/model/egoalign-demo.json"),
        "pretrained": str(root / "config/demo/model/egoalign-demo.safetensors"),
        "id": "small",
    }
    (found,) = lines(weights(run_of(encode={"models": [model]})))
    assert found.startswith(f"ok       weights      small: {model['pretrained']}, sha256 ")
    (found,) = lines(weights(run_of(encode={"models": [model | {"sha256": "0" * 64}]})))
    assert f"problem  weights      {model['pretrained']}: its sha256 is " in found
    (found,) = lines(weights(run_of(encode={"models": [model | {"pretrained": "no.safetensors"}]})))
    assert "no weights file no.safetensors; put it there" in found


def test_a_private_zone_that_is_open_is_a_problem(folder):
    assert lines(permissions(run_of())) == [f"ok       permissions  {folder} can be written"]
    zone = folder / "results" / "private"
    zone.mkdir(parents=True)
    zone.chmod(0o755)
    assert lines(permissions(run_of()))[1] == (
        "problem  permissions  results/private is open to others (mode 755); "
        "chmod 700 results/private"
    )
    zone.chmod(0o700)
    assert len(lines(permissions(run_of()))) == 1


def test_missing_and_changed_sources_are_named(folder):
    run = run_of()
    assert lines(sources(run, corpus_of(run))) == [
        "ok       sources      every file is there, and as it was when it was read"
    ]
    write_sources(
        record_sources(folder, ["a.mp4", "a.csv"], FIRST), sources_path("results", "kim", "a")
    )
    (folder / "a.mp4").write_bytes(b"another")
    (folder / "b.mp4").unlink()
    assert lines(sources(run, corpus_of(run))) == [
        "problem  sources      1 files are missing, and their sessions will end as failed: "
        "kim/b: 'b.mp4' is not there",
        "note     sources      1 files have changed since they were read, and their sessions will "
        "be read again: kim/a: 'a.mp4'",
    ]


def test_the_plan_says_how_long_and_how_large(folder, monkeypatch):
    jobs = {"ingest_session": 2, "encode_session": 2, "align_session": 2, "fit_models": 1}
    monkeypatch.setattr(checks, "planned_jobs", lambda path: jobs)
    run = run_of()
    found = lines(plan(run, corpus_of(run)))
    assert found[0] == (
        "ok       plan         7 jobs, of them 2 ingest_session, 2 encode_session, 2 align_session"
    )
    # Nothing is known of the two files' lengths: half an hour each, by the constants.
    assert found[1] == (
        "ok       time         about 3 min of work for the sessions, 40 s on 4 cores (by "
        "docs/performance.md, on a CPU; sessions of 30 min); then the corpus-level steps"
    )
    assert found[2].startswith("ok       disk         about 8.0 MB will be written, ")
    usage = os.statvfs_result((4096, 4096, 10, 1, 1, 1, 1, 1, 0, 255))
    monkeypatch.setattr(checks.shutil, "disk_usage", lambda path: _Usage(usage.f_bavail * 4096))
    assert lines(plan(run, corpus_of(run)))[2] == (
        "problem  disk         about 8.0 MB will be written, 0.0 MB are free; "
        "free some space or change `pathvars`"
    )


class _Usage:
    def __init__(self, free):
        self.free = free


def test_rates_are_those_of_earlier_sessions(folder):
    run = run_of()
    bench = folder / "results/benchmarks/encode/encode_session/m/kim/a.tsv"
    bench.parent.mkdir(parents=True)
    bench.write_text("s\th:m:s\n30.0\t0:00:30\n")
    cost = cost_of({"encode_session": 4}, "results", corpus_of(run))
    assert cost.measured
    assert cost.seconds == {"encode_session": pytest.approx(120.0)}


def test_a_plan_that_fails_is_a_problem(folder, monkeypatch):
    monkeypatch.setattr(checks, "planned_jobs", lambda path: "snakemake --dry-run ends with 1: x")
    run = run_of()
    assert lines(plan(run, corpus_of(run))) == [
        "problem  plan         snakemake --dry-run ends with 1: x"
    ]


def test_doctor_ends_with_2_where_something_must_be_mended(folder, capsys):
    (folder / "config.yaml").write_text(
        "corpus: {children: children.tsv, sessions: none.tsv}\n"
        "encode: {models: [{scores: scores.csv}]}\n"
    )
    assert main(["doctor", "--config", "config.yaml"]) == 2
    said = capsys.readouterr()
    assert "problem  tables       none.tsv: cannot be read (No such file or directory)" in said.out
    assert "config.yaml: 1 problem, told above; mend them before the run" in said.err


def test_doctor_imports_no_torch_without_a_gpu(folder, root):
    import subprocess
    import sys

    code = (
        "import sys; from egoalign.doctor import checks; checks.shutil.which = lambda name: None\n"
        "from tests.unit.doctor.test_checks import run_of, lines\n"
        f"model = {{'name': {str(root / 'config/demo/model/egoalign-demo.json')!r}, "
        f"'pretrained': {str(root / 'config/demo/model/egoalign-demo.safetensors')!r}}}\n"
        "run = run_of(encode={'models': [model]})\n"
        "assert [f for check in checks.CHECKS for f in check(run)]\n"
        "assert 'torch' not in sys.modules"
    )
    path = os.pathsep.join([str(root), str(root / "workflow" / "src")])
    done = subprocess.run(
        [sys.executable, "-c", code], env=os.environ | {"PYTHONPATH": path}, capture_output=True
    )
    assert done.returncode == 0, done.stderr.decode()


def test_who_is_forgotten_stands_nowhere(folder):
    run = replace(run_of(), forgotten=("kim", "lea/a"))
    left = folder / "results" / "video" / "kim" / "a.txt"
    left.parent.mkdir(parents=True)
    left.touch()
    assert lines(checks.forgotten(run)) == [
        "problem  forgotten    kim stands in 1 files; egoalign forget kim: "
        "results/video/kim/a.txt: its name",
        "ok       forgotten    nothing of lea/a is left in results",
    ]
    left.unlink()
    assert (
        lines(checks.forgotten(run))[0] == "ok       forgotten    nothing of kim is left in results"
    )
