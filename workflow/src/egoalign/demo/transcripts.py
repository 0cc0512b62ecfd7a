"""Write a demo session's speech in the forms in which programs and labs keep it."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from egoalign.demo.annotations import chat_text, elan_text
from egoalign.demo.lines import LETTERED, NUMBERED, Line, spoken_lines
from egoalign.demo.plan import SessionPlan
from egoalign.demo.speech import Utterance

_OWN_IDS = {"csv": "", "eaf": "a"}
"""Formats whose utterances carry ids: what stands before their numbers, which begin at 1."""

_UNTIMED_SHARE = 0.08


def utterance_ids(format_: str, n: int) -> list[str]:
    """Return the ids that a reader gives to n utterances of a transcript of a format.

    Some formats carry their own; the utterances of the others are numbered from 0.
    """
    if format_ in _OWN_IDS:
        return [f"{_OWN_IDS[format_]}{k + 1}" for k in range(n)]
    return [f"u{k:05d}" for k in range(n)]


def transcript_text(
    session: SessionPlan, utterances: Sequence[Utterance], rng: np.random.Generator
) -> str:
    """Return the text of a session's transcript file.

    Parameters
    ----------
    session : SessionPlan
        Its `transcript_format` is ``json`` (WhisperX), ``csv``, ``srt`` (with speakers), ``vtt``
        (without), ``cha`` (CHAT) or ``eaf`` (ELAN); a reader must add its `transcript_offset_s`.
    utterances : sequence of Utterance
        In the order of time.
    rng : numpy.random.Generator
        Which words the recogniser could not time, and its confidence.
    """
    by_program = session.transcript_format in ("json", "srt", "vtt")
    labels = NUMBERED if by_program else LETTERED
    lines = spoken_lines(utterances, labels, session.transcript_offset_s)
    match session.transcript_format:
        case "json":
            return json.dumps(_whisperx(lines, rng), indent=1) + "\n"
        case "csv":
            return _csv(lines)
        case "srt":
            return _srt(lines)
        case "vtt":
            return _vtt(lines)
        case "cha":
            return chat_text(lines, session.session_id)
        case _:
            return elan_text(lines, session.videos[0])


def _csv(lines: Sequence[Line]) -> str:
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(["utterance_no", "start_time", "end_time", "speaker", "text"])
    for number, line in enumerate(lines, start=1):
        start, end = (f"{time:.3f}" for time in (line.start_s, line.end_s))
        writer.writerow([number, start, end, line.label, line.text])
    return table.getvalue()


def _srt(lines: Sequence[Line]) -> str:
    """Return numbered subtitles that begin with the speaker, as WhisperX writes them."""
    return "".join(
        f"{number}\n{_clock(line.start_s, ',')} --> {_clock(line.end_s, ',')}\n"
        f"[{line.label}]: {line.sentence}\n\n"
        for number, line in enumerate(lines, start=1)
    )


def _vtt(lines: Sequence[Line]) -> str:
    """Return subtitles of the web, which say nothing of the speakers."""
    cues = (
        f"{_clock(line.start_s, '.')} --> {_clock(line.end_s, '.')}\n{line.sentence}\n\n"
        for line in lines
    )
    return "WEBVTT\n\n" + "".join(cues)


def _clock(seconds: float, mark: str) -> str:
    """Return a time as hours, minutes, seconds and, after a mark, milliseconds."""
    whole, ms = divmod(round(seconds * 1000), 1000)
    return f"{whole // 3600:02d}:{whole // 60 % 60:02d}:{whole % 60:02d}{mark}{ms:03d}"


def _whisperx(lines: Sequence[Line], rng: np.random.Generator) -> dict[str, Any]:
    segments = [_segment(line, rng) for line in lines]
    words = [word for segment in segments for word in segment["words"]]
    return {"segments": segments, "word_segments": words, "language": "en"}


def _segment(line: Line, rng: np.random.Generator) -> dict[str, Any]:
    """Return one WhisperX segment, its words timed in turn."""
    tokens = line.sentence.split()
    edges = np.linspace(line.start_s, line.end_s, len(tokens) + 1)
    words: list[dict[str, Any]] = []
    for token, (start, end) in zip(tokens, pairwise(edges), strict=True):
        word: dict[str, Any] = {"word": token}
        if rng.random() >= _UNTIMED_SHARE:
            word |= {
                "start": round(float(start), 3),
                "end": round(float(end), 3),
                "score": round(float(rng.uniform(0.4, 0.99)), 3),
            }
        words.append({**word, "speaker": line.label})
    return {
        "start": round(line.start_s, 3),
        "end": round(line.end_s, 3),
        "text": f" {line.sentence}",
        "words": words,
        "speaker": line.label,
    }
