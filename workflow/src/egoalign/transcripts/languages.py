"""Which utterances are in a language that is left out."""

from __future__ import annotations

import re
from collections.abc import Sequence

from egoalign.config import TranscriptsOptions
from egoalign.transcripts.segments import TranscriptError


def left_out(
    languages: Sequence[str | None],
    options: TranscriptsOptions,
    child_languages: str | None,
    name: str,
) -> list[bool]:
    """Return, for each utterance, whether its language is one that is not kept.

    Parameters
    ----------
    languages : sequence of str or None
        The language of each utterance in the transcript.
    options : TranscriptsOptions
        `languages` are kept, upper and lower case being the same; an empty list keeps all.
        `language_from` says where the language stands. By column, an utterance without a language
        is left out. By children, all utterances of a child are kept if each of the child's
        languages is kept, else none is.
    child_languages : str or None
        Cell `languages` of the child's row.
    name : str
        The file's name, for messages.

    Raises
    ------
    TranscriptError
        No utterance has a language, or the child has none, so that nothing could be kept.
    """
    if not options.languages:
        return [False] * len(languages)
    kept = {language.strip().casefold() for language in options.languages}
    if options.language_from == "children":
        heard = split_languages(child_languages)
        if not heard:
            raise TranscriptError(
                name,
                "the child's languages are not given",
                "transcripts.languages filters by them; fill column languages of the children",
            )
        return [not heard <= kept] * len(languages)
    if not any(languages):
        raise TranscriptError(
            name,
            "no utterance has a language",
            "transcripts.languages filters by it; set transcripts.columns.language, or "
            "transcripts.language_from: children",
        )
    return [(language or "").strip().casefold() not in kept for language in languages]


def split_languages(cell: str | None) -> set[str]:
    """Return the languages of a cell, which are parted by commas, semicolons, slashes or '+'."""
    return {part.strip().casefold() for part in re.split(r"[,;/|+]", cell or "") if part.strip()}
