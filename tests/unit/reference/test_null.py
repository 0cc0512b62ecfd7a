"""The nulls of pairs: what may be drawn, that they are fair, and that they see what is planted."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import kstest

from egoalign.align.score import Pictures, unit_rows
from egoalign.reference import null as null_module
from egoalign.reference.null import (
    FEWEST,
    draw_seed,
    pair_scores,
    shuffled_null,
    text_matched_null,
)

DRAWS = 200


def unit(rng: np.random.Generator, n: int, width: int = 16) -> np.ndarray:
    return unit_rows(rng.normal(size=(n, width)).astype(np.float32))


def plain(vectors: np.ndarray) -> Pictures:
    return Pictures(vectors, np.arange(len(vectors)))


def telling(n: int) -> tuple[np.ndarray, Pictures]:
    """Return captions that are all alike, and pictures of cosine (k + 1) / 100 with any of them."""
    cosine = (np.arange(n) + 1) / 100
    pictures = np.column_stack([cosine, np.sqrt(1 - cosine**2)]).astype(np.float32)
    return np.tile(np.float32([1, 0]), (n, 1)), plain(pictures)


def test_every_other_pair_is_drawn_and_never_the_same_picture_or_caption():
    captions, pictures = telling(12)
    caption_ids = np.array([0, 1, 2, 3, 4, 4, 6, 7, 8, 9, 10, 11])
    picture_ids = np.array([0, 0, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11])
    scores = pair_scores(captions, pictures)
    assert scores.tolist() == pytest.approx((np.arange(12) + 1) / 100)
    null = [
        shuffled_null(scores, captions, pictures, caption_ids, picture_ids, 1,
                      np.random.default_rng(seed)).draw
        for seed in range(400)
    ]  # fmt: skip
    drawn = np.rint(np.array(null) * 100).astype(int) - 1
    forbidden = {0: {0, 1}, 1: {0, 1}, 4: {4, 5}, 5: {4, 5}}
    for i in range(12):
        assert set(drawn[:, i]) == set(range(12)) - forbidden.get(i, {i})


def test_captions_are_drawn_among_those_of_as_many_tokens():
    pictures, captions = telling(20)
    n_tokens = np.repeat([3, 5, 9], [8, 8, 4])
    ids = np.arange(20)
    null = [
        text_matched_null(np.zeros(20), captions.vectors, plain(pictures), ids, ids, n_tokens, 1,
                          np.random.default_rng(seed))
        for seed in range(400)
    ]  # fmt: skip
    drawn = np.array([one.draw for one in null])
    for i in range(16):
        own = range(0, 8) if i < 8 else range(8, 16)
        assert set(np.rint(drawn[:, i] * 100).astype(int) - 1) == set(own) - {i}
    assert np.isnan(drawn[:, 16:]).all()
    assert null[0].others.tolist() == 16 * [7] + 4 * [3]


@given(st.integers(1, 8))
def test_there_is_a_null_from_five_others_on(n):
    rng = np.random.default_rng(n)
    ids = np.arange(n)
    captions, pictures = unit(rng, n), plain(unit(rng, n))
    null = shuffled_null(pair_scores(captions, pictures), captions, pictures, ids, ids, 9, rng)
    assert (null.others == n - 1).all()
    assert np.isfinite(null.mean).all() == (n - 1 >= FEWEST)


@pytest.mark.parametrize("scheme", ["shuffled", "text_matched"])
def test_statistics_are_those_of_the_draws_by_brute_force(scheme, monkeypatch):
    """With many draws and few pairs the null's moments near those of all allowed pairs."""
    rng = np.random.default_rng(2511)
    n = 40
    captions, pictures = unit(rng, n), plain(unit(rng, n))
    n_tokens = rng.integers(3, 5, n)
    caption_ids, picture_ids = rng.integers(0, 30, n), rng.integers(0, 30, n)
    scores = pair_scores(captions, pictures)
    monkeypatch.setattr(null_module, "BLOCK", 200)
    common = scores, captions, pictures, caption_ids, picture_ids
    if scheme == "shuffled":
        null = shuffled_null(*common, 20_000, rng)
    else:
        null = text_matched_null(*common, n_tokens, 20_000, rng)
    for i in range(n):
        allowed = [
            float(captions[i] @ pictures.vectors[j])
            if scheme == "shuffled"
            else float(captions[j] @ pictures.vectors[i])
            for j in range(n)
            if caption_ids[i] != caption_ids[j]
            and picture_ids[i] != picture_ids[j]
            and (scheme == "shuffled" or n_tokens[i] == n_tokens[j])
        ]
        assert null.others[i] == len(allowed)
        error = np.std(allowed) / np.sqrt(20_000)
        assert null.mean[i] == pytest.approx(np.mean(allowed), abs=5 * error)
        assert null.sd[i] == pytest.approx(np.std(allowed), rel=0.05)
        assert null.difference[i] == pytest.approx(scores[i] - null.mean[i])
        assert null.z[i] == pytest.approx(null.difference[i] / null.sd[i])
        share = np.mean(np.array(allowed) < scores[i])
        assert null.percentile[i] == pytest.approx(share, abs=5 * 0.5 / np.sqrt(20_000) + 1e-4)
        assert min(abs(null.draw[i] - value) for value in allowed) < 2e-6


