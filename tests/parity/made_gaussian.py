"""Make the tables of `fit_gaussian.R`: scores of words by child, session, lemma and place."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from pyarrow import csv

HERE = Path(__file__).parent
SPEAKERS = ("female_adult", "key_child", "male_adult")
ACTIVITIES = ("meal", "play")
PLACES = ("bath", "car", "garden", "hall", "home", "kitchen", "park", "shop", "stairs", "yard")


@dataclass(frozen=True)
class Sizes:
    """Rows, children, sessions a child and lemmas; `uneven` is how unevenly they are used."""

    n: int
    children: int
    sessions: int
    lemmas: int
    uneven: float = 0.0


@dataclass(frozen=True)
class Spread:
    """Standard deviations of the effects that vary, and correlation of child and its slope."""

    child: float = 0.0
    slope: float = 0.0
    correlation: float = 0.0
    words: float = 0.0
    session: float = 0.0
    lemma: float = 0.0
    place: float = 0.0
    residual: float = 1.0


def table(seed: int, sizes: Sizes, spread: Spread) -> pa.Table:
    """Return rows whose score depends on age, speaker, activity, length and the word."""
    rng = np.random.default_rng(seed)

    def draw(count: int) -> np.ndarray:
        weights = (1.0 + np.arange(count)) ** -sizes.uneven
        return rng.choice(count, sizes.n, p=weights / weights.sum())

    child = draw(sizes.children)
    session = child * sizes.sessions + rng.integers(sizes.sessions, size=sizes.n)
    lemma, place = draw(sizes.lemmas), draw(len(PLACES))
    between = rng.normal(size=sizes.children)[child]
    within = rng.normal(size=sizes.children * sizes.sessions)[session]
    speaker = rng.choice(3, sizes.n, p=[0.5, 0.3, 0.2])
    activity = rng.integers(2, size=sizes.n)
    n_words = rng.normal(size=sizes.n)
    log_freq = rng.normal(size=sizes.lemmas)[lemma]
    concreteness = rng.uniform(-1, 1, sizes.lemmas)[lemma]
    first, second = rng.normal(size=(2, sizes.children))
    second = spread.correlation * first + np.sqrt(1 - spread.correlation**2) * second
    score = (
        0.5
        + 0.2 * within
        + 0.1 * between
        + np.array([0.0, -0.4, 0.2])[speaker]
        + np.array([0.0, 0.3])[activity]
        + np.array([0.0, 0.0, -0.5])[speaker] * activity
        - 0.1 * n_words
        - 0.1 * log_freq
        + 0.3 * concreteness
        + spread.child * first[child]
        + spread.slope * second[child] * within
        + spread.words * rng.normal(size=sizes.children)[child] * n_words
        + spread.session * rng.normal(size=sizes.children * sizes.sessions)[session]
        + spread.lemma * rng.normal(size=sizes.lemmas)[lemma]
        + spread.place * rng.normal(size=len(PLACES))[place]
        + spread.residual * rng.normal(size=sizes.n)
    )
    return pa.table(
        {
            "score": score.round(6),
            "age_within": within.round(5),
            "age_between": between.round(5),
            "speaker": [SPEAKERS[each] for each in speaker],
            "activity": [ACTIVITIES[each] for each in activity],
            "n_words": n_words.round(5),
            "log_freq": log_freq.round(5),
            "concreteness": concreteness.round(5),
            "child_id": [f"c{each:02d}" for each in child],
            "session_id": [f"s{each % sizes.sessions}" for each in session],
            "lemma": [f"w{each:03d}" for each in lemma],
            "place": [PLACES[each] for each in place],
        }
    )


TABLES = {
    "nested": (201, Sizes(800, 30, 5, 40), Spread(child=0.5, session=0.6)),
    "crossed": (202, Sizes(900, 25, 2, 60), Spread(child=0.6, lemma=0.7, place=0.4)),
    "slopes": (203, Sizes(1000, 30, 8, 40),
               Spread(child=0.7, slope=0.5, correlation=0.4, words=0.4)),
    "unbalanced": (204, Sizes(1000, 40, 3, 150, uneven=1.0),
                   Spread(child=0.6, slope=0.4, session=0.5, lemma=0.5)),
    "words": (205, Sizes(1400, 40, 4, 120, uneven=0.5),
              Spread(child=0.5, slope=0.4, correlation=-0.3, session=0.4, lemma=0.5)),
    "no_variance": (206, Sizes(600, 20, 4, 40), Spread(child=0.4)),
    "perfect": (207, Sizes(600, 15, 4, 40), Spread(child=0.4, slope=0.25, correlation=1.0)),
}  # fmt: skip


def main() -> None:
    """Write the tables."""
    for name, parts in TABLES.items():
        csv.write_csv(table(*parts), HERE / f"gaussian_{name}.csv")


if __name__ == "__main__":
    main()
