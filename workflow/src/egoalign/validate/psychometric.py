"""The psychometric curve: how people's choices follow a model's score, with intervals."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from egoalign.validate.curves import Alternatives, ChoiceModel, Curve, fit, logistic
from egoalign.validate.measures import ENOUGH_CLUSTERS, finite, joined

FEWEST_ITEMS = 10
CURVE_POINTS = 50
CHUNK = 400_000
"""Numbers of outcomes held at once when many samples are fitted together."""

PARAMETERS = ("threshold", "slope", "lapse")
ONLY_RIGHT = "which distractor was chosen is not known: right or wrong is used"


@dataclass(frozen=True)
class Choices:
    """Choices of people between m alternatives, by item and annotator.

    Attributes
    ----------
    chosen : numpy.ndarray
        0 the true pair, else the number of the distractor, or 1 where it is only known that the
        choice was wrong; NaN not asked. Shape (items, annotators).
    cosines : numpy.ndarray
        Shape (items, m), the true pair first; NaN where a distractor has none.
    identity : bool
        Whether it is known which distractor was chosen.
    """

    chosen: np.ndarray
    cosines: np.ndarray
    identity: bool

    @property
    def score(self) -> np.ndarray:
        """Cosine of the true pair, shape (items,)."""
        return np.asarray(self.cosines[:, 0])

    @property
    def margin(self) -> np.ndarray:
        """Score less the greatest cosine of a distractor, shape (items,)."""
        return np.asarray(self.cosines[:, 0] - self.cosines[:, 1:].max(axis=1))

    def take(self, kept: np.ndarray) -> Choices:
        """Return the items `kept`, bool of shape (items,)."""
        return Choices(self.chosen[kept], self.cosines[kept], self.identity)


Terms = dict[str, np.ndarray]
"""Each parameter, and the curve at each point, by name; shape (samples,)."""


def psychometric(choices: Choices, predictor: str, samples: int, seed: int) -> list[dict[str, Any]]:
    """Return how people's choices follow a model's score: rows of table psychometric.

    Intervals allow for items and annotators. Each is resampled by itself, and so are single
    answers; the distance of an end of the interval from the estimate is the root of (that by
    items)^2 + (that by annotators)^2 - (that by single answers)^2, since the noise of single
    answers is in both of the first two (the sum of variances of Cameron, Gelbach & Miller 2011,
    taken for each end of the percentile intervals).

    Parameters
    ----------
    choices : Choices
        Answers to the items.
    predictor : str
        ``score`` or ``margin``: `Curve` over it; ``alternatives``: the model `Alternatives`.
    samples, seed : int
        Of the bootstrap.

    Returns
    -------
    list of dict
        Rows without model_id and choice: of kind ``parameter`` (threshold, slope, lapse, guess)
        and of kind ``line``. Where nothing can be fitted, one row says why.
    """
    needed = choices.score if predictor == "score" else choices.margin
    choices = choices.take(np.isfinite(needed) & np.isfinite(choices.chosen).any(axis=1))
    asked = np.isfinite(choices.chosen)
    common = {
        "predictor": predictor,
        "n_items": asked.shape[0],
        "n_answers": int(asked.sum()),
        "n_annotators": int(asked.any(axis=0).sum()),
    }
    x = choices.score if predictor == "score" else choices.margin
    reason = _no_curve(x)
    if reason:
        term = "slope" if predictor == "alternatives" else "threshold"
        return [{"kind": "parameter", "term": term, "note": reason, **common}]
    guess = 1 / choices.cosines.shape[1]
    model, terms = _model(choices, predictor, x, guess)
    # Without identity 'chosen' holds 0 and 1 only, and so it must for right or wrong.
    n_outcomes = choices.cosines.shape[1] if _by_identity(choices, predictor) else 2
    outcome = np.minimum(choices.chosen, n_outcomes - 1)
    best = fit(model, _counts(outcome, n_outcomes)[None])
    estimate = {name: float(value[0]) for name, value in terms(best).items()}
    rng = np.random.default_rng(seed)
    ways = {
        way: _resampled(way, rng, samples, outcome, n_outcomes, model, best[0], terms)
        for way in ("items", "annotators", "answers")
        if way != "annotators" or common["n_annotators"] > 1
    }
    rows = [
        _row(term, value, ways, common, samples, choices, predictor)
        for term, value in estimate.items()
    ]
    fixed = {"kind": "parameter", "term": "guess", "estimate": guess, "note": "fixed"} | common
    n_parameters = sum(term in PARAMETERS for term in estimate)
    return [*rows[:n_parameters], fixed, *rows[n_parameters:]]


def _no_curve(x: np.ndarray) -> str | None:
    if x.size < FEWEST_ITEMS:
        return f"fewer than {FEWEST_ITEMS} items with an answer and a score"
    return "all items have the same score" if np.ptp(x) == 0 else None


def _by_identity(choices: Choices, predictor: str) -> bool:
    return predictor == "alternatives" and choices.identity


def _model(
    choices: Choices, predictor: str, x: np.ndarray, guess: float
) -> tuple[ChoiceModel, Callable[[np.ndarray], Terms]]:
    """Return the model, and what its parameters mean on the scale of the score."""
    if predictor == "alternatives":
        spread = float(choices.cosines.std())

        def alternatives(at: np.ndarray) -> Terms:
            return {"slope": at[:, 0] / spread, "lapse": logistic(at[:, 1])}

        scaled = (choices.cosines - choices.cosines.mean()) / spread
        return Alternatives(scaled, not choices.identity), alternatives
    centre, spread = float(x.mean()), float(x.std())
    points = np.linspace(x.min(), x.max(), CURVE_POINTS)
    drawn = Curve((points - centre) / spread, guess)

    def curve(at: np.ndarray) -> Terms:
        with np.errstate(divide="ignore", invalid="ignore"):
            threshold = np.where(at[:, 1] > 0, -at[:, 0] / at[:, 1], np.nan)
        line = drawn.probabilities(at)[:, 0]
        return {
            "threshold": centre + spread * threshold,
            "slope": at[:, 1] / spread,
            "lapse": logistic(at[:, 2]),
            **{f"{point:.6g}": line[:, k] for k, point in enumerate(points)},
        }

    return Curve((x - centre) / spread, guess), curve


def _counts(outcome: np.ndarray, n_outcomes: int) -> np.ndarray:
    """Return how often each outcome was chosen for each item, shape (outcomes, items)."""
    return np.stack([(outcome == k).sum(axis=1) for k in range(n_outcomes)]).astype(float)


def _resampled(
    way: str,
    rng: np.random.Generator,
    samples: int,
    outcome: np.ndarray,
    n_outcomes: int,
    model: ChoiceModel,
    start: np.ndarray,
    terms: Callable[[np.ndarray], Terms],
) -> Terms:
    """Return every term in each bootstrap sample of items, annotators or single answers."""
    parts = []
    at_once = max(1, CHUNK // max(outcome.shape[0] * n_outcomes, int(np.isfinite(outcome).sum())))
    for first in range(0, samples, at_once):
        counts = _draw(way, rng, min(at_once, samples - first), outcome, n_outcomes)
        parts.append(terms(fit(model, counts, start)))
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _draw(
    way: str, rng: np.random.Generator, samples: int, outcome: np.ndarray, n_outcomes: int
) -> np.ndarray:
    """Return the counts of bootstrap samples, shape (samples, outcomes, items)."""
    n_items, n_annotators = outcome.shape
    if way == "items":
        times = rng.multinomial(n_items, np.full(n_items, 1 / n_items), size=samples)
        return np.asarray(times[:, None, :] * _counts(outcome, n_outcomes))
    if way == "annotators":
        chances = np.full(n_annotators, 1 / n_annotators)
        times = rng.multinomial(n_annotators, chances, size=samples).astype(float)
        given = [(outcome == k).astype(float) for k in range(n_outcomes)]
        return np.stack([times @ one.T for one in given], axis=1)
    item, annotator = np.nonzero(np.isfinite(outcome))
    cell = outcome[item, annotator].astype(int) * n_items + item
    size = n_items * n_outcomes
    drawn = cell[rng.integers(cell.size, size=(samples, cell.size))]
    drawn += np.arange(samples)[:, None] * size
    counts = np.bincount(drawn.ravel(), minlength=samples * size)
    return counts.reshape(samples, n_outcomes, n_items).astype(float)


def _row(
    term: str,
    value: float,
    ways: Mapping[str, Terms],
    common: Mapping[str, Any],
    samples: int,
    choices: Choices,
    predictor: str,
) -> dict[str, Any]:
    """Return one row with its interval."""
    undefined = sum(int(np.isnan(way[term]).sum()) for way in ways.values())
    ends = None
    # As many as the percentiles leave out on one side; with more the interval has no end there.
    if np.isfinite(value) and undefined <= 0.025 * samples:
        ends = _ends(value, term, ways)
    n_annotators = common["n_annotators"]
    over = f"{common['n_items']} items"
    if n_annotators > 1:
        over += f" and {n_annotators} annotators"
    is_parameter = term in PARAMETERS
    notes: list[str | None] = []
    if is_parameter:
        if not np.isfinite(value):
            notes.append("not defined: people are not more often right where it is higher")
        elif undefined:
            notes.append(f"not defined in {undefined} of {samples * len(ways)} samples")
        if predictor == "alternatives" and not choices.identity:
            notes.append(ONLY_RIGHT)
        if n_annotators == 1:
            notes.append("one annotator: the interval knows no differences between people")
        elif n_annotators < ENOUGH_CLUSTERS:
            notes.append(f"only {n_annotators} annotators: the interval is rough")
    return {
        "kind": "parameter" if is_parameter else "line",
        "term": term,
        "estimate": finite(value),
        "ci_low": ends[0] if ends else None,
        "ci_high": ends[1] if ends else None,
        "interval": f"percentile bootstrap over {over}, {samples} samples" if ends else None,
        "note": joined(notes),
        **common,
    }


def _ends(estimate: float, term: str, ways: Mapping[str, Terms]) -> tuple[float, float]:
    """Return the ends of the interval, within what the term can be."""
    away = {
        way: np.abs(np.nanquantile(terms[term], [0.025, 0.975]) - estimate)
        for way, terms in ways.items()
    }
    half = away["items"]
    if "annotators" in away:
        people = away["annotators"]
        both = half**2 + people**2 - away["answers"] ** 2
        half = np.sqrt(np.maximum(both, np.maximum(half, people) ** 2))
    low, high = float(estimate - half[0]), float(estimate + half[1])
    return (low, high) if term in ("threshold", "slope") else (max(low, 0.0), min(high, 1.0))
