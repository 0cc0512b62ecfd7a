"""The step `measure-reliability`: whether people agree, and how steadily each of them answers."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np

from egoalign.config import ValidateOptions, parse_section
from egoalign.log import logger
from egoalign.resample import Clusters
from egoalign.tables import JUDGMENTS, RELIABILITY, read_table, write_table
from egoalign.validate.cells import FORCED_CHOICES, KINDS
from egoalign.validate.measures import NO_INTERVAL, Interval, cluster_interval, finite, joined
from egoalign.validate.reliability import (
    SPLITS,
    Answers,
    Level,
    cohen_kappa,
    fleiss_kappa,
    krippendorff_alpha,
    split_halves,
    variance_parts,
)

FEWEST_PLAIN = 5
"""Plain items that an annotator must have answered for a lapse rate."""

FEWEST_OTHERS = 2
FEWEST_TRIALS = 10
MOST_VALUES = 200
"""With more distinct answers alpha has no interval, since each sample would take too long."""

FEW_ANSWERS = "not estimable: fewer than two items with two answers"
NO_VARIATION = "not defined: all answers are equal, or too few to tell items from annotators"
NO_TRIALS = "not estimable: neither trial_no nor timestamp is given"
MANY_VALUES = f"more than {MOST_VALUES} distinct answers: no interval"
UNSURE = -1.0
"""Stands for unsure where it counts as an answer of its own."""


@dataclass(frozen=True)
class Ratings:
    """All answers of one kind.

    Attributes
    ----------
    kind : str
    items, annotators : list of str
    matrix : numpy.ndarray
        Right (1) or wrong (0), ratings, or labels with unsure missing, shape (items, annotators).
    unsure : numpy.ndarray
        Which labels were unsure, bool of the same shape.
    trials : numpy.ndarray
        Place of each answer among the annotator's, NaN where not known, same shape.
    alternatives : numpy.ndarray
        To choose from, shape (items,); in labels 2.
    """

    kind: str
    items: list[str]
    annotators: list[str]
    matrix: np.ndarray
    unsure: np.ndarray
    trials: np.ndarray
    alternatives: np.ndarray


def ratings_of(kind: str, judgments: Sequence[Mapping[str, Any]]) -> Ratings:
    """Gather the answers of a kind from rows of table judgments."""
    rows = [row for row in judgments if row["kind"] == kind]
    items = list(dict.fromkeys(row["item_id"] for row in rows))
    annotators = sorted({row["annotator_id"] for row in rows})
    place = {item: k for k, item in enumerate(items)}
    who = {annotator: k for k, annotator in enumerate(annotators)}
    shape = (len(items), len(annotators))
    matrix, trials = np.full(shape, np.nan), np.full(shape, np.nan)
    unsure, alternatives = np.zeros(shape, dtype=bool), np.full(len(items), 2.0)
    for row in rows:
        at = place[row["item_id"]], who[row["annotator_id"]]
        answer = row["correct"] if kind in FORCED_CHOICES else row["answer"]
        matrix[at] = np.nan if answer is None else float(answer)
        unsure[at] = kind == "label" and answer is None
        trials[at] = np.nan if row.get("trial_no") is None else row["trial_no"]
        if kind in FORCED_CHOICES:
            alternatives[at[0]] = 1 + len(json.loads(row["distractors"]))
    return Ratings(kind, items, annotators, matrix, unsure, trials, alternatives)


def reliability(
    judgments: Sequence[Mapping[str, Any]], options: ValidateOptions
) -> list[dict[str, Any]]:
    """Return rows of table reliability.

    Parameters
    ----------
    judgments : sequence of mapping
        Rows of table judgments.
    options : ValidateOptions
        Bootstrap samples and seed.
    """
    rows: list[dict[str, Any]] = []
    for kind in KINDS:
        ratings = ratings_of(kind, judgments)
        if ratings.items:
            parts = (_agreement, _pairs, _lapses, _drifts)
            rows += [{"kind": kind, **row} for part in parts for row in part(ratings, options)]
    return rows


def _agreement(ratings: Ratings, options: ValidateOptions) -> Iterator[dict[str, Any]]:
    """Yield what all annotators' answers to all items say."""
    answers = Answers.of(ratings.matrix)
    few_values = answers.values.size <= MOST_VALUES
    levels: tuple[Level, ...] = (
        ("nominal", "ordinal", "interval") if ratings.kind == "rating" else ("nominal",)
    )
    for level in levels:
        yield _of_items(
            f"alpha_{level}",
            answers,
            partial(krippendorff_alpha, answers, level),
            options,
            with_interval=few_values,
        )
    if ratings.kind == "label":
        three = Answers.of(np.where(ratings.unsure, UNSURE, ratings.matrix))
        yield _of_items(
            "alpha_nominal_with_unsure",
            three,
            partial(krippendorff_alpha, three, "nominal"),
            options,
        )
    k = float(answers.n_items / (1 / answers.per_item).sum()) if answers.n_items else 1.0
    for measure, times in (("icc_2_1", 1.0), ("icc_2_k", k)):
        row = _of_items(
            measure,
            answers,
            partial(_icc, answers.matrix, times),
            options,
        )
        if measure == "icc_2_k" and row["estimate"] is not None:
            row["note"] = joined([f"of the mean of k = {k:.3g} answers", row["note"]])
        yield row
    yield _of_items("fleiss_kappa", answers, partial(fleiss_kappa, answers), options)
    halves = split_halves(answers, SPLITS, options.seed)
    yield _of_items("split_half", answers, halves.reliability, options)
    yield _of_items("noise_ceiling", answers, halves.ceiling, options, (0.0, 1.0))


