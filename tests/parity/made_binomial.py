"""Make the tables of `fit_binomial.R`: aligned or not, by child, session and lemma."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
from pyarrow import csv

HERE = Path(__file__).parent
SPEAKERS = ("female_adult", "male_adult", "key_child")


def table(
    seed: int,
    n: int,
    n_children: int,
    n_sessions: int,
    n_lemmas: int,
    sds: tuple[float, float, float, float],
) -> pa.Table:
    """Return n rows with logit effects of age, speaker and concreteness.

    Standard deviations are of child intercepts, child slopes of age, sessions and lemmas. Sessions
    and lemmas are unevenly used.
    """
    rng = np.random.default_rng(seed)
    child_sd, slope_sd, session_sd, lemma_sd = sds
    session = rng.integers(0, n_children * n_sessions, n)
    child = session // n_sessions
    lemma = np.minimum((n_lemmas * rng.beta(0.6, 1.4, n)).astype(int), n_lemmas - 1)
    age = (
        rng.normal(size=n_children)[child] + rng.normal(size=n_children * n_sessions)[session]
    ) / 2
    concreteness = rng.uniform(-1, 1, n_lemmas)[lemma]
    speaker = rng.choice(3, n, p=[0.6, 0.15, 0.25])
    logit = (
        -0.4
        + 0.3 * age
        + np.array([0.0, 0.2, -0.6])[speaker]
        + 0.5 * concreteness
        + child_sd * rng.normal(size=n_children)[child]
        + slope_sd * rng.normal(size=n_children)[child] * age
        + session_sd * rng.normal(size=n_children * n_sessions)[session]
        + lemma_sd * rng.normal(size=n_lemmas)[lemma]
    )
    return pa.table(
        {
            "aligned": (rng.random(n) < 1 / (1 + np.exp(-logit))).astype(int),
            "age": age.round(6),
            "speaker": [SPEAKERS[each] for each in speaker],
            "concreteness": concreteness.round(6),
            "child_id": [f"c{each:02d}" for each in child],
            "session_id": [f"s{each:03d}" for each in session],
            "lemma": [f"w{each:03d}" for each in lemma],
        }
    )


def main() -> None:
    """Write the tables."""
    tables = {
        "slope": table(101, 2000, 40, 8, 40, (0.8, 0.6, 0.0, 0.0)),
        "crossed": table(102, 1000, 25, 2, 60, (0.6, 0.0, 0.0, 0.7)),
        "full": table(103, 3000, 50, 4, 80, (0.7, 0.5, 0.4, 0.6)),
        "singular": table(104, 600, 12, 4, 50, (0.5, 0.0, 0.0, 0.4)),
    }
    for name, made in tables.items():
        csv.write_csv(made, HERE / f"binomial_{name}.csv")


if __name__ == "__main__":
    main()
