"""CHAT transcripts of CLAN and TalkBank (.cha)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from egoalign.config import TranscriptsOptions
from egoalign.log import logger
from egoalign.transcripts.chat_words import words_of
from egoalign.transcripts.lines import lines_of
from egoalign.transcripts.segments import Segment, TranscriptError, shown

TIMES = r'(?:%(?:snd|mov):"[^"\x15]*"_)?([0-9]{1,12})_([0-9]{1,12})-?'
"""Start and end in ms; old files name the medium before them."""

BULLET = re.compile(rf"\s?(?:\x15{TIMES}\x15|•{TIMES}•)\s?")
"""Times between two control characters, or as browsers show those, which is what copies hold."""

OTHER_BULLET = re.compile(r"\s?\x15%(?:pic|txt):[^\x15]*\x15\s?")
"""A picture or a text to look at: no time."""

TIER = re.compile(r"([*%][^\s:]+):[ \t]?(.*)", re.DOTALL)
PRECODE = re.compile(r"\[-\s+([A-Za-z-]+)\]")


@dataclass
class Header:
    """What the lines before the first utterance say about speakers and languages."""

    roles: dict[str, str] = field(default_factory=dict)
    languages: list[str] = field(default_factory=list)

    def read(self, line: str) -> None:
        """Take up one line that starts with @."""
        name, _, value = line.partition(":")
        if name == "@Participants":
            for entry in value.split(","):
                code, *described = entry.split() or [""]
                if described:
                    self.roles[code] = described[-1]
        elif name == "@ID":
            fields = [part.strip() for part in value.split("|")]
            if len(fields) > 7 and fields[7]:
                self.roles.setdefault(fields[2], fields[7])
        elif name == "@Languages":
            self.languages = value.replace(",", " ").split()


@dataclass
class _Utterance:
    """A main tier and the tiers that depend on it."""

    line: int
    speaker: str
    text: str
    tiers: dict[str, str] = field(default_factory=dict)


def read_chat(text: str, name: str, options: TranscriptsOptions) -> list[Segment]:
    """Read the utterances of a CHAT transcript.

    Parameters
    ----------
    text : str
        The file's text.
    name : str
        The file's name, for messages.
    options : TranscriptsOptions
        Not used: a CHAT file says everything itself.

    Returns
    -------
    list of Segment
        One a main tier, in the order of the file, with codes as read and without bullets. Times
        are those of the first and the last bullet, or none. Words come with %mor only.

    Raises
    ------
    TranscriptError
        A line that starts no tier and continues none, a tier without its colon, a bullet that
        does not hold two times, or text behind @End.

    Notes
    -----
    B. MacWhinney, "Tools for Analyzing Talk, Part 1: The CHAT Transcription Format".
    """
    header = Header()
    utterances: list[_Utterance] = []
    ended = False
    for line, tier in logical_lines(text, name):
        place = f"{name}, line {line}"
        if ended:
            raise TranscriptError(place, "text behind @End", f"found {shown(tier)}")
        if tier.startswith("@"):
            ended = tier.strip() == "@End"
            header.read(tier)
            continue
        match = TIER.fullmatch(tier)
        if match is None:
            raise TranscriptError(
                place, "a tier without a colon", f"found {shown(tier)}, expected one such as *MOT:"
            )
        if tier.startswith("*"):
            utterances.append(_Utterance(line, match[1][1:], match[2]))
        elif utterances:
            tiers = utterances[-1].tiers
            tiers[match[1]] = f"{tiers.get(match[1], '')} {match[2]}".strip()
    if not ended:
        logger.warning("%s: no @End: the file may be cut off", name)
    return [_segment(utterance, header, name) for utterance in utterances]


def logical_lines(text: str, name: str) -> Iterator[tuple[int, str]]:
    """Yield each tier or header with its line number, continuation lines joined by one blank.

    Raises
    ------
    TranscriptError
        A line starts neither with @, *, % nor with the blank or tab of a continuation.
    """
    start, joined = 0, ""
    for number, line in enumerate(lines_of(text), start=1):
        if not line.strip():
            continue
        if line[0] in "@*%":
            if joined:
                yield start, joined
            start, joined = number, line.rstrip()
        elif line[0] in " \t" and joined:
            joined = f"{joined} {line.strip()}"
        else:
            raise TranscriptError(
                f"{name}, line {number}",
                "neither a tier, a header nor a continuation",
                f"found {shown(line)}, expected a line that starts with *, %, @ or a tab",
            )
    if joined:
        yield start, joined


def _segment(utterance: _Utterance, header: Header, name: str) -> Segment:
    """Return an utterance as a segment."""
    place = f"{name}, line {utterance.line}"
    text, start_s, end_s = _timed(utterance.text, place)
    language = PRECODE.match(text)
    mor = utterance.tiers.get("%mor")
    words, fits = ((), True) if mor is None else words_of(text, mor)
    return Segment(
        line=utterance.line,
        start_s=start_s,
        end_s=end_s,
        text=text,
        speaker=utterance.speaker,
        language=language[1] if language else next(iter(header.languages), None),
        words=words,
        speaker_role=header.roles.get(utterance.speaker),
        flags=() if fits else ("mor_does_not_fit",),
    )


def _timed(text: str, place: str) -> tuple[str, float | None, float | None]:
    """Return a main tier without its bullets, and start and end in seconds."""
    bullets = list(BULLET.finditer(text))
    text = OTHER_BULLET.sub(" ", BULLET.sub(" ", text)).strip()
    if "\x15" in text:
        raise TranscriptError(
            place,
            "a bullet without start and end",
            f"found {shown(text[text.index(chr(0x15)) :])}, expected one such as 1200_2450 (ms)",
        )
    if not bullets:
        return text, None, None
    first, last = bullets[0], bullets[-1]
    return text, int(first[1] or first[3]) / 1000, int(last[2] or last[4]) / 1000
