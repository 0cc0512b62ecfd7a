"""What every reader of transcripts gives back, before it becomes the canonical table."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Any

from egoalign.log import UserError

NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
MISSING = ("", "na", "nan", "none", "null")
"""What stands in a table's cell, in lower case, where there is no time."""


ESTIMATED = "estimated_time"
"""Flag of an utterance whose times a reader reckoned, since the source does not give them."""


class TranscriptError(UserError):
    """A transcript that cannot be read.

    The message is for the person who may read the transcript; `reason` says the same without any
    content of the file, for the tables that are not private.
    """

    what = "transcript"

    def __init__(self, place: str, fault: str, details: str = "") -> None:
        super().__init__(f"{place}: {fault}{'; ' if details else ''}{details}")
        line = re.search(r", ((?:line|segment) [0-9]+)$", place)
        self.reason = f"{self.what} unreadable: {f'{line[1]}: ' if line else ''}{fault}"


class MissingTranscript(TranscriptError):
    """The file that the sessions table names is not there."""

    def __init__(self, place: str) -> None:
        super().__init__(place, "no such file")
        self.reason = "transcript missing"


@dataclass(frozen=True)
class Word:
    """One word as read, with times, lemma and part of speech where the source has them."""

    token: str
    start_s: float | None = None
    end_s: float | None = None
    probability: float | None = None
    lemma: str | None = None
    part_of_speech: str | None = None


@dataclass(frozen=True)
class Segment:
    """One utterance as read; `line` is its line or item number in the source.

    `speaker_role` is what the source itself says about the speaker, such as CHAT's Target_Child.
    `flags` says what the reader had to decide, such as "estimated_time".
    """

    line: int
    start_s: float | None
    end_s: float | None
    text: str
    speaker: str | None = None
    utterance_id: str | None = None
    language: str | None = None
    words: tuple[Word, ...] = ()
    speaker_role: str | None = None
    flags: tuple[str, ...] = ()


def number(value: Any, place: str, what: str, per_second: int = 1) -> float | None:
    """Return a number of the source, in seconds, or None where it says that there is none.

    Parameters
    ----------
    value : str, int, float or None
        As read.
    place : str
        File and line, for the message.
    what : str
        The column's or field's name.
    per_second : int
        How many of the source's unit make a second, such as 1000 milliseconds.

    Raises
    ------
    TranscriptError
        The value is no number, or infinite.
    """
    if value is None or (isinstance(value, str) and value.strip().lower() in MISSING):
        return None
    result = math.inf
    if isinstance(value, str):
        if NUMBER.fullmatch(value.strip()):
            result = float(value)
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        try:
            result = float(value)
        except OverflowError:
            result = math.inf
    if math.isnan(result):
        return None
    if math.isinf(result):
        raise TranscriptError(
            place, f"{what} is not a number", f"found {shown(value)}, expected one such as 12.5"
        )
    return result / per_second


def shown(value: Any, limit: int = 40) -> str:
    """Return a value for a message, cut to `limit` characters."""
    text = repr(value)
    return text if len(text) <= limit else f"{text[:limit]}..."
