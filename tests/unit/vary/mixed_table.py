"""A table with children, words, a factor and a number, for tests of results."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

MIXED = "y ~ x + f + (1 + x | child) + (1 | word)"
LOGISTIC = "b ~ x + f + (1 | child)"


def mixed_table(seed: int = 1, n: int = 500, n_children: int = 10) -> pa.Table:
    """Return rows in which x has an effect, f[b] has one, and f[c] has none."""
    rng = np.random.default_rng(seed)
    child, word = rng.integers(0, n_children, n), rng.integers(0, 20, n)
    x, f = rng.normal(size=n), rng.choice(["a", "b", "c"], n)
    effects = rng.normal(0, 0.5, n_children), rng.normal(0, 0.2, n_children)
    y = 0.4 * x + 0.5 * (f == "b") + effects[0][child] + effects[1][child] * x
    y = y + rng.normal(0, 0.4, 20)[word] + rng.normal(size=n)
    return pa.table(
        {
            "y": y,
            "softer": 0.5 * y + rng.normal(0, 0.05, n),
            "upside": -y,
            "b": (y > 0.2).astype(int),
            "x": x,
            "f": f,
            "child": [f"c{code}" for code in child],
            "word": [f"w{code}" for code in word],
        }
    )
