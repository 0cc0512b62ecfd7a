"""The step `ingest-session`: one session's probe, speech and grid of frames."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from egoalign.config import TranscriptsOptions, VideoOptions
from egoalign.log import UserError, logger
from egoalign.tables import FRAMES, MEDIA, UTTERANCES, WORDS, write_table
from egoalign.transcripts.read import NO_TRANSCRIPT, Transcript, read_transcript, shifted
from egoalign.transcripts.segments import TranscriptError
from egoalign.video.grid import frames_table
from egoalign.video.probe import Probe, probe, unreadable

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
) -> None:
    """Write one session's tables MEDIA, UTTERANCES, WORDS and FRAMES.

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

    Raises
    ------
    UserError
        A file is bad and the options say ``fail``.
    """
    child_id, session_id = row["child_id"], row["session_id"]
    found = _probe(row, Path(root), video)
    transcript = _transcript(row, Path(root), transcripts)
    transcript = shifted(transcript, found.speech_shift_s + row["transcript_offset_s"])
    grid = frames_table(
        found,
        fps,
        frames,
        [(line["start_s"], line["end_s"]) for line in transcript.utterances],
        [(start, end) for start, end in row["exclude_intervals"]],
        excluded=row["exclude"],
    )
    metadata = {REASON: transcript.reason} if transcript.reason else {}
    write_table(MEDIA, [found.media_row(child_id, session_id, video.backend)], media_out)
    write_table(UTTERANCES, transcript.utterances, utterances_out, metadata)
    write_table(WORDS, transcript.words, words_out, metadata)
    write_table(FRAMES, grid, frames_out)
    logger.info(
        "%s %s: %d utterances, %d grid points%s",
        child_id,
        session_id,
        len(transcript.utterances),
        len(grid),
        f" ({found.reason})" if found.reason else "",
    )


def _probe(row: Mapping[str, Any], root: Path, options: VideoOptions) -> Probe:
    """Return the probe of a session's video, or one that says why there is none."""
    if row["exclude"]:
        return unreadable(EXCLUDED)
    if len(row["video"]) > 1:
        found = unreadable("several video files are not supported yet")
    else:
        found = probe(root / row["video"][0])
    if not found.readable:
        message = f"{', '.join(str(root / name) for name in row['video'])}: {found.reason}"
        if options.on_bad_video == "fail":
            raise UserError(f"{message}; mend it, exclude it, or set video.on_bad_video: skip")
        logger.warning("%s", message)
    return found


def _transcript(row: Mapping[str, Any], root: Path, options: TranscriptsOptions) -> Transcript:
    """Return a session's transcript, or an empty one that says why."""
    if row["exclude"]:
        return Transcript(reason=EXCLUDED)
    if row["transcript"] is None:
        return Transcript(reason=NO_TRANSCRIPT)
    try:
        return read_transcript(root / row["transcript"], options)
    except TranscriptError as error:
        if options.on_bad_transcript == "fail":
            raise
        logger.warning("%s", error)
        return Transcript(reason=error.reason)
