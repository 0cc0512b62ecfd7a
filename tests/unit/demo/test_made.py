"""Rules for made recordings: one set of files for each kind, with its children."""

from __future__ import annotations

from egoalign.corpus.read import read_corpus
from egoalign.demo.made import made_files


def test_children_share_a_rule_where_their_files_are_alike(tmp_path):
    (tmp_path / "children.tsv").write_text("child_id\na\nb\nc.d\n")
    (tmp_path / "sessions.tsv").write_text(
        "child_id\tsession_id\tvideo\ttranscript\trttm\n"
        "b\ts1\tout/raw/v/b/s1.mp4\tout/raw/t/b/s1.csv\t\n"
        "b\ts2\tout/raw/v/b/s2.mp4\tout/raw/t/b/s2.csv\t\n"
        "a\ts1\tout/raw/v/a/s1.mp4\tout/raw/t/a/s1.csv\t\n"
        "a\tadded\tout/raw/v/a/s1.mp4\t\t\n"
        "c.d\tx\tout/raw/v/c.d/x.1.mp4;out/raw/v/c.d/x.2.mp4\tout/raw/t/c.d/x.eaf\tout/raw/c.d/x.rttm\n"
    )
    corpus = read_corpus(tmp_path / "children.tsv", tmp_path / "sessions.tsv")
    assert made_files(corpus.sessions, "out") == {
        ("raw/v/{child}/{session}.mp4", "raw/t/{child}/{session}.csv"): ["a", "b"],
        (
            "raw/v/{child}/{session}.1.mp4",
            "raw/v/{child}/{session}.2.mp4",
            "raw/t/{child}/{session}.eaf",
            "raw/{child}/{session}.rttm",
        ): ["c.d"],
    }
    assert made_files([], "out") == {}
