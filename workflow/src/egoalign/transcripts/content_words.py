"""The nouns, verbs and adjectives of a session: lemma, part of speech and time of each."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Protocol

from egoalign.tables import OTHER_LANGUAGE, WORD_CLASSES, flags_of
from egoalign.transcripts.tagger import Analysis, known_language, tagger_of, universal

Row = dict[str, Any]
TRANSCRIPT, TAGGER = "transcript", "tagger"
"""Where lemma and part of speech come from."""


class Analyser(Protocol):
    """What gives lemma and part of speech of the words of one utterance."""

    def analyse(self, tokens: Sequence[str]) -> list[Analysis]:
        """Return one analysis for each token."""


def content_words(
    utterances: Sequence[Mapping[str, Any]],
    words: Sequence[Mapping[str, Any]],
    language: str,
    find_tagger: Callable[[str], Analyser | None] = tagger_of,
) -> list[Row]:
    """Return the rows of table CONTENT_WORDS.

    The words of an utterance are those of the source, or the parts between blanks of the text as
    encoded. Where the source has both lemma and part of speech of a word, they are taken; the
    tagger, which is not loaded before it is needed, gives those of the others. Words that nothing
    can analyse have a row without lemma that says why.

    Parameters
    ----------
    utterances, words : sequence of mapping
        Rows of tables UTTERANCES and WORDS.
    language : str
        Of utterances that name none.
    find_tagger : callable
        Returns the tagger of a language, or None without one.
    """
    of_utterance: dict[str, list[Mapping[str, Any]]] = {}
    for word in words:
        of_utterance.setdefault(word["utterance_id"], []).append(word)
    lemma_ids: dict[str, str] = {}
    rows: list[Row] = []
    for utterance in utterances:
        if not utterance["text_encoded"] or OTHER_LANGUAGE in flags_of(utterance["flags"]):
            continue
        said = list(_said(utterance, of_utterance.get(utterance["utterance_id"], ())))
        own_language = utterance["language"] or language
        sourced = [_from_source(word, own_language) for word, _ in said]
        tagged: list[Analysis | None] = [None] * len(said)
        if None in sourced:
            tagger = find_tagger(own_language)
            if tagger is not None:
                tagged = list(tagger.analyse([token for _, token in said]))
        for (word, token), from_source, from_tagger in zip(said, sourced, tagged, strict=True):
            analysis = from_source or from_tagger
            if analysis is not None and analysis.part_of_speech not in WORD_CLASSES:
                continue
            own_time = word["start_s"] is not None and word["end_s"] is not None
            times = word if own_time else utterance
            rows.append(
                {
                    "utterance_id": utterance["utterance_id"],
                    "word_no": word["word_no"],
                    "token": token,
                    "lemma": analysis and analysis.lemma,
                    "lemma_id": analysis
                    and lemma_ids.setdefault(analysis.lemma, f"w{len(lemma_ids):05d}"),
                    "part_of_speech": analysis and analysis.part_of_speech,
                    "pos_source": analysis and (TRANSCRIPT if from_source else TAGGER),
                    "start_s": times["start_s"],
                    "end_s": times["end_s"],
                    "own_time": own_time,
                    "reason": None if analysis else f"no tagger for language {own_language!r}",
                }
            )
    return rows


def _said(
    utterance: Mapping[str, Any], words: Sequence[Mapping[str, Any]]
) -> Iterator[tuple[Mapping[str, Any], str]]:
    """Yield an utterance's words, each with its token freed of marks.

    Marks alone are no words, nor are CHAT's fillers and fragments, which begin with "&".
    """
    unknown = dict.fromkeys(("lemma", "part_of_speech", "start_s", "end_s"))
    for word in words or (
        {"word_no": number, "token": token, **unknown}
        for number, token in enumerate(utterance["text_encoded"].split())
    ):
        token = bare_token(word["token"])
        if token and not word["token"].startswith("&"):
            yield word, token


def bare_token(token: str) -> str:
    """Return a token without marks around it, CHAT's "@f" and the brackets of "(be)cause"."""
    token = re.sub(r"[()]", "", token.partition("@")[0]).replace("’", "'")
    return re.sub(r"^[^\w]+|[^\w]+$", "", token)


def _from_source(word: Mapping[str, Any], language: str) -> Analysis | None:
    """Return lemma and part of speech as the source has them, or None where one is missing."""
    if not word["lemma"] or not word["part_of_speech"]:
        return None
    part = universal(word["part_of_speech"])
    lemma = re.split(r"[~$ ]", word["lemma"].strip())[0]
    lemma = re.sub(r"[_+]", " ", lemma).strip()
    keeps_capital = part == "PROPN" or (part == "NOUN" and known_language(language) == "de")
    return Analysis(lemma if keeps_capital else lemma.lower(), part) if lemma else None
