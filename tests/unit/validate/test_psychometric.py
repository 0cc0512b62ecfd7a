"""Psychometric curves: what made the answers is found again, and intervals hold it."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize

from egoalign.config import ValidateOptions
from egoalign.tables import PSYCHOMETRIC, conform
from egoalign.validate.curves import LAPSE_PRIOR, LINE_PRIOR_SD, Alternatives, Curve, fit
from egoalign.validate.items import Item
from egoalign.validate.model import choices_of, curves
from egoalign.validate.psychometric import ONLY_RIGHT, Choices, psychometric

THRESHOLD, SLOPE, LAPSE = 0.24, 120.0, 0.06


def expit(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def people(
    seed: int, n_items: int = 150, n_annotators: int = 24, per_item: int = 6, differ: float = 0.0
) -> Choices:
    """Return right and wrong choices of people who follow the score by a known curve.

    With `differ`, annotators' thresholds have this standard deviation, in standard deviations of
    the score.
    """
    rng = np.random.default_rng(seed)
    score = rng.normal(0.23, 0.015, n_items)
    own = THRESHOLD + differ * 0.015 * rng.normal(size=n_annotators)
    found = expit(SLOPE * (score[:, None] - own))
    right = rng.random(found.shape) < 0.25 + 0.75 * (1 - LAPSE) * found
    asked = rng.random(found.shape).argsort(axis=1).argsort(axis=1) < per_item
    cosines = np.column_stack([score, rng.normal(0.2, 0.01, (n_items, 3))])
    return Choices(np.where(asked, 1.0 - right, np.nan), cosines, False)


def choosers(seed: int, n_items: int = 150, slope: float = 100.0) -> Choices:
    """Return choices by a softmax of all four cosines, with lapses."""
    rng = np.random.default_rng(seed)
    cosines = rng.normal(0.22, 0.02, (n_items, 4))
    share = np.exp(slope * (cosines - cosines.max(axis=1, keepdims=True)))
    p = LAPSE / 4 + (1 - LAPSE) * share / share.sum(axis=1, keepdims=True)
    edges = np.cumsum(p, axis=1)[:, None, :3]
    chosen = (rng.random((n_items, 6, 1)) > edges).sum(axis=2).astype(float)
    return Choices(chosen, cosines, True)


def parameters(rows: list[dict]) -> dict[str, dict]:
    return {row["term"]: row for row in rows if row["kind"] == "parameter"}


@pytest.mark.parametrize("kind", ["curve", "alternatives", "only_right"])
def test_the_fit_is_the_optimum_that_a_general_optimiser_finds(kind: str) -> None:
    rng = np.random.default_rng(2511)
    z = rng.normal(size=40)
    cosines = rng.normal(size=(40, 4))
    model = Curve(z, 0.25) if kind == "curve" else Alternatives(cosines, kind == "only_right")
    n_outcomes = 4 if kind == "alternatives" else 2
    counts = rng.multinomial(6, [1 / n_outcomes] * n_outcomes, size=(3, 40)).transpose(0, 2, 1)

    def loss(at: np.ndarray, own: np.ndarray) -> float:
        """Minus the log posterior, written out by itself."""
        *line, lapse = at
        rate = expit(lapse)
        if kind == "curve":
            right = 0.25 + 0.75 * (1 - rate) * expit(line[0] + line[1] * z)
            p = np.stack([right, 1 - right])
        else:
            share = np.exp(line[0] * cosines)
            p = (rate / 4 + (1 - rate) * share / share.sum(axis=1, keepdims=True)).T
            p = np.stack([p[0], p[1:].sum(axis=0)]) if kind == "only_right" else p
        prior = LAPSE_PRIOR[0] * np.log(rate) + LAPSE_PRIOR[1] * np.log(1 - rate)
        prior -= np.sum(np.square(line)) / (2 * LINE_PRIOR_SD**2)
        return -float((own * np.log(p)).sum() + prior)

    for at, own in zip(fit(model, counts.astype(float)), counts, strict=True):
        general = minimize(loss, model.start, args=(own,), method="Nelder-Mead", tol=1e-9)
        assert loss(at, own) <= general.fun + 1e-6


@pytest.mark.parametrize("only_right", [False, True])
def test_slopes_are_derivatives(only_right: bool) -> None:
    rng = np.random.default_rng(2511)
    for model, at in (
        (Curve(rng.normal(size=5), 0.25), np.array([[0.3, 1.2, -2.0]])),
        (Alternatives(rng.normal(size=(5, 4)), only_right), np.array([[0.8, -2.0]])),
    ):
        slopes = model.slopes(at)
        for k in range(at.shape[1]):
            step = np.zeros_like(at)
            step[0, k] = 1e-6
            change = model.probabilities(at + step) - model.probabilities(at - step)
            np.testing.assert_allclose(slopes[:, k], change / 2e-6, atol=1e-8)
        np.testing.assert_allclose(model.probabilities(at).sum(axis=1), 1.0)


def recovered(runs: int) -> np.ndarray:
    """Return threshold, slope and lapse rate from so many sets of answers."""
    rows = []
    for seed in range(runs):
        choices = people(seed)
        x = choices.score
        z = (x - x.mean()) / x.std()
        right = (choices.chosen == 0).sum(axis=1)
        counts = np.stack([right, 6 - right])[None].astype(float)
        a, b, lapse = fit(Curve(z, 0.25), counts)[0]
        rows.append([x.mean() - x.std() * a / b, b / x.std(), expit(lapse)])
    return np.array(rows)


def test_the_planted_curve_is_recovered() -> None:
    """The mean over 100 sets lies near the truth: bias below a quarter of one set's spread."""
    found = recovered(100)
    bias = found.mean(axis=0) - [THRESHOLD, SLOPE, LAPSE]
    assert (np.abs(bias) < found.std(axis=0) / 4).all()
    assert abs(bias[0]) < 0.0003


