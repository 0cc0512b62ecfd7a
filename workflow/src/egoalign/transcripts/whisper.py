"""JSON of Whisper, WhisperX and stable-ts: segments with words, of which any may lack times."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

from egoalign.config import TranscriptsOptions
from egoalign.transcripts.segments import Segment, TranscriptError, Word, number, shown

WHISPERX = "an object with a list 'segments' (WhisperX JSON)"
WHISPER = "an object with a string 'text' and a list 'segments' (Whisper JSON)"
STABLE_TS = "a list of segments (stable-ts JSON)"


def json_kind(text: str) -> str:
    """Return the format whose shape a JSON text has; what has none of them is ``whisperx``."""
    try:
        result = _loaded(text, "")
    except TranscriptError:
        return "whisperx"
    if isinstance(result, list):
        return "stable_ts"
    return "whisper" if _has_whole_text(result) else "whisperx"


def read_whisperx(text: str, name: str, options: TranscriptsOptions) -> list[Segment]:
    """Read the segments of a WhisperX result: ``{"segments": [...], "language": ...}``.

    Words may lack times, scores and speakers. A segment without a speaker takes the one that most
    of its words have.

    Parameters
    ----------
    text : str
        The file's text.
    name : str
        The file's name, for messages.
    options : TranscriptsOptions
        Not looked at; the format has no options.

    Returns
    -------
    list of Segment
        One a segment, in the order of the file, with its words, and the result's language.

    Raises
    ------
    TranscriptError
        The text is not JSON, or not in the shape that WhisperX writes.
    """
    result = _loaded(text, name)
    if _has_whole_text(result):
        raise TranscriptError(
            name,
            "Whisper JSON, not WhisperX JSON",
            "found a string 'text' beside the segments; set transcripts.format: whisper or auto",
        )
    return _result_segments(result, name, WHISPERX)


def read_whisper(text: str, name: str, options: TranscriptsOptions) -> list[Segment]:
    """Read the segments of a Whisper result: ``{"text": ..., "segments": [...], "language": ...}``.

    Parameters, result and errors are those of `read_whisperx`; stable-ts writes this shape too
    where it writes a whole result.
    """
    result = _loaded(text, name)
    if isinstance(result, dict) and not _has_whole_text(result):
        raise TranscriptError(name, "no text of the whole", f"expected {WHISPER}")
    return _result_segments(result, name, WHISPER)


def read_stable_ts(text: str, name: str, options: TranscriptsOptions) -> list[Segment]:
    """Read a bare list of segments, as scripts around stable-ts write it.

    Parameters, result and errors are those of `read_whisperx`.
    """
    result = _loaded(text, name)
    if not isinstance(result, list):
        raise TranscriptError(name, "not a list", f"found {shown(result)}, expected {STABLE_TS}")
    return _segments(result, name, None)


def _has_whole_text(result: Any) -> bool:
    """Say whether the text of the whole recording stands there, as Whisper alone writes it."""
    return isinstance(result, dict) and isinstance(result.get("text"), str)


def _loaded(text: str, name: str) -> Any:
    """Return what a JSON text holds."""

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        # The parser alone would keep the last of two texts and lose the first in silence.
        result = dict(pairs)
        if len(result) < len(pairs):
            raise TranscriptError(
                name, "an object has the same key twice", f"found {shown(result)}"
            )
        return result

    try:
        return json.loads(text.lstrip("\ufeff"), object_pairs_hook=once)
    except json.JSONDecodeError as error:
        raise TranscriptError(f"{name}, line {_line(error)}", "not JSON", error.msg) from error
    except (ValueError, RecursionError) as error:
        raise TranscriptError(name, "not JSON", "a number too long, or lists too deep") from error


def _line(error: json.JSONDecodeError) -> int:
    """Return the line of an error; unlike `json`, count line ends of a carriage return alone."""
    before = error.doc[: error.pos].replace("\r\n", "\n")
    return before.count("\n") + before.count("\r") + 1


def _result_segments(result: Any, name: str, expected: str) -> list[Segment]:
    """Return the segments of a result, each with the result's language."""
    if not isinstance(result, dict) or not isinstance(result.get("segments"), list):
        raise TranscriptError(
            name, "no list of segments", f"found {shown(result)}, expected {expected}"
        )
    return _segments(result["segments"], name, _text(result, "language", name))


def _segments(items: list[Any], name: str, language: str | None) -> list[Segment]:
    """Return the segments, checked one by one."""
    return [
        _segment(item, index, f"{name}, segment {index}", language)
        for index, item in enumerate(items)
    ]


def _segment(segment: Any, index: int, place: str, language: str | None) -> Segment:
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
        speaker=_text(segment, "speaker", place) or _speaker_of(words, place),
        language=_text(segment, "language", place) or language,
        words=tuple(_word(word, place) for word in words),
    )


def _speaker_of(words: list[Any], place: str) -> str | None:
    """Return the speaker that most words have; of several the first."""
    speakers = [_text(word, "speaker", place) for word in words if isinstance(word, dict)]
    counts = Counter(speaker for speaker in speakers if speaker)
    return counts.most_common(1)[0][0] if counts else None


def _word(word: Any, place: str) -> Word:
    """Return one word; WhisperX writes its confidence as score, Whisper as probability."""
    if not isinstance(word, dict):
        raise TranscriptError(place, "a word is not an object", f"found {shown(word)}")
    confidence = "score" if "score" in word else "probability"
    return Word(
        token=_text(word, "word", place) or "",
        start_s=number(word.get("start"), place, "start of a word"),
        end_s=number(word.get("end"), place, "end of a word"),
        probability=number(word.get(confidence), place, f"{confidence} of a word"),
    )


def _text(item: dict[str, Any], key: str, place: str) -> str | None:
    """Return a string of an object, or None where it has none."""
    value = item.get(key)
    if value is not None and not isinstance(value, str):
        raise TranscriptError(place, f"{key} is not a string", f"found {shown(value)}")
    return value
