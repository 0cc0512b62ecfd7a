"""The step `ingest-session`: one session's probe, speech and grid of frames."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from egoalign.config import TranscriptsOptions, VideoOptions, WindowOptions
from egoalign.log import UserError, logger
from egoalign.provenance.files import FIRST, record_sources, source_names, write_sources
from egoalign.tables import (
    CONTENT_WORDS,
    FRAMES,
    MEDIA,
    OTHER_LANGUAGE,
    UTTERANCES,
    WORDS,
    flags_of,
    write_table,
)
from egoalign.transcripts.content_words import content_words
from egoalign.transcripts.read import NO_TRANSCRIPT, Transcript, read_transcript, shifted
from egoalign.transcripts.rttm import read_rttm
from egoalign.transcripts.segments import TranscriptError
from egoalign.video.grid import frames_table
from egoalign.video.recording import Recording, no_recording, open_recording
from egoalign.video.window import timed_words

EXCLUDED = "session excluded"
REASON = "reason"
"""Key, in the metadata of a session's utterances, of why it has none."""


def ingest_session(
    row: Mapping[str, Any],
    root: str | Path,
    transcripts: TranscriptsOptions,
    video: VideoOptions,
    fps: float,
    frames: Literal["all", "speech"],
    media_out: str | Path,
    utterances_out: str | Path,
    words_out: str | Path,
    frames_out: str | Path,
    keyframe_tolerance_s: float | None = None,
    window: WindowOptions | None = None,
    content_words_out: str | Path | None = None,
    tag_words: bool = True,
    sources_out: str | Path | None = None,
    planned_as: str = FIRST,
) -> None:
    """Write one session's tables MEDIA, UTTERANCES, WORDS, FRAMES and CONTENT_WORDS.

    A bad video or transcript leaves tables without rows that say why, unless the options say
    ``fail``. Times of speech are put on the video's clock: they count from the first sound in the
    transcript and from the first picture in the tables. Of an excluded session neither file is
    opened.

    Parameters
    ----------
    row : mapping
        The session, as `SessionRow.row` gives it.
    root : str or Path
        Folder from which the row's paths are reckoned.
    transcripts, video : options
        The config sections.
    fps : float
        Grid points per second of video.
    frames : {'all', 'speech'}
        Which grid points are wanted.
    media_out, utterances_out, words_out, frames_out : str or Path
        Where to write.
    keyframe_tolerance_s : float, optional
        Where given, a key frame this near stands for a grid point.
    window : WindowOptions, optional
        Which grid points belong to an utterance, for ``frames`` 'speech'.
    content_words_out : str or Path, optional
        Where to write CONTENT_WORDS.
    tag_words : bool
        Whether it shall have rows.
    sources_out : str or Path, optional
        Where to keep size, time and digest of the session's files.
    planned_as : str
        What `egoalign.provenance.files.planned_as` said of them.

    Raises
    ------
    UserError
        A file is bad and the options say ``fail``.
    """
    child_id, session_id = row["child_id"], row["session_id"]
    # Before they are read: a file that is replaced meanwhile is then noticed.
    sources = record_sources(root, source_names(row), planned_as) if sources_out else None
    recording = _probe(row, Path(root), video)
    found = recording.probe
    transcript = _transcript(row, Path(root), transcripts)
    transcript = shifted(transcript, found.speech_shift_s + row["transcript_offset_s"])
    grid = frames_table(
        found,
        fps,
        frames,
        [_times(line) for line in transcript.utterances],
        [(start, end) for start, end in row["exclude_intervals"]],
        excluded=row["exclude"],
        window=window,
        words=timed_words(
            [line["utterance_id"] for line in transcript.utterances], transcript.words
        ),
        keyframe_tolerance_s=keyframe_tolerance_s,
    )
    kind = "exact" if keyframe_tolerance_s is None else "keyframes"
    metadata = {REASON: transcript.reason} if transcript.reason else {}
    write_table(MEDIA, [recording.media_row(child_id, session_id, video.backend, kind)], media_out)
    write_table(UTTERANCES, transcript.utterances, utterances_out, metadata)
    write_table(WORDS, transcript.words, words_out, metadata)
    write_table(FRAMES, grid, frames_out)
    if content_words_out is not None:
        spoken = transcript.utterances if tag_words else []
        rows = content_words(spoken, transcript.words, transcripts.tag_language)
        write_table(CONTENT_WORDS, rows, content_words_out, metadata)
    if sources is not None and sources_out is not None:
        write_sources(sources, sources_out)
    logger.info(
        "%s %s: %d utterances, %d grid points%s",
        child_id,
        session_id,
        len(transcript.utterances),
        len(grid),
        f" ({found.reason})" if found.reason else "",
    )


def _times(line: Mapping[str, Any]) -> tuple[float | None, float | None]:
    """Return when an utterance is heard; without times where its language is left out."""
    if OTHER_LANGUAGE in flags_of(line["flags"]):
        return None, None
    return line["start_s"], line["end_s"]


def _probe(row: Mapping[str, Any], root: Path, options: VideoOptions) -> Recording:
    """Return a session's recording, or one that says why there is none."""
    if row["exclude"]:
        return no_recording(EXCLUDED)
    recording = open_recording([root / name for name in row["video"]], options.pictures_fps)
    found = recording.probe
    if not found.readable:
        message = f"{', '.join(str(root / name) for name in row['video'])}: {found.reason}"
        if options.on_bad_video == "fail":
            raise UserError(f"{message}; mend it, exclude it, or set video.on_bad_video: skip")
        logger.warning("%s", message)
    return recording


def _transcript(row: Mapping[str, Any], root: Path, options: TranscriptsOptions) -> Transcript:
    """Return a session's transcript, or an empty one that says why."""
    if row["exclude"]:
        return Transcript(reason=EXCLUDED)
    if row["transcript"] is None:
        return Transcript(reason=NO_TRANSCRIPT)
    try:
        turns = read_rttm(root / row["rttm"], recording_names(row)) if row.get("rttm") else None
        return read_transcript(root / row["transcript"], options, turns, row.get("child_languages"))
    except TranscriptError as error:
        if options.on_bad_transcript == "fail":
            raise
        logger.warning("%s", error)
        return Transcript(reason=error.reason)


def recording_names(row: Mapping[str, Any]) -> list[str]:
    """Return what a session may be called in files that hold many, the likeliest name first.

    Of several videos in a row none gives its name, since turns of one part do not count from the
    start of the whole.
    """
    stems = [Path(name).stem for name in row["video"]] if len(row["video"]) == 1 else []
    return [name for name in (*stems, row["source_name"], row["session_id"]) if name]
