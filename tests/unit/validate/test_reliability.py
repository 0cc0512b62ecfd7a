"""Reliability on published worked examples, to the digits that they print."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats import inter_rater

from egoalign.validate.reliability import (
    Answers,
    cohen_kappa,
    fleiss_kappa,
    krippendorff_alpha,
    spearman_brown,
    split_halves,
    variance_parts,
)


def matrix(*annotators: str) -> np.ndarray:
    """Return answers (items, annotators) from one string an annotator; '.' is missing."""
    rows = [[np.nan if cell == "." else ord(cell) for cell in row.split()] for row in annotators]
    return np.array(rows, dtype=float).T


KRIPPENDORFF = matrix(
    "1 2 3 3 2 1 4 1 2 . . .",
    "1 2 3 3 2 2 4 1 2 5 . 3",
    ". 3 3 3 2 3 4 2 2 5 1 .",
    "1 2 3 3 2 4 4 1 2 5 1 .",
)
"""Krippendorff (2011), Computing Krippendorff's Alpha-Reliability, section C: four observers."""

SHROUT_FLEISS = np.array(
    [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]], float
)
"""Shrout & Fleiss (1979), Intraclass Correlations, table 2: six targets, four judges."""

FLEISS = np.array(
    [
        *([0, 0, 0, 6, 0], [0, 3, 0, 0, 3], [0, 1, 4, 0, 1], [0, 0, 0, 0, 6], [0, 3, 0, 3, 0]),
        *([2, 0, 4, 0, 0], [0, 0, 4, 0, 2], [2, 0, 3, 1, 0], [2, 0, 0, 4, 0], [0, 0, 0, 0, 6]),
        *([1, 0, 0, 5, 0], [1, 1, 0, 4, 0], [0, 3, 3, 0, 0], [1, 0, 0, 5, 0], [0, 2, 0, 3, 1]),
        *([0, 0, 5, 0, 1], [3, 0, 0, 1, 2], [5, 1, 0, 0, 0], [0, 2, 0, 4, 0], [1, 0, 2, 0, 3]),
        *([0, 0, 0, 0, 6], [0, 1, 0, 5, 0], [0, 2, 0, 1, 3], [2, 0, 0, 4, 0], [1, 0, 0, 4, 1]),
        *([0, 5, 0, 1, 0], [4, 0, 0, 0, 2], [0, 2, 0, 4, 0], [1, 0, 5, 0, 0], [0, 0, 0, 0, 6]),
    ]
)
"""Fleiss (1971), table 1: 30 patients, 6 psychiatrists, 5 diagnoses; as statsmodels has it too."""


def answers_of(counts: np.ndarray) -> Answers:
    """Return answers of which each was given so often to each item."""
    rows = [np.repeat(np.arange(row.size), row) for row in counts]
    return Answers.of(np.array(rows, dtype=float))


