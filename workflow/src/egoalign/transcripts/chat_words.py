"""The words of a CHAT utterance, with what its %mor tier says about each of them."""

from __future__ import annotations

import re
from dataclasses import dataclass

from egoalign.transcripts.segments import Word

ITEM = re.compile(
    r"""
    (?P<code>\[[^\[\]]*\])          # [/], [: word], [= gloss], [+ postcode]
    | (?P<pause>\([.\d:]+\))        # (.), (2.5)
    | (?P<open><) | (?P<close>>)    # what a code is about
    | (?P<mark>\+\S*)               # terminators and linkers such as +... and +<
    | (?P<word>[^\s<>\[\]]+)
    """,
    re.VERBOSE,
)
LEFT_OUT = re.compile(r"\[(?:/|//|///|/-|/\?|e)\]")
"""Codes behind words that %mor leaves out: said again, corrected, or excluded."""

REPLACED = re.compile(r"\[:\s+([^\]]*)\]")
"""The words of the language for what was said: %mor describes them. (Not so for "[:: ...]".)"""

NOT_SAID = re.compile(r"&[=*{}]|0(?![0-9])|(?:xxx?|yyy?|www)(?:@|$)")
"""Events, what another speaker says, words left out, and what was not understood or written."""

WITHOUT_MOR = re.compile(r"&")
"""Fillers, fragments and sounds are said, but have no item in %mor."""

PUNCTUATION = {"cm", "beg", "end", "bq", "eq", "bq2", "eq2"}
"""What %mor calls marks such as the comma."""


@dataclass
class _Spoken:
    """One word that was said, and how many items of %mor are about it."""

    token: str
    items: int


def words_of(text: str, mor: str) -> tuple[tuple[Word, ...], bool]:
    """Return the words that were said, and whether %mor fits them.

    Parameters
    ----------
    text : str
        The main tier, with its codes and without bullets.
    mor : str
        The %mor tier.

    Notes
    -----
    By the CHAT manual, %mor holds one item for each word and mark of the main tier, but none for
    fillers, fragments, events, pauses, words left out, what is not understood, and words before
    a code such as [/]. Words "[: ...]" stand for the word before them. Where the number of items
    differs from that, no word gets a lemma, rather than a neighbour's.
    """
    spoken = _spoken(text)
    items = [item for item in mor.split() if "|" in item and item.split("|")[0] not in PUNCTUATION]
    fits = sum(word.items for word in spoken) == len(items)
    words = []
    for word in spoken:
        own, items = items[: word.items], items[word.items :]
        analyses = [_analysis(item) for item in own] if fits else []
        words.append(
            Word(
                word.token,
                lemma=" ".join(lemma for _, lemma in analyses).strip() or None,
                part_of_speech=" ".join(part for part, _ in analyses).strip() or None,
            )
        )
    return tuple(words), fits


def _spoken(text: str) -> list[_Spoken]:
    """Return the words that were said, in their order."""
    words: list[_Spoken] = []
    opened: list[int] = []
    scope = 0
    for item in ITEM.finditer(text):
        if item["open"]:
            opened.append(len(words))
        elif item["close"]:
            scope = opened.pop() if opened else len(words)
        elif item["word"]:
            token = item["word"].strip(',.?!;"“”„‡')
            scope = len(words)
            if any(mark.isalnum() for mark in token) and not NOT_SAID.match(token):
                words.append(_Spoken(token, 0 if WITHOUT_MOR.match(token) else 1))
        elif item["code"] and LEFT_OUT.fullmatch(item["code"]):
            for word in words[scope:]:
                word.items = 0
        elif item["code"] and words[scope:] and (replaced := REPLACED.fullmatch(item["code"])):
            words[-1].items = len(replaced[1].split())
    return words


def _analysis(item: str) -> tuple[str, str]:
    """Return part of speech and lemma of one item of %mor, of which clitics are parts.

    Both are empty where %mor leaves open which of several readings ("^") it is.
    """
    if "^" in item:
        return "", ""
    parts = [_part(part) for part in re.split(r"[~$]", item)]
    return "~".join(part for part, _ in parts), "~".join(lemma for _, lemma in parts)


def _part(part: str) -> tuple[str, str]:
    """Return part of speech and lemma of a word or clitic, such as ("v", "go") of "v|go&PAST".

    Prefixes and the members of a compound are parts of the lemma; fusions (&), suffixes (-) and
    glosses (=) are not.
    """
    category, _, stem = part.partition("|")
    *prefixes, category = category.split("#")
    members = [member.rpartition("|")[2] for member in stem.split("+") if member]
    stems = [re.split(r"[&=]|(?<=.)-", member)[0] for member in members]
    return category, "".join([*prefixes, *stems])
