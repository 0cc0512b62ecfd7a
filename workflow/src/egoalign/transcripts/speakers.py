"""From the labels of speakers in a source to types of speakers, by a named scheme.

The same label means different people in different schemes: ``CHI`` is the key child to those who
write CHAT and another child to the Voice Type Classifier. So a scheme is named, never guessed.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping

from egoalign.config import SpeakerScheme, SpeakerType
from egoalign.tables import SPEAKERS

OTHERS = "*"
"""Key of `transcripts.speakers` that stands for every label not known otherwise."""

MOST_SHOWN = 20
"""How many labels a message lists at most."""

_KINDS: dict[str, dict[SpeakerType, str]] = {
    # The Voice Type Classifier; its second version writes OCH for another child.
    "vtc": {
        "key_child": "KCHI",
        "other_child": "CHI OCH",
        "female_adult": "FEM",
        "male_adult": "MAL",
        "unknown": "SPEECH",
    },
    "chat": {
        "key_child": "CHI",
        "other_child": "OCH SIB BRO SIS COU KID BOY GIR GRL",
        "female_adult": "MOT MOM GRM GMA GRA NAN AUN FEM WOM",
        "male_adult": "FAT DAD GRF GPA GRP UNC MAL MAN",
        "unknown": "ADU INV OBS EXP VIS UNK UNI ENV TOY MED TV RAD",
    },
    # LENA: near and clear (N) or far and faint (F). The rest is no speech or nobody in particular.
    "lena": {
        "key_child": "CHN CHF",
        "other_child": "CXN CXF",
        "female_adult": "FAN FAF",
        "male_adult": "MAN MAF",
        "unknown": "OLN OLF TVN TVF NON NOF SIL FUZ",
    },
    "childproject": {
        "key_child": "CHI",
        "other_child": "OCH",
        "female_adult": "FEM",
        "male_adult": "MAL",
        "unknown": "NA SPEECH",
    },
    # Speakers are only numbered, so each needs a line of transcripts.speakers.
    "pyannote": {},
}

SCHEMES: dict[str, dict[str, SpeakerType]] = {
    scheme: {label: kind for kind, labels in kinds.items() for label in labels.split()}
    for scheme, kinds in _KINDS.items()
}
"""The types that each scheme gives to its labels."""

_ROLES: dict[SpeakerType, str] = {
    "key_child": "Target_Child",
    "other_child": "Child Brother Sister Sibling Boy Girl Friend Playmate Cousin Teenager Teen",
    "female_adult": "Mother Grandmother Aunt Female",
    "male_adult": "Father Grandfather Uncle Male",
    "unknown": "Adult Relative Caretaker Visitor Investigator Observer Teacher Student "
    "Participant Environment Media Toy Text Group Unidentified Uncertain Other Non_Human "
    "Camera_Operator PlayRole Narrator Doctor Nurse",
}

ROLES: dict[str, SpeakerType] = {
    role: kind for kind, roles in _ROLES.items() for role in roles.split()
}
"""The types of the roles that CHAT files give their speakers; a role goes before a label."""

_NUMBERED: tuple[tuple[str, SpeakerType], ...] = (
    (r"FA[0-9]+", "female_adult"),
    (r"MA[0-9]+", "male_adult"),
    (r"[FMU]C[0-9]+", "other_child"),
    (r"(?:UA|EE)[0-9]+", "unknown"),
)
"""Numbered speakers as ACLEW's ELAN tiers have them, in the schemes `chat` and `childproject`."""


def scheme_type(
    label: str, scheme: SpeakerScheme | None, role: str | None = None
) -> SpeakerType | None:
    """Return the type that a scheme gives to a label, or None where it knows no such label.

    Parameters
    ----------
    label : str
        As read; upper and lower case are the same.
    scheme : str or None
        Name of the scheme; None knows no labels.
    role : str, optional
        What the source says of the speaker, such as ``Target_Child``; scheme `chat` goes by it
        before it goes by the label.
    """
    if scheme is None:
        return None
    if scheme == "chat" and role in ROLES:
        return ROLES[role]
    label = label.upper()
    if scheme in ("chat", "childproject"):
        for pattern, kind in _NUMBERED:
            if re.fullmatch(pattern, label):
                return kind
    return SCHEMES[scheme].get(label)


def label_type(
    label: str | None,
    role: str | None,
    scheme: SpeakerScheme | None,
    types: Mapping[str, SpeakerType],
) -> SpeakerType | None:
    """Return the type of a label in a transcript, or None where nothing says it.

    The list goes before the scheme, and what it says of ``*`` comes last. A label that is itself
    a type needs no entry. No label is the type unknown.
    """
    if label is None:
        return "unknown"
    if label in types and label != OTHERS:
        return types[label]
    found = scheme_type(label, scheme, role)
    if found is None and label in SPEAKERS:
        return label  # type: ignore[return-value]
    return found or types.get(OTHERS)


def turn_type(
    label: str, scheme: SpeakerScheme, types: Mapping[str, SpeakerType]
) -> SpeakerType | None:
    """Return the type of a label in an RTTM file, or None where nothing says it.

    Here the scheme goes before the list: the list is written for the transcripts, where the same
    label may mean somebody else.
    """
    return scheme_type(label, scheme) or label_type(label, None, None, types)


def counted(labels: Iterable[str]) -> str:
    """Return labels with their counts for a message, the most frequent first."""
    counts = sorted(Counter(labels).items(), key=lambda pair: (-pair[1], pair[0]))
    shown = ", ".join(f"{label!r} ({count})" for label, count in counts[:MOST_SHOWN])
    rest = len(counts) - MOST_SHOWN
    return f"{shown} and {rest} more" if rest > 0 else shown
