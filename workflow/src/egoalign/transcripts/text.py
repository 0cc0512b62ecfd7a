"""From bytes to text as read, and from text as read to text as encoded, by named rules."""

from __future__ import annotations

import codecs
import re
import unicodedata
from collections.abc import Sequence

from egoalign.config import TextRule
from egoalign.transcripts.codes import chat_codes, plain_codes, without

BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)

CHAT_FORMATS = ("chat", "chat_text")
"""Formats whose text follows the rules of CHAT."""

ALL_RULES: tuple[TextRule, ...] = ("codes", "inaudible", "fillers", "blanks")

_INAUDIBLE = (
    "inaudible|unintelligible|incomprehensible|indistinct|unclear|untranscribable|crosstalk|"
    "xx+|yy+|www|unk|\\?+"
)
INAUDIBLE = re.compile(
    # In marks, with whatever else stands there, such as a time: [inaudible 0:12], *unclear*.
    rf"[\[(<{{*]{{1,3}}\s*(?:{_INAUDIBLE})(?![\w'])[^\[\]()<>{{}}*]*[\])>}}*]+"
    # Bare, as CHAT has it: xxx, yyy, www; and question marks alone.
    r"|(?<![\w@.'/-])(?:xx+|yyy?|www)(?:@\w+)?(?![\w'/-]|\.\w)"
    r"|(?<!\S)\?{2,}(?!\S)",
    re.IGNORECASE,
)

FILLERS = re.compile(
    # Not half of uh-huh or uh oh, which are words; not in capitals (ER); not the unit in 5 mm.
    r"(?<![\w'’-])(?<![0-9] )"
    r"(?:[Uu]h+(?![\s,-]*(?:[Oo]h|[Hh]uh|[Uu]h)\b)|[Uu]hm+|[Uu]m+|[Ee]r|[Ee]rm+|[Hh]m+|[Mm]m+)"
    r"(?![\w'’]|-\w)"
)

ENGLISH = ("en", "eng", "english")


def decode(data: bytes) -> tuple[str, str]:
    """Return the text of a file and the name of its encoding.

    A byte order mark decides; without one it is UTF-16 where every other byte is mostly zero, else
    UTF-8 where it is valid, else Windows-1252 or, where that too is not valid, Latin-1.
    """
    for encoding in _candidates(data):
        try:
            return data.decode(encoding), encoding
        except UnicodeDecodeError:
            continue
    return data.decode("latin-1"), "latin-1"


def _candidates(data: bytes) -> list[str]:
    """Return the encodings to try, the likeliest first."""
    marked = [encoding for mark, encoding in BYTE_ORDER_MARKS if data.startswith(mark)]
    zeros = [data[offset::2].count(0) for offset in (0, 1)]
    wide = [
        encoding
        for encoding, count in (("utf-16-be", zeros[0]), ("utf-16-le", zeros[1]))
        if len(data) >= 2 and count > 0.4 * (len(data) // 2)
    ]
    return [*marked, *wide, "utf-8", "cp1252"]


def replace_unpaired(text: str) -> str:
    """Put U+FFFD for halves of surrogate pairs, which JSON can hold but no encoding can write."""
    return re.sub("[\ud800-\udfff]", "\ufffd", text)


def codes(text: str, source_format: str) -> str:
    """Take out what transcribers and programs add to the words; see `codes.py`."""
    return chat_codes(text) if source_format in CHAT_FORMATS else plain_codes(text)


def inaudible(text: str) -> str:
    """Take out the marks of words that nobody could make out."""
    return without(INAUDIBLE, text)


def fillers(text: str, language: str | None = None) -> str:
    """Take out English fillers; a text in another language is left as it is."""
    if language and re.split("[-_]", language.strip().casefold())[0] not in ENGLISH:
        return text
    return without(FILLERS, text)


def blanks(text: str) -> str:
    """Leave one blank between words, no invisible marks, and nothing of a text without words.

    Letters and their accents are composed to one character each (Unicode NFC).
    """
    text = unicodedata.normalize("NFC", text)
    kept = (" " if unicodedata.category(mark) == "Cc" else mark for mark in text)
    visible = "".join(mark for mark in kept if unicodedata.category(mark) != "Cf")
    return " ".join(visible.split()) if count_words(visible) else ""


def encoded(
    text: str,
    rules: Sequence[TextRule] = ALL_RULES,
    source_format: str = "csv",
    language: str | None = None,
) -> str:
    """Return the text that is given to the text encoder; empty where nothing is left.

    Parameters
    ----------
    text : str
        As read.
    rules : sequence of str
        Names of the rules, in their order. Rule `blanks` comes last in any case.
    source_format : str
        The reader that gave the text; decides what `codes` are.
    language : str, optional
        Of the utterance; decides whether `fillers` applies.
    """
    for rule in rules:
        if rule == "codes":
            text = codes(text, source_format)
        elif rule == "inaudible":
            text = inaudible(text)
        elif rule == "fillers":
            text = fillers(text, language)
    return blanks(text)


def count_words(text: str) -> int:
    """Return the number of parts between blanks that hold a letter or digit."""
    return sum(any(mark.isalnum() for mark in part) for part in text.split())
