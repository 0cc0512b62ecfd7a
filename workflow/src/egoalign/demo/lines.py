"""Utterances as a transcript holds them: on its own clock and with its own labels of speakers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from egoalign.demo.speech import Utterance

NUMBERED = {
    "female_adult": "SPEAKER_00",
    "key_child": "SPEAKER_01",
    "male_adult": "SPEAKER_02",
    "other_child": "SPEAKER_03",
}
"""Labels of speakers whom a program told apart; `transcripts.speakers` of the config has them."""

LETTERED = {
    "female_adult": "MOT",
    "key_child": "CHI",
    "male_adult": "FAT",
    "other_child": "SIB",
}
"""Labels of speakers whom people told apart; `transcripts.speakers` of the config has them."""

VOICE_TYPES = {
    "female_adult": "FEM",
    "key_child": "KCHI",
    "male_adult": "MAL",
    "other_child": "CHI",
}
"""Labels of the Voice Type Classifier, whose ``CHI`` is another child."""


@dataclass(frozen=True)
class Line:
    """One utterance: seconds on the transcript's clock, label of the speaker, text."""

    start_s: float
    end_s: float
    label: str
    text: str

    @property
    def sentence(self) -> str:
        """The text with a capital and a stop, as recognisers write it."""
        return f"{self.text[0].upper()}{self.text[1:]}."


def spoken_lines(
    utterances: Sequence[Utterance], labels: Mapping[str, str], offset_s: float
) -> list[Line]:
    """Return the lines of a transcript to whose times `offset_s` must be added."""
    return [
        Line(one.start_s - offset_s, one.end_s - offset_s, labels[one.speaker], one.text)
        for one in utterances
    ]
