"""ELAN annotations (.eaf) as utterances."""

from __future__ import annotations

import re
from itertools import pairwise

from egoalign.config import TranscriptsOptions
from egoalign.log import logger
from egoalign.transcripts.elan_document import Document, Tier, parse_elan
from egoalign.transcripts.segments import ESTIMATED, Segment
from egoalign.transcripts.speakers import OTHERS, label_type

NO_SPEECH = re.compile(
    r"(?:code|code_num|context|on_off)(?:_[a-z]+)?|remember-me|notes?|comments?", re.IGNORECASE
)
"""Tiers about the recording rather than of a speaker, as ACLEW's template names them."""

TEXT_TIER = re.compile(r"(?:tx|txt|text|transcript|transcription|utt|utterance)@.+", re.IGNORECASE)
"""Tiers below another one that hold what was said, where the upper one only holds numbers."""

CODE = re.compile(r"[A-Z]{2,3}[0-9]?")
"""Short codes of speakers, as those of ACLEW (CHI, FA1) and CHAT (MOT)."""


Stretch = tuple[float | None, float | None, bool]
"""Start, end, and whether one of them is an estimate."""

NO_TIME: Stretch = (None, None, False)


def read_elan(text: str, name: str, options: TranscriptsOptions) -> list[Segment]:
    """Read the annotations of an ELAN document as utterances.

    Parameters
    ----------
    text : str
        The file's text.
    name : str
        The file's name, for messages.
    options : TranscriptsOptions
        Labels in `speakers` decide which of a tier's names is its speaker.

    Returns
    -------
    list of Segment
        The annotations of all tiers of speakers, in the order of time, those without at the end;
        empty ones stay.

    Raises
    ------
    TranscriptError
        Not XML, not an ELAN document, or a reference to what is not there.

    Notes
    -----
    A tier below another one (PARENT_REF), such as ``xds@FA1``, codes the utterances of the upper
    one and is not read, but for tiers ``text@...``, ``tx@...`` and the like: those hold what was
    said, and are read in place of the upper one. A slot without time lies between its neighbours
    in the tier, at equal steps, as ELAN shows it. A referring annotation has the time of the one
    that it refers to, or its equal share where several refer to it.
    Max Planck Institute for Psycholinguistics, "ELAN Annotation Format", version 3.0.
    """
    document = parse_elan(text, name)
    if any(document.origins):
        logger.warning(
            "%s: its media start at %s ms; transcript_offset_s may be needed",
            name,
            document.origins,
        )
    spoken = _spoken_tiers(document)
    passed_over = [tier.name for tier in document.tiers.values() if tier not in spoken]
    if passed_over:
        logger.info("%s: tiers that are not read: %s", name, ", ".join(passed_over))
    stretches = _stretches(document)
    segments = []
    for tier in spoken:
        speaker = _speaker(tier, options)
        for annotation_id in tier.annotations:
            annotation = document.annotations[annotation_id]
            start_s, end_s, estimated = stretches.get(annotation_id, NO_TIME)
            segments.append(
                Segment(
                    line=annotation.line,
                    start_s=start_s,
                    end_s=end_s,
                    text=annotation.text,
                    speaker=speaker,
                    utterance_id=annotation_id,
                    language=annotation.language,
                    flags=(ESTIMATED,) if estimated else (),
                )
            )
    return sorted(segments, key=lambda segment: (segment.start_s is None, segment.start_s or 0.0))


def _spoken_tiers(document: Document) -> list[Tier]:
    """Return the tiers that hold what a speaker says."""
    tiers = document.tiers
    texts = [
        tier
        for tier in tiers.values()
        if tier.parent is not None and TEXT_TIER.fullmatch(tier.name)
    ]
    replaced = {tier.parent for tier in texts}
    return [
        tier
        for tier in tiers.values()
        if tier in texts
        or (
            tier.parent is None
            and tier.name not in replaced
            and not NO_SPEECH.fullmatch(tier.name.strip())
        )
    ]


def _speaker(tier: Tier, options: TranscriptsOptions) -> str:
    """Return a tier's speaker: its id (behind @ where it has one) or its participant.

    What the options know goes first, then an id that is a short code, then the participant.
    """
    own = tier.name.rpartition("@")[2].strip()
    known = {label: kind for label, kind in options.speakers.items() if label != OTHERS}
    for label in (own, tier.participant):
        if label and label_type(label, None, options.speaker_scheme, known) is not None:
            return label
    return own if CODE.fullmatch(own) else tier.participant or own


def _stretches(document: Document) -> dict[str, Stretch]:
    """Return start, end and whether they are estimates of each annotation that has times."""
    found: dict[str, Stretch] = {}
    groups: dict[str, list[list[str]]] = {}
    for tier in document.tiers.values():
        slots = _slot_times(document, tier)
        sharing: dict[str, list[str]] = {}
        for annotation_id in tier.annotations:
            annotation = document.annotations[annotation_id]
            if annotation.refers_to is not None:
                sharing.setdefault(annotation.refers_to, []).append(annotation_id)
            elif annotation.slots is not None:
                start, end = annotation.slots
                estimated = any(
                    document.slots[slot] is None for slot in (start, end) if slot in slots
                )
                found[annotation_id] = (slots.get(start), slots.get(end), estimated)
        for target, ids in sharing.items():
            groups.setdefault(target, []).append(ids)
    waiting = list(found)
    while waiting:
        target = waiting.pop()
        for ids in groups.get(target, []):
            found.update(zip(ids, _shares(found[target], len(ids)), strict=True))
            waiting.extend(ids)
    return found


def _shares(stretch: Stretch, number: int) -> list[Stretch]:
    """Return equal parts of a stretch; parts of one without times have none."""
    start, end, _ = stretch
    if start is None or end is None or number == 1:
        return [stretch] * number
    edges = [start + (end - start) * part / number for part in range(number)] + [end]
    return [(left, right, True) for left, right in pairwise(edges)]


def _slot_times(document: Document, tier: Tier) -> dict[str, float]:
    """Return the seconds of a tier's slots, those without time at equal steps between others.

    Slots before the first and behind the last one with a time have none.
    """
    order: dict[str, None] = {}
    for annotation_id in tier.annotations:
        order |= dict.fromkeys(document.annotations[annotation_id].slots or ())
    times: dict[str, float] = {}
    last: float | None = None
    between: list[str] = []
    for slot in order:
        value = document.slots[slot]
        if value is None:
            between.append(slot)
            continue
        times[slot] = time = value / 1000
        if last is not None and last <= time:
            step = (time - last) / (len(between) + 1)
            times |= {name: last + step * no for no, name in enumerate(between, start=1)}
        last, between = time, []
    return times