@pytest.mark.parametrize(
    ("level", "printed"), [("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849)]
)
def test_alpha_of_krippendorff_2011(level: str, printed: float) -> None:
    assert round(krippendorff_alpha(Answers.of(KRIPPENDORFF), level), 3) == printed


def test_alpha_of_two_observers_of_krippendorff_2011() -> None:
    """Sections A (binary data, .095) and B (nominal data, .692)."""
    binary = matrix("0 1 0 0 0 0 0 0 1 0", "1 1 1 0 0 1 0 0 0 0")
    assert round(krippendorff_alpha(Answers.of(binary), "nominal"), 3) == 0.095
    nominal = matrix("a a b b d c c c e d d a", "b a b b b c c c e d d d")
    assert round(krippendorff_alpha(Answers.of(nominal), "nominal"), 3) == 0.692


def test_icc_of_shrout_and_fleiss_1979() -> None:
    """Table 4: ICC(2,1) = .29, ICC(2,4) = .62."""
    parts = variance_parts(SHROUT_FLEISS)
    assert round(parts.icc(), 2) == 0.29
    assert round(parts.icc(4), 2) == 0.62


def test_kappa_of_fleiss_1971() -> None:
    """Fleiss gives the column sums 26, 26, 30, 55, 43 and kappa = .430."""
    assert FLEISS.sum(axis=0).tolist() == [26, 26, 30, 55, 43]
    assert round(fleiss_kappa(answers_of(FLEISS)), 3) == 0.430


def test_kappa_of_two_diagnosticians() -> None:
    """Cohen (1968), Weighted kappa, table 1: 200 cases, three diagnoses; he gives kappa = .492."""
    table = np.array([[88, 14, 18], [10, 40, 10], [2, 6, 12]])
    one, other = (np.repeat(axis.ravel(), table.ravel()) for axis in np.indices((3, 3)))
    assert round(cohen_kappa(one, other), 3) == 0.492
    assert cohen_kappa(one, other) == pytest.approx(inter_rater.cohens_kappa(table).kappa)


ANSWERS = st.lists(
    st.lists(st.sampled_from([np.nan, 1.0, 2.0, 3.0, 5.0]), min_size=4, max_size=4),
    min_size=2,
    max_size=12,
)


def brute_alpha(values: np.ndarray, level: str) -> float:
    """Alpha from all pairs of answers one by one, without any table of coincidences."""
    units = [row[np.isfinite(row)] for row in values]
    units = [row for row in units if row.size >= 2]
    pooled = np.concatenate(units)

    def distance(a: float, b: float) -> float:
        if level == "nominal":
            return float(a != b)
        if level == "interval":
            return (a - b) ** 2
        low, high = min(a, b), max(a, b)
        between = sum(low <= v <= high for v in pooled)
        return (between - (np.sum(pooled == a) + np.sum(pooled == b)) / 2) ** 2 if a != b else 0.0

    observed = (
        sum(
            distance(row[i], row[j]) / (row.size - 1)
            for row in units
            for i in range(row.size)
            for j in range(row.size)
            if i != j
        )
        / pooled.size
    )
    pairs = [distance(a, b) for i, a in enumerate(pooled) for j, b in enumerate(pooled) if i != j]
    return float(1 - observed / np.mean(pairs)) if np.mean(pairs) > 0 else float("nan")


@given(ANSWERS, st.sampled_from(["nominal", "ordinal", "interval"]))
def test_alpha_equals_the_mean_over_pairs(rows: list, level: str) -> None:
    values = np.array(rows)
    answers = Answers.of(values)
    if not answers.n_items:
        assert np.isnan(krippendorff_alpha(answers, level))
        return
    expected = brute_alpha(values, level)
    assert krippendorff_alpha(answers, level) == pytest.approx(expected, nan_ok=True)


@given(ANSWERS, st.integers(0, 9))
def test_weights_are_as_many_items(rows: list, seed: int) -> None:
    values = np.array(rows)
    kept = values[np.isfinite(values).sum(axis=1) >= 2]
    times = np.random.default_rng(seed).integers(0, 3, len(kept))
    if not times.sum():
        return
    one, many = Answers.of(kept), Answers.of(np.repeat(kept, times, axis=0))
    for level in ("nominal", "ordinal", "interval"):
        assert krippendorff_alpha(one, level, times) == pytest.approx(
            krippendorff_alpha(many, level), nan_ok=True
        )
    assert fleiss_kappa(one, times) == pytest.approx(fleiss_kappa(many), nan_ok=True)
    parts = variance_parts(kept, times), variance_parts(np.repeat(kept, times, axis=0))
    assert parts[0].items == pytest.approx(parts[1].items, nan_ok=True, abs=1e-9)
    assert parts[0].rest == pytest.approx(parts[1].rest, nan_ok=True, abs=1e-9)


def test_fleiss_kappa_equals_statsmodels_on_full_tables() -> None:
    rng = np.random.default_rng(2511)
    for _ in range(20):
        counts = rng.multinomial(5, [0.5, 0.3, 0.2], size=15)
        expected = inter_rater.fleiss_kappa(counts)
        assert fleiss_kappa(answers_of(counts)) == pytest.approx(expected)


def test_variance_parts_equal_the_analysis_of_variance_on_a_full_matrix() -> None:
    rng = np.random.default_rng(2511)
    y = rng.normal(size=(12, 5)) + rng.normal(size=(12, 1)) + rng.normal(size=(1, 5))
    n, k = y.shape
    rows, columns = y.mean(axis=1, keepdims=True), y.mean(axis=0, keepdims=True)
    between = k * rows.var(ddof=1)
    judges = n * columns.var(ddof=1)
    rest = ((y - rows - columns + y.mean()) ** 2).sum() / ((n - 1) * (k - 1))
    parts = variance_parts(y)
    assert parts.rest == pytest.approx(rest)
    assert parts.items == pytest.approx((between - rest) / k)
    assert parts.annotators == pytest.approx((judges - rest) / n)


def test_variance_parts_are_recovered_where_each_item_has_some_annotators() -> None:
    """Of 1 : 0.5 : 2, meaned over 40 sets of 150 items by 6 of 20 annotators, within 3 errors."""
    found = []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        y = rng.normal(size=(150, 1)) + rng.normal(size=(1, 20)) * np.sqrt(0.5)
        y = y + rng.normal(size=(150, 20)) * np.sqrt(2)
        hidden = rng.random(y.shape).argsort(axis=1) >= 6
        parts = variance_parts(np.where(hidden, np.nan, y))
        found.append([parts.items, parts.annotators, parts.rest])
    errors = np.std(found, axis=0, ddof=1) / np.sqrt(len(found))
    assert (np.abs(np.mean(found, axis=0) - [1.0, 0.5, 2.0]) < 3 * errors).all()


def test_variances_that_cannot_be_told_apart_are_not_given() -> None:
    each_its_own = np.full((4, 4), np.nan)
    np.fill_diagonal(each_its_own, [1.0, 2.0, 3.0, 4.0])
    assert np.isnan(variance_parts(each_its_own).icc())


def test_nothing_is_estimated_without_two_answers_an_item() -> None:
    lonely = np.full((5, 3), np.nan)
    lonely[:, 0] = [1.0, 2.0, 3.0, 1.0, 2.0]
    answers = Answers.of(lonely)
    assert answers.n_items == 0
    assert np.isnan(krippendorff_alpha(answers, "nominal"))
    assert np.isnan(fleiss_kappa(answers))
    assert np.isnan(split_halves(answers, 5, 1).ceiling())


def test_equal_answers_have_no_alpha_and_no_kappa() -> None:
    answers = Answers.of(np.ones((5, 3)))
    assert np.isnan(krippendorff_alpha(answers, "interval"))
    assert np.isnan(fleiss_kappa(answers))
    assert np.isnan(cohen_kappa(np.ones(4), np.ones(4)))
    assert np.isnan(split_halves(answers, 5, 1).reliability())


def test_spearman_brown() -> None:
    assert spearman_brown(0.5, 2) == pytest.approx(2 / 3)
    assert spearman_brown(0.6, 1) == pytest.approx(0.6)
    assert spearman_brown(spearman_brown(0.3, 4), 1 / 4) == pytest.approx(0.3)


@pytest.mark.parametrize("n_answers", [2, 6, 7])
def test_split_halves_recover_the_reliability_of_the_mean(n_answers: int) -> None:
    """Items of variance 1, noise of variance 2: 1 / (1 + 2 / n), within 3 standard errors."""
    found = []
    for seed in range(30):
        rng = np.random.default_rng(seed)
        y = rng.normal(size=(200, 1)) + rng.normal(size=(200, n_answers)) * np.sqrt(2)
        found.append(split_halves(Answers.of(y), 10, 1).reliability())
    expected = 1 / (1 + 2 / n_answers)
    assert abs(np.mean(found) - expected) < 3 * np.std(found, ddof=1) / np.sqrt(30)


def test_the_ceiling_is_what_a_perfect_score_reaches() -> None:
    """The correlation of the true values with the mean answers, within 3 standard errors."""
    away = []
    for seed in range(30):
        rng = np.random.default_rng(seed)
        true = rng.normal(size=(200, 1))
        y = true + rng.normal(size=(200, 5)) * 1.5
        reached = np.corrcoef(true[:, 0], y.mean(axis=1))[0, 1]
        away.append(split_halves(Answers.of(y), 10, 1).ceiling() - reached)
    assert abs(np.mean(away)) < 3 * np.std(away, ddof=1) / np.sqrt(30)


def test_splits_are_the_same_for_the_same_seed() -> None:
    answers = Answers.of(np.random.default_rng(1).normal(size=(20, 5)))
    one, same, other = (split_halves(answers, 3, seed) for seed in (1, 1, 2))
    assert (one.first == same.first).all()
    assert (one.first != other.first).any()
    assert one.times == 2.5
