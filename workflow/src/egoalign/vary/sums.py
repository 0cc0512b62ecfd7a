"""Sufficient statistics of a Gaussian mixed model: after one pass, the rows are not needed.

With [X, y] and the random terms' design Z, everything that the criterion needs is in Z'Z, Z'[X, y]
and [X, y]'[X, y] (Bates, Maechler, Bolker & Walker 2015, J. Stat. Softw. 67(1), section 3), so that
an evaluation costs the same for ten thousand utterances as for a million.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from egoalign.vary.terms import ModelFrame, RandomTerm, Reals

if TYPE_CHECKING:
    from scipy import sparse


ROWS_AT_ONCE = 250_000
"""Rows of X and Z that are looked at together."""


@dataclass(frozen=True, eq=False)
class Block:
    """Where one random term stands among the columns of Z: level after level, k columns each."""

    start: int
    q: int
    k: int

    @property
    def size(self) -> int:
        """Number of columns of Z."""
        return self.q * self.k

    @property
    def columns(self) -> slice:
        """The term's columns of Z."""
        return slice(self.start, self.start + self.size)

    @property
    def n_theta(self) -> int:
        """Number of elements of the lower triangle of its relative covariance factor."""
        return self.k * (self.k + 1) // 2


@dataclass(frozen=True, eq=False)
class Sums:
    """Sums over rows, in a basis in which they are well conditioned.

    The fixed effects' columns are replaced by an orthogonal basis of length sqrt(n), the response
    by what this basis leaves of it, in units of its standard deviation, and each random column is
    divided by its root mean square.

    Attributes
    ----------
    n : int
        Rows.
    blocks : tuple of Block
        The random terms.
    zz : scipy.sparse.csr_array
        Z'Z, shape (q, q).
    zy : numpy.ndarray
        Z'[X, y], shape (q, p + 1).
    yy : numpy.ndarray
        [X, y]'[X, y], shape (p + 1, p + 1).
    basis : numpy.ndarray
        R of X = basis @ R, shape (p, p).
    offset : numpy.ndarray
        Fixed effects, in the basis, of what was taken from the response, shape (p,).
    y_scale : float
        Unit of the response.
    z_scale : tuple of numpy.ndarray
        Root mean square of each term's columns.
    """

    n: int
    blocks: tuple[Block, ...]
    zz: sparse.csr_array
    zy: Reals
    yy: Reals
    basis: Reals
    offset: Reals
    y_scale: float
    z_scale: tuple[Reals, ...]

    @property
    def p(self) -> int:
        """Number of fixed effects."""
        return self.yy.shape[0] - 1

    @property
    def q(self) -> int:
        """Number of random effects."""
        return self.zy.shape[0]

    @property
    def n_theta(self) -> int:
        """Number of elements of theta."""
        return sum(block.n_theta for block in self.blocks)

    @cached_property
    def log_det_basis(self) -> float:
        """Log |det R|."""
        return float(np.log(np.abs(np.diag(self.basis))).sum()) if self.p else 0.0


def row_parts(n: int) -> list[slice]:
    """Return n rows as parts of at most `ROWS_AT_ONCE`."""
    return [slice(start, min(start + ROWS_AT_ONCE, n)) for start in range(0, n, ROWS_AT_ONCE)]


def own_triangles(x: Reals) -> list[Reals]:
    """Return R of each part of the rows of x = Q R; R of them on top of each other is that of x."""
    return [np.asarray(np.linalg.qr(x[rows], mode="r")) for rows in row_parts(x.shape[0])]


def triangle_of(x: Reals) -> Reals:
    """Return R of x = Q R, shape (p, p), made a part of the rows at a time."""
    return np.asarray(np.linalg.qr(np.vstack(own_triangles(x)), mode="r"))


def least_squares(x: Reals, y: Reals) -> Reals:
    """Return the least-squares coefficients of x of full rank, shape (p,), by R alone."""
    triangle = triangle_of(x)
    return np.asarray(np.linalg.solve(triangle, np.linalg.solve(triangle.T, x.T @ y)))


