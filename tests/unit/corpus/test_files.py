"""Which files of a session its jobs wait for, and how changes of them are noticed."""

from __future__ import annotations

from egoalign.corpus.files import WaitFor, files_to_wait_for
from egoalign.corpus.read import read_corpus


def test_files_that_rules_make_are_watched_and_others_kept_in_mind(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("a.mp4", "small.npz"):
        (tmp_path / name).touch()
    (tmp_path / "children.tsv").write_text("child_id\nkim\n")
    (tmp_path / "sessions.tsv").write_text(
        "child_id\tsession_id\tvideo\ttranscript\n"
        "kim\ts1\ta.mp4;{model}.npz;results/raw/b.mp4\tgone.csv\n"
    )
    (session,) = read_corpus("children.tsv", "sessions.tsv").sessions
    found = files_to_wait_for(session, ".", "results", ["small", "large"])
    assert found == WaitFor(["small.npz", "results/raw/b.mp4"], ["a.mp4"])
