"""The chain behind a result leads back to what no job made, and tells what changed since."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from prov.model import ProvDocument

from egoalign.cli import main
from egoalign.provenance.chain import find_chain
from egoalign.provenance.files import FOLDER
from egoalign.provenance.record import RECORDS

OPTIONS = '{"children": 2, "sessions": [1, 1], "duration_s": [20, 20], "seed": 7}'


@pytest.fixture
def results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Results of two steps: tables of a made corpus, then the sessions of it."""
    results = tmp_path / "results"
    monkeypatch.setenv(RECORDS, str(results / FOLDER))
    made = ["make-demo-tables", "--options", OPTIONS, "--out-dir", str(results / "raw")]
    assert main(made) == 0
    tables = [f"--{name}={results}/raw/{name}.tsv" for name in ("children", "sessions")]
    out = [f"--out={results}/corpus/sessions.parquet", f"--csv={results}/corpus/sessions.csv"]
    assert main(["prepare-corpus", *tables, "--root", str(tmp_path), *out]) == 0
    monkeypatch.delenv(RECORDS)
    return results


def test_it_leads_from_a_result_through_every_step(results: Path, capsys) -> None:
    assert main(["provenance", str(results / "corpus/sessions.csv")]) == 0
    text = capsys.readouterr().out
    assert text.index("prepare-corpus: 1 job") < text.index("make-demo-tables: 1 job")
    assert "seeds: options.seed 7" in text
    assert "CHANGED" not in text


def test_results_may_have_been_moved(results: Path) -> None:
    moved = results.rename(results.with_name("elsewhere"))
    chain = find_chain(moved / "corpus/sessions.csv")
    assert [job["command"] for job in chain.jobs] == ["prepare-corpus", "make-demo-tables"]
    assert chain.sources == {}
    assert chain.problems == []


def test_it_tells_what_was_changed_since(results: Path, capsys) -> None:
    result = results / "corpus/sessions.csv"
    result.write_text(result.read_text() + "\n")
    assert main(["provenance", str(result)]) == 0
    assert f"CHANGED   {result} was changed after it was made" in capsys.readouterr().out


def test_a_step_before_that_ran_again_is_told(
    results: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(RECORDS, str(results / FOLDER))
    other = OPTIONS.replace('"seed": 7', '"seed": 8')
    assert main(["make-demo-tables", "--options", other, "--out-dir", f"{results}/raw"]) == 0
    (problem,) = {line.split(":")[0] for line in find_chain(
        results / "corpus/sessions.csv"
    ).problems if "sessions.tsv" in line}  # fmt: skip
    assert problem == (
        "prepare-corpus read another raw/sessions.tsv than make-demo-tables last wrote"
    )


def test_files_of_no_run_are_refused(results: Path, tmp_path: Path, caplog) -> None:
    lonely = tmp_path / "lonely.csv"
    lonely.write_text("x\n")
    other = results / "other.csv"
    shutil.copy(lonely, other)
    for path, message in {
        lonely: "no folder above it has private/provenance",
        other: "no job's record names it",
        results / "nothing.csv": "no such file",
    }.items():
        caplog.clear()
        with pytest.raises(Exception, match=message):
            find_chain(path)


def test_prov_json_holds_the_chain(results: Path, tmp_path: Path) -> None:
    out = tmp_path / "chain.json"
    assert main(["provenance", str(results / "corpus/sessions.csv"), "--prov-json", str(out)]) == 0
    document = ProvDocument.deserialize(str(out), format="json")
    activities = [one for one in document.get_records() if one.get_type().localpart == "Activity"]
    assert len(activities) == 2
    plain = json.loads(out.read_text())
    read = {usage["prov:entity"] for usage in plain["used"].values()}
    made = {one["prov:entity"] for one in plain["wasGeneratedBy"].values()}
    assert len(read) == 2
    assert read < made
