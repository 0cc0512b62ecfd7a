"""From bytes to text as read, and from text as read to text as encoded, by named rules."""

from __future__ import annotations

import codecs
import re
import unicodedata
from collections.abc import Callable

BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


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


def compose(text: str) -> str:
    """Write each letter and its accents as one character (Unicode NFC)."""
    return unicodedata.normalize("NFC", text)


def drop_invisible(text: str) -> str:
    """Put a blank for each control character and drop marks of no width."""
    kept = (" " if unicodedata.category(mark) == "Cc" else mark for mark in text)
    return "".join(mark for mark in kept if unicodedata.category(mark) != "Cf")


def collapse_blanks(text: str) -> str:
    """Put one blank for each run of white space, and none at the ends."""
    return " ".join(text.split())


def drop_wordless(text: str) -> str:
    """Leave nothing of a text without a single letter or digit."""
    return text if count_words(text) else ""


ENCODING_RULES: dict[str, Callable[[str], str]] = {
    rule.__name__: rule for rule in (compose, drop_invisible, collapse_blanks, drop_wordless)
}
"""The rules that lead from text as read to text as encoded, in their order."""


def encoded(text: str) -> str:
    """Return the text that is given to the text encoder; empty where nothing is left."""
    for rule in ENCODING_RULES.values():
        text = rule(text)
    return text


def count_words(text: str) -> int:
    """Return the number of parts between blanks that hold a letter or digit."""
    return sum(any(mark.isalnum() for mark in part) for part in text.split())
