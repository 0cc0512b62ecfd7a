"""Simulated raters of known sensitivity and lapse rate, who judge utterances with pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

CHOICES = 4
RATING_LEVELS = 5

_FULL_EVIDENCE_SHARE = 0.03
_SHOWN_EVIDENCE = 0.5
_LABEL_NO_BELOW, _LABEL_YES_FROM = 0.8, 1.4
_RATING_CUTS = (0.2, 0.8, 1.4, 2.0)


@dataclass(frozen=True)
class Rater:
    """A simulated person.

    Attributes
    ----------
    sensitivity : float
        Distance, in standard deviations of the rater's noise, between a pair whose object is
        plainly in view and one whose object is not (d').
    lapse : float
        Probability of answering without looking, all answers being equally likely.
    """

    annotator_id: str
    sensitivity: float
    lapse: float


@dataclass(frozen=True)
class Moment:
    """An utterance with the picture on screen at its middle.

    Attributes
    ----------
    shares : mapping of str to float
        Visible share of the whole picture of each kind in view.
    kind : str or None
        The kind that the utterance names.
    """

    child_id: str
    session_id: str
    utterance_id: str
    second: float
    text: str
    kind: str | None
    shares: Mapping[str, float]


def draw_raters(rng: np.random.Generator, n: int) -> list[Rater]:
    """Draw n raters: d' uniform in 2 to 3.5, lapse rate uniform in 0.02 to 0.1."""
    return [
        Rater(f"r{k:02d}", float(rng.uniform(2.0, 3.5)), float(rng.uniform(0.02, 0.1)))
        for k in range(1, n + 1)
    ]


def evidence(kind: str | None, shares: Mapping[str, float]) -> float:
    """Return how far a picture shows what an utterance names, in [0, 1].

    It rises with the visible share of the picture and is full at 3 %; it is 0 for an utterance
    that names nothing.
    """
    return min(shares.get(kind or "", 0.0) / _FULL_EVIDENCE_SHARE, 1.0)


def judge(
    rng: np.random.Generator,
    moments: Sequence[Moment],
    raters: Sequence[Rater],
    answers_per_item: int,
    max_items: int,
) -> list[dict[str, Any]]:
    """Return simulated answers of all kinds, rows of table `judgments`.

    Of the `max_items` items of each kind, half are drawn from the moments that show what is said,
    if there are so many, and the others from all other moments, naming or not. Ratings and labels
    are asked in equal parts of true pairs and of utterances with the picture of another moment.

    Distractors of a forced choice are the utterances (or the pictures) of three other moments drawn
    at random from the whole corpus, all four texts being distinct. Positions count from 0; the
    distractors fill the positions other than the true pair's in their order. Each item's weight is
    1 over its chance of being drawn; each rater's answers, of all kinds, are in random order.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of every choice.
    moments : sequence of Moment
        Utterances and pictures of the corpus.
    raters : sequence of Rater
        Those asked; every item is put to `answers_per_item` of them drawn at random.
    answers_per_item, max_items : int
        Answers to an item, and items of each kind.
    """
    rows: list[dict[str, Any]] = []
    for kind, ask in (
        ("choose_utterance", _ask_choice),
        ("choose_image", _ask_choice),
        ("rating", _ask_single),
        ("label", _ask_single),
    ):
        drawn, weights = _draw_items(rng, moments, max_items)
        for number, (at, weight) in enumerate(zip(drawn, weights, strict=True), start=1):
            asked = rng.choice(len(raters), min(answers_per_item, len(raters)), replace=False)
            answers = ask(rng, kind, moments[at], moments, [raters[k] for k in np.sort(asked)])
            item = {"kind": kind, "item_id": f"{kind}-{number:03d}", "weight": float(weight)}
            rows += [{**item, **one} for one in answers]
    _number_trials(rng, rows)
    return rows


def _number_trials(rng: np.random.Generator, rows: Sequence[dict[str, Any]]) -> None:
    """Give every rater's answers their places in a random order, from 1."""
    by_rater: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        by_rater.setdefault(row["annotator_id"], []).append(row)
    for _, own in sorted(by_rater.items()):
        for row, place in zip(own, rng.permutation(len(own)), strict=True):
            row["trial_no"] = int(place) + 1


def _draw_items(
    rng: np.random.Generator, moments: Sequence[Moment], most: int
) -> tuple[np.ndarray, np.ndarray]:
    """Draw the positions of the moments that become items, in order, and their weights."""
    shown = np.array([evidence(one.kind, one.shares) >= _SHOWN_EVIDENCE for one in moments], bool)
    seen, others = np.flatnonzero(shown), np.flatnonzero(~shown)
    n_seen = min(most // 2, len(seen))
    n_others = min(most - n_seen, len(others))
    drawn = np.sort(
        np.concatenate(
            [
                rng.choice(seen, n_seen, replace=False),
                rng.choice(others, n_others, replace=False),
            ]
        )
    )
    per_seen, per_other = len(seen) / max(n_seen, 1), len(others) / max(n_others, 1)
    return drawn, np.where(shown[drawn], per_seen, per_other)


def _ask_choice(
    rng: np.random.Generator,
    kind: str,
    true: Moment,
    moments: Sequence[Moment],
    raters: Sequence[Rater],
) -> list[dict[str, Any]]:
    """Put one forced choice to the raters; they take the pair with the most evidence."""
    others = _draw_distractors(rng, true, moments)
    by_picture = kind == "choose_image"
    position = int(rng.integers(len(others) + 1))
    shown = [*others[:position], true, *others[position:]]
    strength = np.array(
        [
            evidence(true.kind, one.shares) if by_picture else evidence(one.kind, true.shares)
            for one in shown
        ]
    )
    listed = [
        [one.child_id, one.session_id, one.second if by_picture else one.utterance_id]
        for one in others
    ]
    rows = []
    for rater in raters:
        felt = rater.sensitivity * strength + rng.normal(size=len(shown))
        lapse = rng.random() < rater.lapse
        answer = int(rng.integers(len(shown))) if lapse else int(np.argmax(felt))
        rows.append(
            {
                **_pair(true, rater, true.second),
                "distractors": listed,
                "answer": float(answer),
                "correct_answer": float(position),
                "correct": answer == position,
                "chosen": 0 if answer == position else answer + (answer < position),
            }
        )
    return rows


def _draw_distractors(
    rng: np.random.Generator, true: Moment, moments: Sequence[Moment]
) -> list[Moment]:
    """Draw other moments of the corpus, all texts and all pictures being distinct."""
    drawn: list[Moment] = []
    for at in rng.permutation(len(moments)):
        texts = {one.text for one in (true, *drawn)}
        pictures = {_picture(one) for one in (true, *drawn)}
        if moments[at].text not in texts and _picture(moments[at]) not in pictures:
            drawn.append(moments[at])
        if len(drawn) == CHOICES - 1:
            break
    return drawn


def _ask_single(
    rng: np.random.Generator,
    kind: str,
    moment: Moment,
    moments: Sequence[Moment],
    raters: Sequence[Rater],
) -> list[dict[str, Any]]:
    """Ask how well, or whether, an utterance fits a picture of the same session."""
    pictures = [one for one in moments if _session(one) == _session(moment)]
    picture = moment if rng.random() < 0.5 else pictures[int(rng.integers(len(pictures)))]
    strength = evidence(moment.kind, picture.shares)
    rows = []
    for rater in raters:
        felt = rater.sensitivity * strength + rng.normal()
        lapse = rng.random() < rater.lapse
        answer = _rating(rng, felt, lapse) if kind == "rating" else _label(rng, felt, lapse)
        rows.append({**_pair(moment, rater, picture.second), "distractors": [], "answer": answer})
    return rows


def _rating(rng: np.random.Generator, felt: float, lapse: bool) -> float:
    """Return a rating from 1 (does not fit) to 5 (fits)."""
    if lapse:
        return float(rng.integers(1, RATING_LEVELS + 1))
    return float(1 + np.searchsorted(_RATING_CUTS, felt))


def _label(rng: np.random.Generator, felt: float, lapse: bool) -> float | None:
    """Return 1 for yes, 0 for no, None for unsure."""
    if lapse:
        return (1.0, 0.0, None)[int(rng.integers(3))]
    if felt >= _LABEL_YES_FROM:
        return 1.0
    return 0.0 if felt < _LABEL_NO_BELOW else None


def _pair(moment: Moment, rater: Rater, second: float) -> dict[str, Any]:
    return {
        "annotator_id": rater.annotator_id,
        "child_id": moment.child_id,
        "session_id": moment.session_id,
        "utterance_id": moment.utterance_id,
        "second": second,
    }


def _session(moment: Moment) -> tuple[str, str]:
    return moment.child_id, moment.session_id


def _picture(moment: Moment) -> tuple[str, str, float]:
    return moment.child_id, moment.session_id, moment.second
