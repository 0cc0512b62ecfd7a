"""Everything that is told of one model's probabilities, as rows of tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from egoalign.config import CalibrationOptions, ValidateOptions
from egoalign.log import progress
from egoalign.validate.calibration import (
    FITS,
    Calibrator,
    Labelled,
    Logistic,
    bins_of,
    ece_if_right,
    fold_of_children,
    measures,
    out_of_fold,
)
from egoalign.validate.prevalence import (
    Moments,
    Refit,
    calibrate,
    mean_calibrated,
    refits,
    rogan_gladen,
    whole,
    widened_interval,
)
from egoalign.validate.thresholds import choose_threshold, sort_out_of_fold, sorting

FEWEST_OF_A_CLASS = 5
"""Pairs that must be aligned, and that must not be, by the sum of their mean answers."""
FEWEST_CHILDREN = 2
FEW_CHILDREN = 15
GRID_POINTS = 101
SCORE_BARS = 40
UNIT = (0.0, 1.0)
ANY = (-np.inf, np.inf)
PREVALENCE = "prevalence"
SAMPLED = "for the population that was sampled"
ELSEWHERE = (
    "assumes that the threshold sorts the corpus's moments as it sorts the judged pairs "
    "(the same sensitivity and specificity)"
)
Row = dict[str, Any]
Key = tuple[str, str]


@dataclass(frozen=True)
class Probabilities:
    """What is told of one model.

    Attributes
    ----------
    metrics, curve : list of dict
        Rows of tables metrics and calibration_curve without model_id.
    calibrator : Calibrator or None
        Gives the probabilities of the corpus; None with a reason.
    reason : str or None
        Why there is none.
    """

    metrics: list[Row]
    curve: list[Row]
    calibrator: Calibrator | None = None
    reason: str | None = None


@dataclass(frozen=True)
class Numbers:
    """What one sample of children gives.

    Attributes
    ----------
    metrics : dict
        Value by metric and subset.
    fits : dict
        Each fit's probability along the grid of scores.
    bins : dict
        Mean response in each bin of each fit, NaN in an empty one.
    """

    metrics: dict[Key, float]
    fits: dict[str, np.ndarray]
    bins: dict[str, np.ndarray]


def no_probabilities(reason: str, n: int = 0) -> Probabilities:
    """Return a row that says why there is nothing; `n` pairs there were."""
    row = {"metric": "calibration", "subset": "all", "n": n, "note": reason}
    return Probabilities([row], [], None, reason)


def why_not(labelled: Labelled, min_pairs: int) -> str | None:
    """Return why these pairs are too few to fit anything to, or None."""
    n, children = len(labelled.means), len(np.unique(labelled.child))
    if n < min_pairs:
        return f"{n} judged pairs are scored moments of the corpus; at least {min_pairs} are needed"
    if children < FEWEST_CHILDREN:
        return f"all judged pairs are of one child; at least {FEWEST_CHILDREN} children are needed"
    yes = float(labelled.means.sum())
    if min(yes, n - yes) < FEWEST_OF_A_CLASS:
        return (
            f"by their mean answers about {yes:.0f} of {n} judged pairs are aligned; at least "
            f"{FEWEST_OF_A_CLASS} must be, and as many not"
        )
    return None


class Evidence:
    """The judged pairs with all that stays as it is in every bootstrap sample.

    Parameters
    ----------
    labelled : Labelled
        The judged pairs.
    moments : Moments
        The corpus's.
    predictors : sequence of str
        Their names, the score first.
    raters : sequence of str
        Names of the raters, where each has errors of their own, or one name for all.
    cutoffs : sequence of float
        Fixed cut-offs, reported beside the chosen threshold.
    options : ValidateOptions
        Bootstrap, seed, and section calibration.
    """

    def __init__(
        self,
        labelled: Labelled,
        moments: Moments,
        predictors: Sequence[str],
        raters: Sequence[str],
        cutoffs: Sequence[float],
        options: ValidateOptions,
    ) -> None:
        own = options.calibration
        self.labelled, self.moments, self.own = labelled, moments, own
        self.predictors, self.raters = predictors, raters
        self.full = whole(labelled, moments.children)
        response, score, weights = self.full.response, labelled.score, labelled.weights
        fold = fold_of_children(labelled.child, own.folds, options.seed)
        self.told = {n: out_of_fold(labelled, response, fit, fold) for n, fit in FITS.items()}
        self.bins = {n: bins_of(p, own.bins) for n, p in self.told.items()}
        criterion = (own.threshold_criterion, own.precision)
        self.threshold = choose_threshold(score, response, weights, *criterion)
        above, self.fold_thresholds = sort_out_of_fold(labelled, response, fold, *criterion)
        self.above: dict[str, np.ndarray] = {own.threshold_criterion: above}
        self.above |= {f"cutoff={cut:g}": score > cut for cut in cutoffs}
        if own.prevalence == "calibrated":
            self.estimator = mean_calibrated(FITS[own.fit])
            self.estimator_name = f"calibrated_{own.fit}"
        else:
            self.estimator = rogan_gladen(self.threshold)
            self.estimator_name = f"rogan_gladen_{own.threshold_criterion}"
        self.grid = self._grid()

    def numbers(self, refit: Refit) -> Numbers:
        """Return everything that one sample of children gives."""
        times = refit.counts[self.labelled.child]
        drawn, weights = times > 0, self.labelled.weights * times
        response = self.full.response
        metrics: dict[Key, float] = {}
        if refit.error is not None:
            for i, rater in enumerate(self.raters):
                metrics["rater_sensitivity", rater] = float(refit.error.sensitivity[i])
                metrics["rater_specificity", rater] = float(refit.error.specificity[i])
        fits, means = {}, {}
        for name, fit in FITS.items():
            p, bin_of = self.told[name], self.bins[name]
            good = measures(p[drawn], response[drawn], weights[drawn], bin_of[drawn])
            metrics |= {(measure, name): value for measure, value in good.items()}
            fitted = calibrate(refit, fit)
            if isinstance(fitted, Logistic):
                metrics["coefficient", "intercept"] = fitted.intercept
                for predictor, slope in zip(self.predictors, fitted.slopes, strict=True):
                    metrics["coefficient", predictor] = float(slope)
            fits[name] = fitted(self.grid)
            means[name] = _bin_means(response, weights, bin_of)
        for name, above in self.above.items():
            values = sorting(above, response, weights)
            for what, value in zip(
                ("sensitivity", "specificity", "precision"), values, strict=True
            ):
                metrics[what, name] = value
        metrics[PREVALENCE, self.estimator_name] = self.estimator(refit, self.moments)
        return Numbers(metrics, fits, means)

    def _grid(self) -> np.ndarray:
        """Return scores over those of corpus and judged pairs, other predictors at their means."""
        scores = np.concatenate([self.labelled.score, self.moments.predictors[:, 0]])
        grid = np.empty((GRID_POINTS, self.labelled.predictors.shape[1]))
        grid[:] = np.average(self.labelled.predictors, axis=0, weights=self.labelled.weights)
        grid[:, 0] = np.linspace(scores.min(), scores.max(), GRID_POINTS)
        return grid


def tell_probabilities(
    labelled: Labelled,
    moments: Moments,
    predictors: Sequence[str],
    kind: str,
    raters: Sequence[str],
    cutoffs: Sequence[float],
    options: ValidateOptions,
    notes: Sequence[str] = (),
) -> Probabilities:
    """Fit probabilities, say how good they are and what share of the moments is aligned.

    Parameters
    ----------
    labelled, moments, predictors, raters, cutoffs, options
        As in `Evidence`.
    kind : str
        label or rating; the names of subsets begin with it.
    notes : sequence of str
        What a reader must know of the pairs.
    """
    own = options.calibration
    reason = why_not(labelled, own.min_pairs)
    if reason:
        return no_probabilities("; ".join([reason, *notes]), len(labelled.means))
    evidence = Evidence(labelled, moments, predictors, raters, cutoffs, options)
    full = evidence.full
    here = evidence.numbers(full)
    again = refits(full, options.bootstraps, options.seed)
    samples = [
        evidence.numbers(refit)
        for refit in progress(again, "bootstrap samples", options.bootstraps)
    ]
    children = len(np.unique(labelled.child))
    how = (
        f"percentile bootstrap over {children} children, {options.bootstraps} samples, "
        f"widened by t({children - 1})"
    )
    caution = []
    if children < FEW_CHILDREN:
        caution = [f"only {children} children: intervals are wide, and rough"]
    if len(samples) < options.bootstraps:
        lost = options.bootstraps - len(samples)
        caution.append(f"{lost} bootstrap samples left out: raters' errors not to be had in them")
    of_pairs = [*notes, *_error_notes(labelled, full, own, kind)]

    def interval(
        estimate: float, values: Sequence[float], bounds: tuple[float, float]
    ) -> tuple[float | None, float | None]:
        low, high = widened_interval(estimate, np.array(values), children, bounds)
        return (low, high) if np.isfinite(low) else (None, None)

    chances = _chances(evidence, here, options.seed)
    n = len(labelled.means)
    rows: list[Row] = [
        {
            "metric": "judged_pairs",
            "subset": kind,
            "estimate": n,
            "n": n,
            "note": "; ".join(of_pairs) or None,
        }
    ]
    for (metric, subset), value in here.metrics.items():
        found = [sample.metrics.get((metric, subset), np.nan) for sample in samples]
        bounds = _bounds(metric)
        low, high = interval(value, found, bounds)
        remarks = caution
        if metric == PREVALENCE:
            remarks = [*_prevalence_notes(evidence, value), *of_pairs, *caution]
        rows.append(
            {
                "metric": metric,
                "subset": f"{kind}|{subset}",
                "estimate": float(np.clip(value, *bounds)) if np.isfinite(value) else None,
                "ci_low": low,
                "ci_high": high,
                "chance": chances.get((metric, subset)),
                "n": len(moments.weights) if metric == PREVALENCE else n,
                "interval": how if low is not None else None,
                "note": "; ".join(remarks) or None,
            }
        )
    rows.append(_threshold_row(evidence, kind))
    curve = [
        *_fit_rows(evidence, here, samples, interval),
        *_bin_rows(evidence, here, samples, interval),
        *_score_rows("corpus", moments.predictors[:, 0], moments.weights, evidence.grid),
        *_score_rows("judged", labelled.score, np.ones(len(labelled.means)), evidence.grid),
    ]
    return Probabilities(rows, curve, calibrate(full, FITS[own.fit]))


def _bin_means(response: np.ndarray, weights: np.ndarray, bin_of: np.ndarray) -> np.ndarray:
    """Return the mean response in each bin, NaN where nothing counts."""
    total = np.bincount(bin_of, weights)
    sums = np.bincount(bin_of, weights * response)
    return np.divide(sums, total, out=np.full(total.size, np.nan), where=total > 0)


def _bounds(metric: str) -> tuple[float, float]:
    """Return what a metric can be; only shares have their intervals made on the logit scale."""
    if metric in ("calibration_slope", "calibration_intercept", "coefficient", "brier_within"):
        return ANY
    return (0.0, np.inf) if metric.startswith(("ece", "brier", "log_loss")) else UNIT


def _chances(evidence: Evidence, here: Numbers, seed: int) -> dict[Key, float]:
    """Return what probabilities would measure that are right, or that are all the mean response."""
    response, weights = evidence.full.response, evidence.labelled.weights
    mean = float(np.clip(np.average(response, weights=weights), 1e-9, 1 - 1e-9))
    entropy = float(-mean * np.log(mean) - (1 - mean) * np.log1p(-mean))
    found: dict[Key, float] = {}
    for name in FITS:
        told, bin_of = evidence.told[name], evidence.bins[name]
        found["ece", name] = ece_if_right(told, response, weights, bin_of, seed)
        found["brier", name] = here.metrics["brier_uncertainty", name]
        found["log_loss", name] = entropy
    return found


def _error_notes(labelled: Labelled, full: Refit, own: CalibrationOptions, kind: str) -> list[str]:
    """Say whether the raters' errors are modelled, and if not why."""
    if full.error is not None:
        return []
    if labelled.counts is None:
        why = f"a {kind} on a scale is taken as it is"
    elif own.rater_error == "none":
        why = "switched off"
    elif not labelled.with_error:
        why = "fewer than 20 pairs have three answers"
    else:
        why = "answers hardly tell the pairs apart"
    return [f"raters' errors not modelled ({why}): aligned means what they said"]


