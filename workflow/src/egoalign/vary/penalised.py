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
from egoalign.vary.sums import Block, Sums
from egoalign.vary.terms import Reals

if TYPE_CHECKING:
    from scipy import sparse

LARGEST = 12_000
"""Random effects that may be left after one term is eliminated: three matrices of 1.2 GB."""

ELIMINATION_COST = 30.0
"""What a product of two sparse elements costs, in those of a Cholesky factor."""

STRIPE = 512
"""Rows that are mirrored at once."""

FLOOR = 1e-5
"""Least diagonal of T where derivatives are taken; see `Penalised.traces`."""


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
        self.left = sums.zz[others][:, others]

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
    """Gradient of the profiled criterion, shape (m,), and an approximate Hessian, (m, m)."""

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
        self.eliminated = own @ np.linalg.solve(inner, np.broadcast_to(own.T, inner.shape))
        log_det = float(np.linalg.slogdet(inner)[1].sum())
        self.cholesky = self._factorise()
        if order.r:
            log_det += 2 * float(np.log(np.diag(self.cholesky)).sum())
        self.log_det_v = log_det

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
        self.log_dets = log_det + (log_det_x if reml else 0.0)
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

    def _schur(self) -> Reals:
        """Return what the eliminated term leaves of the others' Z'Z, shape (r, r)."""
        across = self.order.across
        left: Reals = self.order.left.toarray()
        left -= (across.T.tocsr() @ self._times(across, self.eliminated)).toarray()
        return left

    def _scaled(self, matrix: Reals, transposed: bool) -> Reals:
        """Return T'M (or T M) for the rows of the terms that are left, shape (r, m)."""
        out = np.empty_like(matrix)
        for number, block in zip(self.order.rest, self.order.rest_blocks, strict=True):
            factor = self.factors[number]
            part = matrix[block.columns]
            if block.k == 1:
                out[block.columns] = part * factor[0, 0]
                continue
            by_level = part.reshape(block.q, block.k, -1)
            product = (factor.T if transposed else factor) @ by_level
            out[block.columns] = product.reshape(part.shape)
        return out

    def _factorise(self) -> Reals:
        """Return the Cholesky factor of T'HT + I for the terms that are left."""
        from scipy.linalg import cholesky

        if not self.order.r:
            return np.zeros((0, 0))
        scaled = self._between_factors(self._schur(), True)
        scaled[np.diag_indices_from(scaled)] += 1.0
        # In Fortran's order, so that LAPACK need not copy; the matrix is symmetric.
        factor: Reals = cholesky(scaled.T, lower=True, overwrite_a=True, check_finite=False)
        return factor

    def _between_factors(self, matrix: Reals, transposed: bool) -> Reals:
        """Turn a symmetric (r, r) matrix M into T'M T (or T M T') where it stands; return it."""
        scale = np.ones(len(matrix))
        for number, block in zip(self.order.rest, self.order.rest_blocks, strict=True):
            factor = self.factors[number]
            if block.k == 1:
                scale[block.columns] = factor[0, 0]
                continue
            left = factor.T if transposed else factor
            rows = matrix[block.columns].reshape(block.q, block.k, -1)
            matrix[block.columns] = (left @ rows).reshape(block.size, -1)
            columns = matrix[:, block.columns].reshape(-1, block.q, block.k)
            matrix[:, block.columns] = (columns @ left.T).reshape(-1, block.size)
        matrix *= scale[:, None]
        matrix *= scale
        return matrix

    def solve(self, right: Reals) -> Reals:
        """Return (S^-1 + Z'Z)^-1 times the right-hand sides, shape (q, m); S may be singular."""
        from scipy.linalg import cho_solve

        order = self.order
        q, k = order.block.q, order.block.k
        own = right[order.rows].reshape(q, k, -1)
        first = (self.eliminated @ own).reshape(q * k, -1)
        out = np.empty_like(right)
        if order.r:
            left = right[order.others] - order.across.T @ first
            inner = cho_solve((self.cholesky, True), self._scaled(left, True), check_finite=False)
            others = self._scaled(inner, False)
            out[order.others] = others
            met = (order.across @ others).reshape(q, k, -1)
            first = first - (self.eliminated @ met).reshape(q * k, -1)
        out[order.rows] = first
        return out

    def _invert(self) -> Reals:
        """Return the inverse of T'HT + I, shape (r, r)."""
        from scipy.linalg.lapack import dpotri

        inverse, info = dpotri(self.cholesky, lower=1)
        if info:
            raise np.linalg.LinAlgError("the Cholesky factor has a zero on its diagonal")
        full: Reals = inverse.T
        for begin in range(0, len(full), STRIPE):
            end = begin + STRIPE
            full[end:, begin:end] = full[begin:end, end:].T
            own = np.triu(full[begin:end, begin:end])
            full[begin:end, begin:end] = own + np.triu(own, 1).T
        return full

    @cached_property
    def inverses(self) -> tuple[dict[int, Reals], Reals]:
        """Sums over levels of the blocks of (T'HT + I)^-1, and T (T'HT + I)^-1 T', shape (r, r).

        The first by term, shape (k, k) each; the second is the conditional covariance of the
        effects that are left, over sigma squared.
        """
        if not self.order.r:
            return {}, np.zeros((0, 0))
        inverse = self._invert()
        sums = {number: self.own_blocks(number, inverse).sum(axis=0) for number in self.order.rest}
        return sums, self._between_factors(inverse, False)

    def own_blocks(self, number: int, matrix: Reals) -> Reals:
        """Return the k x k diagonal blocks of a left-over term's levels, shape (q, k, k)."""
        block = self.order.rest_blocks[self.order.rest.index(number)]
        places = (np.arange(block.q) * block.k)[:, None, None] + block.start
        inner = np.arange(block.k)
        return matrix[places + inner[:, None], places + inner]

    @cached_property
    def vx(self) -> Reals:
        """Z' V^-1 [X, y], shape (q, p + 1)."""
        return self.sums.zy - self.sums.zz @ self.solved

    @cached_property
    def traces(self) -> list[Reals]:
        """Sum over each term's levels of its blocks of Z' V^-1 Z, shape (k, k) each.

        For the eliminated term directly; for the others by (I - M^-1) between the inverses of T,
        which must not be singular.
        """
        order = self.order
        found: list[Reals] = [np.zeros(0)] * len(self.sums.blocks)
        k = order.block.k
        kept = np.eye(k) - order.within @ self.eliminated
        own = (order.within - order.within @ self.eliminated @ order.within).sum(axis=0)
        if order.r:
            covariance = self.inverses[1]
            if k == 1:
                weighted = self._times(order.across, np.square(kept))
                product = (order.across.T.tocsr() @ weighted).tocoo()
                own = own - np.sum(product.data * covariance[product.row, product.col])
            else:
                # Row by row of a level: g F g', then the factors on both sides.
                met = order.across @ covariance
                for a in range(k):
                    for b in range(k):
                        rows = order.across[b::k]
                        values = np.asarray((rows.multiply(met[a::k])).sum(axis=1)).ravel()
                        own = own - np.einsum("l,li,lj->ij", values, kept[:, :, a], kept[:, :, b])
        found[order.first] = own
        for number in order.rest:
            factor = self.factors[number]
            block = self.sums.blocks[number]
            inverse = np.linalg.inv(factor)
            total = block.q * np.eye(block.k) - self.inverses[0][number]
            found[number] = inverse.T @ total @ inverse
        return found

    def blocks_of(self, values: Reals) -> list[Reals]:
        """Return each term's part of a q-vector, shape (q, k)."""
        return [values[block.columns].reshape(block.q, block.k) for block in self.sums.blocks]

    @cached_property
    def left_over(self) -> Reals:
        """Z' V^-1 (y - X b), shape (q,)."""
        return self.vx[:, self.p] - self.vx[:, : self.p] @ self.b

    def trace_of_p(self) -> list[Reals]:
        """Return the sums of the blocks of Z' P Z (REML) or Z' V^-1 Z (ML), (k, k) each."""
        if not (self.reml and self.p):
            return self.traces
        found = []
        for total, block in zip(self.traces, self.sums.blocks, strict=True):
            part = self.vx[block.columns, : self.p].reshape(block.q, block.k, self.p)
            found.append(total - np.einsum("lap,pr,lbr->ab", part, self.x_inverse, part))
        return found

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
        parts = self.blocks_of(self.left_over)
        whole = [
            total - own.T @ own / variance
            for total, own in zip(self.trace_of_p(), parts, strict=True)
        ]
        gradient = np.array([2 * (whole[t] @ self.factors[t])[a, b] for t, a, b in places])
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
                    hessian[i, j] += 2 * whole[t][a, c]
        return Derivatives(gradient, hessian)
