"""Every null scheme: it draws what its definition says, is fair, and sees what is planted."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import get_args

import numpy as np
import pytest
from scipy.stats import chisquare, kstest

from egoalign.align.corpus_null import one_draw_null, picture_null, text_null
from egoalign.align.null import Null, shuffled_null
from egoalign.align.pool import Material, Pool, make_pool
from egoalign.align.session import spoken_over
from egoalign.align.shift import shift_null, shifts_of
from egoalign.config import NullOptions, NullScheme
from egoalign.tables import SCHEMES
from egoalign.video.window import Windows
from tests.unit.align.corpora import MIN_SHIFT, make_corpus, pairs, with_score

SEED = 2511
EVERYTHING = 10**9
TOLERANCE = 30.0
MATCHED = [scheme for scheme in SCHEMES if scheme != "one_draw"]


def pool_of(corpus: list[Material], most: int = EVERYTHING, seed: int = SEED) -> Pool:
    rngs = (np.random.default_rng([seed, number]) for number in range(len(corpus)))
    return make_pool(corpus, most, rngs)


def draw(
    scheme: str, corpus: list[Material], pool: Pool, session: int, draws: int, seed: int
) -> Null:
    """Return the null of a session by one scheme, one row for each of all its utterances."""
    material, rng = corpus[session], np.random.default_rng([SEED, seed])
    on_grid = Windows(
        material.places[material.windows.points], material.windows.offsets, material.windows.nearest
    )
    own = (material.texts, material.pictures)
    if scheme == "shuffled":
        null = shuffled_null(*own, material.windows, material.codes, draws, rng)
        return spread_over(null, material)
    if scheme == "shift":
        spoken = spoken_over(on_grid, material.codes, material.size)
        shifts = shifts_of(material.size, 1.0, MIN_SHIFT)
        null = shift_null(
            *own,
            *(material.places, material.windows, material.codes, spoken, material.score),
            *(shifts, draws, rng),
        )
        return spread_over(null, material)
    if scheme == "text_matched":
        return text_null(material, pool, draws, rng)
    if scheme == "one_draw":
        return one_draw_null(material, pool, rng)
    others = np.arange(len(corpus)) != session
    own_child = pool.children == material.child_id
    like = ~own_child & (np.abs(pool.ages - material.age_days) <= TOLERANCE)
    allowed = {"other_session": others & own_child, "like_age": like, "anyone": others}
    return picture_null(material, pool, allowed[scheme], draws, rng)


def spread_over(null: Null, material: Material) -> Null:
    """Put the rows of scored utterances where they stand among all."""
    whole = Null.nothing(len(material.utterance_ids))
    for name, values in vars(null).items():
        getattr(whole, name)[material.rows] = values
    return whole


@contextmanager
def recorded(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple]]:
    """Keep what is put into a null: rows, scores and draws."""
    calls: list[tuple] = []
    put = Null.put

    def kept(self: Null, rows: np.ndarray, score: np.ndarray, drawn: np.ndarray) -> None:
        calls.append((rows, score, drawn))
        put(self, rows, score, drawn)

    with monkeypatch.context() as patch:
        patch.setattr(Null, "put", kept)
        yield calls


def draws_of(
    monkeypatch: pytest.MonkeyPatch, scheme: str, corpus: list[Material], session: int, i: int,
    draws: int, seed: int, pool: Pool | None = None,
) -> np.ndarray:  # fmt: skip
    """Return the draws of one scored utterance."""
    pool = pool or pool_of(corpus)
    with recorded(monkeypatch) as calls:
        draw(scheme, corpus, pool, session, draws, seed)
    row = i if scheme in ("shuffled", "shift") else corpus[session].rows[i]
    for rows, _, drawn in calls:
        for place in np.flatnonzero(rows == row):
            return drawn[place][~np.isnan(drawn[place])]
    return np.zeros(0)


def test_the_schemes_of_the_config_are_those_of_the_tables() -> None:
    assert get_args(NullScheme) == SCHEMES
    assert NullOptions().schemes == list(SCHEMES)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_what_is_drawn_is_what_brute_force_allows(
    scheme: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every eligible pair comes, as often as the others, and no other pair does."""
    corpus = make_corpus(7)
    pool = pool_of(corpus)
    looked_at = 0
    for session, material in enumerate(corpus):
        for i in range(0, material.rows.size, 4):
            allowed = np.array(pairs(scheme, corpus, session, i, TOLERANCE))
            drawn = np.concatenate(
                [
                    draws_of(monkeypatch, scheme, corpus, session, i, 400, seed, pool)
                    for seed in range(300 if scheme == "one_draw" else 5)
                ]
            )
            values, expected = np.unique(np.round(allowed, 5), return_counts=True)
            near = np.abs(np.round(drawn, 6)[:, None] - np.unique(allowed)).min(axis=1, initial=9)
            assert near.max(initial=0) < 2e-6, "a pair was drawn that is not eligible"
            if drawn.size and scheme != "shift":
                place = np.abs(drawn[:, None] - values).argmin(axis=1)
                counts = np.bincount(place, minlength=values.size)
                share = expected / expected.sum() * drawn.size
                # 42 comparisons in all: a thousandth each, of a few schemes.
                assert chisquare(counts, share).pvalue > 1e-4
            if scheme == "shift" and allowed.size >= 20:
                one = draws_of(monkeypatch, scheme, corpus, session, i, 400, 0, pool)
                np.testing.assert_allclose(np.sort(one), np.sort(allowed), atol=2e-6)
            looked_at += drawn.size > 0
    assert looked_at >= 8