def _prevalence_notes(evidence: Evidence, value: float) -> list[str]:
    """Say what the share of aligned moments rests on."""
    moments = evidence.moments
    calibrated = evidence.own.prevalence == "calibrated"
    notes = [SAMPLED if calibrated else ELSEWHERE]
    if not np.isfinite(value):
        notes.append("not defined: the threshold hardly sorts the judged pairs")
    elif not 0 <= value <= 1:
        notes.append(f"held within 0 to 1; {value:.4f} by the formula")
    score, judged = moments.predictors[:, 0], evidence.labelled.score
    beyond = (score < judged.min()) | (score > judged.max())
    share = moments.share(beyond.astype(np.float64), np.ones(moments.children))
    if calibrated and share > 0:
        notes.append(f"{100 * share:.1f} % of moments score outside the judged pairs' range")
    return notes


def _threshold_row(evidence: Evidence, kind: str) -> Row:
    """Return the chosen threshold; its spread over the folds stands in the note."""
    found = evidence.fold_thresholds[np.isfinite(evidence.fold_thresholds)]
    spread = "no cut-off meets the criterion"
    if found.size:
        spread = f"{found.min():.4f} to {found.max():.4f} over {found.size} folds"
    return {
        "metric": "threshold",
        "subset": f"{kind}|{evidence.own.threshold_criterion}",
        "estimate": evidence.threshold if np.isfinite(evidence.threshold) else None,
        "n": len(evidence.labelled.means),
        "note": spread,
    }


