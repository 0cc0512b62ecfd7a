"""A data set in ChildProject's format: sessions from its metadata, with nothing lost in silence."""

from __future__ import annotations

import logging

import pytest

from egoalign.corpus.files import missing_files
from egoalign.corpus.read import read_corpus
from egoalign.corpus.scan import scan
from egoalign.log import UserError

RECORDINGS = """\
experiment,child_id,date_iso,start_time,device,recording_filename,discard
garden,G1,2022-05-04,09:30:00,unknown,G1/walk.mp4,
garden,G1,2022-06-01,NA,unknown,later/walk.MOV,0
garden,G2,NA,10:00,unknown,bath.wav,
garden,G2,2022-05-20,10:00,unknown,swing.mp4,1
garden,G3,2022-05-21,10:00,unknown,only.wav,
garden,G3,2022-05-22,10:00,unknown,gone.mp4,
"""
CHILDREN = """experiment,child_id,child_dob,child_sex,languages
garden,G1,2021-04-30,f,french 35%; english 65%
garden,G2,NA,M,NA
garden,G3,2021-01-01,m,english
"""
ANNOTATIONS = """\
set,recording_filename,time_seek,raw_filename,format,annotation_filename
words,G1/walk.mp4,0,walk.csv,csv,walk_0_60000.csv
vtc,G1/walk.mp4,0,all.rttm,vtc_rttm,walk_vtc.csv
chat,later/walk.MOV,0,walk2.cha,cha,NA
words,bath.wav,0,b.csv,csv,bath_1.csv
words,bath.wav,0,b.csv,csv,bath_2.csv
"""
FILES = [
    *("recordings/raw/G1/walk.mp4", "recordings/raw/later/walk.MOV", "recordings/raw/bath.wav"),
    *("recordings/raw/bath.mp4", "recordings/raw/swing.mp4", "recordings/raw/only.wav"),
    *("recordings/raw/extra.mp4", "annotations/chat/raw/walk2.cha"),
]
WORDS = "segment_onset,segment_offset,speaker_type,transcription\n0,900,FEM,a snail\n"


def data_set(folder):
    """Write an invented data set."""
    for name in FILES:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    (folder / "metadata").mkdir()
    (folder / "metadata/recordings.csv").write_text(RECORDINGS)
    (folder / "metadata/children.csv").write_text(CHILDREN)
    (folder / "metadata/annotations.csv").write_text(ANNOTATIONS)
    for name, text in (
        ("words/converted/walk_0_60000.csv", WORDS),
        ("words/converted/bath_1.csv", WORDS),
        ("words/converted/bath_2.csv", WORDS),
        ("vtc/converted/walk_vtc.csv", "segment_onset,segment_offset,speaker_type\n0,9,FEM\n"),
    ):
        path = folder / "annotations" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def test_sessions_come_from_the_metadata(tmp_path, caplog, monkeypatch):
    monkeypatch.setattr(logging.getLogger("egoalign"), "propagate", True)
    folder, out = data_set(tmp_path / "garden"), tmp_path / "config"
    scan(folder, "childproject", out, root=folder)
    corpus = read_corpus(out / "children.tsv", out / "sessions.tsv", folder)
    assert missing_files(corpus) == []
    assert [
        (s.child_id, s.session_id, s.videos[0], s.transcript, s.age_days, s.exclude)
        for s in corpus.sessions
    ] == [
        (
            *("G1", "G1-walk", "recordings/raw/G1/walk.mp4"),
            *("annotations/words/converted/walk_0_60000.csv", 369, False),
        ),
        (
            *("G1", "later-walk", "recordings/raw/later/walk.MOV"),
            *("annotations/chat/raw/walk2.cha", 397, False),
        ),
        ("G2", "bath", "recordings/raw/bath.mp4", None, None, False),
        ("G2", "swing", "recordings/raw/swing.mp4", None, None, True),
    ]
    assert corpus.sessions[3].exclude_reason == "discarded in the metadata"
    assert [(c.child_id, str(c.birth_date), c.sex, c.languages) for c in corpus.children] == [
        ("G1", "2021-04-30", "f", "french 35%; english 65%"),
        ("G2", "None", "M", None),
    ]
    lines = [record.getMessage() for record in caplog.records]
    for what, name in (
        ("1 videos do not fit the layout:", "  recordings/raw/extra.mp4"),
        ("1 recordings of the metadata have no file here:", "  gone.mp4"),
        ("1 recordings of the metadata are no video:", "  only.wav"),
    ):
        assert lines[lines.index(what) + 1] == name
    at = lines.index("2 transcripts have no video, or it is not clear which:")
    assert lines[at + 1 : at + 3] == [
        "  annotations/words/converted/bath_1.csv",
        "  annotations/words/converted/bath_2.csv",
    ]


def test_ids_of_several_experiments_are_kept_apart(tmp_path):
    folder = data_set(tmp_path / "garden")
    path = folder / "metadata/recordings.csv"
    path.write_text(RECORDINGS.replace("garden,G1,2022-06-01", "pond,G1,2022-06-01"))
    scan(folder, "childproject", tmp_path / "out", root=folder)
    corpus = read_corpus(tmp_path / "out/children.tsv", tmp_path / "out/sessions.tsv", folder)
    births = {child.child_id: child.birth_date is not None for child in corpus.children}
    assert births == {"garden-G1": True, "pond-G1": False, "garden-G2": False}


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("recordings.csv", None, "cannot be read"),
        ("children.csv", "child,born\nG1,\n", "column 'child_id' is missing; found child, born"),
        ("recordings.csv", RECORDINGS + RECORDINGS.splitlines()[1], "both become G1/"),
    ],
)
def test_wrong_metadata_are_told(tmp_path, name, text, message):
    folder = data_set(tmp_path / "garden")
    path = folder / "metadata" / name
    path.unlink() if text is None else path.write_text(text)
    with pytest.raises(UserError, match=message):
        scan(folder, "childproject", tmp_path / "out", root=folder)


def test_a_data_set_may_have_no_annotations(tmp_path):
    folder = data_set(tmp_path / "garden")
    (folder / "metadata/annotations.csv").unlink()
    scan(folder, "childproject", tmp_path / "out", root=folder)
    corpus = read_corpus(tmp_path / "out/children.tsv", tmp_path / "out/sessions.tsv", folder)
    assert [session.transcript for session in corpus.sessions] == [None] * 4