def test_which_distractor_was_chosen_tells_more() -> None:
    full = choosers(2511)
    half = Choices(np.minimum(full.chosen, 1), full.cosines, False)
    rows = [parameters(psychometric(one, "alternatives", 200, 1)) for one in (full, half)]
    widths = [row["slope"]["ci_high"] - row["slope"]["ci_low"] for row in rows]
    assert widths[0] < widths[1]
    for row in rows:
        assert row["slope"]["ci_low"] < 100 < row["slope"]["ci_high"]
        assert row["guess"]["estimate"] == 0.25
    assert ONLY_RIGHT not in (rows[0]["slope"]["note"] or "")
    assert ONLY_RIGHT in rows[1]["slope"]["note"]


def test_rows_conform_and_the_line_rises_within_its_band() -> None:
    rows = [
        {"model_id": "m", "choice": "choose_image", **row}
        for predictor in ("score", "margin", "alternatives")
        for row in psychometric(people(1), predictor, 100, 1)
    ]
    conform(PSYCHOMETRIC, rows)
    line = [row for row in rows if row["kind"] == "line" and row["predictor"] == "score"]
    assert len(line) == 50
    height = [row["estimate"] for row in line]
    assert height == sorted(height)
    assert all(row["ci_low"] <= row["estimate"] <= row["ci_high"] for row in line)
    assert all(row["ci_low"] >= 0 and row["ci_high"] <= 1 for row in line)
    assert all(float(row["term"]) for row in line)


def test_people_who_differ_widen_the_interval() -> None:
    alike = parameters(psychometric(people(3), "score", 300, 1))["threshold"]
    unlike = parameters(psychometric(people(3, differ=1.0), "score", 300, 1))["threshold"]
    width = [row["ci_high"] - row["ci_low"] for row in (alike, unlike)]
    assert width[1] > 1.3 * width[0]


def guessers(seed: int) -> Choices:
    """Return the choices of people who do not look."""
    base = people(seed)
    wrong = (np.random.default_rng(1000 + seed).random(base.chosen.shape) > 0.25).astype(float)
    return Choices(np.where(np.isfinite(base.chosen), wrong, np.nan), base.cosines, False)


def test_people_who_guess_have_no_threshold() -> None:
    rows = parameters(psychometric(guessers(1), "score", 100, 1))
    assert rows["threshold"]["ci_low"] is None
    assert "not defined" in rows["threshold"]["note"]


