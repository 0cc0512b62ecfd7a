"""The criterion of a Gaussian mixed model at given covariance factors, and its derivatives.

Notation: V = I + Z S Z' with S block diagonal, T T' in each level of a term; theta holds the lower
triangles T. One term is eliminated level by level, since its levels do not meet; what it leaves of
the others is a dense matrix with one Cholesky factor (Bates et al. 2015, section 5.4, in another
order). Derivatives: Harville (1977, J. Am. Stat. Assoc. 72); the average of observed and expected
information: Gilmour, Thompson & Cullis (1995, Biometrics 51), here of the profiled criterion and
with the term that comes of S being quadratic in theta.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from egoalign.log import UserError
from egoalign.vary.elimination import Factor, plan_elimination, row_partners
from egoalign.vary.sums import Block, Sums
from egoalign.vary.terms import Reals

if TYPE_CHECKING:
    from scipy import sparse

LARGEST = 12_000
"""Random effects that may be left after one term is eliminated: three matrices of 1.2 GB."""

ELIMINATION_COST = 30.0
"""What a product of two sparse elements costs, in those of a Cholesky factor."""

PAIRS_AT_ONCE = 5_000_000
"""Pairs of entries of an eliminated level's row that are looked at together."""

FLOOR = 1e-5
"""Least diagonal of T where derivatives are taken, for they need its inverse."""


