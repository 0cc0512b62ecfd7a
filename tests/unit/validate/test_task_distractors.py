"""Distractors obey their rules, whatever the corpus; and lists deal evenly."""

from __future__ import annotations

from collections import Counter
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from egoalign.validate.task_distractors import (
    APART_S,
    TOO_FEW_PICTURES,
    TOO_FEW_TEXTS,
    Pool,
    distractor_pictures,
    distractor_utterances,
    text_key,
)
from egoalign.validate.task_lists import arrange, deal


@st.composite
def pools(draw: st.DrawFn) -> tuple[Pool, int]:
    """Return a pool and one of its rows."""
    n = draw(st.integers(1, 60))
    rng = np.random.default_rng(draw(st.integers(0, 2**31)))
    child = rng.integers(0, draw(st.integers(1, 4)), n)
    pool = Pool(
        child=child,
        session=child * 10 + rng.integers(0, draw(st.integers(1, 3)), n),
        speaker=rng.integers(0, 3, n),
        n_tokens=rng.integers(1, 15, n),
        text=rng.integers(0, draw(st.integers(1, 20)), n),
        second=rng.integers(0, 90, n).astype(float),
    )
    return pool, draw(st.integers(0, n - 1))


@given(pools(), st.integers(0, 100))
def test_utterances(drawn: tuple[Pool, int], seed: int) -> None:
    pool, row = drawn
    found = distractor_utterances(pool, row, np.random.default_rng(seed))
    fits = (pool.session != pool.session[row]) & (pool.speaker == pool.speaker[row])
    fits &= pool.text != pool.text[row]
    if found.reason:
        assert found.reason == TOO_FEW_TEXTS
        assert len(set(pool.text[fits].tolist())) < 3
        return
    assert len(found.rows) == 3
    assert fits[found.rows].all()
    assert len(set(pool.text[[row, *found.rows]].tolist())) == 4
    # As near in length as can be had, in steps of 1, 2, 4, 8: the next smaller step has too few.
    distance = np.abs(pool.n_tokens - pool.n_tokens[row])
    farthest = distance[found.rows].max()
    assert found.rule == f"same speaker, tokens within {max(farthest, 1)}"
    smaller = max((step for step in (0, 1, 2, 4, 8) if step < farthest), default=0)
    if smaller:
        assert len(set(pool.text[fits & (distance <= smaller)].tolist())) < 3


@given(pools(), st.integers(0, 100))
def test_pictures(drawn: tuple[Pool, int], seed: int) -> None:
    pool, row = drawn
    found = distractor_pictures(pool, row, np.random.default_rng(seed))
    if found.reason:
        assert found.reason == TOO_FEW_PICTURES
        return
    assert len(found.rows) == 3
    assert np.all(pool.session[found.rows] != pool.session[row])
    assert np.all(pool.text[found.rows] != pool.text[row])
    for one, other in combinations(found.rows, 2):
        apart = abs(pool.second[one] - pool.second[other]) >= APART_S
        assert apart or pool.session[one] != pool.session[other]
    same = int(np.sum(pool.child[found.rows] == pool.child[row]))
    assert found.rule == f"{same} of 3 of the same child"


def test_other_children_only_where_the_own_has_too_few() -> None:
    pool = Pool(
        child=np.array([0, 0, 0, 0, 1, 1, 1]),
        session=np.array([0, 1, 1, 1, 2, 2, 2]),
        speaker=np.zeros(7, int),
        n_tokens=np.ones(7, int),
        text=np.arange(7),
        second=np.array([5.0, 0, 20, 40, 0, 20, 40]),
    )
    for seed in range(20):
        found = distractor_pictures(pool, 0, np.random.default_rng(seed))
        assert sorted(found.rows) == [1, 2, 3]
    pool.second[3] = 25.0
    found = distractor_pictures(pool, 0, np.random.default_rng(1))
    assert found.rule == "2 of 3 of the same child"


def test_every_candidate_is_as_likely() -> None:
    n = 8
    pool = Pool(
        child=np.zeros(n, int),
        session=np.arange(n),
        speaker=np.zeros(n, int),
        n_tokens=np.full(n, 3),
        text=np.arange(n),
        second=np.zeros(n),
    )
    hits: Counter[int] = Counter()
    for seed in range(3500):
        hits.update(distractor_utterances(pool, 0, np.random.default_rng(seed)).rows)
    shares = np.array([hits[row] for row in range(1, n)]) / 3500
    assert np.all(np.abs(shares - 3 / 7) < 5 * np.sqrt(3 / 7 * 4 / 7 / 3500))


@pytest.mark.parametrize(
    ("one", "other"), [("Look!", "look"), (" the  ball.", "The ball"), ("é", "É")]
)
def test_texts_that_read_alike_are_one(one: str, other: str) -> None:
    assert text_key(one) == text_key(other) != text_key("something else")


@given(st.integers(0, 80), st.integers(1, 12), st.integers(1, 5), st.integers(0, 1000))
def test_dealing(n_items: int, slots: int, answers: int, seed: int) -> None:
    answers = min(answers, slots)
    hands = deal(n_items, slots, answers, np.random.default_rng(seed))
    assert max(map(len, hands)) - min(map(len, hands)) <= 1
    counts = Counter(item for hand in hands for item in hand)
    assert counts == dict.fromkeys(range(n_items), answers)
    assert all(len(set(hand)) == len(hand) for hand in hands)


@given(st.integers(0, 70), st.integers(0, 20), st.integers(0, 100))
def test_arranging(n_items: int, catch_every: int, seed: int) -> None:
    trials = arrange(range(n_items), 7, catch_every, 4, np.random.default_rng(seed))
    own = [trial.item for trial in trials if not trial.is_catch]
    catch = [trial.item for trial in trials if trial.is_catch]
    assert sorted(own) == list(range(n_items))
    blocks = -(-n_items // catch_every) if catch_every else 0
    assert len(catch) == len(set(catch)) == min(blocks, 7)
    assert not trials or not trials[0].is_catch
    for trial in trials:
        assert sorted(trial.order) == [0, 1, 2, 3]
        assert trial.order[(trial.correct_position or 0) - 1] == 0


def test_too_many_answers_an_item() -> None:
    with pytest.raises(ValueError, match="3 answers an item, but only 2 slots"):
        deal(5, 2, 3, np.random.default_rng(1))
