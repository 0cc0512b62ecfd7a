"""The config's statistical models, from the tables to the files."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from pydantic import ValidationError

from egoalign.config import StatisticalModel, VaryOptions
from egoalign.log import UserError
from egoalign.tables import MODEL_FITS
from egoalign.vary.models import MODEL_TABLES, Described, describe_models
from tests.unit.vary.made import AGE_SLOPE, made_alignment, with_column

FORMULA = "age_within + age_between + speaker + log_n_frames + (1 | child_id)"
QUICK = {"intervals": "none", "robustness": False, "compare": []}


def utterances(seed: int = 1, **shape: object) -> pa.Table:
    """Return an utterance table in which the score follows age, speaker and length."""
    table = made_alignment(seed, **shape)
    months = pc.divide(table["age_days"], 30.4375)
    means = table.group_by("child_id").aggregate([("age_days", "mean")])
    place = pc.index_in(table["child_id"], value_set=means["child_id"])
    between = pc.divide(means["age_days_mean"].take(place), 30.4375)
    for name, values in (
        ("age_months", months),
        ("age_between", between),
        ("age_within", pc.subtract(months, between)),
        ("log_n_words", pc.ln(pc.cast(table["n_words"], pa.float64()))),
        ("log_n_frames", pc.ln(pc.cast(table["n_frames"], pa.float64()))),
        ("aligned", pc.cast(pc.greater(table["score_max"], 0.25), pa.int64())),
    ):
        table = table.append_column(name, values)
    return table


def model(**changes: object) -> StatisticalModel:
    values = {"name": "main", "responses": ["score_max"], "formula": FORMULA} | QUICK
    return StatisticalModel.model_validate(values | changes)


def described(table: pa.Table, *models: StatisticalModel, **more: pa.Table) -> list[Described]:
    options = VaryOptions(models=list(models) if models else None)
    return describe_models({"utterances": table} | more, options)


def fit_row(one: Described) -> dict:
    (row,) = one.tables["model_fits"].to_pylist()
    return row


def test_every_model_and_response_has_its_rows() -> None:
    found = described(
        utterances(),
        model(responses=["score_max", "score_mean"]),
        model(name="binary", responses=["aligned"], family="binomial", formula="speaker"),
    )
    rows = [fit_row(one) for one in found]
    assert [(row["name"], row["response"], row["estimation"]) for row in rows] == [
        ("main", "score_max", "REML"),
        ("main", "score_mean", "REML"),
        ("binary", "aligned", "ML"),
    ]
    assert {row["model_id"] for row in rows} == {"tiny"}
    for one in found:
        assert set(one.tables) == {table.name for table in MODEL_TABLES}
    effects = {row["effect"]: row for row in found[0].tables["model_effects"].to_pylist()}
    age = effects["age_within"]
    assert abs(age["estimate"] - AGE_SLOPE) < 4 * age["se"]
    assert "Formula: score_max ~ age_within" in found[0].summary


def test_the_line_has_the_slope_of_age_and_runs_through_the_mean_age() -> None:
    table = utterances()
    (found,) = described(table, model())
    line = found.tables["model_lines"].to_pylist()
    slope = next(
        row["estimate"]
        for row in found.tables["model_effects"].to_pylist()
        if row["effect"] == "age_within"
    )
    ages, heights = (np.array([row[name] for row in line]) for name in ("age_months", "estimate"))
    assert np.diff(heights) == pytest.approx(slope * np.diff(ages))
    within, mean = table["age_within"].to_numpy(), pc.mean(table["age_months"]).as_py()
    assert ages[[0, -1]] == pytest.approx(mean + np.array([within.min(), within.max()]))
    (means,) = (found.tables["model_means"].to_pandas()["estimate"].mean(),)
    assert np.interp(mean, ages, heights) == pytest.approx(means)
    assert all(row["low"] < row["estimate"] < row["high"] for row in line)


def test_an_interaction_with_age_is_in_the_line() -> None:
    (found,) = described(utterances(), model(formula="age_within * speaker + (1 | child_id)"))
    effects = {r["effect"]: r["estimate"] for r in found.tables["model_effects"].to_pylist()}
    line = found.tables["model_lines"].to_pandas()
    expected = effects["age_within"] + effects["age_within:speaker[key_child]"] / 2
    assert np.diff(line["estimate"]) / np.diff(line["age_months"]) == pytest.approx(expected)


def test_what_cannot_be_fitted_is_a_reason_and_the_others_go_on() -> None:
    table = utterances()
    table = with_column(table, "speaker", ["key_child"] * table.num_rows)
    bad, good = described(table, model(), model(name="other", formula="log_n_frames"))
    assert "speaker" in fit_row(bad)["reason"]
    assert bad.tables["model_effects"].num_rows == 0
    assert "No fit:" in bad.summary
    assert fit_row(good)["reason"] is None
    (few,) = described(utterances().slice(0, 29), model(formula="log_n_frames"))
    assert fit_row(few)["reason"].startswith("29 rows, at least 30 are needed")
    (wordless,) = described(table, model(unit="words", responses=["word_score"]))
    assert "align.words.score" in fit_row(wordless)["reason"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"formula": "age_witin + (1 | child_id)"}, "formula: .*'age_witin'; did you mean 'age_w"),
        (
            {"formula": "log_n_frames + (1 | childid)"},
            "formula: .*'childid'; did you mean 'child_id'",
        ),
        ({"responses": ["score_mx"]}, "responses: .*'score_mx'; did you mean 'score_max'"),
        ({"marginal_means": ["speakr"]}, "marginal_means: .*did you mean 'speaker'"),
        ({"compare": ["age_betwen"]}, "compare: .*did you mean 'age_between'"),
        ({"contrasts": {"speakr": "sum"}}, "contrasts: .*did you mean 'speaker'"),
    ],
)
def test_misspelt_names_stop_the_run(changes: dict, message: str) -> None:
    with pytest.raises(UserError, match=rf"^vary.models\[0\] \(main\).{message}"):
        described(utterances(), model(**changes))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"formula": "score_max ~ age_within"}, "after '~'"),
        ({"formula": "age_within + (1 | )"}, "expected"),
        ({"responses": ["score_max", "score_max"]}, "stands there twice"),
        ({"responses": []}, "at least 1"),
        ({"name": "My model"}, "pattern"),
    ],
)
def test_a_model_that_cannot_be_read_is_refused_with_the_config(
    changes: dict, message: str
) -> None:
    with pytest.raises(ValidationError, match=message):
        model(**changes)


def test_two_models_of_one_name_are_refused() -> None:
    with pytest.raises(ValidationError, match="two models are called main"):
        VaryOptions(models=[model(), model()])


def test_a_maximum_without_the_number_of_pictures_gets_a_note() -> None:
    note = "log_n_frames is not in the formula"
    with_it, without, mean = (
        fit_row(described(utterances(), asked)[0])["notes"] or ""
        for asked in (
            model(),
            model(formula="speaker + (1 | child_id)"),
            model(responses=["score_mean"], formula="speaker + (1 | child_id)"),
        )
    )
    assert note in without
    assert note not in with_it + mean


def test_only_what_is_asked_for_is_compared() -> None:
    asked = model(compare=["age_within", "(1 | child_id)"], marginal_means=[])
    tests = described(utterances(), asked)[0].tables["model_tests"].to_pylist()
    ratio = [row["term"] for row in tests if row["kind"].startswith("likelihood ratio")]
    assert ratio == ["age_within", "(1 | child_id)"]
    assert described(utterances(), asked)[0].tables["model_means"].num_rows == 0


def test_robustness_has_the_mean_score_and_the_difference_from_the_null() -> None:
    asked = model(robustness=True, draws=2)
    rows = described(utterances(1, n_children=4), asked)[0].tables["model_robustness"].to_pylist()
    assert {"response score_mean", "response shuffled_difference", "GEE"} <= {
        row["check"] for row in rows
    }


def test_tables_of_all_models_have_unique_keys() -> None:
    found = described(utterances(), model(responses=["score_max", "score_mean"]), model(name="b"))
    rows = pa.concat_tables([one.tables["model_fits"] for one in found]).to_pylist()
    assert len({tuple(row[name] for name in MODEL_FITS.key) for row in rows}) == len(rows) == 3