class Eliminated:
    """The order of elimination and the parts of Z'Z in that order.

    Parameters
    ----------
    sums : Sums
        The model.
    first : int, optional
        The term to eliminate; without it, the one that makes an evaluation cheapest.

    Attributes
    ----------
    first : int
        The term that is eliminated.
    rest : list of int
        The others.
    """

    def __init__(self, sums: Sums, first: int | None = None) -> None:
        self.sums = sums
        if first is None:
            first = int(np.argmin([self._cost(number) for number in range(len(sums.blocks))]))
        self.first = first
        self.rest = [number for number in range(len(sums.blocks)) if number != self.first]
        self.block = sums.blocks[self.first]
        self.rest_blocks, start = [], 0
        for number in self.rest:
            block = sums.blocks[number]
            self.rest_blocks.append(Block(start, block.q, block.k))
            start += block.size
        self.r = start
        if self.r > LARGEST:
            raise UserError(
                f"model too large: {self.r} random effects are left when the largest grouping "
                f"factor is taken apart, at most {LARGEST} fit into memory; leave out a grouping "
                "factor with many levels, or bootstrap over sessions instead"
            )
        rows = np.arange(self.block.start, self.block.start + self.block.size)
        parts = [np.arange(sums.q)[sums.blocks[number].columns] for number in self.rest]
        others = np.concatenate(parts) if parts else np.zeros(0, np.int64)
        self.rows, self.others = rows, others
        self.across: sparse.csr_array = sums.zz[rows][:, others].tocsr()
        self.within = self._own_blocks(sums.zz[rows][:, rows])
        self.left = sums.zz[others][:, others].tocsr()
        self.plan = plan_elimination(self._pattern())

    def _pattern(self) -> sparse.csr_array:
        """Return ones where what is left may have entries, whatever the factors, shape (r, r)."""
        from scipy import sparse

        across = self._whole_levels(self.across, [self.block], self.rest_blocks)
        left = self._whole_levels(self.left, self.rest_blocks, self.rest_blocks)
        pattern = (across.T @ across + left + sparse.eye_array(self.r)).tocsr()
        pattern.data[:] = 1.0
        return pattern

    def _whole_levels(
        self, matrix: sparse.csr_array, rows: list[Block], columns: list[Block]
    ) -> sparse.csr_array:
        """Return a matrix's pattern where all effects of a level meet if one does."""
        from scipy import sparse

        def level(blocks: list[Block]) -> sparse.csr_array:
            parts = [np.ones((block.k, block.k)) for block in blocks for _ in range(block.q)]
            if all(block.k == 1 for block in blocks):
                return sparse.eye_array(sum(block.q for block in blocks), format="csr")
            return sparse.block_diag(parts, format="csr")

        ones = sparse.csr_array(
            (np.ones(matrix.nnz), matrix.indices, matrix.indptr), shape=matrix.shape
        )
        return level(rows) @ ones @ level(columns)

    def _cost(self, number: int) -> float:
        """Return about what an evaluation costs if this term is eliminated."""
        block, zz = self.sums.blocks[number], self.sums.zz
        own = np.diff(zz.indptr)[block.columns].astype(np.float64) - block.k
        return float((self.sums.q - block.size) ** 3 / 3 + ELIMINATION_COST * np.square(own).sum())

    def _own_blocks(self, own: sparse.csr_array) -> Reals:
        """Return the k x k blocks of the eliminated term's levels, shape (q, k, k)."""
        q, k = self.block.q, self.block.k
        found = own.tocoo()
        blocks = np.zeros((q, k, k))
        blocks[found.row // k, found.row % k, found.col % k] = found.data
        return blocks


def factors_of(theta: Reals, blocks: tuple[Block, ...]) -> list[Reals]:
    """Return each term's T, lower triangular, from theta (column by column)."""
    factors, place = [], 0
    for block in blocks:
        factor = np.zeros((block.k, block.k))
        for column in range(block.k):
            number = block.k - column
            factor[column:, column] = theta[place : place + number]
            place += number
        factors.append(factor)
    return factors


def theta_places(blocks: tuple[Block, ...]) -> list[tuple[int, int, int]]:
    """Return (term, row, column) of each element of theta."""
    return [
        (term, row, column)
        for term, block in enumerate(blocks)
        for column in range(block.k)
        for row in range(column, block.k)
    ]


@dataclass(frozen=True)
class Derivatives:
    """Derivatives of the profiled criterion.

    Attributes
    ----------
    gradient : numpy.ndarray
        By theta, shape (m,).
    hessian : numpy.ndarray
        By theta, approximately, shape (m, m).
    """

    gradient: Reals
    hessian: Reals


class Penalised:
    """The model at one theta.

    Parameters
    ----------
    order : Eliminated
        The model.
    theta : numpy.ndarray
        Lower triangles of T, shape (m,).
    reml : bool
        Restricted likelihood.
    """

    def __init__(self, order: Eliminated, theta: Reals, reml: bool) -> None:
        self.order, self.theta, self.reml = order, theta, reml
        self.sums = sums = order.sums
        self.factors = factors_of(theta, sums.blocks)
        own = self.factors[order.first]
        inner = own.T @ order.within @ own + np.eye(order.block.k)
        self.roots = np.linalg.cholesky(inner)
        half = np.linalg.solve(self.roots, np.broadcast_to(own.T, inner.shape))
        self.eliminated = half.transpose(0, 2, 1) @ half
        log_det = 2 * float(np.log(np.diagonal(self.roots, axis1=1, axis2=2)).sum())
        self.scale = self._scale_of_the_rest()
        self.coupling = self._times(order.across @ self.scale, half)
        self.factor = Factor(order.plan, self._what_is_left())
        self.log_det_v = log_det + self.factor.log_det

        self.solved = self.solve(sums.zy)
        inner_products = sums.yy - sums.zy.T @ self.solved
        self.p = p = sums.p
        self.x_information = inner_products[:p, :p]
        self.x_inverse = np.linalg.inv(self.x_information) if p else np.zeros((0, 0))
        self.b = self.x_inverse @ inner_products[:p, p]
        self.rest = max(
            float(inner_products[p, p] - inner_products[:p, p] @ self.b), np.finfo(float).tiny
        )
        self.nu = sums.n - (p if reml else 0)
        self.sigma2 = self.rest / self.nu
        log_det_x = (
            float(np.linalg.slogdet(self.x_information)[1]) + 2 * sums.log_det_basis if p else 0.0
        )
        self.log_dets = self.log_det_v + (log_det_x if reml else 0.0)
        self.criterion = self.log_dets + self.nu * (
            1 + np.log(2 * np.pi * self.sigma2) + 2 * np.log(sums.y_scale)
        )

    def _times(self, matrix: sparse.csr_array, blocks: Reals) -> sparse.csr_array:
        """Return the block diagonal matrix of `blocks` (q, k, k) times a sparse matrix."""
        from scipy import sparse

        q, k, _ = blocks.shape
        if k == 1:
            scaled = matrix.copy()
            scaled.data = matrix.data * np.repeat(blocks.ravel(), np.diff(matrix.indptr))
            return scaled
        pointers = np.arange(q + 1)
        return sparse.csr_array(sparse.bsr_array((blocks, pointers[:-1], pointers)) @ matrix)

    def _scale_of_the_rest(self) -> sparse.csr_array:
        """Return T of the terms that are left, rows as in Z, columns in the plan's order."""
        from scipy import sparse

        order = self.order
        widths, columns, values = [np.zeros(1, int)], [], []
        for number, block in zip(order.rest, order.rest_blocks, strict=True):
            places = order.plan.places[block.columns].reshape(block.q, 1, block.k)
            widths.append(np.full(block.size, block.k))
            columns.append(np.broadcast_to(places, (block.q, block.k, block.k)).ravel())
            values.append(np.tile(self.factors[number].ravel(), block.q))
        return sparse.csr_array(
            (
                np.concatenate(values) if values else np.zeros(0),
                np.concatenate(columns) if columns else np.zeros(0, int),
                np.cumsum(np.concatenate(widths)),
            ),
            shape=(order.r, order.r),
        )

    def _what_is_left(self) -> Reals:
        """Return T'Z'ZT + I for the terms that are left, less what is eliminated, shape (r, r)."""
        product = self.coupling.T.tocsr() @ self.coupling  # rows in C's order
        product.data *= -1
        left: Reals = product.toarray()
        own = (self.scale.T @ self.order.left @ self.scale).tocoo()
        left[own.row, own.col] += own.data
        left[np.diag_indices_from(left)] += 1.0
        return left

    def solve(self, right: Reals) -> Reals:
        """Return (S^-1 + Z'Z)^-1 times the right-hand sides, shape (q, m); S may be singular."""
        order = self.order
        q, k = order.block.q, order.block.k
        own = right[order.rows].reshape(q, k, -1)
        first = (self.eliminated @ own).reshape(q * k, -1)
        out = np.empty_like(right)
        left = right[order.others] - order.across.T @ first
        others = self.scale @ self.factor.solve(self.scale.T @ left)
        out[order.others] = others
        met = (order.across @ others).reshape(q, k, -1)
        out[order.rows] = first - (self.eliminated @ met).reshape(q * k, -1)
        return out

    @cached_property
    def _inverse(self) -> Reals:
        """The inverse of what is left where effects meet, in the plan's order, shape (r, r)."""
        return self.factor.inverse()

    @cached_property
    def _weights(self) -> sparse.csr_array:
        """Minus the conditional means of the eliminated effects by those left, in units of T."""
        return self._times(self.coupling, np.linalg.inv(self.roots).transpose(0, 2, 1))

    def _own_blocks(self, number: int) -> Reals:
        """Return the k x k blocks of the inverse of each level of a term that is left."""
        block = self.order.rest_blocks[self.order.rest.index(number)]
        places = self.order.plan.places[block.columns].reshape(block.q, block.k)
        return np.asarray(self._inverse[places[:, :, None], places[:, None, :]])

    @cached_property
    def shares(self) -> list[Reals]:
        """T' Z' V^-1 Z T summed over each term's levels, (k, k) each: I less the inverse."""
        order = self.order
        q, k = order.block.q, order.block.k
        inverse = np.linalg.inv(self.roots)
        total = (inverse.transpose(0, 2, 1) @ inverse).sum(axis=0)
        for a in range(k):
            rows = self._weights[a::k]
            for b in range(a + 1):
                product = (rows.T.tocsr() @ self._weights[b::k]).tocoo()
                met = float(product.data @ self._inverse[product.row, product.col])
                total[a, b] += met
                if b < a:
                    total[b, a] += met
        found = [np.zeros(0)] * len(self.sums.blocks)
        found[order.first] = q * np.eye(k) - total
        for number in order.rest:
            block = self.sums.blocks[number]
            found[number] = block.q * np.eye(block.k) - self._own_blocks(number).sum(axis=0)
        return found

    def level_covariances(self) -> list[Reals]:
        """Return the conditional covariance of each level's effects, in units of sigma squared.

        One array a term, shape (q, k, k).
        """
        order = self.order
        q, k = order.block.q, order.block.k
        inverse = np.linalg.inv(self.roots)
        own = inverse.transpose(0, 2, 1) @ inverse
        weights = self._weights
        counts = np.diff(weights.indptr)[::k].astype(np.int64)
        begin = 0
        while begin < q:
            pairs = np.cumsum(np.square(counts[begin:]))
            end = begin + max(1, int(np.searchsorted(pairs, PAIRS_AT_ONCE, side="right")))
            rows = weights[begin * k : end * k]
            columns = rows[::k].indices
            by_effect = [rows[a::k] for a in range(k)]
            repeats, partners = row_partners(counts[begin:end])
            met = self._inverse[np.repeat(columns, repeats), columns[partners]]
            level = np.repeat(np.arange(end - begin), np.square(counts[begin:end]))
            for a in range(k):
                left = np.repeat(by_effect[a].data, repeats) * met
                for b in range(k):
                    own[begin:end, a, b] += np.bincount(
                        level, left * by_effect[b].data[partners], minlength=end - begin
                    )
            begin = end
        found: list[Reals] = [np.zeros(0)] * len(self.sums.blocks)
        found[order.first] = own
        for number in order.rest:
            found[number] = self._own_blocks(number)
        return [factor @ part @ factor.T for factor, part in zip(self.factors, found, strict=True)]

    @cached_property
    def vx(self) -> Reals:
        """Z' V^-1 [X, y], shape (q, p + 1)."""
        return self.sums.zy - self.sums.zz @ self.solved

    def blocks_of(self, values: Reals) -> list[Reals]:
        """Return each term's part of a q-vector, shape (q, k)."""
        return [values[block.columns].reshape(block.q, block.k) for block in self.sums.blocks]

    @cached_property
    def left_over(self) -> Reals:
        """Z' V^-1 (y - X b), shape (q,)."""
        return self.vx[:, self.p] - self.vx[:, : self.p] @ self.b

    def _by_covariances(self, variance: float) -> tuple[list[Reals], list[Reals]]:
        """Return the derivatives of the criterion by each term's S, and those times its T.

        The determinant's part is found from `shares` through the inverse of T, once for the
        second and twice for the first: the second is exact also where T is nearly singular.

        Parameters
        ----------
        variance : float
            Residual variance, in the sums' unit.
        """
        by_s, by_t = [], []
        for share, own, factor, block in zip(
            self.shares,
            self.blocks_of(self.left_over),
            self.factors,
            self.sums.blocks,
            strict=True,
        ):
            inverse = np.linalg.inv(factor)
            of_determinant = inverse.T @ share
            rest = -own.T @ own / variance
            if self.reml and self.p:
                part = self.vx[block.columns, : self.p].reshape(block.q, block.k, self.p)
                rest -= np.einsum("lap,pr,lbr->ab", part, self.x_inverse, part, optimize=True)
            by_t.append(of_determinant + rest @ factor)
            whole = of_determinant @ inverse + rest
            by_s.append((whole + whole.T) / 2)
        return by_s, by_t

    def directions(self) -> Reals:
        """Return dS/dtheta times Z' V^-1 (y - X b), for each element of theta, shape (q, m)."""
        parts = self.blocks_of(self.left_over)
        places = theta_places(self.sums.blocks)
        out = np.zeros((self.sums.q, len(places)))
        for i, (term, a, b) in enumerate(places):
            own, factor = parts[term], self.factors[term]
            change = own[:, a : a + 1] * factor[:, b]
            change[:, a] += own @ factor[:, b]
            out[self.sums.blocks[term].columns, i] = change.ravel()
        return out

    def derivatives(self, sigma2: float | None = None) -> Derivatives:
        """Return gradient and approximate Hessian in theta.

        Parameters
        ----------
        sigma2 : float, optional
            Residual variance, in the sums' unit; without it, the profiled criterion.
        """
        places = theta_places(self.sums.blocks)
        variance = self.sigma2 if sigma2 is None else sigma2
        by_s, by_t = self._by_covariances(variance)
        gradient = np.array([2 * by_t[t][a, b] for t, a, b in places])
        ways = self.directions()
        met = self.sums.zz @ ways
        average = ways.T @ met - met.T @ self.solve(met)
        if self.reml and self.p:
            seen = ways.T @ self.vx[:, : self.p]
            average -= seen @ self.x_inverse @ seen.T
        hessian = average / variance
        if sigma2 is None:
            along = ways.T @ self.left_over
            hessian -= np.outer(along, along) / (self.nu * variance**2)
        for i, (t, a, b) in enumerate(places):
            for j, (u, c, d) in enumerate(places):
                if t == u and b == d:
                    hessian[i, j] += 2 * by_s[t][a, c]
        return Derivatives(gradient, hessian)
