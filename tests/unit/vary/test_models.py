"""The model and the children's means, from the alignment table to the files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from scipy import stats

from egoalign import cli
from egoalign.config import VaryOptions
from egoalign.tables import (
    ALIGNMENT,
    CHILDREN_MEANS,
    DAYS_PER_MONTH,
    EFFECTS,
    conform,
    read_table,
    write_table,
)
from egoalign.vary.children import children_means, cluster_mean
from egoalign.vary.models import fit_table
from tests.unit.vary import made
from tests.unit.vary.made import made_alignment, with_column

OPTIONS = VaryOptions()


def effects_of(table: pa.Table, options: VaryOptions = OPTIONS) -> dict[str, dict]:
    rows = conform(EFFECTS, fit_table(table, options)[0]).to_pylist()
    return {row["term"]: row for row in rows}


def test_known_effects_are_found() -> None:
    """Means over 40 tables within four Monte Carlo standard errors of the truth."""
    truth = {
        "age_months": made.AGE_SLOPE,
        "speaker[key_child]": made.CHILD_SPEAKER,
        "log_words": made.WORDS_SLOPE,
        "log_frames": made.FRAMES_SLOPE,
        "residual_sd": 0.05,
    }
    fits = [effects_of(made_alignment(seed, n_children=12)) for seed in range(40)]
    for term, value in truth.items():
        estimates = np.array([fit[term]["estimate"] for fit in fits])
        assert abs(estimates.mean() - value) < 4 * estimates.std(ddof=1) / np.sqrt(40), term
    for term, value in {"child_sd": 0.03, "session_sd": 0.02}.items():
        variances = np.array([fit[term]["estimate"] ** 2 for fit in fits])
        error = 4 * variances.std(ddof=1) / np.sqrt(40)
        assert abs(variances.mean() - value**2) < error, term
    for term in ("speaker[key_child]", "log_words", "log_frames"):
        held = [fit[term]["ci_low"] <= truth[term] <= fit[term]["ci_high"] for fit in fits]
        assert np.mean(held) >= 0.85, term


def test_measures_equal_their_definitions() -> None:
    table = made_alignment(1)
    fit = effects_of(table)
    child, session, residual = (
        fit[term]["estimate"] ** 2 for term in ("child_sd", "session_sd", "residual_sd")
    )
    total = child + session + residual
    assert fit["icc_child"]["estimate"] == pytest.approx(child / total)
    assert fit["icc_session"]["estimate"] == pytest.approx((child + session) / total)
    assert fit["n_children"]["estimate"] == 8
    ages = table["age_days"].to_numpy() / DAYS_PER_MONTH
    assert fit["age_center_months"]["estimate"] == pytest.approx(ages.mean())
    x = {
        "age_months": ages - ages.mean(),
        "speaker[key_child]": np.array(table["speaker"].to_pylist()) == "key_child",
        "log_words": np.log(table["n_words"].to_numpy()),
        "log_frames": np.log(table["n_frames"].to_numpy()),
    }
    fixed = np.var(sum(fit[term]["estimate"] * values for term, values in x.items()))
    assert fit["r2_marginal"]["estimate"] == pytest.approx(fixed / (fixed + total))
    expected = (fixed + child + session) / (fixed + total)
    assert fit["r2_conditional"]["estimate"] == pytest.approx(expected)
    age = fit["age_months"]
    assert age["statistic"] == pytest.approx(age["estimate"] / age["se"])
    assert age["p"] == pytest.approx(2 * stats.norm.sf(abs(age["statistic"])))
    assert age["ci_high"] - age["ci_low"] == pytest.approx(2 * 1.959964 * age["se"], rel=1e-6)


def test_the_line_runs_through_the_means_with_the_slope_of_age() -> None:
    table = made_alignment(15)
    rows = fit_table(table, OPTIONS)[0]
    line = [row for row in rows if row["kind"] == "line"]
    ages, heights = (np.array([float(row[name]) for row in line]) for name in ("term", "estimate"))
    months = table["age_days"].to_numpy() / DAYS_PER_MONTH
    assert (ages[0], ages[-1]) == pytest.approx((months.min(), months.max()), abs=1e-4)
    fit = {row["term"]: row for row in rows}
    slope = fit["age_months"]["estimate"]
    assert np.diff(heights) == pytest.approx(slope * np.diff(ages), abs=1e-9)
    means = {
        "age_months": 0.0,
        "intercept": 1.0,
        "speaker[key_child]": np.mean(np.array(table["speaker"].to_pylist()) == "key_child"),
        "log_words": np.log(table["n_words"].to_numpy()).mean(),
        "log_frames": np.log(table["n_frames"].to_numpy()).mean(),
    }
    at_mean_age = sum(fit[term]["estimate"] * value for term, value in means.items())
    assert np.interp(months.mean(), ages, heights) == pytest.approx(at_mean_age, abs=1e-6)
    widths = np.array([row["ci_high"] - row["ci_low"] for row in line])
    assert widths.argmin() not in (0, len(line) - 1)


def test_scale_and_shift_of_the_score_change_what_they_must() -> None:
    table = made_alignment(2)
    scores = table["score_max"].to_numpy()
    one, two = effects_of(table), effects_of(with_column(table, "score_max", 10 * scores + 3))
    for term in ("age_months", "log_frames", "child_sd", "session_sd", "residual_sd"):
        assert two[term]["estimate"] == pytest.approx(10 * one[term]["estimate"], rel=1e-5)
    assert two["intercept"]["estimate"] == pytest.approx(10 * one["intercept"]["estimate"] + 3)
    n, p = table.num_rows, 5
    shift = (n - p) * np.log(10)
    got = one["log_likelihood"]["estimate"] - two["log_likelihood"]["estimate"]
    assert got == pytest.approx(shift, abs=1e-5)


def test_order_of_rows_and_reused_session_names_do_not_matter() -> None:
    """Sessions are named alike in every child: they must not be taken for one another."""
    table = made_alignment(3)
    mixed = table.take(pa.array(np.random.default_rng(0).permutation(table.num_rows)))
    one, two = effects_of(table), effects_of(mixed)
    assert one["n_sessions"]["estimate"] > 20
    assert two.pop("engine")["note"] == one.pop("engine")["note"]
    for term, row in one.items():
        assert two[term]["estimate"] == pytest.approx(row["estimate"], rel=1e-4, abs=1e-9)


@pytest.mark.parametrize("response", ["score_mean", "shuffled_difference"])
def test_other_responses_do_not_need_the_number_of_pictures(response: str) -> None:
    fit = effects_of(made_alignment(4), VaryOptions(response=response))
    assert "log_frames" not in fit
    assert fit["age_months"]["response"] == response


def test_what_does_not_vary_is_left_out_with_a_note() -> None:
    table = made_alignment(5)
    n = table.num_rows
    table = with_column(table, "n_frames", [1] * n)
    table = with_column(table, "speaker", ["key_child"] * n)
    table = with_column(table, "age_days", [400.0] * n)
    fit = effects_of(table)
    fixed = [term for term, row in fit.items() if row["kind"] == "fixed"]
    assert fixed == ["intercept", "log_words"]
    assert (
        "left out, for they do not vary on their own: age_months, log_frames"
        in (fit["intercept"]["note"])
    )
    assert fit["age_center_months"]["estimate"] is None


def test_missing_ages() -> None:
    table = made_alignment(6)
    ages = table["age_days"].to_pylist()
    some = effects_of(with_column(table, "age_days", [None, None, *ages[2:]]))
    assert some["age_months"]["n"] == table.num_rows - 2
    assert "2 utterances without an age are left out" in some["age_months"]["note"]
    none = effects_of(with_column(table, "age_days", [None] * len(ages)))
    assert "age_months" not in none
    assert none["intercept"]["n"] == table.num_rows
    assert "no ages: age is not in the model" in none["intercept"]["note"]


def test_speaker_reference_is_the_most_frequent_where_there_is_no_woman() -> None:
    table = made_alignment(7)
    labels = ["unknown" if i % 3 else "male_adult" for i in range(table.num_rows)]
    fit = effects_of(with_column(table, "speaker", labels))
    assert "speaker[male_adult]" in fit
    assert "speaker[unknown]" not in fit


@pytest.mark.parametrize(
    ("shape", "present", "note"),
    [
        ({"n_children": 1, "sessions": (4, 4)}, {"session_sd"}, "one child: no child intercept"),
        ({"n_children": 8, "sessions": (1, 1)}, {"child_sd"}, "no child has two sessions"),
        ({"n_children": 1, "sessions": (1, 1), "utterances": 60}, set(), "no session intercept"),
        ({"n_children": 3}, {"child_sd", "session_sd"}, "only 3 children: their spread is poorly"),
    ],
)
def test_small_corpora(shape: dict, present: set[str], note: str) -> None:
    fit = effects_of(made_alignment(8, **shape))
    assert {term for term in ("child_sd", "session_sd") if term in fit} == present
    assert note in fit["residual_sd"]["note"]
    assert np.isfinite(fit["log_words"]["se"])


def test_singular_fits_are_told_in_words() -> None:
    table = made_alignment(9, child_sd=0.0, session_sd=0.0)
    rng = np.random.default_rng(1)
    sessions = list(
        zip(table["child_id"].to_pylist(), table["session_id"].to_pylist(), strict=True)
    )
    score = rng.normal(size=table.num_rows)
    for session in set(sessions):
        rows = [i for i, own in enumerate(sessions) if own == session]
        score[rows] -= score[rows].mean()
    fit = effects_of(with_column(table, "score_max", score))
    assert fit["child_sd"]["estimate"] < 1e-3
    assert "singular fit: no variance between children" in fit["child_sd"]["note"]


@pytest.mark.parametrize(
    ("table", "reason"),
    [
        (made_alignment(1).slice(0, 29), "29 utterances have a score_max, at least 30 are needed"),
        (made_alignment(1).slice(0, 0), "0 utterances have a score_max, at least 30 are needed"),
        (
            with_column(made_alignment(1, 2, (2, 2)), "score_max", [0.2] * 120),
            "score_max is the same in all utterances",
        ),
    ],
)
def test_no_model_is_one_row_that_says_why(table: pa.Table, reason: str) -> None:
    rows, _, text = fit_table(table, OPTIONS)
    conform(EFFECTS, rows)
    assert len(rows) == 1
    assert (rows[0]["kind"], rows[0]["term"]) == ("fit", "model")
    assert rows[0]["note"].startswith(f"no model: {reason}")
    assert rows[0]["note"] in text


def test_interval_over_clusters_of_equal_size_is_that_of_their_means() -> None:
    rng = np.random.default_rng(10)
    values = rng.normal(size=(5, 12)) + rng.normal(size=(5, 1))
    got = cluster_mean(values.ravel(), np.repeat(np.arange(5), 12))
    expected = stats.ttest_1samp(values.mean(axis=1), 0).confidence_interval()
    assert got == pytest.approx((values.mean(), expected.low, expected.high))


def test_interval_over_clusters_holds_the_mean() -> None:
    """At 95 %, with sessions of unequal size: 90 to 99 % of 600 simulations."""
    rng = np.random.default_rng(11)
    held = 0
    for _ in range(600):
        codes = np.repeat(np.arange(8), rng.integers(10, 30, 8))
        values = rng.normal(size=8)[codes] + rng.normal(size=codes.size)
        _, low, high = cluster_mean(values, codes)
        held += low <= 0 <= high
    assert 0.90 <= held / 600 <= 0.99


def test_children_means_equal_their_definitions() -> None:
    table = made_alignment(12)
    score = table["score_max"].to_pylist()
    score[:40] = [None] * 40
    table = with_column(table, "score_max", score)
    difference = [None if s is None else s - 0.2 for s in score]
    table = with_column(table, "shuffled_difference", difference)
    rows = conform(CHILDREN_MEANS, children_means(table, "tiny")).to_pylist()
    frame = table.to_pandas().dropna(subset="score_max")
    assert [row["child_id"] for row in rows] == sorted(set(table["child_id"].to_pylist()))
    assert sum(row["n_utterances"] for row in rows) == len(frame)
    for row in rows:
        own = frame[frame["child_id"] == row["child_id"]]
        assert row["n_sessions"] == own["session_id"].nunique()
        assert row["mean_score"] == pytest.approx(own["score_max"].mean())
        assert row["mean_difference"] == pytest.approx(row["mean_score"] - 0.2)
        assert row["mean_age_days"] == pytest.approx(own["age_days"].mean())
        if row["n_sessions"] > 1:
            assert row["ci_low"] < row["mean_score"] < row["ci_high"]
            assert row["difference_low"] == pytest.approx(row["ci_low"] - 0.2)
            slope, _ = np.polyfit(own["age_days"] / DAYS_PER_MONTH, own["score_max"], 1)
            assert row["age_slope"] == pytest.approx(slope)
            assert row["intercept"] == pytest.approx(row["mean_score"])


def test_children_of_whom_little_is_known() -> None:
    table = made_alignment(13, n_children=3, sessions=(1, 1))
    n = table.num_rows
    score = table["score_max"].to_pylist()
    score[30:60] = [None] * 30
    score[61:] = [None] * (n - 61)
    table = with_column(table, "score_max", score)
    table = with_column(table, "shuffled_difference", [None] * n)
    table = with_column(table, "age_days", [*table["age_days"].to_pylist()[:60], *[None] * 30])
    first, second, third = conform(CHILDREN_MEANS, children_means(table, "m")).to_pylist()
    assert first["note"] == "one session: no interval; one age: no slope"
    assert first["mean_score"] is not None
    assert first["ci_low"] is None
    assert first["age_slope"] is None
    assert first["mean_difference"] is None
    assert (second["n_utterances"], second["n_sessions"]) == (0, 0)
    assert second["note"] == "no scored utterance"
    assert third["n_utterances"] == 1
    assert third["note"].endswith("no age")


def test_the_command_writes_tables_and_a_summary(tmp_path: Path) -> None:
    table = made_alignment(14)
    n = table.num_rows
    full = table.append_column("utterance_id", pa.array([f"u{i}" for i in range(n)]))
    full = full.append_column("nearest_frame", pa.array([False] * n))
    write_table(ALIGNMENT, full, tmp_path / "alignment.parquet")
    names = ("effects", "effects-csv", "children", "children-csv", "summary")
    words = ["fit-score-model", "--quiet", "--alignment", str(tmp_path / "alignment.parquet")]
    for name in names:
        words += [f"--{name}", str(tmp_path / "out" / name)]
    assert cli.main(words) == 0
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == sorted(names)
    effects = read_table(EFFECTS, tmp_path / "out" / "effects")
    assert effects.to_pylist() == conform(EFFECTS, fit_table(table, OPTIONS)[0]).to_pylist()
    text = (tmp_path / "out" / "summary").read_text()
    order = ["Formula: score_max ~ age_months + speaker + log_words + log_frames + (1 | child)"]
    order += ["REML criterion", "Scaled residuals", "Random effects", "Number of obs: "]
    places = [text.index(words) for words in [*order, "Fixed effects", "age_months is age"]]
    assert places == sorted(places)