def _icc(matrix: np.ndarray, times: float, weights: np.ndarray) -> float:
    return variance_parts(matrix, weights).icc(times)


def _of_items(
    measure: str,
    answers: Answers,
    function: Callable[[np.ndarray], float],
    options: ValidateOptions,
    bounds: tuple[float, float] = (-np.inf, 1.0),
    with_interval: bool = True,
) -> dict[str, Any]:
    """Return a row of a measure, with an interval over items, the annotators being given."""
    n = answers.n_items
    if n < 2:
        return _row(measure, "all", float("nan"), NO_INTERVAL, answers.matrix, [FEW_ANSWERS])
    estimate = function(np.ones(n))
    if not np.isfinite(estimate):
        return _row(measure, "all", estimate, NO_INTERVAL, answers.matrix, [NO_VARIATION])
    if not with_interval:
        return _row(measure, "all", estimate, NO_INTERVAL, answers.matrix, [MANY_VALUES])
    clusters = Clusters("items", np.arange(n), n)
    interval = cluster_interval(function, clusters, options.bootstraps, options.seed, bounds)
    return _row(measure, "all", estimate, interval, answers.matrix)


def _pairs(ratings: Ratings, _: ValidateOptions) -> Iterator[dict[str, Any]]:
    """Yield Cohen's kappa of each two annotators with an item in common, and the mean of all."""
    found = []
    for i, j in combinations(range(len(ratings.annotators)), 2):
        both = np.isfinite(ratings.matrix[:, [i, j]]).all(axis=1)
        if not both.any():
            continue
        pair = ratings.matrix[both][:, [i, j]]
        kappa = cohen_kappa(pair[:, 0], pair[:, 1])
        who = f"{ratings.annotators[i]} & {ratings.annotators[j]}"
        notes = [] if np.isfinite(kappa) else ["not defined: both gave one answer to all"]
        found.append((kappa, len(pair), _row("cohen_kappa", who, kappa, NO_INTERVAL, pair, notes)))
    known = [(kappa, n) for kappa, n, _ in found if np.isfinite(kappa)]
    n_all = sum(n for _, n in known)
    mean = sum(kappa * n for kappa, n in known) / n_all if known else float("nan")
    notes = (
        [f"mean of {len(known)} pairs, by their items in common"]
        if known
        else ["not estimable: no two annotators with an item in common and different answers"]
    )
    yield _row("cohen_kappa", "all", mean, NO_INTERVAL, ratings.matrix, notes)
    yield from (row for *_, row in found)


