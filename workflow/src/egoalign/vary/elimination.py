"""Cholesky factor and inverse of a matrix of which some rows are nearly empty, in dense storage.

Rare words meet few other effects, frequent ones nearly all. So rows with few entries are eliminated
first, in stages of rows that do not meet each other and can be eliminated at once (minimum degree:
Tinney & Walker 1967; independent sets: Leuze 1989); what remains is dense and goes to LAPACK. Of
the inverse only those entries are found at which the factor has entries, backwards through the
stages (Takahashi, Fagan & Chen 1973).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from egoalign.vary.terms import Reals

if TYPE_CHECKING:
    from scipy import sparse

PAIR_COST = 1500.0
"""Cost of a pair of entries in a stage, in floating-point operations of LAPACK (measured)."""

STAGE_COST = 2e7
"""Cost of a stage besides its pairs, in the same unit (measured)."""

STRIPE = 512
"""Rows that are mirrored at once."""

Places = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Stage:
    """Rows that do not meet each other, eliminated at once.

    Attributes
    ----------
    start, stop : int
        Places of the rows.
    rows, columns : numpy.ndarray
        Entries right of the diagonal, row by row: row from 0 and place of the column, shape (m,).
    repeats : numpy.ndarray
        Number of entries in each entry's row, shape (m,).
    partners : numpy.ndarray
        Of each entry in turn: all entries of its row, shape (sum of repeats,).
    """

    start: int
    stop: int
    rows: Places
    columns: Places
    repeats: Places
    partners: Places

    @property
    def pair_starts(self) -> Places:
        """Where the pairs of each entry begin, shape (m,)."""
        return np.cumsum(self.repeats) - self.repeats

    def pairs(self, width: int) -> Places:
        """Return the flat place of each pair of columns in a matrix of that width."""
        return np.repeat(self.columns * width, self.repeats) + self.columns[self.partners]


@dataclass(frozen=True, eq=False)
class Plan:
    """In which order rows are eliminated.

    Attributes
    ----------
    places : numpy.ndarray
        Place of each row in that order, shape (r,).
    stages : tuple of Stage
        The stages; the rows after the last one are dense.
    """

    places: Places
    stages: tuple[Stage, ...]

    @property
    def dense(self) -> int:
        """Place of the first row of the dense part."""
        return self.stages[-1].stop if self.stages else 0


def row_partners(counts: Places) -> tuple[Places, Places]:
    """Return, for each entry of rows with these counts, how many partners it has and which."""
    repeats = np.repeat(counts, counts)
    starts = np.repeat(np.cumsum(counts) - counts, counts)
    ends = np.cumsum(repeats)
    partners = np.arange(ends[-1] if ends.size else 0)
    partners -= np.repeat(ends - repeats - starts, repeats)
    return repeats, partners


def plan_elimination(pattern: sparse.csr_array) -> Plan:
    """Return the order that makes factor and inverse cheap.

    Parameters
    ----------
    pattern : scipy.sparse.csr_array
        Symmetric, shape (r, r); entries that may be other than zero, the diagonal among them.
    """
    left = np.arange(pattern.shape[0])
    order, couplings = [], []
    while left.size:
        chosen = _stage(pattern)
        if not chosen.any():
            break
        coupling = pattern[chosen][:, ~chosen]
        order.append(left[chosen])
        left = left[~chosen]
        couplings.append((np.diff(coupling.indptr), left[coupling.indices]))
        pattern = (pattern[~chosen][:, ~chosen] + coupling.T @ coupling).tocsr()
    places = np.empty(sum(map(len, order)) + left.size, dtype=np.int64)
    places[np.concatenate([*order, left])] = np.arange(places.size)
    stages, start = [], 0
    for rows, (counts, columns) in zip(order, couplings, strict=True):
        repeats, partners = row_partners(counts.astype(np.int64))
        stages.append(
            Stage(
                start,
                start + rows.size,
                np.repeat(np.arange(rows.size), counts),
                places[columns],
                repeats,
                partners,
            )
        )
        start += rows.size
    return Plan(places, tuple(stages))


def _stage(pattern: sparse.csr_array) -> NDArray[np.bool_]:
    """Return rows that do not meet each other and are cheap to eliminate; none if none are."""
    r = pattern.shape[0]
    degree = np.diff(pattern.indptr).astype(np.int64)
    gain = 3.0 * r**2 - PAIR_COST * np.square(degree - 1.0)
    rank = np.empty(r, dtype=np.int64)
    rank[np.lexsort((np.arange(r), degree))] = np.arange(r)
    open_rows = gain > 0
    chosen = np.zeros(r, dtype=bool)
    while open_rows.any():
        # A row is taken if it is the first of the open ones that it meets, itself among them.
        met = np.where(open_rows, rank, r)[pattern.indices]
        new = open_rows & (np.minimum.reduceat(met, pattern.indptr[:-1]) == rank)
        chosen |= new
        open_rows[pattern[new].indices] = False
    return chosen if gain[chosen].sum() > STAGE_COST else np.zeros(r, dtype=bool)


class Factor:
    """Factor of a positive definite matrix.

    Parameters
    ----------
    plan : Plan
        The order.
    matrix : numpy.ndarray
        Shape (r, r), in the plan's order, both triangles; overwritten.
    """

    def __init__(self, plan: Plan, matrix: Reals) -> None:
        from scipy.linalg import cholesky

        self.plan, self.r = plan, len(matrix)
        self.diagonals: list[Reals] = []
        self.values: list[Reals] = []
        flat = matrix.reshape(-1)
        self.log_det = 0.0
        for stage in plan.stages:
            diagonal = matrix.diagonal()[stage.start : stage.stop].copy()
            entries = flat[(stage.rows + stage.start) * self.r + stage.columns]
            values = entries / diagonal[stage.rows]
            products = np.repeat(entries, stage.repeats)
            products *= values[stage.partners]
            np.subtract.at(flat, stage.pairs(self.r), products)
            self.diagonals.append(diagonal)
            self.values.append(values)
            self.log_det += float(np.log(diagonal).sum())
        # Transposed: in Fortran's order, so that LAPACK need not copy.
        dense = matrix[plan.dense :, plan.dense :]
        dense = dense.copy() if plan.stages else dense
        self.dense: Reals = cholesky(dense.T, lower=True, overwrite_a=True, check_finite=False)
        self.log_det += 2 * float(np.log(np.diag(self.dense)).sum())

    @cached_property
    def _rows(self) -> list[sparse.csr_array]:
        """Each stage's values as a matrix, shape (rows, r)."""
        from scipy import sparse

        found = []
        for stage, values in zip(self.plan.stages, self.values, strict=True):
            size = stage.stop - stage.start
            pointers = np.append(0, np.cumsum(np.bincount(stage.rows, minlength=size)))
            found.append(sparse.csr_array((values, stage.columns, pointers), shape=(size, self.r)))
        return found

    def solve(self, right: Reals) -> Reals:
        """Return the matrix's inverse times `right`, shape (r, m)."""
        from scipy.linalg import cho_solve

        out = right.copy()
        for stage, rows in zip(self.plan.stages, self._rows, strict=True):
            out -= rows.T @ out[stage.start : stage.stop]
        start = self.plan.dense
        out[start:] = cho_solve((self.dense, True), out[start:], check_finite=False)
        for stage, diagonal, rows in zip(
            self.plan.stages[::-1], self.diagonals[::-1], self._rows[::-1], strict=True
        ):
            own = out[stage.start : stage.stop]
            own /= diagonal[:, None]
            own -= rows @ out
        return out

    def inverse(self) -> Reals:
        """Return the entries of the inverse where the factor has some, shape (r, r).

        Elsewhere, and not where the matrix has entries, it holds zeros.
        """
        from scipy.linalg.lapack import dpotri

        core = self.dense
        if core.size:
            lower, info = dpotri(self.dense, lower=1)
            if info:
                raise np.linalg.LinAlgError("the Cholesky factor has a zero on its diagonal")
            core = _mirrored(lower.T)
        if not self.plan.stages:
            return core
        out = np.zeros((self.r, self.r))
        out[self.plan.dense :, self.plan.dense :] = core
        flat = out.reshape(-1)
        for stage, diagonal, values in zip(
            self.plan.stages[::-1], self.diagonals[::-1], self.values[::-1], strict=True
        ):
            own = 1 / diagonal
            if values.size:
                products = flat[stage.pairs(self.r)]
                products *= values[stage.partners]
                entries = -np.add.reduceat(products, stage.pair_starts)
                out[stage.rows + stage.start, stage.columns] = entries
                out[stage.columns, stage.rows + stage.start] = entries
                own -= np.bincount(stage.rows, values * entries, minlength=own.size)
            places = np.arange(stage.start, stage.stop)
            out[places, places] = own
        return out


def _mirrored(upper: Reals) -> Reals:
    """Return a symmetric matrix of which the upper triangle is given, where it stands."""
    for begin in range(0, len(upper), STRIPE):
        end = begin + STRIPE
        upper[end:, begin:end] = upper[begin:end, end:].T
        own = np.triu(upper[begin:end, begin:end])
        upper[begin:end, begin:end] = own + np.triu(own, 1).T
    return upper
