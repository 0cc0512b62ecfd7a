"""What stands beside the true utterance or picture: drawn by stated rules."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

N_DISTRACTORS = 3
APART_S = 10.0
"""Distractor pictures of one recording are at least so far apart."""

TOKEN_STEPS = (1, 2, 4, 8)
"""How far the token count of a distractor may be from the true one, tried in this order."""

TOO_FEW_TEXTS = "fewer than 3 other texts of the same speaker in other sessions"
TOO_FEW_PICTURES = "fewer than 3 pictures in other sessions"


@dataclass(frozen=True)
class Pool:
    """Everything that may be drawn, as arrays of shape (n,); texts that are one share a number."""

    child: NDArray[np.int64]
    session: NDArray[np.int64]
    speaker: NDArray[np.int64]
    n_tokens: NDArray[np.int64]
    text: NDArray[np.int64]
    second: NDArray[np.float64]


@dataclass(frozen=True)
class Distractors:
    """Positions in the pool, the rule that they follow, and why they are too few."""

    rows: list[int]
    rule: str | None = None
    reason: str | None = None


def text_key(text: str) -> str:
    """Return what two texts share that a reader takes for one: case, stops and spaces aside."""
    return " ".join("".join(c if c.isalnum() else " " for c in text.casefold()).split())


def distractor_utterances(pool: Pool, row: int, rng: np.random.Generator) -> Distractors:
    """Draw other utterances for a picture.

    They are of other sessions and of the same speaker type; no two texts are the same, nor the
    true one; token counts differ from the true one by at most 1, or where too few do, by 2, 4, 8
    or more.
    """
    allowed = (
        (pool.session != pool.session[row])
        & (pool.speaker == pool.speaker[row])
        & (pool.text != pool.text[row])
    )
    distance = np.abs(pool.n_tokens - pool.n_tokens[row])
    band = np.searchsorted(TOKEN_STEPS, distance)
    chosen: list[int] = []
    seen: set[int] = set()
    for candidate in _by_band(allowed, band, range(len(TOKEN_STEPS) + 1), rng):
        text = int(pool.text[candidate])
        if text not in seen:
            seen.add(text)
            chosen.append(candidate)
        if len(chosen) == N_DISTRACTORS:
            farthest = int(distance[chosen].max())
            return Distractors(chosen, f"same speaker, tokens within {max(farthest, 1)}")
    return Distractors([], reason=TOO_FEW_TEXTS)


def distractor_pictures(pool: Pool, row: int, rng: np.random.Generator) -> Distractors:
    """Draw other pictures for an utterance.

    They are pictures of other utterances, whose text is another, from other sessions of the same
    child; where these have too few, of other children. Of one recording they are apart by at
    least 10 s.
    """
    allowed = (pool.session != pool.session[row]) & (pool.text != pool.text[row])
    band = (pool.child != pool.child[row]).astype(np.int64)
    chosen: list[int] = []
    for candidate in _by_band(allowed, band, (0, 1), rng):
        near = [
            other
            for other in chosen
            if pool.session[other] == pool.session[candidate]
            and abs(pool.second[other] - pool.second[candidate]) < APART_S
        ]
        if not near:
            chosen.append(candidate)
        if len(chosen) == N_DISTRACTORS:
            others = int(band[chosen].sum())
            return Distractors(chosen, f"{N_DISTRACTORS - others} of 3 of the same child")
    return Distractors([], reason=TOO_FEW_PICTURES)


def _by_band(
    allowed: NDArray[np.bool_],
    band: NDArray[np.int64],
    bands: Sequence[int] | Iterable[int],
    rng: np.random.Generator,
) -> Iterator[int]:
    """Yield what is allowed, in random order within each band, one band after the other."""
    for number in bands:
        yield from map(int, rng.permutation(np.flatnonzero(allowed & (band == number))))