def _lapses(ratings: Ratings, options: ValidateOptions) -> Iterator[dict[str, Any]]:
    """Yield the rate at which annotators fail plain items, stepped up for lucky guesses.

    An item is plain to an annotator if at least two others answered it, all right, or in labels all
    alike. The failures are m / (m - 1) times as many for the guesses that went well.
    """
    if ratings.kind == "rating":
        return
    there = np.isfinite(ratings.matrix)
    plain, failed = np.zeros_like(there), np.zeros_like(there)
    for k in range(len(ratings.annotators)):
        others = np.delete(ratings.matrix, k, axis=1)
        n = np.isfinite(others).sum(axis=1)
        low, high = (
            function(np.where(np.isfinite(others), others, empty), axis=1, initial=empty)
            for function, empty in ((np.min, np.inf), (np.max, -np.inf))
        )
        alike = (low == high) & (low == 1 if ratings.kind in FORCED_CHOICES else True)
        plain[:, k] = there[:, k] & (n >= FEWEST_OTHERS) & alike
        failed[:, k] = plain[:, k] & (ratings.matrix[:, k] != high)
    step_up = ratings.alternatives / (ratings.alternatives - 1)
    rates = failed * step_up[:, None]
    used = plain.sum(axis=0) >= FEWEST_PLAIN

    def pooled(counts: np.ndarray) -> float:
        n = float(counts @ plain[:, used].sum(axis=0))
        return float(counts @ rates[:, used].sum(axis=0)) / n if n else float("nan")

    few = f"not estimable: fewer than {FEWEST_PLAIN} items that all others were right on"
    if ratings.kind == "label":
        few = f"not estimable: fewer than {FEWEST_PLAIN} items that all others labelled alike"
    yield _of_people("lapse", ratings, used, pooled, (0.0, 1.0), options, few)
    for k, annotator in enumerate(ratings.annotators):
        own = ratings.matrix[plain[:, k], k][:, None]
        if not used[k]:
            yield _row("lapse", annotator, float("nan"), NO_INTERVAL, own, [few])
            continue
        by = float(step_up[plain[:, k]].mean())
        interval = _binomial(int(failed[:, k].sum()), int(plain[:, k].sum()), by)
        rate = float(rates[plain[:, k], k].mean())
        yield _row("lapse", annotator, min(rate, 1.0), interval, own)


def _binomial(k: int, n: int, by: float) -> Interval:
    """Return the exact interval of a share (Clopper & Pearson 1934), stepped up."""
    from scipy.special import betaincinv

    low = float(betaincinv(k, n - k + 1, 0.025)) if k else 0.0
    high = float(betaincinv(k + 1, n - k, 0.975)) if k < n else 1.0
    return Interval(min(low * by, 1.0), min(high * by, 1.0), "Clopper-Pearson")


