"""From segments as read to the canonical tables of utterances and words."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from egoalign.config import SpeakerType, TranscriptsOptions
from egoalign.tables import ID_PATTERN, OTHER_LANGUAGE
from egoalign.transcripts.languages import left_out
from egoalign.transcripts.rttm import RttmError, Turns, speakers_by_overlap
from egoalign.transcripts.segments import Segment, TranscriptError
from egoalign.transcripts.speakers import counted, label_type, turn_type
from egoalign.transcripts.text import count_words, encoded, replace_unpaired

LONG_S = 30.0
"""Recognisers of the Whisper family work on 30 s at a time, so a longer segment is doubtful."""

LONG_WORDS = 75
"""CLIP's context holds 75 tokens and two markers, so more words than that are surely cut."""

Row = dict[str, Any]
Speaker = tuple[SpeakerType, str | None, str | None]
"""Type, the label that it comes from, and what is odd about it."""


def canonical_rows(
    segments: Sequence[Segment],
    source_format: str,
    options: TranscriptsOptions,
    name: str = "transcript",
    turns: Turns | None = None,
    child_languages: str | None = None,
) -> tuple[list[Row], list[Row]]:
    """Return the rows of tables UTTERANCES and WORDS; no segment is dropped.

    Parameters
    ----------
    segments : sequence of Segment
        In the order of the file.
    source_format : str
        The reader that made them.
    options : TranscriptsOptions
        Speakers, rules of the text, and languages.
    name : str
        The file's name, for messages.
    turns : Turns, optional
        Who speaks when; decides over the labels in the transcript.
    child_languages : str, optional
        Cell `languages` of the child's row.

    Raises
    ------
    TranscriptError
        A speaker's label has no type although a scheme or a list is in force, or the languages
        are not known by which utterances are to be left out.
    """
    utterances: list[Row] = []
    words: list[Row] = []
    text_ids: dict[str, str] = {}
    ids, renumbered = _utterance_ids(segments)
    speakers = (
        _own_speakers(segments, options, name)
        if turns is None
        else _turn_speakers(segments, options, turns)
    )
    foreign = left_out([one.language for one in segments], options, child_languages, name)
    rows = zip(ids, segments, speakers, foreign, strict=True)
    for utterance_id, segment, (speaker, label, oddity), is_foreign in rows:
        text = encoded(segment.text, options.text_rules, source_format, segment.language)
        flags = [*_flags(segment, text), *segment.flags]
        if oddity:
            flags.append(oddity)
        if is_foreign:
            flags.append(OTHER_LANGUAGE)
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
                "language": replace_unpaired(segment.language) if segment.language else None,
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
                "lemma": replace_unpaired(word.lemma) if word.lemma else None,
                "part_of_speech": (
                    replace_unpaired(word.part_of_speech) if word.part_of_speech else None
                ),
                "start_s": word.start_s,
                "end_s": word.end_s,
                "probability": word.probability,
            }
            for word_no, word in enumerate(segment.words)
        )
    return utterances, words


def _own_speakers(
    segments: Sequence[Segment], options: TranscriptsOptions, name: str
) -> list[Speaker]:
    """Return the speakers as the transcript's own labels tell them."""
    labels = [(segment.speaker or "").strip() or None for segment in segments]
    types = [
        label_type(label, segment.speaker_role, options.speaker_scheme, options.speakers)
        for label, segment in zip(labels, segments, strict=True)
    ]
    if (options.speaker_scheme or options.speakers) and None in types:
        strange = [str(label) for label, type_ in zip(labels, types, strict=True) if type_ is None]
        raise TranscriptError(
            name,
            "unknown labels of speakers",
            f"found {counted(strange)} among {counted(label for label in labels if label)}; "
            "give their types in transcripts.speakers, or '*': unknown for all others, or set "
            f"transcripts.speaker_scheme (it is {options.speaker_scheme or 'not set'})",
        )
    return [
        (type_ or "unknown", label, None if type_ else "unknown_speaker")
        for label, type_ in zip(labels, types, strict=True)
    ]


def _turn_speakers(
    segments: Sequence[Segment], options: TranscriptsOptions, turns: Turns
) -> list[Speaker]:
    """Return the speakers as the turns of an RTTM file tell them."""
    types = {
        label: turn_type(label, options.rttm_scheme, options.speakers) for label in turns.kinds
    }
    if None in types.values():
        strange = [label for label in turns.labels if types[label] is None]
        raise RttmError(
            turns.name,
            "unknown labels of speakers",
            f"found {counted(strange)} among {counted(turns.labels)}; set transcripts.rttm_scheme "
            f"(it is {options.rttm_scheme}), or give their types in transcripts.speakers, or "
            "'*': unknown for all others",
        )
    labels = speakers_by_overlap(
        [segment.start_s for segment in segments], [segment.end_s for segment in segments], turns
    )
    return [
        (types[label] or "unknown", label, None) if label else ("unknown", None, "no_speaker_turn")
        for label in labels
    ]


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
