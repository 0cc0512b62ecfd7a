"""Every job leaves a record of what it read and wrote, and large files are read only once."""

from __future__ import annotations

import json
import os
from argparse import Namespace
from pathlib import Path

import pytest

from egoalign.cli import main
from egoalign.provenance import file_states
from egoalign.provenance.file_states import file_state
from egoalign.provenance.files import (
    FOLDER,
    file_digest,
    record_sources,
    sources_path,
    write_sources,
)
from egoalign.provenance.record import CONFIG_DIGEST, RECORDS, read_records, recorded
from egoalign.tables import write_json

CHILDREN = "child_id\tbirth_date\nA\t2024-01-01\n"
SESSIONS = "child_id\tsession_id\tvideo\ttranscript\trecording_date\nA\ts1\tv.mp4\t\t2025-01-01\n"


@pytest.fixture
def corpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "children.tsv").write_text(CHILDREN)
    (tmp_path / "sessions.tsv").write_text(SESSIONS)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(RECORDS, str(tmp_path / "results" / FOLDER))
    monkeypatch.setenv(CONFIG_DIGEST, "c0ffee")
    return tmp_path


def prepare(*more: str) -> int:
    out = ("--out", "results/corpus/sessions.parquet", "--csv", "results/corpus/sessions.csv")
    tables = ("--children", "children.tsv", "--sessions", "sessions.tsv", "--root", ".")
    return main(["prepare-corpus", *tables, *out, *more])


def test_a_record_tells_inputs_outputs_code_and_place(corpus: Path) -> None:
    assert prepare() == 0
    path = corpus / "results" / FOLDER / "corpus/sessions.csv.json"
    record = json.loads(path.read_text())
    assert record["command"] == "prepare-corpus"
    assert record["room"] == "corpus"
    assert record["config_sha256"] == "c0ffee"
    states = {
        kind: {Path(one["path"]).name: one["sha256"] for one in record[kind]}
        for kind in ("inputs", "outputs")
    }
    assert states["inputs"] == {
        name: file_digest(corpus / name) for name in ("children.tsv", "sessions.tsv")
    }
    assert states["outputs"] == {
        name: file_digest(corpus / "results/corpus" / name)
        for name in ("sessions.csv", "sessions.parquet")
    }
    assert record["start"] < record["end"]
    assert record["hardware"]["cores"] == os.cpu_count()
    versions = json.loads(
        (corpus / "results" / FOLDER / f"environments/{record['environment']}.json").read_text()
    )
    assert any(name.startswith("pyarrow-") for name in versions["packages"])
    assert len(record["code"]["sha256"]) == 64


def test_a_step_run_by_hand_or_in_vain_leaves_none(
    corpus: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (corpus / "sessions.tsv").write_text("child_id\nA\n")
    assert prepare() == 2
    assert read_records(corpus / "results" / FOLDER) == []
    (corpus / "sessions.tsv").write_text(SESSIONS)
    monkeypatch.delenv(RECORDS)
    assert prepare() == 0
    assert read_records(corpus / "results" / FOLDER) == []


def test_seeds_are_told_by_the_way_to_them(corpus: Path) -> None:
    options = '{"children": 2, "sessions": [1, 1], "duration_s": [20, 20], "seed": 7}'
    made = ["make-demo-tables", "--options", options, "--out-dir", str(corpus / "results/raw")]
    assert main(made) == 0
    (record,) = read_records(corpus / "results" / FOLDER)
    assert record["seeds"] == {"options.seed": 7}
    assert any(one["path"].endswith("children.tsv") for one in record["outputs"])


def test_a_large_file_is_read_once_and_again_when_it_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_states, "SMALL", 3)
    read: list[str] = []

    def reading(path: str) -> str:
        read.append(str(path))
        return file_digest(path)

    monkeypatch.setattr(file_states, "file_digest", reading)
    video = tmp_path / "video.mp4"
    video.write_bytes(b"first")
    first = file_state(str(video), tmp_path / "records")
    assert file_state(str(video), tmp_path / "records") == first
    assert len(read) == 1
    video.write_bytes(b"other")
    os.utime(video, ns=(1, 1))
    assert file_state(str(video), tmp_path / "records").sha256 != first.sha256
    assert len(read) == 2


def test_a_folder_of_pictures_has_a_digest_of_its_files(tmp_path: Path) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    (folder / "1.jpg").write_bytes(b"a")
    first = file_state(str(folder), tmp_path / "records")
    (folder / "2.jpg").write_bytes(b"b")
    assert file_state(str(folder), tmp_path / "records").sha256 != first.sha256


def test_a_sessions_files_are_not_read_twice(tmp_path: Path, monkeypatch) -> None:
    records = tmp_path / "results" / FOLDER
    video = tmp_path / "v.mp4"
    video.write_bytes(b"video")
    sources = record_sources(tmp_path, ["v.mp4"], "first")
    write_sources(sources, sources_path(tmp_path / "results", "A", "s1"))
    out = tmp_path / "results/x.json"

    def step(args: Namespace) -> None:
        write_json({}, args.out)

    step.__module__ = "egoalign.align.commands"
    row = json.dumps({"child_id": "A", "session_id": "s1", "video": ["v.mp4"]})
    monkeypatch.setenv(RECORDS, str(records))
    monkeypatch.setattr(file_states, "SMALL", 0)
    monkeypatch.setattr(file_states, "file_digest", lambda path: Path(path).name)
    args = Namespace(command="step", run=step, row=row, root=str(tmp_path), out=out)
    with recorded(args):
        step(args)
    (record,) = read_records(records)
    assert [one["sha256"] for one in record["inputs"]] == [file_digest(video)]
    assert [one["sha256"] for one in record["outputs"]] == ["x.json"]
