"""The gain of a greatest cosine over many pictures, and the score without it."""

from __future__ import annotations

import numpy as np
import pytest

from egoalign.align.length import FEWEST_RUNS, length_gain
from egoalign.align.score import Pictures, mean_of_top
from egoalign.align.session import spoken_over
from egoalign.align.spoken import Spoken
from egoalign.video.window import Windows
from tests.unit.align.corpora import halved, make_session, own, said_over
from tests.unit.align.made import random_session
from tests.unit.align.test_session import OPTIONS, table_of

SILENCE = Spoken.of(*(np.zeros(0, np.int64) for _ in range(3)), 10_000)
EXPECTED_MAXIMUM = {1: 0.0, 2: 0.56419, 3: 0.84628, 4: 1.02938, 5: 1.16296}
"""Of n independent standard normal numbers (Teichroew 1956, table of order statistics)."""


def gain_of(pictures: np.ndarray, texts: np.ndarray, lengths: list[int]) -> dict[int, float]:
    had = Pictures(halved(pictures), np.arange(len(pictures)))
    codes, places = np.arange(len(texts)), np.arange(len(pictures))
    return length_gain(halved(texts), codes, had, places, SILENCE, lengths)


def test_pictures_that_are_all_the_same_gain_nothing() -> None:
    rng = np.random.default_rng(2511)
    pictures = np.repeat(rng.normal(size=(1, 64)), 50, axis=0)
    gains = gain_of(pictures, rng.normal(size=(5, 64)), [1, 4, 30])
    assert gains == pytest.approx({1: 0.0, 4: 0.0, 30: 0.0}, abs=1e-9)


def test_independent_pictures_gain_what_independent_numbers_do() -> None:
    rng = np.random.default_rng(2511)
    pictures, texts = rng.normal(size=(3000, 400)), rng.normal(size=(128, 400))
    gains = gain_of(pictures, texts, list(EXPECTED_MAXIMUM))
    for n, expected in EXPECTED_MAXIMUM.items():
        # A cosine of random directions has standard deviation 1 / sqrt(400).
        assert gains[n] * 20 == pytest.approx(expected, abs=0.01)


def test_gain_equals_brute_force_without_the_own_words() -> None:
    rng = np.random.default_rng(5)
    session = make_session(rng, rng.normal(size=(8, 64)), ("c", "s", 1.0), seconds=60)
    _, first = np.unique(session.codes, return_index=True)
    on_grid = Windows(
        session.places[session.windows.points], session.windows.offsets, session.windows.nearest
    )
    spoken = spoken_over(on_grid, session.codes, session.size)
    arguments = (session.texts[first], session.codes[first], session.pictures, session.places)
    found = length_gain(*arguments, spoken, [1, 3, 7, 200])
    values = session.texts[first] @ session.pictures.vectors.T
    n_pictures = session.places.size
    for length in (1, 3, 7):
        gains = []
        for row, code in zip(values, session.codes[first], strict=True):

            def free(n: int, code: int = code) -> list[range]:
                runs = (range(k, k + n) for k in range(n_pictures - n + 1))
                return [run for run in runs if not any(said_over(session, code, [k]) for k in run)]

            if len(free(length)) >= FEWEST_RUNS:
                best = np.mean([max(row[k] for k in run) for run in free(length)])
                gains.append(best - np.mean([row[run[0]] for run in free(1)]))
        assert found[length] == pytest.approx(np.mean(gains), abs=1e-6)
    assert np.isnan(found[200])


def test_the_corrected_score_does_not_depend_on_the_number_of_pictures() -> None:
    """With neighbours that are alike; a correction for independent pictures overdoes it."""
    counts, plain, corrected, independent = [], [], [], []
    for number in range(40):
        rng = np.random.default_rng([2511, number])
        session = make_session(
            rng, rng.normal(size=(500, 64)), ("c", "s", 1.0), seconds=300, utterances=50, missing=0
        )
        count = session.windows.count
        on_grid = Windows(
            session.places[session.windows.points], session.windows.offsets, session.windows.nearest
        )
        spoken = spoken_over(on_grid, session.codes, session.size)
        _, first = np.unique(session.codes, return_index=True)
        arguments = (session.texts[first], session.codes[first], session.pictures, session.places)
        gains = length_gain(*arguments, spoken, np.unique(count).tolist())
        spread = (session.texts @ session.pictures.vectors.T).std()
        counts.append(np.log(count))
        plain.append(session.score)
        corrected.append(session.score - np.array([gains[n] for n in count.tolist()]))
        independent.append(
            session.score - spread * np.array([EXPECTED_MAXIMUM[n] for n in count.tolist()])
        )
    count = np.concatenate(counts)
    # Three standard errors of a correlation of nothing.
    slack = 3 / np.sqrt(count.size)
    assert count.size > 1900

    def correlation(values: list[np.ndarray]) -> float:
        return float(np.corrcoef(count, np.concatenate(values))[0, 1])

    assert correlation(plain) > 3 * slack
    assert abs(correlation(corrected)) < slack
    assert correlation(independent) < -slack


def test_the_table_has_the_corrected_score_and_on_demand_the_top() -> None:
    made = random_session(9, planted=0.5)
    table = table_of(made).to_pandas()
    assert table["score_top_k"].isna().all()
    assert table["score_corrected"].notna().all()
    one = table["n_frames"] == 1
    assert table["score_corrected"][one].to_numpy() == pytest.approx(table["score_max"][one])
    assert (table["score_corrected"][~one] < table["score_max"][~one]).all()
    again = table_of(made, options=OPTIONS.model_copy(update={"top_k": 3})).to_pandas()
    assert (again["score_max"] >= again["score_top_k"]).all()
    assert again["score_top_k"][one].equals(again["score_max"][one])
    few = again["n_frames"] <= 3
    assert again["score_top_k"][few].to_numpy() == pytest.approx(again["score_mean"][few])
    assert (again["score_top_k"][~few] > again["score_mean"][~few]).all()


def test_the_mean_of_the_top_equals_brute_force() -> None:
    rng = np.random.default_rng(6)
    session = make_session(rng, rng.normal(size=(9, 64)), ("c", "s", 1.0), seconds=60)
    found = mean_of_top(session.texts, session.pictures, session.windows, 2)
    for i, value in enumerate(found):
        cosines = session.texts[i] @ session.pictures.vectors[own(session.windows, i)].T
        assert value == pytest.approx(np.mean(np.sort(cosines)[-2:]), abs=1e-6)
