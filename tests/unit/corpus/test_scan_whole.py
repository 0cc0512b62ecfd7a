"""What holds of every scan: valid ids, no session twice, every file in a table or in a note."""

from __future__ import annotations

import subprocess
import sys

import av
import numpy as np
import pytest
from hypothesis import given, reject
from hypothesis import strategies as st

from egoalign.cli import main
from egoalign.corpus.found import VIDEO_SUFFIXES, Note, has_suffix
from egoalign.corpus.read import read_corpus
from egoalign.corpus.scan import scan_names
from egoalign.corpus.tsv import id_fault
from egoalign.log import UserError

STEMS = st.one_of(
    st.text("aA1._- :;é", min_size=1, max_size=6).filter(lambda text: text not in (".", "..")),
    st.builds(
        "{}_GX{:02d}{:04d}{}{}".format,
        st.sampled_from(["00910001", "S00910001"]),
        st.integers(1, 3),
        st.integers(1, 2),
        st.sampled_from(["", "_03.04.2024-03.10.2024_03.06.2024-NA", "__2024-03-06-08:41:12"]),
        st.sampled_from(["", "_processed", "_rotated", "_blackout", "_001", "_002"]),
    ),
    st.builds(
        "{}_20130{}12_0915_0{}".format, st.sampled_from("SAY"), st.just(4), st.integers(1, 3)
    ),
)
SUFFIXES = st.sampled_from([".mp4", ".MOV", ".csv", ".json", ".txt", ".rttm", "/00001.jpg"])
FOLDERS = st.sampled_from(["", "K1/", "K2/", "K2/deep/", "diarised/00910001/"])
NAMES = st.lists(st.builds("{}{}{}".format, FOLDERS, STEMS, SUFFIXES), max_size=12, unique=True)
LAYOUTS = st.sampled_from(
    ["babyview", "saycam", "flat", "child-folders", "**/{child}_{session}.mp4"]
)


@given(NAMES, LAYOUTS)
def test_every_file_is_in_a_session_or_in_a_note(names, layout):
    pictures = [name for name in names if name.endswith("/00001.jpg")]
    try:
        found = scan_names([*names, *(name.replace("1.jpg", "2.jpg") for name in pictures)], layout)
    except UserError:
        reject()
    keys = [(row.child_id.lower(), row.session_id.lower()) for row in found.recordings]
    assert len(set(keys)) == len(keys)
    assert all(id_fault(row.child_id) is None for row in found.recordings)
    assert all(id_fault(row.session_id) is None for row in found.recordings)
    assert {child["child_id"] for child in found.children} == {
        row.child_id for row in found.recordings
    }
    in_sessions = [video for row in found.recordings for video in row.videos]
    assert len(set(in_sessions)) == len(in_sessions)
    left = (Note.OUTSIDE, Note.PICTURES_OUTSIDE, Note.COPY, Note.PICTURES)
    in_notes = [name for note in left for name in found.notes.get(note, [])]
    folders = {name.rpartition("/")[0] for name in pictures}
    videos = {name for name in names if has_suffix(name, VIDEO_SUFFIXES)}
    assert sorted(in_sessions + in_notes) == sorted(videos | folders)
    transcripts = [row.transcript for row in found.recordings if row.transcript]
    assert len(set(transcripts)) == len(transcripts)
    used = {*transcripts, *(row.rttm for row in found.recordings)}
    alone = (Note.TRANSCRIPT_ALONE, Note.TRANSCRIPT_FURTHER, Note.TEXT_ALONE, Note.RTTM_ALONE)
    told = [name for note in alone for name in found.notes.get(note, [])]
    others = {name for name in names if has_suffix(name, (".csv", ".json", ".txt", ".rttm"))}
    assert sorted([*(used - {None}), *told]) == sorted(others)


