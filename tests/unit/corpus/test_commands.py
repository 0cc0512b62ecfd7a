"""The corpus steps by their commands, one after the other, as the workflow calls them."""

from __future__ import annotations

import json

import pyarrow.parquet as pq

from egoalign.cli import main
from egoalign.corpus.read import read_corpus


def test_a_corpus_of_bad_files_ends_as_rows(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "c.tsv").write_text("child_id\nK01\n")
    (tmp_path / "s.tsv").write_text(
        "child_id\tsession_id\tvideo\ttranscript\nK01\ta\tgone.mp4\tgone.csv\nK01\tb\tzero.mp4\n"
    )
    (tmp_path / "zero.mp4").touch()
    corpus = ["--children", "c.tsv", "--sessions", "s.tsv", "--root", "."]
    out = ["--out", "out.parquet", "--csv", "out.csv"]
    assert main(["prepare-corpus", *corpus, *out]) == 0
    assert pq.read_table("out.parquet")["session_id"].to_pylist() == ["a", "b"]
    for session in read_corpus("c.tsv", "s.tsv").sessions:
        stem = f"K01/{session.session_id}"
        made = ["media", "utterances", "words", "frames-out"]
        outs = [part for name in made for part in (f"--{name}", f"{stem}.{name}.parquet")]
        assert main(["ingest-session", "--row", json.dumps(session.row()), *outs]) == 0
        (tmp_path / f"{stem}.frames-out.parquet").rename(f"{stem}.frames.parquet")
    folders = ["--media-folder", ".", "--utterances-folder", ".", "--align-folder", "align/m"]
    folders += ["--encode-folder", "encode/m", "--logs", "logs"]
    assert main(["collect-status", *corpus, *folders, *out]) == 0
    rows = pq.read_table("out.parquet").to_pylist()
    assert [row["status"] for row in rows] == ["failed", "failed"]
    assert rows[0]["reason"] == "video missing; transcript missing"
    assert rows[1]["reason"].startswith("video unreadable")


def test_wrong_tables_are_exit_code_2(tmp_path, capsys):
    (tmp_path / "c.tsv").write_text("child_id\nK01\n")
    (tmp_path / "s.tsv").write_text("child_id\tsession_id\tvideo\nK02\ta\ta.mp4\n")
    arguments = ["--children", str(tmp_path / "c.tsv"), "--sessions", str(tmp_path / "s.tsv")]
    arguments += ["--out", str(tmp_path / "o.parquet"), "--csv", str(tmp_path / "o.csv")]
    assert main(["prepare-corpus", *arguments]) == 2
    assert "line 2: child_id 'K02' is not in the table of children" in capsys.readouterr().err
    assert not (tmp_path / "o.parquet").exists()