@pytest.mark.full
def test_people_who_guess_seldom_seem_to_follow_the_score() -> None:
    """Of 40 sets of guesses at most 6 have a slope whose 95 % interval leaves out 0.

    More than 6 would have a probability of 0.3 % at the nominal 5 %.
    """
    away = 0
    for seed in range(40):
        row = parameters(psychometric(guessers(seed), "score", 100, 1))["slope"]
        away += not row["ci_low"] < 0 < row["ci_high"]
    assert away <= 6


def test_people_who_are_never_wrong_above_a_score_have_a_finite_slope() -> None:
    score = np.linspace(0.2, 0.3, 40)
    chosen = np.tile((score < 0.25).astype(float)[:, None], (1, 5))
    cosines = np.column_stack([score, np.full((40, 3), 0.2)])
    rows = parameters(psychometric(Choices(chosen, cosines, False), "score", 100, 1))
    assert np.isfinite(rows["slope"]["estimate"])
    assert rows["threshold"]["estimate"] == pytest.approx(0.25, abs=0.01)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda c: c.take(np.arange(150) < 9), "fewer than 10 items with an answer and a score"),
        (
            lambda c: Choices(c.chosen, np.full_like(c.cosines, 0.2), False),
            "all items have the same score",
        ),
    ],
)
def test_what_cannot_be_fitted_says_why(change: object, reason: str) -> None:
    (row,) = psychometric(change(people(1)), "score", 100, 1)
    assert (row["kind"], row["note"]) == ("parameter", reason)


def test_one_annotator_is_said_to_be_one() -> None:
    rows = parameters(psychometric(people(1, n_annotators=1, per_item=1), "score", 100, 1))
    assert rows["slope"]["interval"] == "percentile bootstrap over 150 items, 100 samples"
    assert "one annotator" in rows["slope"]["note"]


def test_choices_are_gathered_from_items() -> None:
    def item(number: int, chosen: dict[str, int]) -> Item:
        made = Item("choose_image", f"i{number}", "kim", "s", "u", 0.0, [["kim", "s", 1.0]] * 3)
        made.answers = {"a1": 1.0, "a2": 0.0}
        made.chosen = chosen
        made.score, made.margin, made.cosines = 0.3, 0.1, [0.3, 0.2, 0.1, 0.0]
        return made

    (known,) = choices_of([item(1, {"a1": 0, "a2": 3})])
    assert known.chosen.tolist() == [[0, 3]]
    assert known.identity
    assert known.margin.tolist() == [pytest.approx(0.1)]
    (unknown,) = choices_of([item(1, {"a1": 0, "a2": 3}), item(2, {"a1": 0})])
    assert unknown.chosen.tolist() == [[0, 1], [0, 1]]
    assert not unknown.identity
    without = item(3, {})
    without.cosines = []
    (one,) = choices_of([without])
    assert np.isnan(one.cosines[0, 1:]).all()
    assert np.isnan(one.margin).all()
    assert curves([], ValidateOptions()) == []


@pytest.mark.full
@pytest.mark.parametrize("differ", [0.0, 0.5])
def test_intervals_hold_the_planted_parameters(differ: float) -> None:
    """Over 150 sets of answers, 90 to 99 % of the nominal 95 % intervals hold the truth.

    With annotators whose thresholds differ, the curve over all of them is another one, flatter;
    the threshold is the same.
    """
    hits = {"threshold": 0, "slope": 0, "lapse": 0}
    runs = 150
    for seed in range(runs):
        rows = parameters(psychometric(people(seed, differ=differ), "score", 200, seed))
        for term, truth in (("threshold", THRESHOLD), ("slope", SLOPE), ("lapse", LAPSE)):
            low, high = rows[term]["ci_low"], rows[term]["ci_high"]
            hits[term] += low is not None and low <= truth <= high
    kept = ["threshold"] if differ else list(hits)
    assert {term: 0.90 <= hits[term] / runs <= 0.99 for term in kept} == dict.fromkeys(
        kept, True
    ), hits