class Design:
    """[X, Z] of a frame, a part of the rows at a time: at millions of rows they would fill memory.

    Parameters
    ----------
    frame : ModelFrame
        The model.
    triangle : numpy.ndarray, optional
        R of X = Q R, shape (p, p), if it is known.

    Attributes
    ----------
    triangle : numpy.ndarray
        R, of a basis Q with columns of length 1. With several parts it is that of their own R on
        top of each other (Demmel, Grigori, Hoemmen & Langou 2012, SIAM J. Sci. Comput. 34(1)).
    z_scale : tuple of numpy.ndarray
        Root mean square of each random term's columns.
    """

    def __init__(self, frame: ModelFrame, triangle: Reals | None = None) -> None:
        self.x, self.random = frame.x, frame.random
        self.n, self.p = frame.x.shape
        self._rows = row_parts(self.n)
        self._turns: list[Reals] | None = None
        self._kept: list[tuple[slice, Reals, sparse.csr_array]] = []
        self.z_scale = tuple(_scale(term) for term in frame.random)
        if triangle is not None:
            self.triangle = triangle
        elif len(self._rows) > 1:
            own = own_triangles(self.x)
            turn, self.triangle = np.linalg.qr(np.vstack(own))
            self._turns = np.split(turn, np.cumsum([each.shape[0] for each in own])[:-1])
        else:
            basis, self.triangle = np.linalg.qr(self.x) if self.p else (self.x, np.zeros((0, 0)))
            self._kept = [(self._rows[0], basis * np.sqrt(self.n), self._z(self._rows[0]))]

    def parts(self) -> Iterator[tuple[slice, Reals, sparse.csr_array]]:
        """Yield rows, their basis with columns of length sqrt(n) over all rows, and their Z."""
        if self._kept:
            yield from self._kept
            return
        for number, rows in enumerate(self._rows):
            part = (rows, self._basis(number), self._z(rows))
            if len(self._rows) == 1:
                self._kept = [part]
            yield part

    def _basis(self, number: int) -> Reals:
        """Return a part's rows of the basis."""
        x = self.x[self._rows[number]]
        if self._turns is not None:
            return np.asarray(np.linalg.qr(x)[0] @ self._turns[number] * np.sqrt(self.n))
        if not self.p:
            return x
        return np.asarray(np.linalg.solve(self.triangle.T / np.sqrt(self.n), x.T).T)

    def _z(self, rows: slice) -> sparse.csr_array:
        """Return rows of Z, with columns of root mean square 1 over all rows."""
        from scipy import sparse

        parts = []
        for term, scale in zip(self.random, self.z_scale, strict=True):
            n, k = rows.stop - rows.start, len(term.columns)
            columns = term.codes[rows, None] * k + np.arange(k)
            pointers = np.arange(0, n * k + 1, k)
            values = (term.z[rows] / scale).ravel()
            shape = (n, k * len(term.levels))
            parts.append(sparse.csr_array((values, columns.ravel(), pointers), shape))
        z = sparse.hstack(parts, format="csr") if len(parts) > 1 else parts[0]
        return sparse.csr_array(z)


def _scale(term: RandomTerm) -> Reals:
    """Return the root mean square of a term's columns, 1 where it is 0."""
    scale = np.sqrt(np.mean(np.square(term.z), axis=0))
    scale[scale == 0] = 1.0
    return np.asarray(scale)


def sums_of(frame: ModelFrame) -> Sums:
    """Return the sums of a frame with at least one random term."""
    design = Design(frame)
    blocks, start = [], 0
    for term in frame.random:
        blocks.append(Block(start, len(term.levels), len(term.columns)))
        start += blocks[-1].size
    zz, zx, offset = None, np.zeros((start, design.p)), np.zeros(design.p)
    for rows, basis, z in design.parts():
        own = z.T.tocsr() @ z
        zz = own if zz is None else zz + own
        zx += z.T @ basis
        offset += basis.T @ frame.y[rows]
    empty = Sums(
        n=design.n,
        blocks=tuple(blocks),
        zz=zz,
        zy=np.column_stack([zx, np.zeros(start)]),
        yy=np.diag(np.append(np.full(design.p, float(design.n)), 0.0)),
        basis=design.triangle / np.sqrt(design.n),
        offset=np.zeros(design.p),
        y_scale=1.0,
        z_scale=design.z_scale,
    )
    return _with_rest(empty, frame.y, design, offset / design.n)


def with_response(sums: Sums, y: Reals, design: Design) -> Sums:
    """Return the sums of the same design with another response, shape (n,)."""
    offset = np.zeros(sums.p)
    for rows, basis, _ in design.parts():
        offset += basis.T @ y[rows]
    return _with_rest(sums, y, design, offset / sums.n)


def _with_rest(sums: Sums, y: Reals, design: Design, offset: Reals) -> Sums:
    """Return the sums with what is left of a response when the offset is taken from it."""
    zy, xy, squares = np.zeros(sums.q), np.zeros(sums.p), 0.0
    for rows, basis, z in design.parts():
        rest = y[rows] - basis @ offset
        zy += z.T @ rest
        xy += basis.T @ rest
        squares += float(rest @ rest)
    scale = float(np.sqrt(squares / sums.n)) or 1.0
    all_zy, yy = sums.zy.copy(), sums.yy.copy()
    all_zy[:, -1] = zy / scale
    yy[-1, :-1] = yy[:-1, -1] = xy / scale
    yy[-1, -1] = squares / scale**2
    return replace(sums, zy=all_zy, yy=yy, offset=offset, y_scale=scale)
