"""TextGrids of Praat, written long or short."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

from egoalign.config import TranscriptsOptions
from egoalign.log import logger
from egoalign.transcripts.lines import lines_of
from egoalign.transcripts.segments import Segment, TranscriptError, shown

TOKEN = re.compile(
    r"""
    "(?P<text>(?:[^"]|"")*)"
    | (?P<open>")
    | (?P<flag><[a-z]+>)
    | !.*
    | (?P<number>[+-]?[0-9]+(?:\.[0-9]*)?(?:[eE][+-]?[0-9]+)?)(?!\S)
    | [^\s"]+
    """,
    re.VERBOSE,
)
"""Praat reads quoted texts, flags and numbers that stand alone; all else is for people."""

HEADERS = ("ooTextFile", "ooTextFile short")
NO_UTTERANCES = re.compile(r"(?:.*[-_ ]\s*)?(?:words?|phones?|phonemes?)", re.IGNORECASE)
"""Tiers of a forced aligner, named so alone or behind the speaker."""

Token = tuple[int, str, str]
"""Line, kind ("text", "flag" or "number"), value."""


class _Values:
    """The values of a TextGrid, one after the other."""

    def __init__(self, tokens: Iterator[Token], name: str) -> None:
        self.tokens = tokens
        self.name = name
        self.line = 1

    def take(self, kind: str, what: str) -> str:
        """Return the next value, which has to be of a kind."""
        self.line, found, value = next(self.tokens, (self.line, "end", ""))
        if found != kind:
            self.refuse(what, "the end of the file" if found == "end" else shown(value))
        return value

    def count(self, what: str) -> int:
        """Return the next value as a count."""
        value = self.take("number", what)
        if not re.fullmatch("[0-9]{1,9}", value):
            self.refuse(what, shown(value))
        return int(value)

    def time(self, what: str) -> float:
        """Return the next value as a time in seconds."""
        value = float(self.take("number", what))
        if not math.isfinite(value):
            self.refuse(what, "a number that is too large")
        return value

    def refuse(self, what: str, found: str) -> None:
        """Raise the error of a value that is not what it should be."""
        raise TranscriptError(
            f"{self.name}, line {self.line}", "not a whole TextGrid", f"found {found} for {what}"
        )


def read_textgrid(text: str, name: str, options: TranscriptsOptions) -> list[Segment]:
    """Read the intervals of a TextGrid as utterances.

    Parameters
    ----------
    text : str
        The file's text.
    name : str
        The file's name, for messages.
    options : TranscriptsOptions
        Not used.

    Returns
    -------
    list of Segment
        One an interval that holds text, in the order of time; the tier's name is the speaker.
        Tiers of points, and those of words and phones that forced aligners write, are passed over.

    Raises
    ------
    TranscriptError
        The values do not follow each other as in a TextGrid, or not as many as it counts.

    Notes
    -----
    Praat manual, "TextGrid file formats".
    """
    if text.startswith("ooBinaryFile"):
        raise TranscriptError(name, "a binary TextGrid", "save it as a text file in Praat")
    values = _Values(_tokens(text, name), name)
    if values.take("text", "the file type") not in HEADERS:
        values.refuse("the file type", "another type")
    if values.take("text", "the class") != "TextGrid":
        values.refuse("the class", "another class")
    values.take("number", "the start")
    values.take("number", "the end")
    n_tiers = 0
    if values.take("flag", "<exists>") == "<exists>":
        n_tiers = values.count("the number of tiers")
    tiers = [_tier(values) for _ in range(n_tiers)]
    rest = next(values.tokens, None)
    if rest is not None:
        values.line = rest[0]
        values.refuse("the end of the last tier", shown(rest[2]))
    for tier, segments in tiers:
        if segments and NO_UTTERANCES.fullmatch(tier):
            logger.info("%s: a tier of words or phones is passed over", name)
    found = [
        segment
        for tier, segments in tiers
        if not NO_UTTERANCES.fullmatch(tier)
        for segment in segments
    ]
    return sorted(found, key=lambda segment: segment.start_s or 0.0)


def _tier(values: _Values) -> tuple[str, list[Segment]]:
    """Return a tier's name and its intervals that hold text."""
    kind = values.take("text", "the class of a tier")
    if kind not in ("IntervalTier", "TextTier"):
        values.refuse("the class of a tier", shown(kind))
    tier = values.take("text", "the name of a tier")
    values.take("number", "the start of a tier")
    values.take("number", "the end of a tier")
    segments = []
    for _ in range(values.count("the number of intervals or points")):
        start = values.time("a time")
        if kind == "TextTier":
            values.take("text", "the text of a point")
            continue
        end = values.time("the end of an interval")
        text = values.take("text", "the text of an interval")
        if text.strip():
            segments.append(
                Segment(line=values.line, start_s=start, end_s=end, text=text, speaker=tier)
            )
    return tier, segments


def _tokens(text: str, name: str) -> Iterator[Token]:
    """Yield the values of a text with their lines, as Praat finds them."""
    line, seen = 1, 0
    text = "\n".join(lines_of(text))
    for token in TOKEN.finditer(text):
        line += text.count("\n", seen, token.start())
        seen = token.start()
        if token.lastgroup == "open":
            raise TranscriptError(f"{name}, line {line}", "quotation marks that are not closed")
        if token.lastgroup is not None:
            yield line, token.lastgroup, token[token.lastgroup].replace('""', '"')
