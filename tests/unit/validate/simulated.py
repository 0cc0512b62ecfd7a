"""Corpora made at the level of scores: what is aligned is known, raters err at known rates."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import expit, logit

from egoalign.validate.calibration import Labelled, labelled_pairs
from egoalign.validate.prevalence import Moments


@dataclass(frozen=True)
class Design:
    """How corpora are made: scores are normal given the truth, about a child's own level."""

    children: int = 20
    moments: int = 300
    judged: int = 12
    mean: float = float(logit(0.2))
    child_sd: float = 0.6
    level_sd: float = 0.006
    scores: tuple[float, float, float] = (0.22, 0.25, 0.015)
    sensitivity: float = 0.85
    specificity: float = 0.93
    unsure: float = 0.1
    raters: int = 3

    @property
    def prevalence(self) -> float:
        """Expected share of aligned moments: the logistic of a normal, by quadrature."""
        x, w = np.polynomial.hermite_e.hermegauss(60)
        return float(w @ expit(self.mean + self.child_sd * x) / w.sum())


def corpus(rng: np.random.Generator, design: Design) -> tuple[Labelled, Moments, np.ndarray]:
    """Return judged pairs, sampled by score within children, the moments, and the pairs' truth."""
    child, truth, score = [], [], []
    low, high, sd = design.scores
    for c in range(design.children):
        n = int(rng.integers(design.moments // 2, 2 * design.moments))
        aligned = rng.random(n) < expit(design.mean + design.child_sd * rng.normal())
        level = design.level_sd * rng.normal()
        child.append(np.full(n, c))
        truth.append(aligned)
        score.append(np.where(aligned, high, low) + level + sd * rng.normal(size=n))
    child, truth, score = (np.concatenate(part) for part in (child, truth, score))
    stratum = np.searchsorted(np.quantile(score, [0.5, 0.8, 0.95]), score)
    inclusion, chosen = np.zeros(len(score)), []
    for c in range(design.children):
        for k in range(4):
            rows = np.flatnonzero((child == c) & (stratum == k))
            n = min(design.judged // 4, len(rows))
            if n:
                inclusion[rows] = n / len(rows)
                chosen.append(rng.choice(rows, n, replace=False))
    chosen = np.sort(np.concatenate(chosen))
    counts = answers(rng, truth[chosen], design)
    labelled = labelled_pairs(score[chosen, None], child[chosen], counts, 1 / inclusion[chosen])
    moments = Moments(score[:, None], child, np.ones(len(score)), design.children)
    return labelled, moments, truth[chosen]


def answers(rng: np.random.Generator, truth: np.ndarray, design: Design) -> np.ndarray:
    """Return how often each pair was given no, unsure, yes: (pairs, 1, 3)."""
    counts = np.zeros((len(truth), 1, 3))
    yes = np.where(truth, design.sensitivity, 1 - design.specificity)
    for _ in range(design.raters):
        unsure = rng.random(len(truth)) < design.unsure
        said = np.where(unsure, 1, np.where(rng.random(len(truth)) < yes, 2, 0))
        counts[np.arange(len(truth)), 0, said] += 1
    return counts