def test_ties_count_half_and_equal_draws_have_no_z():
    captions = np.tile(np.float32([1, 0]), (10, 1))
    pictures, ids = plain(captions), np.arange(10)
    null = shuffled_null(pair_scores(captions, pictures), captions, pictures, ids, ids, 99,
                         np.random.default_rng(1))  # fmt: skip
    assert null.percentile.tolist() == 10 * [0.5]
    assert np.isnan(null.z).all()
    assert null.sd.tolist() == 10 * [0.0]


def test_pictures_of_several_tiles_count_by_their_best():
    rng = np.random.default_rng(3)
    captions, tiles = unit(rng, 9), unit(rng, 9 * 3)
    sizes = np.array([1, 2, 3, 4, 5, 6, 3, 2, 1])
    pictures = Pictures(tiles, np.cumsum(sizes) - sizes)
    ends = np.append(pictures.first[1:], 27)
    best = np.array([
        [max(float(c @ tiles[k]) for k in range(a, b))
         for a, b in zip(pictures.first, ends, strict=True)]
        for c in captions
    ])  # fmt: skip
    scores = pair_scores(captions, pictures)
    assert scores == pytest.approx(np.diagonal(best), abs=2e-6)
    ids, tokens = np.arange(9), np.zeros(9, dtype=int)
    for scheme in ("shuffled", "text_matched"):
        null = (
            shuffled_null(scores, captions, pictures, ids, ids, 500, rng)
            if scheme == "shuffled"
            else text_matched_null(scores, captions, pictures, ids, ids, tokens, 500, rng)
        )
        for i in range(9):
            others = np.delete(best[i] if scheme == "shuffled" else best[:, i], i)
            assert min(abs(null.draw[i] - others)) < 2e-6
            assert null.mean[i] == pytest.approx(others.mean(), abs=6 * others.std() / 500**0.5)


def percentiles(planted: float, scheme: str, sets: int = 300, n: int = 60) -> np.ndarray:
    """Return one percentile of each of many simulated sets, ties with itself broken at random."""
    found = np.empty(sets)
    for number in range(sets):
        rng = np.random.default_rng([2511, number])
        captions = unit(rng, n)
        pictures = plain(unit_rows(unit(rng, n) + np.float32(planted) * captions))
        ids, n_tokens = np.arange(n), rng.integers(3, 5, n)
        scores = pair_scores(captions, pictures)
        common = scores, captions, pictures, ids, ids
        null = (
            shuffled_null(*common, DRAWS, rng)
            if scheme == "shuffled"
            else text_matched_null(*common, n_tokens, DRAWS, rng)
        )
        # The reported percentile is the middle of the own place; its width is 1 / (draws + 1).
        found[number] = null.percentile[0] + (rng.random() - 0.5) / (DRAWS + 1)
    return found


@pytest.mark.parametrize("scheme", ["shuffled", "text_matched"])
def test_unrelated_pairs_have_uniform_percentiles_and_planted_ones_have_not(scheme):
    assert kstest(percentiles(0.0, scheme), "uniform").pvalue > 0.001
    assert kstest(percentiles(0.3, scheme), "uniform").pvalue < 0.001


def test_length_makes_no_difference_to_the_matched_null():
    """Longer captions score higher with any picture; matched draws take that away, z says so."""
    rng = np.random.default_rng(20251118)
    n = 600
    n_tokens = np.repeat([4, 12], n // 2)
    common = np.zeros(16, dtype=np.float32)
    common[0] = 2
    pictures = plain(unit_rows(unit(rng, n) + common))
    captions = unit_rows(unit(rng, n) + common * (n_tokens[:, None] / 12).astype(np.float32))
    ids = np.arange(n)
    scores = pair_scores(captions, pictures)
    matched = text_matched_null(scores, captions, pictures, ids, ids, n_tokens, DRAWS, rng)
    anyone = text_matched_null(scores, captions, pictures, ids, ids, 0 * n_tokens, DRAWS, rng)
    long = n_tokens == 12
    error = np.sqrt(1 / 12 / (n // 2))
    assert abs(matched.percentile[long].mean() - 0.5) < 4 * error
    assert anyone.percentile[long].mean() > 0.5 + 10 * error


def test_draws_have_a_seed_of_their_own():
    seeds = {tuple(draw_seed(1, *names)) for names in (("a", "b"), ("ab", ""), ("b", "a"))}
    assert len(seeds) == 3
    assert draw_seed(1, "a", "b") == draw_seed(1, "a", "b")