def percentiles(
    monkeypatch: pytest.MonkeyPatch, scheme: str, corpora: int, planted: bool, draws: int = 39
) -> np.ndarray:
    """Return one percentile of each of so many independent corpora.

    Where nothing is planted, the tested pair is drawn by the brute-force definition of the scheme;
    else it is the true one.
    """
    found = []
    for number in range(corpora):
        rng = np.random.default_rng([SEED, 77, number])
        corpus = make_corpus(1000 + number, planted=1.0 if planted else 0.0)
        session = int(rng.integers(len(corpus)))
        material = corpus[session]
        for i in rng.permutation(material.rows.size):
            if not planted:
                eligible = pairs(scheme, corpus, session, int(i), TOLERANCE)
                if not eligible:
                    continue
                tested = eligible[int(rng.integers(len(eligible)))]
                corpus[session] = with_score(material, int(i), tested)
            score = corpus[session].score[i]
            drawn = draws_of(monkeypatch, scheme, corpus, session, int(i), draws, number)
            if scheme == "shift" and not planted:
                # Shifts come without replacement: that of the tested pair is none of the others.
                drawn = drawn[drawn != score]
            if drawn.size:
                below, ties = (drawn < score).sum(), (drawn == score).sum()
                found.append((below + rng.random() * (ties + 1)) / (drawn.size + 1))
                break
    assert len(found) == corpora
    return np.array(found)


@pytest.mark.parametrize("corpora", [60, pytest.param(400, marks=pytest.mark.full)])
@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_pair_drawn_by_the_scheme_itself_has_a_uniform_percentile(
    scheme: str, corpora: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert kstest(percentiles(monkeypatch, scheme, corpora, False), "uniform").pvalue > 0.001


@pytest.mark.parametrize("scheme", SCHEMES)
def test_planted_alignment_makes_the_same_test_fail(
    scheme: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert kstest(percentiles(monkeypatch, scheme, 60, True), "uniform").pvalue < 0.001


def test_the_number_of_pictures_moves_the_score_but_not_the_difference() -> None:
    """It still moves that from one draw, which compares many pictures with one."""
    counts: list[np.ndarray] = []
    scores: list[np.ndarray] = []
    differences: dict[str, list[np.ndarray]] = {scheme: [] for scheme in SCHEMES}
    for number in range(30):
        corpus = make_corpus(5000 + number)
        pool = pool_of(corpus)
        material = corpus[0]
        counts.append(material.windows.count)
        scores.append(material.score)
        for scheme, kept in differences.items():
            kept.append(draw(scheme, corpus, pool, 0, 50, number).difference[material.rows])
    count = np.log(np.concatenate(counts))
    assert np.corrcoef(count, np.concatenate(scores))[0, 1] > 0.3
    for scheme in SCHEMES:
        difference = np.concatenate(differences[scheme])
        has = np.isfinite(difference)
        assert has.sum() > 150
        found = np.corrcoef(count[has], difference[has])[0, 1]
        if scheme == "one_draw":
            assert found > 0.15
        else:
            # Three standard errors of a correlation of nothing.
            assert abs(found) < 3 / np.sqrt(has.sum()), scheme
