"""One session's tables: the video's clock, and bad files that leave a reason."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

from egoalign.config import TranscriptsOptions, VideoOptions
from egoalign.corpus.ingest import ingest_session
from egoalign.log import UserError
from egoalign.tables import (
    CONTENT_WORDS,
    FRAMES,
    MEDIA,
    UTTERANCES,
    WORDS,
    read_metadata,
    read_table,
)
from egoalign.video.probe import Probe

ROW = {
    "child_id": "K01", "session_id": "a", "video": ["a.mp4"], "transcript": "a.csv",
    "transcript_offset_s": 0.0, "age_days": 400.0, "exclude": False, "exclude_reason": None,
    "exclude_intervals": [], "source_name": None,
}  # fmt: skip
SPEECH = "start_time,end_time,text\n0.5,1,look\n9,8,odd\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    with av.open(str(tmp_path / "a.mp4"), "w") as container:
        stream = container.add_stream("mpeg4", rate=5)
        stream.width, stream.height = 64, 48
        for shade in range(15):
            picture = np.full((48, 64, 3), 10 * shade, np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode())
    (tmp_path / "a.csv").write_text(SPEECH)
    return tmp_path


@pytest.fixture
def ingest(folder: Path):
    def run(transcripts=None, decoding=None, **changes):
        names = ("media", "utterances", "words", "frames")
        outs = [folder / "out" / f"a.{name}.parquet" for name in names]
        ingest_session(
            ROW | changes,
            folder,
            TranscriptsOptions.model_validate(transcripts or {}),
            VideoOptions.model_validate(decoding or {}),
            1.0,
            "all",
            *outs,
        )
        tables = [
            read_table(table, path).to_pylist()
            for table, path in zip((MEDIA, UTTERANCES, WORDS, FRAMES), outs, strict=True)
        ]
        return (*tables, read_metadata(outs[1]).get("reason"))

    return run


def test_a_session_becomes_four_tables(ingest):
    media, utterances, words, frames, reason = ingest()
    assert (media[0]["child_id"], media[0]["readable"], media[0]["n_pictures"]) == ("K01", True, 15)
    assert [(row["start_s"], row["end_s"]) for row in utterances] == [(0.5, 1.0), (9.0, 8.0)]
    assert words == []
    assert [row["requested_s"] for row in frames] == [0.0, 1.0, 2.0, 3.0]
    assert reason is None


@pytest.mark.parametrize(("tag_words", "lemmas"), [(True, ["look", "odd"]), (False, [])])
def test_content_words_are_written_where_they_are_wanted(folder, tag_words, lemmas):
    outs = [folder / "out" / f"{name}.parquet" for name in ("m", "u", "w", "f", "c")]
    ingest_session(
        *(ROW, folder, TranscriptsOptions(), VideoOptions(), 1.0, "all", *outs[:4]),
        content_words_out=outs[4],
        tag_words=tag_words,
    )
    assert read_table(CONTENT_WORDS, outs[4])["lemma"].to_pylist() == lemmas


def test_speech_is_put_on_the_videos_clock(ingest, monkeypatch):
    found = Probe(True, duration_s=3.0, video_start_s=0.25, audio_start_s=1.0, packets=None)
    monkeypatch.setattr("egoalign.video.recording.probe", lambda path: found)
    monkeypatch.setattr("egoalign.corpus.ingest.frames_table", lambda *args, **kwargs: [])
    _, utterances, _, _, _ = ingest(transcript_offset_s=-0.5)
    assert utterances[0]["start_s"] == pytest.approx(0.5 + 0.75 - 0.5)


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("gone.csv", None, "transcript missing"),
        ("b.csv", b"", "transcript empty"),
        ("b.csv", b"start_time,end_time,text\nsecret,1,a\n",
         "transcript unreadable: line 2: start_time is not a number"),
    ],
)  # fmt: skip
def test_a_bad_transcript_leaves_its_reason_without_its_words(ingest, folder, name, data, reason):
    if data is not None:
        (folder / name).write_bytes(data)
    media, utterances, words, frames, found = ingest(transcript=name)
    assert (utterances, words, found) == ([], [], reason)
    assert media[0]["readable"]
    assert len(frames) == 4


def test_no_transcript_is_no_error(ingest):
    assert ingest(transcript=None, transcripts={"on_bad_transcript": "fail"})[4] == "no transcript"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (None, "video missing"),
        (b"", "video unreadable"),
        (b"not a video at all", "video unreadable"),
    ],
)
def test_a_bad_video_leaves_its_reason_and_the_speech(ingest, folder, data, reason):
    if data is not None:
        (folder / "b.mp4").write_bytes(data)
    media, utterances, _, frames, _ = ingest(video=["b.mp4"])
    assert not media[0]["readable"]
    assert media[0]["reason"].startswith(reason)
    assert len(utterances) == 2
    assert frames == []


def test_chapters_run_on(ingest, folder):
    (folder / "b.mp4").write_bytes((folder / "a.mp4").read_bytes())
    media, _, _, frames, _ = ingest(video=["a.mp4", "b.mp4"])
    assert (media[0]["n_pictures"], media[0]["duration_s"]) == (30, pytest.approx(6.0))
    assert media[0]["backend"].count(";") == 1
    assert [row["shown_s"] for row in frames] == pytest.approx([0, 1, 2, 3, 4, 5, 5.8])


def test_bad_files_stop_the_run_where_asked(ingest):
    with pytest.raises(
        UserError, match=r"b.mp4: video missing; mend it, exclude it, or set video."
    ):
        ingest(video=["b.mp4"], decoding={"on_bad_video": "fail"})
    with pytest.raises(UserError, match=r"gone.csv: no such file"):
        ingest(transcript="gone.csv", transcripts={"on_bad_transcript": "fail"})


def test_of_an_excluded_session_nothing_is_opened(ingest, folder):
    (folder / "a.mp4").unlink()
    (folder / "a.csv").unlink()
    media, utterances, words, frames, reason = ingest(
        transcripts={"on_bad_transcript": "fail"},
        decoding={"on_bad_video": "fail"},
        exclude=True,
        exclude_reason="withdrawn",
    )
    assert (media[0]["readable"], media[0]["reason"]) == (False, "session excluded")
    assert (utterances, words, frames, reason) == ([], [], [], "session excluded")
