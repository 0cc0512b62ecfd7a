"""A child and a recording of the tiny corpus are forgotten; the next run makes the rest again."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.workflow.project import Project


@pytest.fixture
def copy(tiny: Project, tmp_path: Path) -> Project:
    return Project(shutil.copytree(tiny.folder, tmp_path / "project", symlinks=True), tiny.config)


def without(table: Path, *begin: str) -> None:
    """Take the rows that begin so out of a table."""
    lines = table.read_text().splitlines(keepends=True)
    table.write_text("".join(line for line in lines if not line.startswith(begin)))


BINARY = (".parquet", ".arrow", ".mp4")
"""In which three letters stand by chance."""


def mentions(folder: Path, *texts: bytes) -> list[str]:
    paths = (path for path in folder.rglob("*") if path.is_file() and path.suffix not in BINARY)
    return [path.name for path in paths if any(text in path.read_bytes() for text in texts)]


def test_nothing_is_left_of_a_child_and_a_recording(copy, tiny):
    for name in ("D02/s1", "D03"):
        done = copy.egoalign("forget", name, "--results", "results/demo", "--yes")
        assert done.returncode == 0, done.stdout + done.stderr
        assert f"{name} stands nowhere below results/demo any more" in done.stdout
        again = copy.egoalign("forget", name, "--results", "results/demo", "--yes")
        assert again.returncode == 2
        assert f"no child or recording '{name}'" in again.stderr
    kept = copy.outputs()
    assert not [name for name in kept if "/D03/" in name or "/D02/s1." in name]
    expected = [
        name
        for name in tiny.outputs()
        if "/D01/" in name
        or "/D02/s2." in name
        or ("reference/" in name and "/comparison." not in name)
    ]
    assert kept == sorted([*expected, "private/README.md", "private/config.yaml"])
    assert mentions(copy.results, b"D03", b"D02/s1") == []
    assert mentions(copy.folder / ".snakemake", b"D03", b"D02/s1") == []

    without(copy.folder / "config/tiny/sessions.tsv", "D03\t", "D02\ts1\t")
    without(copy.folder / "config/tiny/children.tsv", "D03\t")
    without(copy.folder / "config/tiny/context.csv", "D03,", "D02,s1,")
    planned = copy.planned("--config", "validate={judgments: []}")
    assert planned["collect_alignment"] == planned["prepare_corpus"] == planned["draw_nulls"] == 1
    assert not {"ingest_session", "encode_session", "align_session"} & set(planned)
