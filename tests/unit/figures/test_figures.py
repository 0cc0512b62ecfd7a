"""What the figures state must be what the tables hold; what cannot be drawn is said in words."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from egoalign import cli
from egoalign.figures.accuracy import accuracy_figure
from egoalign.figures.age import age_figure
from egoalign.figures.children import children_figure
from egoalign.figures.lag import lag_figure
from egoalign.figures.models import models_figure
from egoalign.figures.null import null_figure
from egoalign.figures.nulls import SCHEME_NAMES, nulls_figure
from egoalign.figures.reference import reference_figure
from egoalign.figures.reliability import reliability_figure
from egoalign.figures.style import save_figure
from egoalign.tables import ALIGNMENT, CHILDREN_MEANS, METRICS, SCHEMES, write_table
from tests.unit.figures import made
from tests.unit.figures.drawn import check_inside, message

SCORES = [name for name in made.alignment(1).columns if name.startswith(("score_", "shuffled_"))]


def all_figures(n_children: int = 6) -> dict[str, tuple]:
    rows, items = made.alignment(n_children), made.items()
    validation, children = made.validation(items), made.children(rows)
    both = pd.concat([made.summary(), validation, made.summary("a-model-of-a-long-name_openai")])
    return {
        "null": null_figure(rows, made.summary()),
        "nulls": nulls_figure(rows, made.summary()),
        "reliability": reliability_figure(*made.calibration()),
        "accuracy": accuracy_figure(items, validation, made.curves(items)),
        "children": children_figure(children),
        "age": age_figure(rows, children, made.population(rows)),
        "lag": lag_figure(made.lags(), made.lag_peaks()),
        "models": models_figure(both),
        "reference": reference_figure(*made.reference()),
    }


@pytest.mark.parametrize("n_children", [1, 6, 40])
def test_everything_drawn_lies_inside_the_figure(n_children: int) -> None:
    for name, (figure, _) in all_figures(n_children).items():
        check_inside(figure, name)


def test_same_figure_gives_same_bytes_with_embedded_outlines(tmp_path: Path) -> None:
    for name, (figure, _) in all_figures().items():
        again = all_figures()[name][0]
        for made_figure, folder in ((figure, tmp_path / "a"), (again, tmp_path / "b")):
            save_figure(made_figure, folder / f"{name}.pdf", folder / f"{name}.png", 80)
        for suffix in ("pdf", "png"):
            first = (tmp_path / "a" / f"{name}.{suffix}").read_bytes()
            assert first == (tmp_path / "b" / f"{name}.{suffix}").read_bytes()
        pdf = (tmp_path / "a" / f"{name}.pdf").read_bytes()
        assert b"/CIDFontType2" in pdf
        assert b"/Type3" not in pdf
        with Image.open(tmp_path / "a" / f"{name}.png") as image:
            width, height = figure.get_size_inches()
            assert image.size == (int(width * 80), int(height * 80))


def test_footers_say_n_model_null_and_interval() -> None:
    for name, (figure, facts) in all_figures().items():
        footer = " ".join(figure.texts[-1].get_text().split())
        assert "tiny" in footer or name == "models", footer
        assert any(word in footer for word in ("Null:", "null")), footer
        assert any(word in footer for word in ("Intervals", "intervals", "interval")), footer
        assert (
            "n = " in footer or f"{facts['directions']['choose_image']['n_items']} items" in footer
        )


def test_null_facts_are_those_of_the_table() -> None:
    rows = made.alignment(4)
    rows.loc[::7, SCORES] = np.nan
    rows.loc[::7, "reason"] = "no words left to encode"
    _, facts = null_figure(rows, made.summary())
    kept = rows[rows["reason"].isna()]
    assert facts["n_utterances"] == len(kept)
    assert facts["n_children"] == 4
    assert facts["n_sessions"] == 1 + 2 + 3 + 4
    assert facts["score_median"] == pytest.approx(kept["score_max"].median(), rel=1e-12)
    assert facts["null_mean"] == pytest.approx(kept["shuffled_draw"].mean(), rel=1e-12)
    assert facts["difference"]["estimate"] == 0.011
    assert facts["auc"]["ci_low"] == 0.63


def test_null_histogram_holds_every_utterance() -> None:
    rows = made.alignment(4)
    figure, _ = null_figure(rows, made.summary())
    for patch in figure.axes[0].patches:
        x, height = patch.get_xy()[:, 0], patch.get_xy()[:, 1]
        area = np.abs(np.trapezoid(height, x))
        assert area == pytest.approx(1.0, abs=1e-6)


def test_null_without_null_or_score_says_so() -> None:
    rows = made.alignment(2)
    rows["shuffled_draw"] = np.nan
    text = message(null_figure(rows, made.summary()))
    assert text.startswith(f"0 of {len(rows)} utterances have a score and a null")
    assert "0 of 0 utterances" in message(null_figure(rows.iloc[:0], made.summary().iloc[:0]))


def test_null_without_summary_shows_distributions_only() -> None:
    figure, facts = null_figure(made.alignment(2), made.summary().iloc[:0])
    assert len(figure.axes) == 1
    assert facts["difference"] is None


def test_every_scheme_has_its_row_and_numbers() -> None:
    rows = made.alignment(4)
    rows.loc[::5, "anyone_draw"] = np.nan
    rows["like_age_draw"] = np.nan
    figure, facts = nulls_figure(rows, made.summary())
    assert tuple(SCHEME_NAMES) == SCHEMES
    assert list(facts["schemes"]) == [scheme for scheme in SCHEMES if scheme != "like_age"]
    found = facts["schemes"]["anyone"]
    kept = rows.dropna(subset=["anyone_draw"])
    assert found["n"] == len(kept) < facts["n_utterances"] == len(rows)
    assert found["null_mean"] == pytest.approx(kept["anyone_draw"].mean(), rel=1e-12)
    assert found["difference"]["estimate"] == pytest.approx(0.015)
    labels = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert labels[3] == f"any other\nsession\n(n = {len(kept):,})"
    assert len(figure.axes) == 4


def test_nulls_without_null_or_summary() -> None:
    rows = made.alignment(2)
    figure, facts = nulls_figure(rows, made.summary().iloc[:0])
    assert len(figure.axes) == 1
    assert facts["schemes"]["shift"]["auc_null"] is None
    rows[[f"{scheme}_draw" for scheme in SCHEMES]] = np.nan
    assert message(nulls_figure(rows, made.summary())) == (
        f"0 of {len(rows)} utterances have a score and a null: no distribution to show."
    )


def test_lag_panels_show_the_profiles_of_the_table_and_their_peaks() -> None:
    table = made.lags()
    figure, facts = lag_figure(table, made.lag_peaks())
    titles = [panel.get_title(loc="left") for panel in figure.axes]
    assert titles == ["a  all utterances", "b  the child", "c  female adult"]
    for panel, (_, own) in zip(figure.axes, table.groupby("subset", sort=False), strict=True):
        drawn = {line.get_label(): line.get_xydata() for line in panel.lines}
        np.testing.assert_allclose(drawn["true pairs"], own[["lag_s", "difference"]])
    said = [panel.texts[0].get_text() for panel in figure.axes]
    assert said == ["n = 360\npeak 2.0 s", "n = 360", "n = 360\npeak 2.0 s"]
    assert facts["n_utterances"] == 360
    assert facts["peak"]["ci_low"] == 1.6
    footer = " ".join(figure.texts[-1].get_text().split())
    assert "Positive lags: sight later than speech, the word leads." in footer
    assert "Peak at 2.0 [1.6, 2.4] s." in footer


def test_lags_without_a_profile_say_so() -> None:
    table = made.lags().iloc[:1].assign(difference=np.nan, note="no session has a lag profile")
    said = message(lag_figure(table, made.lag_peaks().iloc[:0]))
    assert said == "No lag profile to show: no session has a lag profile."


def test_children_are_ordered_and_nulls_stand_beside_them() -> None:
    means = made.children(made.alignment(6))
    figure, facts = children_figure(means)
    ordered = means.sort_values("mean_score")
    labels = [label.get_text().split()[0] for label in figure.axes[0].get_yticklabels()]
    assert labels == list(ordered["child_id"])
    drawn = {line.get_label(): line.get_xdata() for line in figure.axes[0].lines}
    null = ordered["mean_score"] - ordered["mean_difference"]
    np.testing.assert_allclose(drawn["true pairs"], ordered["mean_score"])
    np.testing.assert_allclose(drawn["shuffled"], null)
    assert (facts["lowest_child"], facts["highest_child"]) == (labels[0], labels[-1])
    assert facts["n_with_interval"] == 4, "two of six children have one session"


def test_children_without_scores_say_so() -> None:
    means = made.children(made.alignment(2))
    means["mean_score"] = np.nan
    assert message(children_figure(means)) == "No child has a scored utterance: no means to show."
    assert "No child" in message(children_figure(means.iloc[:0]))


def test_age_draws_session_means_and_child_lines() -> None:
    rows = made.alignment(6)
    means = made.children(rows)
    figure, facts = age_figure(rows, means, made.population(rows))
    drawn = {line.get_label(): line for line in figure.axes[0].lines}
    sessions = rows.groupby(["child_id", "session_id"])["score_max"].mean()
    np.testing.assert_allclose(drawn["session mean"].get_ydata(), sessions)
    assert facts["n_child_lines"] == means["age_slope"].notna().sum() == 4
    child = means[means["age_slope"].notna()].iloc[0]
    x, y = drawn["each child"].get_data()
    np.testing.assert_allclose(np.diff(y) / np.diff(x), child["age_slope"])
    np.testing.assert_allclose(
        np.interp(child["mean_age_days"] / 30.4375, x, y), child["intercept"]
    )
    assert facts["slope"]["estimate"] == 0.0003
    assert facts["has_population_line"]


def test_age_without_model_draws_points_and_tells_why() -> None:
    rows = made.alignment(1)
    effects = made.population(rows, reason="12 rows, at least 30 are needed")
    figure, facts = age_figure(rows, made.children(rows), effects)
    assert not facts["has_population_line"]
    assert facts["slope"] is None
    assert "12 rows, at least 30 are needed" in " ".join(figure.texts[-1].get_text().split())


def test_age_of_the_difference_has_its_null_at_zero() -> None:
    rows = made.alignment(3)
    effects = made.population(rows, "shuffled_difference")
    figure, facts = age_figure(rows, made.children(rows), effects)
    assert facts["n_child_lines"] == 0, "children's lines are those of score_max"
    zero = next(line for line in figure.axes[0].lines if line.get_label() == "shuffled")
    assert list(zero.get_ydata()) == [0.0, 0.0]


def test_age_without_ages_says_so() -> None:
    rows = made.alignment(2).assign(age_days=np.nan)
    nothing = made.population(made.alignment(2), reason="no rows")
    text = message(age_figure(rows, made.children(made.alignment(2)).iloc[:0], nothing))
    assert text.startswith(f"None of {len(rows)} utterances has both a score and an age")


def test_accuracy_groups_lie_at_the_mean_score_of_their_items() -> None:
    items = made.items(n=60)
    figure, facts = accuracy_figure(items, made.validation(items, n_groups=3), made.curves(items))
    assert facts["directions"]["choose_image"]["n_answers"] == 6 * 60
    for axes, kind in zip(figure.axes[:2], ("choose_utterance", "choose_image"), strict=True):
        of_kind = items[items["kind"] == kind].sort_values("score")
        expected = of_kind["human_accuracy"].to_numpy().reshape(3, 20).mean(axis=1)
        middle = of_kind["score"].to_numpy().reshape(3, 20).mean(axis=1)
        drawn = {line.get_label(): line for line in axes.lines}
        np.testing.assert_allclose(drawn["people"].get_ydata(), expected)
        width = np.ptp(of_kind["score"])
        assert np.abs(drawn["people"].get_xdata() - middle).max() < 0.02 * width


def test_accuracy_of_one_direction_has_one_panel() -> None:
    items = made.items().query("kind == 'choose_image'")
    figure, facts = accuracy_figure(items, made.validation(items), made.curves(items))
    assert len(figure.axes) == 2, "over the score, and over the margin"
    assert list(facts["directions"]) == ["choose_image"]


def test_accuracy_without_items_says_so() -> None:
    items = made.items()
    nothing, no_curve = made.validation(items).iloc[:0], made.curves(items).iloc[:0]
    text = message(accuracy_figure(items.iloc[:0], nothing, no_curve))
    assert text.startswith("No human choices")
    items["score"] = np.nan
    text = message(accuracy_figure(items, nothing, no_curve))
    assert text.startswith("None of 160 judged items")


def test_accuracy_draws_the_fitted_curve_with_its_band() -> None:
    items = made.items()
    curves = made.curves(items)
    figure, facts = accuracy_figure(items, made.validation(items), curves)
    panels = [("choose_utterance", "score"), ("choose_image", "score")]
    panels += [("choose_utterance", "margin"), ("choose_image", "margin")]
    for axes, (kind, predictor) in zip(figure.axes, panels, strict=True):
        line = curves.query("choice == @kind and predictor == @predictor and kind == 'line'")
        drawn = {one.get_label(): one for one in axes.lines}["people, fitted"]
        np.testing.assert_allclose(drawn.get_ydata(), line["estimate"])
        band = axes.collections[-1]
        assert band.get_paths()[0].vertices[:, 1].max() == pytest.approx(line["ci_high"].max())
        assert facts["directions"][kind]["curves"][predictor]["lapse"]["ci_high"] == 0.11


def test_accuracy_without_a_curve_draws_the_points() -> None:
    items = made.items()
    figure, facts = accuracy_figure(items, made.validation(items), made.curves(items).iloc[:0])
    assert facts["directions"]["choose_image"]["curves"] == {"score": {}, "margin": {}}
    assert "people, fitted" not in {line.get_label() for line in figure.axes[0].lines}


def test_reliability_draws_bins_fits_and_scores() -> None:
    calibration, curve = made.calibration()
    figure, facts = reliability_figure(calibration, curve)
    told, fits, scores = figure.axes
    drawn = {line.get_label(): line for line in told.lines}
    for name in ("logistic", "isotonic"):
        bins = curve.query(f"kind == 'bin' and name == '{name}'")
        np.testing.assert_allclose(drawn[name].get_ydata(), bins["y"])
        assert np.abs(drawn[name].get_xdata() - bins["x"]).max() < 0.01
        assert facts["fits"][name]["ece"]["chance"] == 0.035
    logistic = curve.query("kind == 'fit' and name == 'logistic'")
    np.testing.assert_allclose(fits.lines[0].get_ydata(), logistic["y"])
    assert len(scores.patches) == 2
    assert facts["prevalence"]["estimate"] == 0.231
    assert (facts["kind"], facts["n_pairs"], facts["n_moments"]) == ("label", 240, 7000)
    assert facts["estimator"] == "mean calibrated probability"


def test_reliability_without_threshold_or_interval_is_drawn() -> None:
    calibration, curve = made.calibration()
    calibration.loc[calibration["metric"] == "threshold", "estimate"] = np.nan
    calibration.loc[calibration["metric"] == "prevalence", "estimate"] = np.nan
    figure, facts = reliability_figure(calibration, curve.assign(ci_low=np.nan, ci_high=np.nan))
    figure.draw_without_rendering()
    assert facts["threshold"] is None
    assert facts["prevalence"] is None


def test_reliability_of_forced_choices_alone_says_so() -> None:
    assert message(reliability_figure(*made.no_calibration())) == (
        "No probabilities from scores: no labels or ratings; forced choices are not used."
    )


def test_models_without_judgments_have_no_accuracy_panels() -> None:
    figure, facts = models_figure(made.summary())
    assert facts["n_models"] == 1
    assert [axes.get_xlabel().split("\n")[0] for axes in figure.axes] == [
        "mean score",
        "AUC of true",
    ]


def test_a_model_without_a_result_is_said_to_have_none() -> None:
    items = made.items()
    both = pd.concat([made.summary(), made.validation(items), made.summary("other")])
    figure, facts = models_figure(both)
    assert facts["models"]["other"]["model_accuracy choose_image"] is None
    assert [text.get_text().strip() for text in figure.axes[3].texts] == ["none"]


def test_models_stand_beside_what_peoples_noise_allows() -> None:
    items = made.items()
    both = pd.concat([made.summary(), made.validation(items)])
    figure, facts = models_figure(both)
    assert facts["models"]["tiny"]["pearson_score all ceiling"]["estimate"] == 0.85
    people = facts["models"]["tiny"]["model_accuracy choose_image ceiling"]
    drawn = [
        segment[0, 0] for one in figure.axes[3].collections[-1:] for segment in one.get_segments()
    ]
    assert drawn == [pytest.approx(people["estimate"])]
    assert "noise ceiling of correlations" in " ".join(figure.texts[-1].get_text().split())


def test_reference_shows_every_group_that_was_compared() -> None:
    groups, comparison = made.reference()
    figure, facts = reference_figure(groups, comparison)
    assert [axes.get_ylabel() for axes in figure.axes[::4]] == [
        "the corpus",
        "the corpus,\none picture",
        "photos",
    ]
    assert (facts["n_compared"], facts["n_sets"], facts["model_id"]) == (120, 1, "tiny")
    for name, pairs in groups.items():
        rows = comparison[comparison["subset"] == name].set_index("metric")
        found = facts["groups"][name]
        assert found["n_pairs"] == pairs.n
        for measure in ("jsd", "auc_null", "share_above_null_p95"):
            assert found[measure]["estimate"] == rows.loc[measure, "estimate"]
    for panel in figure.axes[::4]:
        for patch in panel.patches:
            x, height = patch.get_xy()[:, 0], patch.get_xy()[:, 1]
            assert np.abs(np.trapezoid(height, x)) == pytest.approx(1.0, abs=1e-6)


def test_reference_leaves_out_a_group_that_is_too_small_and_says_when_all_are() -> None:
    groups, comparison = made.reference()
    comparison = comparison.copy()
    comparison.loc[comparison["subset"] == "corpus|one_frame", "estimate"] = np.nan
    figure, facts = reference_figure(groups, comparison)
    assert len(figure.axes) == 8
    assert facts["groups"]["corpus|one_frame"]["auc_null"] is None
    assert "one picture 120" not in " ".join(figure.texts[-1].get_text().split())
    assert "No group has 20 pairs" in message(reference_figure(*made.reference(5)))


def test_no_models_says_so() -> None:
    assert "nothing to compare" in message(models_figure(made.summary().iloc[:0]))


def test_command_writes_figure_and_facts(tmp_path: Path) -> None:
    rows = made.alignment(3)
    write_table(ALIGNMENT, rows, tmp_path / "alignment.parquet")
    write_table(METRICS, made.summary(), tmp_path / "summary.parquet")
    out = tmp_path / "figures"
    arguments = ["--pdf", out / "n.pdf", "--png", out / "n.png", "--facts", out / "n.json"]
    tables = ["--alignment", tmp_path / "alignment.parquet"]
    tables += ["--summary", tmp_path / "summary.parquet"]
    options = ["--options", json.dumps({"dpi": 60})]
    command = [str(part) for part in ["plot-null", *tables, *arguments, *options]]
    assert cli.main(command) == 0
    facts = json.loads((out / "n.json").read_text())
    assert facts["n_utterances"] == len(rows)
    assert sorted(path.name for path in out.iterdir()) == ["n.json", "n.pdf", "n.png"]


def test_command_with_a_missing_table_names_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_table(CHILDREN_MEANS, made.children(made.alignment(2)), tmp_path / "c.parquet")
    arguments = [f"--{kind}={tmp_path / kind}" for kind in ("pdf", "png", "facts")]
    assert cli.main(["plot-children", f"--children={tmp_path / 'no.parquet'}", *arguments]) == 2
    assert "no.parquet: no such file" in capsys.readouterr().err
    assert cli.main(["plot-children", f"--children={tmp_path / 'c.parquet'}", *arguments]) == 0
