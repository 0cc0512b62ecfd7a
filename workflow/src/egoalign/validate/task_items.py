"""Which utterances people are asked about: a sample by score with known chances."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from egoalign.config import TaskOptions


@dataclass(frozen=True)
class Sample:
    """Utterances drawn from a population, in random order.

    Attributes
    ----------
    rows : numpy.ndarray
        int64: positions in the population.
    probability : numpy.ndarray
        Chance of each to be in the sample, given the phases before (see `sample`).
    stratum : numpy.ndarray
        int64: stratum by score of each, from 0.
    strata : list of dict
        Of each stratum: its lowest and highest score, and how many utterances it has in the
        population, after each phase of thinning, and in the sample.
    """

    rows: NDArray[np.int64]
    probability: NDArray[np.float64]
    stratum: NDArray[np.int64]
    strata: list[dict[str, float]]


def sample(
    score: ArrayLike,
    child: ArrayLike,
    minute: ArrayLike,
    options: TaskOptions,
    rng: np.random.Generator,
) -> Sample:
    """Draw utterances in three phases, each a simple random sample within groups.

    Strata are cut at quantiles of the whole population. Phase 1 keeps `max_per_minute` utterances
    of each minute of a recording; phase 2 keeps, of each child, an equal part of `max_per_child`
    in each stratum; phase 3 draws equal numbers from the strata. The product of the three chances,
    each given the phase before, weights without bias (Saerndal, Swensson & Wretman 1992, section
    9.3: the estimator of multi-phase sampling).

    Parameters
    ----------
    score : array_like
        Finite scores of the population, shape (n,).
    child, minute : array_like
        Integers: the child, and the minute of one recording, shape (n,).
    options : TaskOptions
        Numbers and caps.
    rng : numpy.random.Generator
        Draws.
    """
    score = np.asarray(score, np.float64)
    stratum = np.searchsorted(np.quantile(score, options.score_cuts), score, side="right")
    n_strata = len(options.score_cuts) + 1
    by_child = np.asarray(child, np.int64) * n_strata + stratum
    rows = np.arange(score.size)
    probability = np.ones(score.size)
    sizes = [np.bincount(stratum, minlength=n_strata)]

    def draw(group: NDArray[np.int64], most: NDArray[np.int64] | int) -> None:
        nonlocal rows
        kept, chance = draw_within(group[rows], most, rng)
        probability[rows] *= chance
        rows = rows[kept]
        sizes.append(np.bincount(stratum[rows], minlength=n_strata))

    draw(np.asarray(minute, np.int64), options.max_per_minute)
    share = even_parts(options.max_per_child, np.full(n_strata, options.max_per_child))
    draw(by_child, share[stratum[rows]])
    draw(stratum, even_parts(options.n_items, sizes[-1])[stratum[rows]])
    rows = rng.permutation(rows)
    names = ("n_population", "n_after_minutes", "n_after_children", "n_sampled")
    strata = [
        {"stratum": h, **_range(score[stratum == h])}
        | {name: int(size[h]) for name, size in zip(names, sizes, strict=True)}
        for h in range(n_strata)
    ]
    return Sample(rows, probability[rows], stratum[rows], strata)


def draw_within(
    group: NDArray[np.int64], most: NDArray[np.int64] | int, rng: np.random.Generator
) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Draw at most so many of each group, all of a group with equal chances.

    Parameters
    ----------
    group : numpy.ndarray
        int64, shape (n,).
    most : numpy.ndarray or int
        How many of its group at most, the same for all of a group.
    rng : numpy.random.Generator
        Draws.

    Returns
    -------
    numpy.ndarray
        bool, shape (n,): which were drawn.
    numpy.ndarray
        Chance of each to be drawn: most over the size of its group, or 1.
    """
    if not group.size:
        return np.zeros(0, bool), np.zeros(0)
    _, code, size = np.unique(group, return_inverse=True, return_counts=True)
    order = np.lexsort((rng.random(group.size), code))
    rank = np.empty(group.size, np.int64)
    rank[order] = np.arange(group.size) - np.repeat(np.cumsum(size) - size, size)
    return rank < most, np.minimum(1.0, most / size[code])


def even_parts(total: int, most: Sequence[int] | NDArray[np.int64]) -> NDArray[np.int64]:
    """Part a number as evenly as the most that each may have allows; the last get what is over."""
    limits = np.asarray(most, np.int64)
    parts = np.zeros(limits.size, np.int64)
    left = min(total, int(limits.sum()))
    while left:
        room = np.flatnonzero(parts < limits)
        each = left // room.size
        taken = room if each else room[room.size - left :]
        parts[taken] = np.minimum(parts[taken] + max(each, 1), limits[taken])
        left = min(total, int(limits.sum())) - int(parts.sum())
    return parts


def _range(scores: NDArray[np.float64]) -> dict[str, float]:
    if not scores.size:
        return {}
    return {"score_low": float(scores.min()), "score_high": float(scores.max())}
