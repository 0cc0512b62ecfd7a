"""The shuffled null: what may be drawn, that it is fair, and that it sees what is planted."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import kstest

from egoalign.align.null import (
    Null,
    columns_needed,
    first_eligible,
    shuffled_null,
    sliding_maximum,
)
from egoalign.align.score import Pictures, Scores, score_windows, unit_rows
from egoalign.config import WindowOptions
from egoalign.video.window import TimedWords, Windows, find_windows
from tests.unit.align.made import Made, random_session

DRAWS = 200


def run(made: Made, draws: int = DRAWS, seed: int = 0) -> tuple[Windows, Scores, Null]:
    start, end, text = (np.array(column) for column in zip(*made.utterances, strict=True))
    texts, pictures = unit_rows(made.texts)[text], pictures_of(made)
    windows = find_windows(np.arange(float(pictures.count)), start, end, 1.0)
    rng = np.random.default_rng(seed)
    null = shuffled_null(texts, pictures, windows, text, draws, rng)
    return windows, score_windows(texts, pictures, windows), null


def pictures_of(made: Made) -> Pictures:
    """Return the pictures of a session in which all have equally many tiles."""
    vectors = unit_rows(made.pictures.reshape(-1, made.pictures.shape[-1]))
    return Pictures(vectors, np.arange(0, len(vectors), len(vectors) // len(made.pictures)))


def telling_session(utterances: list[tuple[float, float, int]], seconds: int) -> Made:
    """Return a session in which the cosine of any text with picture k is (k + 1) / 100."""
    cosine = (np.arange(seconds) + 1) / 100
    pictures = np.column_stack([cosine, np.sqrt(1 - cosine**2)])
    n_texts = 1 + max(text for *_, text in utterances)
    return Made(utterances, pictures, np.tile([1.0, 0.0], (n_texts, 1)))


@given(st.integers(1, 12), st.integers(0, 12), st.integers(0, 1000))
def test_sliding_maximum_equals_brute_force(length: int, more: int, seed: int) -> None:
    values = np.random.default_rng(seed).normal(size=(3, length + more))
    expected = [values[:, k : k + length].max(axis=1) for k in range(more + 1)]
    assert np.array_equal(sliding_maximum(values, length), np.array(expected).T)


@given(st.integers(1, 6), st.integers(0, 12), st.integers(0, 1000))
def test_the_first_eligible_are_taken_and_no_more_columns_than_needed(
    draws: int, columns: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    values, eligible = rng.normal(size=(4, columns)), rng.random((4, columns)) < 0.6
    taken = first_eligible(values, eligible, draws)
    for row in range(4):
        expected = values[row, eligible[row]][:draws]
        assert np.array_equal(taken[row, ~np.isnan(taken[row])], expected)
    if columns:
        used = columns_needed(eligible, draws)
        same = first_eligible(values[:, :used], eligible[:, :used], draws)
        np.testing.assert_array_equal(taken[:, : same.shape[1]], same)
        assert np.isnan(taken[:, same.shape[1] :]).all()
        if (eligible.sum(axis=1) >= draws).all():
            assert (eligible[:, : used - 1].sum(axis=1) < draws).any()
        else:
            assert used == columns


def test_every_other_window_is_drawn_and_nothing_else() -> None:
    made = telling_session([(float(k), float(k), k) for k in range(0, 40, 4)], 40)
    draws = np.array([run(made, 1, seed)[2].draw for seed in range(400)])
    for i in range(10):
        drawn = {round(float(value) * 100) - 1 for value in draws[:, i]}
        assert drawn == set(range(0, 40, 4)) - {4 * i}


def test_runs_have_the_own_length_and_are_moved_back_at_the_end() -> None:
    utterances = [(0.0, 4.0, 0), *((float(k), float(k), k // 4) for k in range(8, 32, 4))]
    made = telling_session([*utterances, (38.0, 38.0, 9), (39.0, 39.0, 10)], 40)
    draws = np.array([run(made, 1, seed)[2].draw for seed in range(300)])
    # Five pictures are scored, so the greatest cosine is that of the fourth after the start; the
    # runs from 38 and 39 would pass the end and begin at 35.
    assert {round(float(value) * 100) - 1 for value in draws[:, 0]} == {
        *(k + 4 for k in range(8, 32, 4)),
        39,
    }


def test_windows_that_touch_the_own_one_are_not_drawn() -> None:
    made = telling_session([(float(k), k + 3.0, k) for k in range(0, 30, 2)], 40)
    draws = np.array([run(made, 1, seed)[2].draw for seed in range(300)])
    best = {round(float(value) * 100) - 1 for value in draws[:, 7]}
    assert best == {k + 3 for k in range(0, 30, 2) if abs(k - 14) >= 4}


def test_the_same_words_are_not_drawn() -> None:
    made = telling_session([(4.0 * k, 4.0 * k, k % 2 if k < 6 else k) for k in range(12)], 48)
    draws = np.array([run(made, 1, seed)[2].draw for seed in range(300)])
    drawn = {(round(float(value) * 100) - 1) // 4 for value in draws[:, 0]}
    assert drawn == {1, 3, 5, 6, 7, 8, 9, 10, 11}


@pytest.mark.parametrize(("others", "has_null"), [(4, False), (5, True)])
def test_five_other_windows_are_needed(others: int, has_null: bool) -> None:
    made = telling_session([(3.0 * k, 3.0 * k, k) for k in range(others + 1)], 30)
    _, scores, null = run(made)
    assert np.isfinite(scores.greatest).all()
    assert null.choices.tolist() == [others] * (others + 1)
    for values in (null.mean, null.sd, null.z, null.percentile, null.difference, null.draw):
        assert np.isfinite(values).all() == has_null
        assert np.isnan(values).all() != has_null


def test_windows_at_the_same_second_count_once() -> None:
    made = telling_session([(3.0 * (k % 5), 3.0 * (k % 5), k) for k in range(50)], 30)
    assert set(run(made)[2].choices) == {4}


def test_columns_equal_their_definitions() -> None:
    _, scores, null = run(random_session(1), draws=1)
    assert np.array_equal(null.mean, null.draw)
    assert np.isnan(null.sd).all()
    assert set(np.unique(null.percentile)) <= {0.25, 0.5, 0.75}
    _, scores, null = run(random_session(1))
    assert null.difference == pytest.approx(scores.greatest - null.mean, abs=1e-12)
    assert null.z == pytest.approx(null.difference / null.sd, abs=1e-12)
    assert ((null.percentile > 0) & (null.percentile < 1)).all()


def test_a_still_picture_has_no_spread_and_lies_in_the_middle() -> None:
    made = random_session(2)
    made.pictures[:] = made.pictures[0]
    _, _, null = run(made)
    assert (null.difference == 0).all() or np.abs(null.difference).max() < 1e-12
    assert np.isnan(null.z).all()
    assert (null.percentile == 0.5).all()


def test_same_seed_same_draws() -> None:
    one, two, other = (run(random_session(3), seed=seed)[2] for seed in (7, 7, 8))
    assert np.array_equal(one.percentile, two.percentile)
    assert not np.array_equal(one.draw, other.draw)


def test_percentiles_of_unrelated_vectors_are_uniform() -> None:
    """At level 0.001 with seeds fixed beforehand."""
    percentiles = np.concatenate(
        [run(random_session(seed), seed=seed)[2].percentile for seed in range(20)]
    )
    assert percentiles.size == 20 * 60
    assert kstest(percentiles, "uniform").pvalue > 0.001


def test_planted_alignment_is_seen() -> None:
    null = run(random_session(5, planted=1.0))[2]
    assert np.mean(null.percentile > 0.95) > 0.9
    assert null.z.mean() > 2


def test_number_of_pictures_moves_the_maximum_but_not_the_difference() -> None:
    counts, scores, differences = [], [], []
    for seed in range(20):
        windows, score, null = run(random_session(100 + seed), seed=seed)
        counts.append(windows.count)
        scores.append(score.greatest)
        differences.append(null.difference)
    count, score, difference = map(np.concatenate, (counts, scores, differences))
    assert np.corrcoef(np.log(count), score)[0, 1] > 0.4
    # Three standard errors of a correlation of nothing.
    assert abs(np.corrcoef(np.log(count), difference)[0, 1]) < 3 / np.sqrt(count.size)


def test_tiles_are_taken_together_before_anything_is_drawn() -> None:
    """A second tile like the first changes nothing; others raise both score and null."""
    plain, tiled = random_session(12, planted=0.3), random_session(12, planted=0.3)
    tiled.pictures = np.stack([plain.pictures, plain.pictures], axis=1)
    for one, two in zip(vars(run(plain)[2]).values(), vars(run(tiled)[2]).values(), strict=True):
        np.testing.assert_array_equal(one, two)
    tiled.pictures = np.stack([plain.pictures, random_session(13).pictures], axis=1)
    _, scores, null = run(tiled)
    assert (scores.greatest >= run(plain)[1].greatest - 1e-6).all()
    assert null.difference == pytest.approx(scores.greatest - null.mean, abs=1e-12)
    assert null.mean.mean() > run(plain)[2].mean.mean()


def test_scattered_pictures_are_compared_with_runs_of_as_many() -> None:
    """Words at 0, 5 and 9: three pictures, and no run that touches the stretch from 0 to 9."""
    utterances = [(0.0, 9.0, 0), *((float(k), float(k), k // 4) for k in range(4, 40, 4))]
    made = telling_session(utterances, 42)
    start, end, text = (np.array(column) for column in zip(*made.utterances, strict=True))
    words = TimedWords(np.array([0, 0, 0]), np.array([0.0, 5.2, 9.4]))
    windows = find_windows(np.arange(42.0), start, end, 1.0, WindowOptions(points="words"), words)
    assert windows.count.tolist() == [3] + [1] * 9
    texts = unit_rows(made.texts)[text]
    drawn = set()
    for seed in range(300):
        rng = np.random.default_rng(seed)
        null = shuffled_null(texts, pictures_of(made), windows, text, 1, rng)
        drawn.add(round(float(null.draw[0]) * 100) - 1)
        assert null.difference[0] == pytest.approx(0.10 - null.draw[0], abs=2e-3)
    assert drawn == {k + 2 for k in range(12, 40, 4)}
