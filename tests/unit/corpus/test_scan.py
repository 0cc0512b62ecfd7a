"""Tables from a folder: ids from real names, transcripts by stem, nothing lost in silence."""

from __future__ import annotations

import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from egoalign.corpus.read import missing_files, read_corpus
from egoalign.corpus.scan import make_id, scan, scan_names
from egoalign.corpus.tsv import id_fault
from egoalign.log import UserError


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("K01", "K01"),
        ("tea time: 5:19pm", "tea-time-5-19pm"),
        ("Zoë & Åse.", "Zoe-Ase"),
        ("_x.csv", "x-csv"),
        ("猫", ""),
    ],
)
def test_ids_are_made_from_names(name, wanted):
    assert make_id(name) == wanted


@given(st.text(max_size=120))
def test_every_id_made_is_an_id(name):
    made = make_id(name)
    assert made == "" or id_fault(made) is None


def ids(found) -> list[tuple[str, str, str | None]]:
    return [(row.child_id, row.session_id, row.transcript) for row in found.recordings]


def test_layouts():
    nested = ["videos/K1/a.MP4", "videos/K2/a.mp4", "text/K1/a.csv", "text/K2/a.json"]
    assert ids(scan_names(nested, "child-folders")) == [
        ("K1", "a", "text/K1/a.csv"),
        ("K2", "a", "text/K2/a.json"),
    ]
    assert ids(scan_names(["in/K1_tea_2.mov", "K1_tea_2.tsv"], "flat")) == [
        ("K1", "K1_tea_2", "K1_tea_2.tsv")
    ]
    pattern = "**/{child}-wk*/{session}.mp4"
    assert ids(scan_names(["x/K1-wk3/tea.mp4", "K2-wk4/bath.mp4"], pattern)) == [
        ("K2", "bath", None),
        ("K1", "tea", None),
    ]


def test_what_cannot_be_paired_is_listed():
    names = ["K1/a.mp4", "K2/a.mp4", "p/a.csv", "q/a.csv", "K1/b.csv", "K1/notes.txt", "c.mp4"]
    found = scan_names(names, "child-folders")
    assert found.videos_without_transcript == ["K1/a.mp4", "K2/a.mp4"]
    assert sorted(found.transcripts_without_video) == ["K1/b.csv", "p/a.csv", "q/a.csv"]
    assert found.videos_outside_layout == ["c.mp4"]


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["K1/a b.mp4", "K1/a:b.mp4"], "K1/a b.mp4 and K1/a:b.mp4 both become K1/a-b"),
        (["K1/a.mp4", "K1/A.mov"], "K1/A.mov and K1/a.mp4 both become K1/a"),
        (["k 1/a.mp4", "k:1/b.mp4"], "children 'k 1' and 'k:1' become k-1"),
        (["猫/a.mp4"], "猫/a.mp4: no id can be made of this name"),
        (["K1/a\tb.mp4"], "names with tabs, line ends or leading blanks cannot stand in a table"),
    ],
)
def test_names_that_cannot_become_ids_are_refused(names, message):
    with pytest.raises(UserError) as caught:
        scan_names(names, "child-folders")
    assert message in str(caught.value)


def test_a_layout_that_is_not_known_is_refused():
    with pytest.raises(UserError, match="expected child-folders, flat, or a pattern that holds"):
        scan_names([], "{child}/x.mp4")


def test_the_tables_written_are_tables_read(tmp_path, caplog, monkeypatch):
    folder = tmp_path / "lab"
    for name in ("K1/tea; one.mp4", "K1/tea; one.csv", 'K2/"bath".mp4', ".hidden/x.mp4"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    out = tmp_path / "config"
    monkeypatch.setattr(logging.getLogger("egoalign"), "propagate", True)
    out.mkdir()
    (out / "sessions.tsv").write_text("child_id\tsession_id\tvideo\n# a comment\n")
    scan(folder, "child-folders", out, root=folder)
    corpus = read_corpus(out / "children.tsv", out / "sessions.tsv", folder)
    assert [(s.child_id, s.session_id, s.source_name) for s in corpus.sessions] == [
        ("K1", "tea-one", "tea; one"),
        ("K2", "bath", '"bath"'),
    ]
    assert missing_files(corpus) == []
    scan(folder, "child-folders", tmp_path / "elsewhere", root=tmp_path / "other")
    elsewhere = read_corpus(
        tmp_path / "elsewhere/children.tsv", tmp_path / "elsewhere/sessions.tsv", tmp_path / "other"
    )
    assert missing_files(elsewhere) == []
    assert "1 videos have no transcript" in caplog.text
    with pytest.raises(UserError, match=r"children.tsv: has rows already; move it away"):
        scan(folder, "child-folders", out)
    with pytest.raises(UserError, match="no such folder"):
        scan(tmp_path / "none", "child-folders", tmp_path / "other")
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match="no video fits layout 'flat'"):
        scan(tmp_path / "empty", "flat", tmp_path / "other")
