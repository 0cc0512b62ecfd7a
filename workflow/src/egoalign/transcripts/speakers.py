"""From a speaker's label in a transcript to the type of speaker."""

from __future__ import annotations

from collections.abc import Mapping

from egoalign.tables import SPEAKERS


def speaker_type(label: str | None, types: Mapping[str, str]) -> tuple[str, bool]:
    """Return the type of a speaker, and whether the label is known.

    Parameters
    ----------
    label : str or None
        As read. No label is the type unknown, and not a label that is not known.
    types : mapping
        Type of each label (`transcripts.speakers`). A label that is itself a type needs no entry.
    """
    if label is None:
        return "unknown", True
    if label in types:
        return types[label], True
    if label in SPEAKERS:
        return label, True
    return "unknown", False
