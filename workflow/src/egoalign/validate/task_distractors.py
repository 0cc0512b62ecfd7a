"""What stands beside the true utterance or picture: drawn by stated rules."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

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

    @cached_property
    def of_child(self) -> dict[int, NDArray[np.int64]]:
        """Rows of each child."""
        return _rows_by(self.child)

    @cached_property
    def of_length(self) -> dict[int, dict[int, NDArray[np.int64]]]:
        """Rows of each speaker type by token count."""
        return {
            speaker: {count: rows[own] for count, own in _rows_by(self.n_tokens[rows]).items()}
            for speaker, rows in _rows_by(self.speaker).items()
        }

    def fits(self, row: int, candidate: int) -> bool:
        """Say whether a candidate is of another recording and another text than the true one."""
        return bool(
            self.session[candidate] != self.session[row] and self.text[candidate] != self.text[row]
        )


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
    bands: list[list[NDArray[np.int64]]] = [[] for _ in range(len(TOKEN_STEPS) + 1)]
    for count, rows in pool.of_length[int(pool.speaker[row])].items():
        distance = abs(count - int(pool.n_tokens[row]))
        bands[int(np.searchsorted(TOKEN_STEPS, distance))].append(rows)
    chosen: list[int] = []
    seen: set[int] = set()
    for candidate in _by_band(bands, rng):
        text = int(pool.text[candidate])
        if text not in seen and pool.fits(row, candidate):
            seen.add(text)
            chosen.append(candidate)
        if len(chosen) == N_DISTRACTORS:
            farthest = int(np.abs(pool.n_tokens[chosen] - pool.n_tokens[row]).max())
            return Distractors(chosen, f"same speaker, tokens within {max(farthest, 1)}")
    return Distractors([], reason=TOO_FEW_TEXTS)


def distractor_pictures(pool: Pool, row: int, rng: np.random.Generator) -> Distractors:
    """Draw other pictures for an utterance.

    They are pictures of other utterances, whose text is another, from other sessions of the same
    child; where these have too few, of other children. Of one recording they are apart by at
    least 10 s.
    """
    own = int(pool.child[row])
    others = [rows for child, rows in pool.of_child.items() if child != own]
    chosen: list[int] = []
    for candidate in _by_band([[pool.of_child[own]], others], rng):
        near = any(
            pool.session[other] == pool.session[candidate]
            and abs(pool.second[other] - pool.second[candidate]) < APART_S
            for other in chosen
        )
        if not near and pool.fits(row, candidate):
            chosen.append(candidate)
        if len(chosen) == N_DISTRACTORS:
            same = int(np.sum(pool.child[chosen] == own))
            return Distractors(chosen, f"{same} of {N_DISTRACTORS} of the same child")
    return Distractors([], reason=TOO_FEW_PICTURES)


def _by_band(
    bands: Iterable[Sequence[NDArray[np.int64]]], rng: np.random.Generator
) -> Iterator[int]:
    """Yield all rows of a band in random order, then those of the next."""
    for band in bands:
        if band:
            yield from map(int, rng.permutation(np.concatenate(band)))


def _rows_by(values: NDArray[np.int64]) -> dict[int, NDArray[np.int64]]:
    """Return where each value stands."""
    order = np.argsort(values, kind="stable")
    found, first = np.unique(values[order], return_index=True)
    return dict(zip(found.tolist(), np.split(order, first[1:]), strict=True))
