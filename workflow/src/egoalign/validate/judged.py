"""Judgments as answers to "is this pair aligned?": labels or ratings, never forced choices.

A forced choice asks which of four pairs fits best. One of them is chosen even if none fits, so that
it says nothing of how often pairs are aligned.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from egoalign.config import ValidateOptions
from egoalign.log import UserError

LABEL, RATING = "label", "rating"
UNSURE = 0.5


@dataclass
class JudgedPair:
    """An utterance with a picture, and what each rater said, from 0 (no) to 1 (yes).

    Attributes
    ----------
    child_id, session_id, utterance_id, second
        As in table judgments.
    answers : list of (str, float)
        Rater and answer.
    weight : float or None
        How many pairs of the population it stands for, 1 / its inclusion probability, where known.
    """

    child_id: str
    session_id: str
    utterance_id: str
    second: float
    weight: float | None = None
    answers: list[tuple[str, float]] = field(default_factory=list)


@dataclass(frozen=True)
class Judged:
    """The pairs of the one kind of judgment that is used, or why there are none.

    Attributes
    ----------
    kind : str
        label or rating.
    pairs : list of JudgedPair
        Each with an answer.
    reason : str or None
        Why nothing can be fitted.
    """

    kind: str
    pairs: list[JudgedPair]
    reason: str | None = None

    @property
    def are_yes_or_no(self) -> bool:
        """Whether every answer is no, unsure or yes, so that raters' errors can be modelled."""
        return all(a in (0.0, UNSURE, 1.0) for pair in self.pairs for _, a in pair.answers)


def judged_pairs(judgments: Iterable[Mapping[str, Any]], options: ValidateOptions) -> Judged:
    """Return the pairs with labels, or with ratings, by the options.

    A label is 1, 0 or missing, which is "unsure" and counts half. A rating is 1 or 0 by the cut, or
    its share of the way from the scale's lowest to its highest value; a missing one is no answer.

    Parameters
    ----------
    judgments : iterable of mapping
        Rows of table judgments, which may have a weight.
    options : ValidateOptions
        What to take.

    Raises
    ------
    UserError
        A rating lies outside the scale.
    """
    own, rows = options.calibration, list(judgments)
    labels = _gather(row for row in rows if row["kind"] == LABEL)
    if own.answers == LABEL or (own.answers == "auto" and len(labels) >= own.min_pairs):
        return _enough(LABEL, labels, own.min_pairs)
    ratings = [row for row in rows if row["kind"] == RATING and row["answer"] is not None]
    if ratings and own.rating_cut is None and options.rating_scale is None:
        if own.answers == RATING or not labels:
            return Judged(
                RATING,
                [],
                "ratings need validate.rating_scale or calibration.rating_cut to be read as "
                "aligned or not",
            )
        ratings = []
    rated = _gather({**row, "answer": _rating(row, options)} for row in ratings)
    if own.answers == RATING or len(rated) >= own.min_pairs:
        return _enough(RATING, rated, own.min_pairs)
    kind, pairs = max(((LABEL, labels), (RATING, rated)), key=lambda found: len(found[1]))
    if not pairs:
        return Judged(kind, [], "no labels or ratings; forced choices are not used")
    return _enough(kind, pairs, own.min_pairs)


def answer_counts(pairs: Sequence[JudgedPair], each_rater: bool) -> np.ndarray:
    """Count how often each rater said no, unsure and yes to each pair.

    Parameters
    ----------
    pairs : sequence of JudgedPair
        With answers of 0, 0.5 and 1 only.
    each_rater : bool
        Keep raters apart; else they are summed up as one.

    Returns
    -------
    numpy.ndarray
        Shape (pairs, raters, 3).
    """
    names = sorted({rater for pair in pairs for rater, _ in pair.answers}) if each_rater else [""]
    place = {name: i for i, name in enumerate(names)}
    counts = np.zeros((len(pairs), len(names), 3))
    for i, pair in enumerate(pairs):
        for rater, value in pair.answers:
            counts[i, place[rater if each_rater else ""], round(2 * value)] += 1
    return counts


def raters_of(pairs: Sequence[JudgedPair]) -> list[str]:
    """Return who answered, in order."""
    return sorted({rater for pair in pairs for rater, _ in pair.answers})


def _enough(kind: str, pairs: list[JudgedPair], least: int) -> Judged:
    """Return the pairs, with a reason where they are too few."""
    if len(pairs) >= least:
        return Judged(kind, pairs)
    return Judged(kind, pairs, f"{len(pairs)} pairs with a {kind}; at least {least} are needed")


def _gather(rows: Iterable[Mapping[str, Any]]) -> list[JudgedPair]:
    """Return the items with all answers to each, in the order in which they first occur."""
    pairs: dict[str, JudgedPair] = {}
    for row in rows:
        pair = pairs.setdefault(
            row["item_id"],
            JudgedPair(
                row["child_id"],
                row["session_id"],
                row["utterance_id"],
                row["second"],
                row.get("weight"),
            ),
        )
        answer = UNSURE if row["answer"] is None else float(row["answer"])
        pair.answers.append((row["annotator_id"], answer))
    return list(pairs.values())


def _rating(row: Mapping[str, Any], options: ValidateOptions) -> float:
    """Return a rating as a number from 0 to 1."""
    if options.calibration.rating_cut is not None:
        return float(row["answer"] >= options.calibration.rating_cut)
    assert options.rating_scale is not None
    low, high = options.rating_scale
    if not low <= row["answer"] <= high:
        raise UserError(
            f"rating {row['answer']:g} of item {row['item_id']!r} by {row['annotator_id']!r}: "
            f"outside validate.rating_scale [{low:g}, {high:g}]; correct either"
        )
    return float((row["answer"] - low) / (high - low))
