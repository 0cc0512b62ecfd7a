"""Sentences of a text, and a stretch of time shared out among them."""

from __future__ import annotations

import re
from itertools import accumulate

from egoalign.transcripts.text import count_words

SENTENCE_END = re.compile(r"""(?<=[.?!…])["'”’»)\]*]*\s+(?=[^\s.?!…])""")


def sentences(text: str) -> list[str]:
    """Return the sentences of a text; put together they hold every character but blanks between.

    A sentence ends at a full stop, question mark, exclamation mark or ellipsis, with the closing
    marks that follow it, before a blank. It does not end where the next word begins with a small
    letter ("well ... no"), nor within brackets or between asterisks. What holds no letter or
    digit is no sentence of its own, and stays with the one before.
    """
    parts: list[str] = []
    start = 0
    for match in SENTENCE_END.finditer(text):
        closing = match[0].rstrip()
        end = match.start() + len(closing)
        if text[match.end()].islower() or not _balanced(text[start:end]):
            continue
        parts.append(text[start:end])
        start = match.end()
    parts.append(text[start:])
    whole: list[str] = []
    for part in parts:
        if whole and not (count_words(part) and count_words(whole[-1])):
            whole[-1] = f"{whole[-1]} {part}"
        else:
            whole.append(part)
    return whole


def _balanced(text: str) -> bool:
    """Say whether every bracket is closed and every asterisk has its second."""
    pairs = (("(", ")"), ("[", "]"))
    return text.count("*") % 2 == 0 and all(text.count(a) == text.count(b) for a, b in pairs)


def shared_out(
    parts: list[str], start_s: float | None, end_s: float | None
) -> list[tuple[float | None, float | None]]:
    """Return start and end of each part, each as long as its share of the words.

    Parameters
    ----------
    parts : list of str
        Texts that follow one another; at least one.
    start_s, end_s : float or None
        The stretch. Without one of them, or with its end before its start, nothing can be shared
        out, and every part has the whole.
    """
    if start_s is None or end_s is None or end_s < start_s or len(parts) == 1:
        return [(start_s, end_s)] * len(parts)
    words = [max(count_words(part), 1) for part in parts]
    edges = [
        start_s + (end_s - start_s) * done / sum(words) for done in accumulate(words, initial=0)
    ]
    return list(zip(edges[:-1], [*edges[1:-1], end_s], strict=True))
