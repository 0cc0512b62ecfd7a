"""A bundle of the tiny corpus: nothing private in it, and its statistics made again from it."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from egoalign.privacy.scan import scan_results
from egoalign.tables import read_columns
from tests.workflow.project import Project, copy_project

CHILDREN = ("D01", "D02", "D03")


@dataclass
class Rerun(Project):
    """A project that runs from a bundle."""

    @property
    def results(self) -> Path:
        """The default folder: the bundle's config names none."""
        return self.folder / "results"


def export(project: Project, out: Path) -> Path:
    """Export the results of a project."""
    done = project.egoalign("export", str(project.results), "--out", str(out))
    assert done.returncode == 0, done.stderr
    return out


def rerun(bundle: Path, folder: Path) -> Rerun:
    """Run the workflow from a bundle in a fresh copy of the project without any corpus."""
    project = Rerun(copy_project(folder), str(bundle / "config.yaml"))
    shutil.rmtree(project.folder / "config" / "demo")
    done = project.run()
    assert done.returncode == 0, done.stdout + done.stderr
    return project


@pytest.fixture(scope="module")
def bundle(tiny: Project, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return export(tiny, tmp_path_factory.mktemp("bundle") / "shared")


@pytest.fixture(scope="module")
def again(bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Rerun:
    return rerun(bundle, tmp_path_factory.mktemp("again") / "project")


def test_it_holds_no_name_no_word_and_no_child(tiny: Project, bundle: Path) -> None:
    assert scan_results(tiny.results, CHILDREN, bundle) == []
    # The same scan finds them in what was exported.
    findings = {finding.file for finding in scan_results(tiny.results, CHILDREN)}
    assert any(name.endswith("children.pdf") for name in findings)
    assert any(name.endswith("random_effects.parquet") for name in findings)
    paths = [str(path.relative_to(bundle)) for path in bundle.rglob("*")]
    assert not [path for path in paths if any(child in path for child in CHILDREN)]


def test_it_holds_neither_recordings_nor_vectors(bundle: Path) -> None:
    suffixes = {path.suffix for path in bundle.rglob("*") if path.is_file()}
    assert suffixes == {
        *(".parquet", ".csv", ".json", ".pdf", ".png", ".tex", ".txt", ".md", ".yaml", ".sha256"),
        ".cff",
    }
    assert not list(bundle.rglob("*.words.parquet"))
    names = {name for path in bundle.rglob("*.parquet") for name in pq.read_schema(path).names}
    assert "embedding" not in names
    assert "text" not in names


def test_its_checksums_are_right(bundle: Path) -> None:
    done = subprocess.run(
        ["sha256sum", "--check", "--quiet", "checksums.sha256"], cwd=bundle, capture_output=True
    )
    assert done.returncode == 0, done.stderr


def test_the_key_stays_in_the_private_zone(tiny: Project, bundle: Path) -> None:
    (key,) = (tiny.results / "private/exports").glob("*/key.csv")
    assert "child,,D01,c01" in key.read_text()
    children = read_columns(bundle / "tables/corpus/sessions.parquet")["child_id"]
    assert set(children.to_pylist()) == {"c01", "c02", "c03"}


def test_statistics_and_figures_are_made_again_to_the_last_digit(
    again: Rerun, bundle: Path
) -> None:
    done = again.egoalign("compare-bundle", "results", str(bundle))
    assert done.returncode == 0, done.stdout
    assert done.stdout.endswith(" files equal, 0 unequal\n")
    assert int(done.stdout.split()[0]) > 100


def test_numbers_are_those_of_the_lab(tiny: Project, again: Rerun) -> None:
    for name in ("stats/values.json", "stats/values.tex", "figures/egoalign-demo/age.png"):
        assert (again.results / name).read_bytes() == (tiny.results / name).read_bytes(), name


def test_no_step_that_needs_recordings_was_run(again: Rerun) -> None:
    records = again.results / "private/provenance"
    commands = {json.loads(path.read_text())["command"] for path in records.rglob("*.json")
                if path.parts[-2] not in ("files", "environments")}  # fmt: skip
    assert "take-tables" in commands
    assert "fit-models" in commands
    assert not commands & {"ingest-session", "encode-session", "align-session", "draw-nulls"}
    assert not (again.results / "encode").exists()
    assert again.planned() == {}


def test_the_chain_leads_to_the_bundle(again: Rerun) -> None:
    done = again.egoalign("provenance", "results/vary/egoalign-demo/effects.csv")
    assert done.returncode == 0, done.stderr
    assert "fit-models: 1 job" in done.stdout
    assert "tables/align/egoalign-demo/alignment.parquet" in done.stdout


def test_a_difference_is_told(again: Rerun, bundle: Path, tmp_path: Path) -> None:
    changed = tmp_path / "results"
    shutil.copytree(again.results, changed)
    path = changed / "vary/egoalign-demo/children.parquet"
    table = pq.read_table(path)
    place = table.schema.get_field_index("mean_score")
    assert place >= 0
    values = [value + 1e-12 for value in table["mean_score"].to_pylist()]
    pq.write_table(table.set_column(place, table.schema.field(place), [values]), path)
    done = again.egoalign("compare-bundle", str(changed), str(bundle))
    assert done.returncode == 3
    assert done.stdout.startswith("unequal  vary/egoalign-demo/children.parquet: mean_score (by ")


def test_a_changed_table_is_refused(again: Rerun, bundle: Path, tmp_path: Path) -> None:
    spoilt = tmp_path / "spoilt"
    shutil.copytree(bundle, spoilt)
    table = spoilt / "tables/align/egoalign-demo/alignment.parquet"
    table.write_bytes(table.read_bytes() + b" ")
    done = again.egoalign("take-tables", "--bundle", str(spoilt), "--out-folder", str(tmp_path))
    assert done.returncode == 2
    assert "the file was changed after it was exported: fetch the bundle again" in done.stderr


def test_a_zip_holds_the_same(tiny: Project, bundle: Path, tmp_path: Path) -> None:
    path = export(tiny, tmp_path / "shared.zip")
    shutil.unpack_archive(path, tmp_path)
    assert (tmp_path / "shared/checksums.sha256").read_text() == (
        bundle / "checksums.sha256"
    ).read_text()


def test_what_is_there_is_never_overwritten(tiny: Project, tmp_path: Path) -> None:
    done = tiny.egoalign("export", str(tiny.results), "--out", str(tmp_path))
    assert done.returncode == 2
    assert f"{tmp_path}: is there already; give another name or delete it" in done.stderr
