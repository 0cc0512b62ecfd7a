"""Who is shown what, in which order: the lists of a task."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Trial:
    """One trial of a list.

    Attributes
    ----------
    item : int
        Position of the item, or of the catch trial, in what was dealt.
    is_catch : bool
        Which of the two.
    order : tuple of int
        Alternative at each position, 0 the true one; empty where nothing is chosen.
    """

    item: int
    is_catch: bool
    order: tuple[int, ...]

    @property
    def correct_position(self) -> int | None:
        """Position of the true alternative, from 1."""
        return self.order.index(0) + 1 if self.order else None


def deal(n_items: int, slots: int, answers: int, rng: np.random.Generator) -> list[list[int]]:
    """Deal every item to so many different slots, which get equally many, or one more.

    Each item goes to the slots that have fewest so far, ties broken at random, so that any two
    annotators may share items.

    Raises
    ------
    ValueError
        There are fewer slots than answers wanted.
    """
    if answers > slots:
        raise ValueError(f"{answers} answers an item, but only {slots} slots")
    hands: list[list[int]] = [[] for _ in range(slots)]
    for item in rng.permutation(n_items).tolist():
        order = sorted(zip(map(len, hands), rng.random(slots).tolist(), range(slots), strict=True))
        for _, _, slot in order[:answers]:
            hands[slot].append(item)
    return hands


def arrange(
    items: Sequence[int],
    n_catch: int,
    catch_every: int,
    n_alternatives: int,
    rng: np.random.Generator,
) -> list[Trial]:
    """Put a list in random order, with a catch trial at a random place in every so many trials.

    Parameters
    ----------
    items : sequence of int
        The list's items.
    n_catch : int
        Different catch trials that there are; no list has one twice.
    catch_every : int
        One catch trial a block of so many items; 0: none.
    n_alternatives : int
        Alternatives of a trial, whose order is random; 0 where nothing is chosen.
    rng : numpy.random.Generator
        Draws.
    """

    def trial(item: int, is_catch: bool) -> Trial:
        return Trial(item, is_catch, tuple(rng.permutation(n_alternatives).tolist()))

    trials = [trial(item, False) for item in rng.permutation(items).tolist()]
    if not catch_every:
        return trials
    blocks = [trials[i : i + catch_every] for i in range(0, len(trials), catch_every)]
    for block, catch in zip(blocks, rng.permutation(n_catch).tolist(), strict=False):
        # Never the first trial of a block: a list does not begin with one.
        block.insert(int(rng.integers(1, len(block) + 1)), trial(catch, True))
    return [trial for block in blocks for trial in block]
