"""Lemma and part of speech of words, by the Hanover Tagger, whose models lie in its package.

A model is a pickle. It is read by an unpickler that makes nothing but plain values and NumPy
numbers, so that a file put in its place can run no code.
"""

from __future__ import annotations

import functools
import gzip
import importlib.util
import pickle
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from egoalign.log import UserError

MODELS = {
    "en": "morphmodel_en.pgz",
    "de": "morphmodel_ger.pgz",
    "nl": "morphmodel_dutch.pgz",
}
"""The languages that have a model, and its file in the package."""

NAMES = {
    "en": ("en", "eng", "english"),
    "de": ("de", "deu", "ger", "german", "deutsch"),
    "nl": ("nl", "nld", "dut", "dutch", "nederlands"),
}

UNIVERSAL = (
    *("ADJ", "ADP", "ADV", "AUX", "CCONJ", "DET", "INTJ", "NOUN", "NUM"),
    *("PART", "PRON", "PROPN", "PUNCT", "SCONJ", "SYM", "VERB", "X"),
)
"""Parts of speech of Universal Dependencies."""

# The first pattern that begins the tag counts. Forms of be, do and have are AUX in English, since
# the tags of its model do not tell main verbs from auxiliaries among them.
_TAGS: dict[str, tuple[tuple[str, str], ...]] = {
    # C5, of the British National Corpus.
    "en": (
        ("NP", "PROPN"),
        ("NN", "NOUN"),
        ("VV", "VERB"),
        ("V[BDHM]", "AUX"),
        ("AJ", "ADJ"),
        ("AV", "ADV"),
        ("AT0|DPS|DT|EX0", "DET"),
        ("PN", "PRON"),
        ("PR|IN", "ADP"),
        ("CJC", "CCONJ"),
        ("CJ", "SCONJ"),
        ("CRD", "NUM"),
        ("ORD", "ADJ"),
        ("ITJ", "INTJ"),
        ("TO0|XX0|POS", "PART"),
        ("PU", "PUNCT"),
    ),
    # STTS.
    "de": (
        ("NE", "PROPN"),
        ("NNI", "VERB"),
        ("NN", "NOUN"),
        ("VV", "VERB"),
        ("V[AM]", "AUX"),
        ("ADJ", "ADJ"),
        ("ADV|PROAV|PWAV|PTKVZ", "ADV"),
        ("ART|PDAT|PIAT|PPOSAT|PWAT|PRELAT", "DET"),
        ("P[A-Z]*S$|PPER|PRF", "PRON"),
        ("AP", "ADP"),
        ("KON", "CCONJ"),
        ("KO", "SCONJ"),
        ("CARD", "NUM"),
        ("ITJ|PTKANT", "INTJ"),
        ("PTK", "PART"),
        (r"\$", "PUNCT"),
    ),
    # CGN.
    "nl": (
        (r"N\(eigen", "PROPN"),
        (r"N\(", "NOUN"),
        ("WW", "VERB"),
        ("ADJ", "ADJ"),
        ("BW", "ADV"),
        ("LID", "DET"),
        ("VNW", "PRON"),
        ("VZ", "ADP"),
        (r"VG\(neven", "CCONJ"),
        ("VG", "SCONJ"),
        ("TW", "NUM"),
        ("TSW", "INTJ"),
        ("LET", "PUNCT"),
    ),
}

_AUXILIARIES = {
    "nl": {"zijn", "hebben", "worden", "zullen", "kunnen", "moeten", "mogen", "willen", "gaan"}
}
"""Verbs that their tags do not mark as auxiliaries."""

_CLITIC = re.compile(r"(?i)^(.+?)(n[’']t|[’'](?:s|re|ve|ll|d|m))$")
_JOINED = {
    "gonna": ["will"],
    "gotta": ["must"],
    "wanna": ["want", "to"],
    "lemme": ["let", "me"],
    "gimme": ["give", "me"],
}
"""What stands for words that were drawn together; of the future and of duty an auxiliary."""

_CANNOT = {"ca": "can", "wo": "will", "sha": "shall"}


@dataclass(frozen=True)
class Analysis:
    """Lemma and universal part of speech of a word."""

    lemma: str
    part_of_speech: str


class _PlainUnpickler(pickle.Unpickler):
    """Makes plain values and NumPy numbers, and refuses all else."""

    def find_class(self, module: str, name: str) -> Any:
        if name == "scalar" and module in ("numpy.core.multiarray", "numpy._core.multiarray"):
            return np._core.multiarray.scalar  # type: ignore[attr-defined]
        if (module, name) == ("numpy", "dtype"):
            return np.dtype
        raise pickle.UnpicklingError(f"{module}.{name} is no part of a tagger's model")


