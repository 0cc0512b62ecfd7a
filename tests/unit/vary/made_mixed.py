"""Model frames with random terms of any structure, for tests of the engine."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from egoalign.vary.terms import INTERCEPT, ModelFrame, RandomTerm, Reals

Shape = tuple[int, int]
"""Levels of a random term, and columns that vary over them."""


def made_frame(
    seed: int,
    shapes: Sequence[Shape],
    n: int = 200,
    sd: float = 0.7,
    p: int = 3,
    residual: float = 1.0,
) -> ModelFrame:
    """Return crossed random terms with standard deviations `sd`, and p fixed effects of 0.5."""
    rng = np.random.default_rng(seed)
    x = np.column_stack([np.ones(n), rng.normal(size=(n, max(p, 3) - 1))])[:, : max(p, 3)]
    y = x[:, :p] @ np.full(p, 0.5) + residual * rng.normal(size=n)
    random = []
    for number, (q, k) in enumerate(shapes):
        # Each level occurs, and the first ones more often than the last.
        rest = np.minimum((q * rng.beta(1, 2, n - q)).astype(np.int64), q - 1)
        codes = rng.permutation(np.concatenate([np.arange(q), rest]))
        z = x[:, :k]
        y += np.einsum("nk,nk->n", z, (sd * rng.normal(size=(q, k)))[codes])
        columns = (INTERCEPT, *(f"x{each}" for each in range(1, k)))
        levels = tuple(f"g{number}.{level}" for level in range(q))
        random.append(RandomTerm(f"g{number}", columns, levels, codes, z))
    names = (INTERCEPT, *(f"x{each}" for each in range(1, max(p, 3))))[:p]
    bars = " + ".join(f"({' + '.join(['1', *t.columns[1:]])} | {t.group})" for t in random)
    return ModelFrame(
        formula=f"y ~ {' + '.join(names) or '0'} + {bars}",
        response="y",
        y=y,
        names=names,
        x=x[:, :p],
        terms=names,
        factors={},
        random=tuple(random),
        rows=np.arange(n),
    )


def dense_design(frame: ModelFrame) -> Reals:
    """Return Z, shape (n, q)."""
    parts = []
    for term in frame.random:
        k = len(term.columns)
        z = np.zeros((frame.y.size, len(term.levels), k))
        z[np.arange(frame.y.size), term.codes] = term.z
        parts.append(z.reshape(frame.y.size, -1))
    return np.hstack(parts)


def relative_covariance(frame: ModelFrame, factors: Sequence[Reals]) -> Reals:
    """Return S, the random effects' covariance over sigma squared, shape (q, q)."""
    from scipy.linalg import block_diag

    return np.asarray(
        block_diag(
            *(
                np.kron(np.eye(len(term.levels)), factor @ factor.T)
                for term, factor in zip(frame.random, factors, strict=True)
            )
        )
    )
