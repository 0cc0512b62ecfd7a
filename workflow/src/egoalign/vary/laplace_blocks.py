"""The penalised normal equations of crossed random effects, with weights that change.

For relative covariance factors T and weights W, A = Lambda' Z' W Z Lambda + I is factorised as in
Bates, Maechler, Bolker & Walker (2015, section 3), in two parts: the term that leaves least to do
is eliminated exactly, for its own block of A is block-diagonal; what remains is dense and goes to
LAPACK. Sums over rows are taken once for each pair of levels that occurs, at places found once.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, sparse
from scipy.linalg import lapack

from egoalign.log import UserError
from egoalign.vary.terms import RandomTerm, Reals

MAX_DENSE = 8000
"""Random effects that may remain after one term is eliminated; a matrix of so many takes 0.5 GB."""

SPARSE_COST = 30
"""Cost of a sparse product beside a dense one, for the choice of the term to eliminate."""

Integers = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Pairs:
    """Pairs of levels of two terms that occur in some row.

    Attributes
    ----------
    left, right : numpy.ndarray
        Level in each term, shape (m,).
    of_row : numpy.ndarray
        Pair of each row, shape (n,).
    """

    left: Integers
    right: Integers
    of_row: Integers

    @classmethod
    def of(cls, left: Integers, right: Integers) -> Pairs:
        """Find the pairs of two terms' levels."""
        width = int(right.max()) + 1
        found, of_row = np.unique(left * width + right, return_inverse=True)
        return cls(found // width, found % width, of_row)

    def sums(self, weights: Reals, left: Reals, right: Reals) -> Reals:
        """Return the sum of weight * left right' over the rows of each pair, shape (m, k, k')."""
        m, k, k_right = self.left.size, left.shape[1], right.shape[1]
        out = np.empty((m, k, k_right))
        for a in range(k):
            weighted = weights * left[:, a]
            for b in range(k_right):
                out[:, a, b] = np.bincount(self.of_row, weighted * right[:, b], minlength=m)
        return out


class Blocks:
    """What does not change while a model of n rows is fitted.

    Vectors of random effects are flat, of length `size`: the eliminated term first, the others in
    the order of the formula, each with its levels one after the other.

    Parameters
    ----------
    terms : tuple of RandomTerm
        At least one.
    """

    def __init__(self, terms: tuple[RandomTerm, ...]) -> None:
        self.terms = terms
        self.codes = [term.codes for term in terms]
        self.z = [term.z for term in terms]
        self.shapes = [(len(term.levels), term.z.shape[1]) for term in terms]
        self.pairs = {
            (i, j): Pairs.of(self.codes[i], self.codes[j])
            for i in range(len(terms))
            for j in range(i, len(terms))
        }
        self.first = min(range(len(terms)), key=self._cost)
        self.rest = [j for j in range(len(terms)) if j != self.first]
        sizes = [q * k for q, k in self.shapes]
        starts = np.cumsum([0, *(sizes[j] for j in [self.first, *self.rest])])
        self.start = dict(zip([self.first, *self.rest], starts.tolist(), strict=False))
        self.size = sum(sizes)
        self.n_first = sizes[self.first]
        self.n_rest = self.size - self.n_first
        if self.n_rest > MAX_DENSE:
            raise UserError(
                f"{self.n_rest} random effects besides those of {terms[self.first].group}: "
                f"expected at most {MAX_DENSE}; leave a term out, or fit a sample of sessions"
            )
        n = self.codes[0].size
        columns = np.column_stack([self.places(j, self.codes[j]) for j in range(len(terms))])
        row_starts = np.arange(0, columns.size + 1, columns.shape[1])
        values = np.column_stack(self.z)
        self.design = sparse.csr_array(
            (values.ravel(), columns.ravel(), row_starts), shape=(n, self.size)
        )
        self.design_t = self.design.T.tocsr()
        self._place_coupling()

    def _cost(self, term: int) -> float:
        """Return what one factorisation costs where a term is eliminated."""
        remaining = sum(q * k for j, (q, k) in enumerate(self.shapes) if j != term)
        q, k = self.shapes[term]
        coupled = np.zeros(q)
        for j, (_, k_other) in enumerate(self.shapes):
            if j != term:
                pairs = self.between(term, j)
                coupled += k_other * np.bincount(pairs.left, minlength=q)
        return float(remaining) ** 3 / 3 + SPARSE_COST * k * float(coupled @ coupled)

    def between(self, left: int, right: int) -> Pairs:
        """Return the pairs of levels of two terms, in this order."""
        if left <= right:
            return self.pairs[left, right]
        pairs = self.pairs[right, left]
        return Pairs(pairs.right, pairs.left, pairs.of_row)

    def places(self, term: int, levels: Integers) -> Integers:
        """Return where the effects of levels stand in a flat vector, shape (..., k)."""
        k = self.shapes[term][1]
        return self.start[term] + levels[..., None] * k + np.arange(k)

    def split(self, flat: Reals) -> list[Reals]:
        """Return a flat vector (or matrix) as one array a term, shape (q, k, ...)."""
        return [
            flat[self.start[j] : self.start[j] + q * k].reshape(q, k, *flat.shape[1:])
            for j, (q, k) in enumerate(self.shapes)
        ]

    def join(self, parts: list[Reals]) -> Reals:
        """Return one array a term as a flat vector or matrix."""
        return np.concatenate(
            [
                parts[j].reshape(self.shapes[j][0] * self.shapes[j][1], *parts[j].shape[2:])
                for j in [self.first, *self.rest]
            ]
        )

    def scaled(self, factors: list[Reals], flat: Reals) -> Reals:
        """Return Lambda times a flat vector."""
        parts = self.split(flat)
        return self.join([part @ t.T for part, t in zip(parts, factors, strict=True)])

    def scaled_t(self, factors: list[Reals], flat: Reals) -> Reals:
        """Return Lambda' times a flat vector or matrix."""
        parts = self.split(flat)
        return self.join(
            [np.einsum("ab,la...->lb...", t, part) for part, t in zip(parts, factors, strict=True)]
        )

    def _place_coupling(self) -> None:
        """Find where the block between the eliminated term and the rest has its entries."""
        k = self.shapes[self.first][1]
        rows, columns = [], []
        for j in self.rest:
            pairs = self.between(self.first, j)
            shape = (pairs.left.size, k, self.shapes[j][1])
            own = self.places(self.first, pairs.left)[:, :, None]
            other = self.places(j, pairs.right)[:, None, :] - self.n_first
            rows.append(np.broadcast_to(own, shape).ravel())
            columns.append(np.broadcast_to(other, shape).ravel())
        row = np.concatenate(rows) if rows else np.zeros(0, dtype=np.int64)
        column = np.concatenate(columns) if columns else np.zeros(0, dtype=np.int64)
        self.order = np.lexsort((column, row))
        self.back = np.argsort(self.order)
        self.columns = column[self.order]
        self.row_starts = np.searchsorted(row[self.order], np.arange(self.n_first + 1))

    def coupling(self, values: Reals) -> sparse.csr_array:
        """Return the sparse block of the eliminated term and the rest from its values."""
        return sparse.csr_array(
            (values[self.order], self.columns, self.row_starts), shape=(self.n_first, self.n_rest)
        )

    def factorise(self, factors: list[Reals], weights: Reals) -> Factorisation:
        """Return the Cholesky factorisation of A = Lambda' Z' W Z Lambda + I.

        Parameters
        ----------
        factors : list of numpy.ndarray
            Relative covariance factor T of each term, lower triangular, shape (k, k).
        weights : numpy.ndarray
            Shape (n,), not negative.
        """
        first, t_first = self.first, factors[self.first]
        k = t_first.shape[0]

        def block(i: int, j: int) -> Reals:
            sums = self.between(i, j).sums(weights, self.z[i], self.z[j])
            return np.einsum("ab,mac,cd->mbd", factors[i], sums, factors[j], optimize=True)

        lower = np.linalg.cholesky(block(first, first) + np.eye(k))
        inverse = np.linalg.inv(lower)
        couplings = [
            np.einsum("mab,mbc->mac", inverse[self.between(first, j).left], block(first, j))
            for j in self.rest
        ]
        coupling = self.coupling(
            np.concatenate([part.ravel() for part in couplings]) if couplings else np.zeros(0)
        )
        dense = -(coupling.T @ coupling).toarray() if self.n_rest else np.zeros((0, 0))
        dense.flat[:: self.n_rest + 1] += 1.0
        for at, i in enumerate(self.rest):
            for j in self.rest[at:]:
                pairs = self.between(i, j)
                rows = self.places(i, pairs.left)[:, :, None] - self.n_first
                columns = self.places(j, pairs.right)[:, None, :] - self.n_first
                dense[columns, rows] += block(i, j)  # the lower triangle, for i stands before j
        if self.n_rest:
            dense = linalg.cholesky(dense, lower=True, overwrite_a=True, check_finite=False)
        return Factorisation(self, factors, inverse, coupling, dense)


@dataclass(frozen=True, eq=False)
class Factorisation:
    """A = L L', with L in blocks: of the eliminated term, its coupling to the rest, and the rest.

    Attributes
    ----------
    blocks : Blocks
        What is factorised.
    factors : list of numpy.ndarray
        T of each term.
    inverse : numpy.ndarray
        Inverse of the eliminated term's lower triangles, shape (q, k, k).
    coupling : scipy.sparse.csr_array
        Block of L' between them, shape (q k, rest).
    dense : numpy.ndarray
        Lower triangle of the rest.
    """

    blocks: Blocks
    factors: list[Reals]
    inverse: Reals
    coupling: sparse.csr_array
    dense: Reals

    @property
    def log_determinant(self) -> float:
        """Logarithm of |A|."""
        diagonals = np.diagonal(self.inverse, axis1=1, axis2=2)
        return 2 * float(np.log(np.diagonal(self.dense)).sum() - np.log(diagonals).sum())

    def solve(self, right: Reals) -> Reals:
        """Return A^-1 times a flat vector or matrix."""
        n, columns = self.blocks.n_first, right.reshape(right.shape[0], -1)
        top = self._first(columns[:n], transposed=False)
        bottom = columns[n:] - self.coupling.T @ top
        if self.blocks.n_rest:
            bottom = linalg.cho_solve((self.dense, True), bottom, check_finite=False)
            top = top - self.coupling @ bottom
        return np.concatenate([self._first(top, transposed=True), bottom]).reshape(right.shape)

    def _first(self, columns: Reals, transposed: bool) -> Reals:
        """Return the eliminated term's L^-1, or its transpose, times a matrix."""
        q, k = self.inverse.shape[:2]
        indices = "lba,lbm->lam" if transposed else "lab,lbm->lam"
        parts = columns.reshape(q, k, -1)
        return np.einsum(indices, self.inverse, parts).reshape(columns.shape)

    def selected_inverse(self) -> SelectedInverse:
        """Return the entries of A^-1 at pairs of levels that occur together."""
        blocks, coupling = self.blocks, self.coupling
        k = self.inverse.shape[1]
        rest = np.zeros((0, 0))
        if blocks.n_rest:
            rest, _ = lapack.dpotri(self.dense, lower=1)
            rest = np.tril(rest)
            rest += np.tril(rest, -1).T
        products = np.empty(coupling.nnz)
        inner = np.tile(np.eye(k), (self.inverse.shape[0], 1, 1))
        # One level after the other: its rows of the coupling have the same columns.
        bounds = blocks.row_starts[::k] if k > 1 else blocks.row_starts
        for level, (start, end) in enumerate(pairwise(bounds.tolist())):
            width = (end - start) // k
            places = blocks.columns[start : start + width]
            own = coupling.data[start:end].reshape(k, width)
            product = own @ rest[places[:, None], places]
            products[start:end] = product.ravel()
            inner[level] += product @ own.T
        return SelectedInverse(self, rest, products[blocks.back], inner)


@dataclass(frozen=True, eq=False)
class SelectedInverse:
    """Entries of A^-1 at pairs of levels that occur together in a row.

    Attributes
    ----------
    factorisation : Factorisation
        Of A.
    rest : numpy.ndarray
        A^-1 among the effects that were not eliminated.
    products : numpy.ndarray
        Coupling times `rest`, at the coupling's entries, in the order of the pairs.
    inner : numpy.ndarray
        L' A^-1 L of each level of the eliminated term, shape (q, k, k).
    """

    factorisation: Factorisation
    rest: Reals
    products: Reals
    inner: Reals

    def own(self) -> list[Reals]:
        """Return the diagonal block of each level, one array a term, shape (q, k, k)."""
        blocks, inverse = self.factorisation.blocks, self.factorisation.inverse
        out = [np.empty(0)] * len(blocks.terms)
        out[blocks.first] = np.einsum("lba,lbc,lcd->lad", inverse, self.inner, inverse)
        for j in blocks.rest:
            places = blocks.places(j, np.arange(blocks.shapes[j][0])) - blocks.n_first
            out[j] = self.rest[places[:, :, None], places[:, None, :]]
        return out

    def rows(self) -> tuple[Reals, list[Reals]]:
        """Return what a change of each row's weight, and of T, does to log |A|.

        Returns
        -------
        leverage : numpy.ndarray
            z_i' Lambda A^-1 Lambda' z_i, shape (n,).
        solved : list of numpy.ndarray
            A^-1 Lambda' z_i at the row's own level of each term, shape (n, k).
        """
        whole, blocks = self.factorisation, self.factorisation.blocks
        scaled = [z @ t for z, t in zip(blocks.z, whole.factors, strict=True)]
        solved = [np.zeros_like(z) for z in blocks.z]
        code = blocks.codes[blocks.first]
        inverse = whole.inverse[code]
        own = np.einsum("nab,nb->na", inverse, scaled[blocks.first])
        top = np.einsum("nab,nb->na", self.inner[code], own)
        k, place = own.shape[1], 0
        for j in blocks.rest:
            pairs = blocks.between(blocks.first, j)
            shape = (pairs.left.size, k, blocks.shapes[j][1])
            length = int(np.prod(shape))
            product = self.products[place : place + length].reshape(shape)[pairs.of_row]
            place += length
            top -= np.einsum("nab,nb->na", product, scaled[j])
            solved[j] -= np.einsum("nab,na->nb", product, own)
            rows = blocks.places(j, blocks.codes[j]) - blocks.n_first
            for other in blocks.rest:
                columns = blocks.places(other, blocks.codes[other]) - blocks.n_first
                entries = self.rest[rows[:, :, None], columns[:, None, :]]
                solved[j] += np.einsum("nab,nb->na", entries, scaled[other])
        solved[blocks.first] = np.einsum("nba,nb->na", inverse, top)
        leverage = sum(np.einsum("na,na->n", a, b) for a, b in zip(scaled, solved, strict=True))
        return np.asarray(leverage), solved
