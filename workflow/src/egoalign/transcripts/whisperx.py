"""WhisperX JSON: segments with words, of which any may lack times, scores and speakers."""

from __future__ import annotations

import json
from typing import Any

from egoalign.transcripts.segments import Segment, TranscriptError, Word, number, shown


def read_whisperx(text: str, name: str) -> list[Segment]:
    """Read the segments of a WhisperX result.

    Parameters
    ----------
    text : str
        The file's text.
    name : str
        The file's name, for messages.

    Returns
    -------
    list of Segment
        One a segment, in the order of the file, with its words.

    Raises
    ------
    TranscriptError
        The text is not JSON, or not in the shape that WhisperX writes.
    """
    try:
        result = json.loads(text)
    except json.JSONDecodeError as error:
        raise TranscriptError(f"{name}, line {error.lineno}", "not JSON", error.msg) from error
    except (ValueError, RecursionError) as error:
        raise TranscriptError(name, "not JSON", "a number too long, or lists too deep") from error
    if not isinstance(result, dict) or not isinstance(result.get("segments"), list):
        raise TranscriptError(
            name,
            "no list of segments",
            f"found {shown(result)}, expected an object with a list 'segments' (WhisperX JSON)",
        )
    return [
        _segment(segment, index, f"{name}, segment {index}")
        for index, segment in enumerate(result["segments"])
    ]


def _segment(segment: Any, index: int, place: str) -> Segment:
    """Return one segment, checked."""
    if not isinstance(segment, dict):
        raise TranscriptError(place, "not an object", f"found {shown(segment)}")
    words = segment.get("words") or []
    if not isinstance(words, list):
        raise TranscriptError(place, "words is not a list", f"found {shown(words)}")
    return Segment(
        line=index,
        start_s=number(segment.get("start"), place, "start"),
        end_s=number(segment.get("end"), place, "end"),
        text=_text(segment, "text", place) or "",
        speaker=_text(segment, "speaker", place),
        words=tuple(_word(word, place) for word in words),
    )


def _word(word: Any, place: str) -> Word:
    """Return one word; numerals and the like come without times."""
    if not isinstance(word, dict):
        raise TranscriptError(place, "a word is not an object", f"found {shown(word)}")
    return Word(
        token=_text(word, "word", place) or "",
        start_s=number(word.get("start"), place, "start of a word"),
        end_s=number(word.get("end"), place, "end of a word"),
        probability=number(word.get("score"), place, "score of a word"),
    )


def _text(item: dict[str, Any], key: str, place: str) -> str | None:
    """Return a string of an object, or None where it has none."""
    value = item.get(key)
    if value is not None and not isinstance(value, str):
        raise TranscriptError(place, f"{key} is not a string", f"found {shown(value)}")
    return value