def _drifts(ratings: Ratings, options: ValidateOptions) -> Iterator[dict[str, Any]]:
    """Yield how much answers change from an annotator's first trial to the last.

    It is the least-squares slope, over trials counted from 0 (the first) to 1 (the last), of the
    answer less the mean of the others' answers to the item.
    """
    there = np.isfinite(ratings.matrix)
    n = there.sum(axis=1, keepdims=True) - there
    sums = np.where(there, ratings.matrix, 0).sum(axis=1, keepdims=True)
    others = np.full(there.shape, np.nan)
    np.divide(sums - np.where(there, ratings.matrix, 0), n, out=others, where=n > 0)
    away = ratings.matrix - others
    lines = [_line(ratings.trials[:, k], away[:, k]) for k in range(len(ratings.annotators))]
    used = np.array([line is not None for line in lines])
    spread, product = (
        np.array([line[part] if line else 0.0 for line in lines])[used] for part in (0, 1)
    )

    def pooled(counts: np.ndarray) -> float:
        total = float(counts @ spread)
        return float(counts @ product) / total if total > 0 else float("nan")

    few = f"not estimable: fewer than {FEWEST_TRIALS} answers to items that others answered"
    if not np.isfinite(ratings.trials[there]).any():
        few = NO_TRIALS
    yield _of_people("drift", ratings, used, pooled, (-np.inf, np.inf), options, few)
    for k, annotator in enumerate(ratings.annotators):
        own = away[np.isfinite(away[:, k]) & np.isfinite(ratings.trials[:, k]), k][:, None]
        line = lines[k]
        if line is None:
            yield _row("drift", annotator, float("nan"), NO_INTERVAL, own, [few])
        else:
            yield _row("drift", annotator, line[1] / line[0], line[2], own)


def _line(trials: np.ndarray, away: np.ndarray) -> tuple[float, float, Interval] | None:
    """Return sum of squares of trials, sum of products, and the slope's t interval."""
    from scipy.special import stdtrit

    known = np.isfinite(trials) & np.isfinite(away)
    if known.sum() < FEWEST_TRIALS or np.ptp(trials[known]) == 0:
        return None
    x = (trials[known] - trials[known].min()) / np.ptp(trials[known])
    dx, dy = x - x.mean(), away[known] - away[known].mean()
    spread, product = float(dx @ dx), float(dx @ dy)
    slope, free = product / spread, int(known.sum()) - 2
    half = float(stdtrit(free, 0.975) * np.sqrt(((dy - slope * dx) ** 2).sum() / free / spread))
    return spread, product, Interval(slope - half, slope + half, f"t({free}), least squares")


def _of_people(
    measure: str,
    ratings: Ratings,
    used: np.ndarray,
    pooled: Callable[[np.ndarray], float],
    bounds: tuple[float, float],
    options: ValidateOptions,
    few: str,
) -> dict[str, Any]:
    """Return a row of a measure of all annotators together, with an interval over them."""
    n = int(used.sum())
    matrix = ratings.matrix[:, used]
    if not n:
        return _row(measure, "all", float("nan"), NO_INTERVAL, matrix, [few])
    clusters = Clusters("annotators", np.arange(n), n)
    interval = cluster_interval(pooled, clusters, options.bootstraps, options.seed, bounds)
    return _row(measure, "all", pooled(np.ones(n)), interval, matrix)


def _row(
    measure: str,
    who: str,
    estimate: float,
    interval: Interval,
    matrix: np.ndarray,
    notes: Sequence[str | None] = (),
) -> dict[str, Any]:
    """Return a row of table reliability without its kind."""
    there = np.isfinite(matrix)
    has = np.isfinite(interval.low)
    return {
        "measure": measure,
        "who": who,
        "estimate": finite(estimate),
        "ci_low": finite(interval.low),
        "ci_high": finite(interval.high),
        "n_items": int(there.any(axis=1).sum()),
        "n_answers": int(there.sum()),
        "n_annotators": int(there.any(axis=0).sum()) if who == "all" else 1 + who.count(" & "),
        "interval": interval.made if has else None,
        "note": joined([*notes, interval.caution]),
    }


def measure_reliability(judgments: Path, options_json: str, out: Path, csv: Path) -> None:
    """Read table judgments and write table reliability.

    Parameters
    ----------
    judgments : Path
        Table judgments.
    options_json : str
        Config section ``validate``.
    out, csv : Path
        Table reliability.
    """
    options = parse_section(ValidateOptions, options_json, "--options")
    rows = reliability(read_table(JUDGMENTS, judgments).to_pylist(), options)
    write_table(RELIABILITY, rows, out, csv=csv)
    lost = sum(row["note"] == FEW_ANSWERS for row in rows)
    if lost:
        logger.warning("%d measures need two answers an item and are not estimable", lost)
