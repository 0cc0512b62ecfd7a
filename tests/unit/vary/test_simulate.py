"""Simulated corpora: what is drawn is what was stated, and what is reported is what was found."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import yaml

from egoalign.cli import main
from egoalign.log import UserError
from egoalign.tables import SIMULATED_MODELS, read_table
from egoalign.vary.frame import build_frame
from egoalign.vary.simulate_corpus import covariance, draw_response, draw_rows
from egoalign.vary.simulate_plan import Sizes, StudyPlan, designs, make_plan, read_plan
from egoalign.vary.simulate_study import (
    RESIDUAL,
    Estimate,
    Parameter,
    Replicate,
    prepare,
    run_studies,
)
from egoalign.vary.simulate_summary import summarise
from egoalign.vary.simulate_text import simulation_text

ROOT = Path(__file__).parents[3]
EXAMPLE = ROOT / "config" / "simulation.yaml"
SEED = 311
"""Of every draw here; chosen before the first run."""

SCORES: dict[str, Any] = {
    "effects": {"(Intercept)": 0.2, "age_within": 0.01, "speaker[key_child]": -0.05},
    "random": [
        {
            "group": "child_id",
            "sd": {"(Intercept)": 0.05, "age_within": 0.01},
            "correlations": {"(Intercept)": {"age_within": -0.5}},
        },
        {"group": "child_id:session_id", "sd": {"(Intercept)": 0.03}},
    ],
    "residual_sd": 0.1,
    "sizes": {"children": 15, "sessions": 5, "utterances": 20},
}
ALIGNED: dict[str, Any] = {
    "scale": "aligned",
    "effects": {"(Intercept)": -0.5, "age_within": 0.1, "speaker[key_child]": 0.8},
    "random": [{"group": "child_id", "sd": {"(Intercept)": 0.7}}],
    "sizes": {"children": 15, "sessions": 5, "utterances": 20},
}
WORDS: dict[str, Any] = {
    "unit": "word",
    "effects": {"(Intercept)": 0.2, "log_freq": -0.01, "concreteness": 0.02},
    "random": [
        {"group": "child_id", "sd": {"(Intercept)": 0.02}},
        {"group": "lemma_id", "sd": {"(Intercept)": 0.04}},
    ],
    "residual_sd": 0.1,
    "sizes": {"children": 6, "sessions": 4, "utterances": 20, "lemmas": 40},
}


def plan_of(values: Mapping[str, Any], **changed: Any) -> StudyPlan:
    """Return a plan with some values changed."""
    return make_plan({**values, **changed}, "plan")


def rows_of(unit: Any = "utterance", **sizes: Any) -> pa.Table:
    """Return drawn rows."""
    return draw_rows(Sizes(**sizes), unit, np.random.default_rng(SEED))


# The corpus


def test_sizes_are_those_stated_on_average() -> None:
    rows = rows_of(children=200, sessions=8, sessions_cv=0.5, utterances=10, session_hours_cv=0.3)
    sessions = rows.group_by(["child_id", "session_id"]).aggregate([([], "count_all")])
    a_child = sessions.group_by("child_id").aggregate([([], "count_all")])["count_all"].to_numpy()
    assert rows["child_id"].unique().to_pylist()[:2] == ["c001", "c002"]
    assert len(a_child) == 200
    assert a_child.mean() == pytest.approx(8, abs=4 * 0.5 * 8 / np.sqrt(200))
    assert a_child.std() / a_child.mean() == pytest.approx(0.5, abs=0.12)
    utterances = sessions["count_all"].to_numpy()
    assert utterances.mean() == pytest.approx(
        10, abs=4 * utterances.std() / np.sqrt(utterances.size)
    )
    assert utterances.std() / utterances.mean() == pytest.approx(np.sqrt(0.3**2 + 0.1), abs=0.05)


def test_ages_are_split_into_the_childs_mean_and_the_rest() -> None:
    rows = rows_of(children=12, sessions=6, utterances=5, first_age_months=(8, 10)).to_pandas()
    np.testing.assert_allclose(rows["age_between"] + rows["age_within"], rows["age_months"])
    sessions = rows.drop_duplicates(["child_id", "session_id"])
    means = sessions.groupby("child_id")["age_within"].mean()
    assert len(sessions) == sessions["age_months"].nunique()
    # A session whose Poisson count is 0 has no row, and is then in the mean all the same.
    assert means.abs().median() < 1e-9
    assert rows["age_months"].between(8, 22).all()


def test_speakers_and_lemmas_have_their_shares() -> None:
    rows = rows_of(
        "word", children=10, sessions=10, utterances=40, lemmas=50, content_words=1.5,
        speakers={"a": 3, "b": 1},
    ).to_pandas()  # fmt: skip
    n = len(rows)
    utterances = rows.drop_duplicates(["child_id", "session_id", "utterance_id"])
    assert n / len(utterances) == pytest.approx(1.5, abs=0.05)
    assert (utterances["speaker"] == "a").mean() == pytest.approx(0.75, abs=0.03)
    share = 1 / np.arange(1, 51) / np.sum(1 / np.arange(1, 51))
    counts = rows["lemma_id"].value_counts()
    assert counts["l01"] / n == pytest.approx(share[0], abs=4 * np.sqrt(share[0] / n))
    first = rows.loc[rows["lemma_id"] == "l01", "log_freq"]
    np.testing.assert_allclose(first, np.log10(share[0] * 1e9))
    assert rows.groupby("lemma_id")["concreteness"].nunique().max() == 1


def test_hours_take_the_place_of_sessions() -> None:
    assert Sizes(children=20, hours=50, session_hours=0.25).mean_sessions == 10
    with pytest.raises(
        UserError, match=r"(?s)20 children and 2 hours.*less than a session of 0.25 h"
    ):
        designs(plan_of(SCORES, sizes={"session_hours": 0.25}), [20], [2])
    sizes = [each.sizes for each in designs(plan_of(SCORES), [10, 20], [30, 60])]
    assert [(each.children, each.hours) for each in sizes] == [
        (10, 30),
        (20, 30),
        (10, 60),
        (20, 60),
    ]


def test_responses_have_the_stated_moments() -> None:
    plan = plan_of(SCORES, sizes={"children": 2000, "sessions": 2, "utterances": 3})
    rng = np.random.default_rng(SEED)
    rows = draw_rows(plan.sizes, plan.unit, rng)
    rows = rows.append_column("score_max", pa.array(rng.normal(size=rows.num_rows)))
    frame = build_frame(rows, plan.true_formula)
    y = draw_response(plan, frame, rng)
    # Over the model's own covariance the squared length of what is left is its size.
    residual = y - frame.x @ np.array([0.2, 0.01, -0.05, 0.0, 0.0])
    child, session = frame.random
    matrix = covariance(child, plan.random[0])
    np.testing.assert_allclose(matrix, [[0.0025, -0.00025], [-0.00025, 0.0001]])
    for level in range(3):
        own = child.codes == level
        v = child.z[own] @ matrix @ child.z[own].T + 0.01 * np.eye(own.sum())
        same = session.codes[own][:, None] == session.codes[own]
        assert np.linalg.eigvalsh(v + 0.0009 * same)[0] > 0
    scaled = 0.0
    for own in np.split(np.arange(y.size), np.flatnonzero(np.diff(child.codes)) + 1):
        v = child.z[own] @ matrix @ child.z[own].T + 0.01 * np.eye(own.size)
        v += 0.0009 * (session.codes[own][:, None] == session.codes[own])
        scaled += residual[own] @ np.linalg.solve(v, residual[own])
    assert scaled / y.size == pytest.approx(1, abs=4 * np.sqrt(2 / y.size))


def test_aligned_is_drawn_from_the_logit() -> None:
    plan = plan_of(ALIGNED, random=[], sizes={"children": 50, "sessions": 5, "utterances": 100})
    rng = np.random.default_rng(SEED)
    rows = draw_rows(plan.sizes, plan.unit, rng)
    rows = rows.append_column("aligned", pa.array(np.arange(rows.num_rows) % 2))
    frame = build_frame(rows, plan.true_formula, family="binomial")
    y = draw_response(plan, frame, rng)
    chance = 1 / (1 + np.exp(-frame.x @ [-0.5, 0.1, 0.8, 0, 0]))
    z = (y - chance).sum() / np.sqrt((chance * (1 - chance)).sum())
    assert set(y) == {0.0, 1.0}
    assert abs(z) < 4


# The plan


def test_the_true_formula_is_made_of_the_names_of_effects() -> None:
    names = ["(Intercept)", "age_within", "speaker[key_child]", "age_within:speaker[key_child]"]
    plan = plan_of(SCORES, effects=dict.fromkeys(names, 0.1))
    assert str(plan.true_formula) == (
        "score_max ~ age_within + speaker + age_within:speaker + (1 + age_within | child_id) + "
        "(1 | child_id:session_id)"
    )
    assert plan_of(ALIGNED).response == "aligned"
    assert plan_of(WORDS).response == "word_score"


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"effects": {"speaker[key_chid]": 1.0}}, r"no 'speaker\[key_chid\]'.*did you mean"),
        ({"effects": {"age_withn": 1.0}}, "no column 'age_withn'; did you mean 'age_within'"),
        ({"residual_sd": None}, "residual_sd: missing"),
        ({"scale": "aligned"}, "residual_sd: found a value"),
        ({"residul_sd": 1.0}, "did you mean 'residual_sd'"),
        (
            {"random": [{"group": "child_id", "sd": {"(Intercept)": 1, "age_within": 1},
                         "correlations": {"(Intercept)": {"age": 0.1}}}]},
            "'age' has no sd",
        ),
        ({"formula": "score_max ~ age_within + speaker + (1 | child_id)"},
         "no entry of child_id with"),
        ({"formula": "score_max ~ age_within + speaker"}, "the formula has no term of child_id"),
        ({"formula": "log(score_max) ~ age_within + speaker"}, "a simulation draws a column"),
        ({"sizes": {"children": 1}}, "sizes.children"),
    ],
)  # fmt: skip
def test_what_cannot_be_simulated_is_said_in_one_line(changed: dict[str, Any], said: str) -> None:
    with pytest.raises(UserError, match=said):
        prepare(plan_of(SCORES, **changed))


def test_correlations_that_contradict_each_other_are_refused() -> None:
    random = {
        "group": "child_id",
        "sd": {"(Intercept)": 1, "age_within": 1, "n_words": 1},
        "correlations": {
            "(Intercept)": {"age_within": 0.9, "n_words": 0.9},
            "age_within": {"n_words": -0.9},
        },
    }
    with pytest.raises(UserError, match="correlations of child_id contradict"):
        prepare(plan_of(SCORES, random=[random]))


# The study


def test_equal_seeds_give_equal_results_whatever_the_processes() -> None:
    study = prepare(plan_of(SCORES))
    one, two = run_studies([study], 3, SEED)[0], run_studies([study], 3, SEED, threads=2)[0]
    assert [each.truths for each in one] == [each.truths for each in two]
    for a, b in zip(one, two, strict=True):
        for name, estimate in a.estimates.items():
            assert estimate.value == pytest.approx(b.estimates[name].value, rel=1e-6, abs=1e-9)
    assert one[0].estimates != one[1].estimates


def test_scores_are_recovered_without_bias() -> None:
    """Sixty corpora; bands of 4 Monte Carlo errors, and of 99.99 % for coverage."""
    study = prepare(plan_of(SCORES))
    rows = summarise(study, run_studies([study], 60, SEED)[0])
    fixed = [row for row in rows if row["kind"] == "fixed"]
    assert {row["parameter"]: row["truth"] for row in fixed} == {
        "(Intercept)": 0.2,
        "age_within": 0.01,
        "speaker[key_child]": -0.05,
        "speaker[male_adult]": 0.0,
        "speaker[other_child]": 0.0,
    }
    for row in fixed:
        assert abs(row["bias"]) < 4 * row["bias_se"]
        assert row["coverage"] >= 50 / 60
        assert 0.6 < row["mean_se"] / row["empirical_se"] < 1.6
    power = {row["parameter"]: row["power"] for row in fixed}
    assert power["speaker[key_child]"] > 0.9
    assert power["speaker[male_adult]"] < 0.2
    residual = next(row for row in rows if row["parameter"] == RESIDUAL.name)
    assert abs(residual["bias"]) < 4 * residual["bias_se"]
    assert {row["parameter"] for row in rows if row["kind"] != "fixed"} == {
        "child_id (Intercept)",
        "child_id age_within",
        "child_id:session_id (Intercept)",
        "child_id (Intercept), age_within",
        "residual",
    }


@pytest.mark.parametrize("values", [ALIGNED, WORDS], ids=["aligned", "words"])
def test_other_scale_and_unit_are_recovered(values: dict[str, Any]) -> None:
    study = prepare(plan_of(values))
    rows = summarise(study, run_studies([study], 12, SEED)[0])
    fixed = [row for row in rows if row["kind"] == "fixed"]
    assert rows[0]["n_failed"] == 0
    for row in fixed:
        assert abs(row["bias"]) < 4.5 * row["bias_se"]  # t of 11 df: 0.1 %


def test_a_wrong_model_is_seen_to_be_wrong() -> None:
    """Without its sessions the model is too sure of what varies between them."""
    sessions = {"group": "child_id:session_id", "sd": {"(Intercept)": 0.2}}
    values = SCORES | {"random": [SCORES["random"][0], sessions]}
    study = prepare(plan_of(values), "score_max ~ age_within + speaker + (1 | child_id)")
    rows = summarise(study, run_studies([study], 40, SEED)[0])
    age = next(row for row in rows if row["parameter"] == "age_within")
    assert age["coverage"] < 0.8
    assert age["mean_se"] < 0.7 * age["empirical_se"]


def test_what_the_true_model_lacks_has_truth_0_or_none() -> None:
    more = "score_max ~ age_within + speaker + location + (1 | child_id)"
    other = "score_max ~ age_months + speaker + (1 | child_id)"
    for formula, name, truth in ((more, "location[kitchen]", 0.0), (other, "age_months", None)):
        study = prepare(plan_of(SCORES), formula)
        row = next(
            row
            for row in summarise(study, run_studies([study], 2, SEED)[0])
            if row["parameter"] == name
        )
        assert row["truth"] == truth
        assert ("bias" in row) == (truth is not None)
        assert "power" in row
    with pytest.raises(UserError, match="its response is score_mean, that of the true model"):
        prepare(plan_of(SCORES), "score_mean ~ age_within")


def test_the_summary_is_plain_arithmetic() -> None:
    effect, sd = Parameter("fixed", "x"), Parameter("sd", "g (Intercept)")
    made = [
        Replicate(
            {effect: 1.0, sd: 0.1},
            {effect: Estimate(value, 0.5, value - 1, value + 1, p), sd: Estimate(value / 10)},
            n_rows=10,
            n_sessions=2,
            singular=value == 0,
            converged=converged,
        )
        for value, p, converged in ((0.0, 0.9, True), (1.5, 0.01, True), (3.0, 0.001, True),
                                    (99.0, 0.0, False))
    ]  # fmt: skip
    study = prepare(plan_of(SCORES))
    row, near = summarise(study, [*made, Replicate(failure="no")])
    assert row["n_corpora"] == 5
    assert row["n_failed"] == 1
    assert row["share_not_converged"] == 0.25
    assert row["share_singular"] == pytest.approx(1 / 3)
    assert (row["n"], row["bias"], row["empirical_se"]) == (3, 0.5, 1.5)
    assert row["bias_se"] == pytest.approx(1.5 / np.sqrt(3))
    assert row["coverage"] == pytest.approx(2 / 3)
    assert row["power"] == pytest.approx(2 / 3)
    assert (row["coverage_low"], row["coverage_high"]) == pytest.approx((0.0943, 0.9916), abs=1e-4)
    assert near["near_zero"]
    assert "coverage" not in near
    assert "near zero" in simulation_text([row, near])
    with pytest.raises(UserError, match="none of 1 corpora could be fitted: no"):
        summarise(study, [Replicate(failure="no")])


# The command


def test_the_command_writes_table_text_and_figure(tmp_path: Path, capsys: Any) -> None:
    values = SCORES | {"sizes": {"sessions": 3, "utterances": 8, "session_hours": 0.2}}
    (tmp_path / "effects.json").write_text(json.dumps(values))
    out = tmp_path / "out"
    command = ["simulate-models", "--effects", str(tmp_path / "effects.json"), "--children", "4"]
    command += ["8", "--hours", "4", "6", "--n", "3", "--seed", str(SEED), "--out", str(out)]
    assert main([*command, "--quiet"]) == 0
    table = read_table(SIMULATED_MODELS, out / "simulation.parquet").to_pandas()
    sizes = table[["children", "hours"]].drop_duplicates().to_numpy().tolist()
    assert sizes == [[4, 4], [8, 4], [4, 6], [8, 6]]
    assert (out / "simulation.txt").read_text() in capsys.readouterr().out
    asked = json.loads((out / "simulation.json").read_text())
    assert asked["seed"] == SEED
    assert asked["plan"]["sizes"]["zipf"] == 1.0
    facts = json.loads((out / "power.json").read_text())
    assert facts["effects"][:2] == ["age_within", "speaker[key_child]"]
    assert (out / "power.pdf").stat().st_size > 1000
    assert (out / "power.png").stat().st_size > 1000


def test_the_command_says_what_it_needs(tmp_path: Path, capsys: Any) -> None:
    out = ["--out", str(tmp_path)]
    assert main(["simulate-models", *out]) == 2
    assert main(["simulate-models", "--effects", str(tmp_path / "none.yaml"), *out]) == 2
    assert main(["simulate-models", "--effects", str(EXAMPLE), "--n", "0", *out]) == 2
    assert main(["simulate-models", "--from-fit", str(tmp_path), *out]) == 2
    said = capsys.readouterr().err
    assert "config/simulation.yaml is an example" in said
    assert "none.yaml: cannot be read" in said
    assert "--n 0: expected 1 or more" in said
    assert "model_fits.csv: cannot be read" in said


def test_the_example_is_a_plan() -> None:
    plan = make_plan(read_plan(EXAMPLE), str(EXAMPLE))
    assert prepare(plan).formula == str(plan.true_formula)


def test_the_page_names_every_size_and_its_default() -> None:
    page = (ROOT / "docs" / "power.md").read_text()
    for name, field in Sizes.model_fields.items():
        row = next(
            line for line in page.splitlines() if line.startswith("|") and f"`{name}`" in line
        )
        if isinstance(field.default, int | float):
            assert f"{field.default:g}" in row


def test_a_pilots_fit_is_a_plan(tmp_path: Path) -> None:
    """Data of known effects, fitted by hand with a scaled predictor, are the truth of a study."""
    plan = plan_of(SCORES, sizes={"children": 12, "sessions": 5, "utterances": 30})
    rng = np.random.default_rng(SEED)
    rows = draw_rows(plan.sizes, plan.unit, rng)
    rows = rows.append_column("score_max", pa.array(rng.normal(size=rows.num_rows)))
    y = draw_response(plan, build_frame(rows, plan.true_formula), rng)
    rows = rows.set_column(rows.column_names.index("score_max"), "score_max", pa.array(y))
    import pyarrow.parquet as pq

    pq.write_table(rows, tmp_path / "pilot.parquet")
    fitted = ["fit-model", str(tmp_path / "pilot.parquet"), "--formula", str(plan.true_formula)]
    fitted += ["--scale", "age_within=standardize", "--intervals", "none", "--out"]
    assert main([*fitted, str(tmp_path / "fit"), "--quiet"]) == 0
    sizes = {"sizes": {"children": 5, "sessions": 3, "utterances": 20}}
    (tmp_path / "sizes.yaml").write_text(yaml.safe_dump(sizes))
    simulated = ["simulate-models", "--from-fit", str(tmp_path / "fit"), "--n", "2"]
    simulated += ["--effects", str(tmp_path / "sizes.yaml"), "--out", str(tmp_path / "out")]
    assert main([*simulated, "--quiet"]) == 0
    asked = json.loads((tmp_path / "out" / "simulation.json").read_text())
    months = asked["plan"]["scaling"]["age_within"]["scale"]
    assert months == pytest.approx(rows["age_within"].to_numpy().std(ddof=1), rel=1e-5)
    assert asked["plan"]["effects"]["age_within"] / months == pytest.approx(0.01, abs=0.02)
    assert asked["plan"]["effects"]["speaker[key_child]"] == pytest.approx(-0.05, abs=0.04)
    assert asked["plan"]["residual_sd"] == pytest.approx(0.1, rel=0.1)
    table = read_table(SIMULATED_MODELS, tmp_path / "out" / "simulation.parquet").to_pylist()
    child = next(row for row in table if row["parameter"] == "child_id (Intercept)")
    assert child["truth"] == asked["plan"]["random"][0]["sd"]["(Intercept)"]
