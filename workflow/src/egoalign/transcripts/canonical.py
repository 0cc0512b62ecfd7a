"""From segments as read to the canonical tables of utterances and words."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from egoalign.config import TranscriptsOptions
from egoalign.tables import ID_PATTERN
from egoalign.transcripts.segments import Segment
from egoalign.transcripts.speakers import speaker_type
from egoalign.transcripts.text import count_words, encoded, replace_unpaired

LONG_S = 30.0
"""Recognisers of the Whisper family work on 30 s at a time, so a longer segment is doubtful."""

LONG_WORDS = 75
"""CLIP's context holds 75 tokens and two markers, so more words than that are surely cut."""

Row = dict[str, Any]


def canonical_rows(
    segments: Sequence[Segment], source_format: str, options: TranscriptsOptions
) -> tuple[list[Row], list[Row]]:
    """Return the rows of tables UTTERANCES and WORDS; no segment is dropped.

    Parameters
    ----------
    segments : sequence of Segment
        In the order of the file.
    source_format : str
        The reader that made them.
    options : TranscriptsOptions
        `speakers` gives the type of each label.
    """
    utterances: list[Row] = []
    words: list[Row] = []
    text_ids: dict[str, str] = {}
    ids, renumbered = _utterance_ids(segments)
    for utterance_id, segment in zip(ids, segments, strict=True):
        text = encoded(segment.text)
        label = (segment.speaker or "").strip() or None
        speaker, known = speaker_type(label, options.speakers)
        flags = _flags(segment, text)
        if not known:
            flags.append("unknown_speaker")
        if renumbered:
            flags.append("renumbered")
        utterances.append(
            {
                "utterance_id": utterance_id,
                "start_s": segment.start_s,
                "end_s": segment.end_s,
                "text": replace_unpaired(segment.text),
                "text_encoded": replace_unpaired(text),
                "speaker": speaker,
                "speaker_as_read": replace_unpaired(label) if label else None,
                "text_id": text_ids.setdefault(text, f"t{len(text_ids):05d}"),
                "n_words": count_words(text),
                "source_format": source_format,
                "source_line": segment.line,
                "flags": ";".join(flags) or None,
            }
        )
        words.extend(
            {
                "utterance_id": utterance_id,
                "word_no": word_no,
                "token": replace_unpaired(word.token),
                "start_s": word.start_s,
                "end_s": word.end_s,
                "probability": word.probability,
            }
            for word_no, word in enumerate(segment.words)
        )
    return utterances, words


def _utterance_ids(segments: Sequence[Segment]) -> tuple[list[str], bool]:
    """Return the source's own ids, or numbers where they are not ids or not unique.

    The second value says that the source had ids of its own which could not be used.
    """
    own = [(segment.utterance_id or "").strip() for segment in segments]
    if all(re.fullmatch(ID_PATTERN, name) for name in own) and len(set(own)) == len(own):
        return own, False
    return [f"u{index:05d}" for index in range(len(segments))], any(own)


def _flags(segment: Segment, text: str) -> list[str]:
    """Return what is odd about one segment."""
    flags = []
    if segment.start_s is None or segment.end_s is None:
        flags.append("no_time")
    elif segment.end_s < segment.start_s:
        flags.append("ends_before_start")
    elif segment.end_s - segment.start_s > LONG_S:
        flags.append("long_duration")
    if not text:
        flags.append("no_text")
    elif count_words(text) > LONG_WORDS:
        flags.append("long_text")
    return flags
