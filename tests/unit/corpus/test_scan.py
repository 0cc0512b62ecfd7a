"""Tables from a folder: ids from real names, transcripts by stem, nothing lost in silence."""

from __future__ import annotations

import logging
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from egoalign.corpus.files import missing_files
from egoalign.corpus.found import Note, make_id
from egoalign.corpus.read import read_corpus
from egoalign.corpus.scan import scan, scan_names
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
    found = scan_names([*names, "K1/b.rttm"], "child-folders")
    assert found.notes == {
        Note.VIDEO_ALONE: ["K1/a.mp4", "K2/a.mp4"],
        Note.TRANSCRIPT_ALONE: ["K1/b.csv", "p/a.csv", "q/a.csv"],
        Note.TEXT_ALONE: ["K1/notes.txt"],
        Note.RTTM_ALONE: ["K1/b.rttm"],
        Note.OUTSIDE: ["c.mp4"],
    }


def test_one_transcript_is_never_given_to_two_videos_of_one_name():
    found = scan_names(["K1/a.mp4", "K2/a.mp4", "text/K2/early/a.csv"], "child-folders")
    assert ids(found) == [("K1", "a", None), ("K2", "a", "text/K2/early/a.csv")]
    found = scan_names(["K1/a.mp4", "K2/a.mp4", "K2/a.csv", "text/a.csv"], "child-folders")
    assert ids(found) == [("K1", "a", None), ("K2", "a", "K2/a.csv")]


def test_folders_decide_between_files_of_one_name():
    names = ["K1/tea/video.mp4", "K1/bath/video.mp4", "K2/tea/video.mp4"]
    pattern = "{child}/{session}/video.mp4"
    found = scan_names([*names, "K1/tea/video.csv", "text/K2/video.csv"], pattern)
    assert ids(found) == [
        ("K1", "bath", None),
        ("K1", "tea", "K1/tea/video.csv"),
        ("K2", "tea", "text/K2/video.csv"),
    ]
    found = scan_names([*names, "text/tea/video.csv"], pattern)
    assert {transcript for _, _, transcript in ids(found)} == {None}


def test_a_pattern_may_take_a_part_of_the_name():
    found = scan_names(
        ["K1_tea.mp4", "text/K1_tea.json", "text/K1_tea.srt"], "{child}_{session}.mp4"
    )
    assert ids(found) == [("K1", "tea", "text/K1_tea.json")]


@pytest.mark.parametrize(
    ("files", "wanted"),
    [
        (["a.srt", "a.json", "a.txt", "a.tsv", "a.vtt"], "a.json"),
        (["a.txt", "a.srt"], "a.srt"),
        (["a.txt"], "a.txt"),
        (["a.txt", "a.cha"], "a.cha"),
        (["a.TextGrid"], "a.TextGrid"),
        (["a.EAF"], "a.EAF"),
        (["a.mp4.vtt"], "a.mp4.vtt"),
        (["a.csv", "a.json"], None),
    ],
)
def test_of_several_transcripts_the_fullest_of_one_tool_is_taken(files, wanted):
    names = ["K1/a.mp4", *(f"K1/{name}" for name in files)]
    found = scan_names(names, "child-folders")
    assert ids(found) == [("K1", "a", wanted and f"K1/{wanted}")]
    told = [
        name for note, group in found.notes.items() if note != Note.VIDEO_ALONE for name in group
    ]
    assert sorted(told) == sorted(f"K1/{name}" for name in files if name != wanted)


def test_rttm_files_are_paired_by_name_or_by_the_folder_of_the_child():
    names = ["v/K1/a.mp4", "v/K1/b.mp4", "v/K2/c.mp4", "vtc/K1/all.rttm", "vtc/b.rttm"]
    found = scan_names(names, "child-folders")
    assert [recording.rttm for recording in found.recordings] == [
        "vtc/K1/all.rttm",
        "vtc/b.rttm",
        None,
    ]
    found = scan_names([*names, "other/K1/all.rttm"], "child-folders")
    assert [recording.rttm for recording in found.recordings] == [None, "vtc/b.rttm", None]
    assert found.notes[Note.RTTM_ALONE] == ["other/K1/all.rttm", "vtc/K1/all.rttm"]


def test_folders_of_numbered_pictures_are_recordings_unless_their_video_is_there():
    pictures = [f"K1/tea.time/{number}.JPG" for number in ("00000", "00001")]
    one = ["K1/single/00000.jpg", "K1/faces/00001.jpg", "K1/faces/mum.jpg", "K1/faces/2.x.jpg"]
    found = scan_names([*pictures, *one, "K1/tea.time.csv"], "child-folders")
    assert ids(found) == [("K1", "tea.time", "K1/tea.time.csv")]
    assert found.recordings[0].videos == ("K1/tea.time",)
    assert found.recordings[0].source_name == "tea.time"
    found = scan_names([*pictures, "in/K1/tea.time.mp4"], "child-folders")
    assert found.recordings[0].videos == ("in/K1/tea.time.mp4",)
    assert found.notes[Note.PICTURES] == ["K1/tea.time"]
    found = scan_names([*pictures, "K2/x.mp4"], "{child}/{session}.mp4")
    assert found.notes[Note.PICTURES_OUTSIDE] == ["K1/tea.time"]


def test_saycam_names():
    names = ["S_20130412_0915_01.mp4", "y_20140230_0001_02.avi", "S_20130412_0915_01.csv", "x.mp4"]
    found = scan_names(names, "saycam")
    assert ids(found) == [
        ("S", "S_20130412_0915_01", "S_20130412_0915_01.csv"),
        ("Y", "y_20140230_0001_02", None),
    ]
    assert [row.recording_date for row in found.recordings] == [date(2013, 4, 12), None]
    assert found.notes[Note.UNDATED] == ["y_20140230_0001_02.avi"]
    assert found.notes[Note.OUTSIDE] == ["x.mp4"]


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["K1/a b.mp4", "K1/a:b.mp4"], "K1/a b.mp4 and K1/a:b.mp4 both become K1/a-b"),
        (["K1/a.mp4", "K1/A.mov"], "K1/A.mov and K1/a.mp4 both become K1/a"),
        (["k 1/a.mp4", "k:1/b.mp4"], "children 'k 1' and 'k:1' become k-1"),
        (["猫/a.mp4"], "猫/a.mp4: no id can be made of this name"),
        (["K1/a\tb.mp4"], r"cannot stand in a table: 'K1/a\tb.mp4'"),
        (["K1/a\udce9.mp4"], r"cannot stand in a table: 'K1/a\udce9.mp4'"),
    ],
)
def test_names_that_cannot_become_ids_are_refused(names, message):
    with pytest.raises(UserError) as caught:
        scan_names(names, "child-folders")
    assert message in str(caught.value)


def test_a_layout_that_is_not_known_is_refused():
    with pytest.raises(
        UserError, match="expected child-folders, flat, babyview, saycam, childproject, or a pat"
    ):
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
    assert "1 recordings have no transcript" in caplog.text
    with pytest.raises(UserError, match=r"children.tsv: has rows already; move it away"):
        scan(folder, "child-folders", out)
    with pytest.raises(UserError, match="no such folder"):
        scan(tmp_path / "none", "child-folders", tmp_path / "other")
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match="no video fits layout 'flat'"):
        scan(tmp_path / "empty", "flat", tmp_path / "other")