class Tagger:
    """The tagger of one language.

    Parameters
    ----------
    language : str
        A key of `MODELS`.
    """

    def __init__(self, language: str) -> None:
        try:
            from HanTa.HanoverTagger import HanoverTagger
        except ModuleNotFoundError as error:
            raise UserError(
                "the package HanTa, which tags words, is not installed; make the environment "
                "again, or set align.words.score: false"
            ) from error
        self.language = language
        model = read_model(_package() / MODELS[language])
        self._tagger = HanoverTagger("", model)
        # What a file name would have set; with none the tagger is that of a training run.
        self._tagger.strict = False

    def analyse(self, tokens: Sequence[str]) -> list[Analysis]:
        """Return lemma and part of speech of the words of one utterance.

        A contraction such as "that's" is taken for its first part. Marks are not words: leave
        them out.

        Parameters
        ----------
        tokens : sequence of str
            The words in their order.
        """
        parts: list[str] = []
        firsts: list[int] = []
        for token in tokens:
            firsts.append(len(parts))
            parts += _split(token) if self.language == "en" else [token]
        found = self._tagger.tag_sent(parts) if parts else []
        return [self._analysis(*found[first][1:]) for first in firsts]

    def _analysis(self, lemma: str, tag: str) -> Analysis:
        part = next((part for begin, part in _TAGS[self.language] if re.match(begin, tag)), "X")
        if part == "VERB" and lemma.lower() in _AUXILIARIES.get(self.language, ()):
            part = "AUX"
        keeps_capital = part == "PROPN" or (self.language == "de" and part == "NOUN")
        return Analysis(lemma if keeps_capital else lemma.lower(), part)


def read_model(path: Path) -> Any:
    """Return what a model file holds, made of plain values and NumPy numbers alone.

    Raises
    ------
    pickle.UnpicklingError
        The file asks for anything else.
    """
    with gzip.open(path, "rb") as file:
        return _PlainUnpickler(file).load()


@functools.cache
def tagger_of(language: str) -> Tagger | None:
    """Return the tagger of a language as the lab writes it, loaded once, or None without one."""
    known = known_language(language)
    return Tagger(known) if known else None


def known_language(language: str) -> str | None:
    """Return the key in `MODELS` of a language: "en" of "English", "eng" and "en-GB"."""
    short = re.split("[-_ ]", language.strip().casefold())[0]
    return next((key for key, names in NAMES.items() if short in names), None)


def _package() -> Path:
    """Return the folder of the package that holds the models."""
    spec = importlib.util.find_spec("HanTa")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("HanTa")
    return Path(spec.origin).parent


def _split(token: str) -> list[str]:
    """Part an English contraction: "don't" into "do" and "n't"."""
    joined = _JOINED.get(token.casefold())
    if joined:
        return joined
    clitic = _CLITIC.match(token)
    if not clitic:
        return [token]
    head = clitic[1]
    if clitic[2].casefold().startswith("n"):
        head = _CANNOT.get(head.casefold(), head)
    return [head, clitic[2].replace("’", "'")]


_SOURCE_TAGS = (
    # CHAT's %mor, old and new. The head decides: what stands before ":", "-" or a clitic.
    ("n:prop|propn", "PROPN"),
    ("n|noun", "NOUN"),
    ("cop|aux|mod", "AUX"),
    ("v|verb|part", "VERB"),
    ("adj", "ADJ"),
    ("adv", "ADV"),
    ("pro|pron", "PRON"),
    ("det|qn|poss|post", "DET"),
    ("prep|adp", "ADP"),
    ("coord|conj|cconj|cm", "CCONJ"),
    ("comp|sconj", "SCONJ"),
    ("num", "NUM"),
    ("co|intj|on|bab|chi|fam|sing|wplay", "INTJ"),
    ("neg|inf", "PART"),
)
_PENN = (
    ("NNP", "PROPN"),
    ("NN", "NOUN"),
    ("MD", "AUX"),
    ("VB", "VERB"),
    ("JJ", "ADJ"),
    ("RB|WRB", "ADV"),
    ("PRP|WP", "PRON"),
    ("DT|PDT|WDT", "DET"),
    ("IN", "ADP"),
    ("CC", "CCONJ"),
    ("CD", "NUM"),
    ("UH", "INTJ"),
    ("RP|TO|POS", "PART"),
)


def universal(tag: str) -> str:
    """Return the universal part of speech of a source's own tag; X where it is not known.

    Known are the universal tags themselves (spaCy's `pos_`), those of CHAT's %mor tier, and Penn
    Treebank's. Of several parts, such as "pro:dem~cop", the first counts.

    Parameters
    ----------
    tag : str
        As the transcript has it.
    """
    if tag.upper() in UNIVERSAL and tag.isupper():
        return tag.upper()
    first = re.split(r"[~$ ]", tag.strip())[0]
    if first.isupper():
        return next((part for begin, part in _PENN if re.match(f"(?:{begin})", first)), "X")
    return next(
        (part for names, part in _SOURCE_TAGS if re.match(f"(?:{names})(?![a-z])", first)), "X"
    )