def write_video(path, seconds: int) -> None:
    """Write a small video at 5 pictures a second."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=5)
        stream.width, stream.height, stream.pix_fmt = 32, 32, "yuv420p"
        for number in range(seconds * 5):
            picture = np.full((32, 32, 3), number % 256, dtype=np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture)))
        container.mux(stream.encode())


TEXT = "start_time,end_time,text\n" + "".join(f"{i},{i + 1},a red leaf\n" for i in range(20))


@pytest.fixture
def twice(tmp_path):
    """Return a folder with one recording under three names, and two that are only alike."""
    write_video(tmp_path / "lab/K1/leaf.mp4", 2)
    (tmp_path / "lab/K1/copy.mp4").write_bytes((tmp_path / "lab/K1/leaf.mp4").read_bytes())
    write_video(tmp_path / "lab/K1/other.mkv", 2)
    write_video(tmp_path / "lab/K1/longer.mp4", 3)
    write_video(tmp_path / "lab/K2/silent.mp4", 2)
    write_video(tmp_path / "lab/K2/silent too.mp4", 2)
    for name in ("leaf", "other", "longer"):
        (tmp_path / f"lab/K1/{name}.csv").write_text(TEXT)
    (tmp_path / "lab/K1/copy.csv").write_bytes(TEXT.replace("\n", "\r\n").encode())
    for name in ("silent", "silent too"):
        (tmp_path / f"lab/K2/{name}.csv").write_text("start_time,end_time,text\n")
    return tmp_path


def excluded(folder) -> dict[str, str | None]:
    corpus = read_corpus(folder / "children.tsv", folder / "sessions.tsv")
    return {row.session_id: row.exclude_reason for row in corpus.sessions}


def test_duplicates_are_told_and_only_marked_when_asked(twice, capsys):
    folder = str(twice / "lab")
    assert main(["scan", folder, "--out-dir", str(twice / "told")]) == 0
    told = capsys.readouterr().err
    assert "K1/leaf.mp4 is like K1/copy.mp4" in told
    assert "K1/other.mkv is like K1/copy.mp4" in told
    assert "  2 probable duplicates" in told
    assert "2 children, 6 sessions (0 excluded)" in told
    assert set(excluded(twice / "told").values()) == {None}
    arguments = ["--out-dir", str(twice / "marked"), "--exclude-duplicates"]
    assert main(["scan", folder, *arguments]) == 0
    assert excluded(twice / "marked") == {
        "copy": None,
        "leaf": "duplicate of K1/copy",
        "longer": None,
        "other": "duplicate of K1/copy",
        "silent": None,
        "silent-too": None,
    }


def test_videos_that_cannot_be_opened_are_told(twice, capsys):
    (twice / "lab/K1/other.mkv").write_bytes(b"no video")
    assert main(["scan", str(twice / "lab"), "--out-dir", str(twice / "out")]) == 0
    told = capsys.readouterr().err
    assert "1 files could not be opened to look for duplicates:\n  K1/other.mkv" in told
    assert "K1/leaf.mp4 is like K1/copy.mp4" in told


def test_sessions_can_be_numbered_so_that_ids_hold_no_day(tmp_path, capsys):
    folder = tmp_path / "lab"
    folder.mkdir()
    for name in ("S_20130412_0915_01", "S_20130215_0915_01", "A_20130412_0915_01"):
        (folder / f"{name}.mp4").touch()
    common = ["scan", str(folder), "--layout", "saycam", "--out-dir"]
    assert main([*common, str(tmp_path / "named")]) == 0
    assert "--number-sessions numbers the sessions instead" in capsys.readouterr().err
    assert main([*common, str(tmp_path / "numbered"), "--number-sessions"]) == 0
    assert "--number-sessions" not in capsys.readouterr().err
    out = tmp_path / "numbered"
    corpus = read_corpus(out / "children.tsv", out / "sessions.tsv")
    assert [(s.child_id, s.session_id, s.source_name) for s in corpus.sessions] == [
        ("A", "s0001", "A_20130412_0915_01"),
        ("S", "s0001", "S_20130215_0915_01"),
        ("S", "s0002", "S_20130412_0915_01"),
    ]


def test_old_and_new_ids_of_one_child_and_linked_folders_are_told(tmp_path, capsys):
    folder = tmp_path / "lab"
    (folder / "real").mkdir(parents=True)
    (folder / "link").symlink_to(folder / "real")
    for name in ("00910001_GX010001", "S00910001_2024-03-06_1_recAb12Cd34Ef56Gh"):
        (folder / f"{name}.mp4").touch()
    assert main(["scan", str(folder), "--layout", "babyview", "--out-dir", str(tmp_path)]) == 0
    told = capsys.readouterr().err
    assert "one child under an old and a new name:\n  00910001 and S00910001" in told
    assert "1 folders are links and were not entered; give them as FOLDER:\n  link" in told


def test_a_scan_loads_neither_torch_nor_a_decoder(tmp_path):
    (tmp_path / "K1").mkdir()
    (tmp_path / "K1/a.mp4").touch()
    (tmp_path / "K1/a.csv").write_text(TEXT)
    code = (
        "import sys; from egoalign.corpus.scan import scan; "
        f"scan({str(tmp_path)!r}, 'child-folders', {str(tmp_path / 'out')!r}); "
        "print([name for name in ('torch', 'av', 'decord', 'cv2') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