def _fit_rows(
    evidence: Evidence, here: Numbers, samples: Sequence[Numbers], interval: Any
) -> list[Row]:
    """Return both fits along the scores."""
    rows = []
    for name, values in here.fits.items():
        for place, (score, value) in enumerate(zip(evidence.grid[:, 0], values, strict=True)):
            found = [sample.fits[name][place] for sample in samples]
            rows.append(_point("fit", name, place, score, value, interval(value, found, UNIT)))
            rows[-1]["n"] = len(evidence.labelled.means)
    return rows


def _bin_rows(
    evidence: Evidence, here: Numbers, samples: Sequence[Numbers], interval: Any
) -> list[Row]:
    """Return each bin's mean probability and share aligned."""
    rows = []
    for name, values in here.bins.items():
        bin_of, weights = evidence.bins[name], evidence.labelled.weights
        told = _bin_means(evidence.told[name], weights, bin_of)
        for place, (x, value) in enumerate(zip(told, values, strict=True)):
            found = [sample.bins[name][place] for sample in samples]
            ends = interval(value, found, ANY)
            rows.append(_point("bin", name, place, x, value, ends))
            rows[-1]["n"] = int(np.sum(bin_of == place))
    return rows


def _score_rows(name: str, score: np.ndarray, weights: np.ndarray, grid: np.ndarray) -> list[Row]:
    """Return the bars of a histogram of scores."""
    edges = np.linspace(grid[0, 0], grid[-1, 0], SCORE_BARS + 1)
    shares = np.histogram(score, edges, weights=weights)[0] / weights.sum()
    numbers = np.histogram(score, edges)[0]
    middles = (edges[1:] + edges[:-1]) / 2
    return [
        _point("scores", name, i, middles[i], shares[i], (None, None)) | {"n": int(numbers[i])}
        for i in range(SCORE_BARS)
    ]


def _point(
    kind: str,
    name: str,
    place: int,
    x: float,
    y: float,
    ends: tuple[float | None, float | None],
) -> Row:
    return {
        "kind": kind,
        "name": name,
        "place": place,
        "x": float(x),
        "y": float(y),
        "ci_low": ends[0],
        "ci_high": ends[1],
    }
