"""Figures of the statistical models state what the tables hold, and say why nothing is drawn."""

from __future__ import annotations

import functools
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from egoalign import cli
from egoalign.figures.context import MOST_LEVELS, REST, context_figure
from egoalign.figures.course import course_figure
from egoalign.figures.effects import effects_figure
from egoalign.figures.intercepts import intercepts_figure
from egoalign.figures.lemmas import LEAST_IN_GROUP, LEAST_SAID, lemmas_figure
from egoalign.figures.style import save_figure
from egoalign.figures.trajectories import Fitted, trajectories_figure
from egoalign.figures.variance import percent, variance_figure
from egoalign.tables import MODEL_FITS, MODEL_VARIANCE, write_table
from tests.unit.figures import made_models as made
from tests.unit.figures.drawn import check_inside, message

REASON = "at least 30 are needed"


def fitted(n_children: int = 6, fits: pd.DataFrame | None = None) -> Fitted:
    fits = made.fits() if fits is None else fits
    return Fitted(fits, made.effects(), made.random_effects(n_children), made.lines())


@functools.cache
def all_figures(n_children: int = 6) -> dict[str, tuple]:
    rows = made.utterances(n_children)
    modes = made.random_effects(n_children)
    return {
        "intercepts": intercepts_figure(modes, made.components(), made.fits()),
        "trajectories": trajectories_figure(rows, fitted(n_children)),
        "variance": variance_figure(made.variance(), made.fits()),
        "effects": effects_figure(made.effects(), made.variance(), made.means(), made.fits()),
        "lemmas": lemmas_figure(made.lemmas(400)),
        "context": context_figure(rows, ["location", "activity"]),
        "course": course_figure(rows),
    }


@pytest.mark.parametrize("n_children", [1, 6, 20])
def test_everything_drawn_lies_inside_the_figure(n_children: int) -> None:
    for name, (figure, facts) in all_figures(n_children).items():
        assert "message" not in facts, name
        check_inside(figure, name)


def test_same_figure_gives_same_bytes(tmp_path: Path) -> None:
    rows = made.utterances(2)
    for folder in ("a", "b"):
        figures = {
            "trajectories": trajectories_figure(rows, fitted(2)),
            "variance": variance_figure(made.variance(), made.fits()),
            "lemmas": lemmas_figure(made.lemmas(60)),
        }
        for name, (figure, _) in figures.items():
            place = tmp_path / folder
            save_figure(figure, place / f"{name}.pdf", place / f"{name}.png", 60)
    for first in sorted((tmp_path / "a").iterdir()):
        assert first.read_bytes() == (tmp_path / "b" / first.name).read_bytes()
        assert b"/Type3" not in first.read_bytes()


def test_intercepts_are_the_modes_in_their_order_with_normal_intervals() -> None:
    figure, facts = all_figures()["intercepts"]
    modes = made.random_effects(6)
    own = modes[(modes["group"] == "child_id") & (modes["response"] == "score_max")]
    own = own[own["column"] == "(Intercept)"].sort_values("mode")
    panel = figure.axes[0]
    labels = [label.get_text().split()[0] for label in panel.get_yticklabels()]
    assert labels == own["level"].tolist()
    bars = np.array([bar[:, 0] for bar in panel.collections[0].get_segments()])
    assert bars.mean(axis=1) == pytest.approx(own["mode"].to_numpy())
    assert np.ptp(bars, axis=1) == pytest.approx(2 * 1.959963984540054 * own["sd"].to_numpy())
    first = facts["panels"][0]
    assert (first["lowest_child"], first["highest_child"]) == (labels[0], labels[-1])
    assert first["n_apart"] == int((own["mode"].abs() > 1.959963984540054 * own["sd"]).sum())
    assert first["sd"]["estimate"] == pytest.approx(0.2 * 0.04)
    assert [panel["column"] for panel in facts["panels"][:2]] == ["(Intercept)", "age_within"]
    assert facts["n_rows"] == own["n"].sum()


def test_children_without_variance_stand_on_an_axis_of_the_interval() -> None:
    modes = made.random_effects(6).assign(mode=0.0, sd=0.0)
    figure, facts = intercepts_figure(modes, made.components(), made.fits())
    assert facts["panels"][0]["n_apart"] == 0
    assert figure.axes[0].get_xlim()[1] == pytest.approx(1.2 * facts["panels"][0]["sd"]["ci_high"])
    assert figure.axes[0].texts[0].get_text().split() == ["no", "variance", "estimated"]


def test_models_without_effects_of_children_say_so() -> None:
    modes = made.random_effects(6)
    others = modes[modes["group"] != "child_id"]
    said = message(intercepts_figure(others, made.components(), made.fits()))
    assert "no statistical model has a term of child_id" in said
    result = trajectories_figure(
        made.utterances(3), Fitted(made.fits(), made.effects(), others, made.lines())
    )
    assert result[1]["n_child_lines"] == 0
    assert "no effects of children" in " ".join(result[0].texts[-1].get_text().split())


def test_a_childs_line_is_the_populations_moved_by_its_effects() -> None:
    figure, facts = all_figures()["trajectories"]
    modes = made.random_effects(6)
    modes = modes[(modes["response"] == "score_max") & (modes["group"] == "child_id")]
    modes = modes.pivot(index="level", columns="column", values="mode")
    rows = made.utterances(6)
    drawn = [line for line in figure.axes[0].lines if line.get_color() == "#0072B2"]
    assert len(drawn) == facts["n_child_lines"] == 6
    for line, (child, own) in zip(drawn, rows.groupby("child_id"), strict=True):
        between = own["age_between"].iloc[0]
        within = line.get_xdata() - between
        inside = np.abs(within) <= 9
        expected = 0.24 + made.SLOPE * within + made.BETWEEN * (between - 14)
        expected += modes.loc[child, "(Intercept)"] + modes.loc[child, "age_within"] * within
        assert line.get_ydata()[inside] == pytest.approx(expected[inside], abs=1e-12)
        assert line.get_xdata()[[0, -1]] == pytest.approx(
            [own["age_months"].min(), own["age_months"].max()]
        )
    assert facts["effects"]["age_within"]["estimate"] == made.SLOPE
    assert facts["effects"]["age_between"]["estimate"] == made.BETWEEN
    assert facts["null"] == pytest.approx(0.226)
    assert (facts["n_utterances"], facts["n_small_panels"]) == (len(rows), 6)


def test_shares_of_variance_fill_the_bar() -> None:
    figure, facts = all_figures()["variance"]
    assert len(facts["fits"]) == len(made.FITS)
    for found in facts["fits"].values():
        assert sum(found["shares"].values()) == pytest.approx(1.0)
    words = facts["fits"]["words: word score"]["shares"]
    assert words == pytest.approx(
        {
            "fixed effects": 0.021,
            "children": 0.032,
            "sessions": 0.041,
            "lemmas": 0.112,
            "residual": 0.794,
        }
    )
    assert facts["fits"]["aligned: aligned or not"]["shares"]["other groups"] == 0.0003
    ends = [bar.get_x() + bar.get_width() for bar in figure.axes[0].patches]
    assert max(ends) == pytest.approx(100.0)
    assert [percent(share) for share in (None, 0.0, 0.0003, 0.112)] == [
        "\N{EN DASH}",
        "0.0 %",
        "<0.1 %",
        "11.2 %",
    ]


def test_effects_are_drawn_in_standard_deviations_and_log_odds() -> None:
    _, facts = all_figures()["effects"]
    effects = made.effects()
    for (name, response, family, scale), found in zip(
        made.FITS, facts["fits"].values(), strict=True
    ):
        rows = effects[(effects["name"] == name) & (effects["response"] == response)]
        rows = rows[rows["effect"] != "(Intercept)"]
        sd = 1.0 if family == "binomial" else scale
        assert found["response_sd"] == (None if family == "binomial" else pytest.approx(scale))
        assert list(found["effects"]) == rows["effect"].tolist()
        for row in rows.to_dict("records"):
            unit = 1.0 if "[" in row["effect"] else row["spread"]
            drawn = found["effects"][row["effect"]]["drawn"]
            raw = np.array([row["low"], row["estimate"], row["high"]])
            assert drawn == pytest.approx(unit * raw / sd)


def test_levels_stand_under_their_factor_with_its_reference() -> None:
    figure, _ = all_figures()["effects"]
    labels = [label.get_text().strip() for label in figure.axes[0].get_yticklabels()]
    place = labels.index("speaker (vs female adult)")
    assert labels[place + 1 : place + 4] == ["male adult", "the child", "another child"]
    assert "activity (vs free play)" in labels


def test_groups_of_lemmas_have_the_means_of_their_lemmas() -> None:
    lemmas = made.lemmas(400)
    _, facts = all_figures()["lemmas"]
    said = lemmas[lemmas["n_null"] >= LEAST_SAID]
    normed = said.dropna(subset=["concreteness"])
    assert (facts["n_lemmas"], facts["n_tokens"]) == (400, lemmas["n_null"].sum())
    assert (facts["n_grouped"], facts["n_normed"]) == (len(said), len(normed))
    for rows, groups in ((said, "by_frequency"), (normed, "by_concreteness")):
        found = facts[groups]
        assert sum(group["n"] for group in found) == len(rows)
        assert min(group["n"] for group in found) >= LEAST_IN_GROUP
        whole = sum(group["n"] * group["estimate"] for group in found) / len(rows)
        assert whole == pytest.approx(rows["difference"].mean())
    assert facts["rho_concreteness"] == pytest.approx(
        normed["concreteness"].corr(normed["difference"], method="spearman")
    )


def test_no_place_of_a_lemma_tells_both_its_frequency_and_its_norms() -> None:
    figure, _ = lemmas_figure(made.lemmas(400))
    _, by, plane, *_ = figure.axes
    assert by.collections[0].get_offsets().shape[0] <= 1
    numbers = [int(text.get_text()) for text in plane.texts]
    assert numbers
    assert min(numbers) >= LEAST_IN_GROUP


def test_without_scored_words_or_norms_lemmas_say_so() -> None:
    lemmas = made.lemmas(60)
    assert "No content word" in message(lemmas_figure(lemmas.assign(difference=np.nan)))
    assert "No content word" in message(lemmas_figure(lemmas.iloc[:0]))
    figure, facts = lemmas_figure(lemmas.assign(concreteness=np.nan))
    assert (facts["n_normed"], facts["by_concreteness"]) == (0, [])
    assert "no norms of concreteness" in figure.axes[1].texts[0].get_text()


def test_labels_have_the_means_of_their_utterances_by_falling_difference() -> None:
    rows = made.utterances(6)
    _, facts = all_figures()["context"]
    for factor in ("location", "activity"):
        found = facts["factors"][factor]
        means = rows.groupby(factor)["shuffled_difference"].mean()
        assert list(found) == means.sort_values(ascending=False).index.tolist()
        for label, one in found.items():
            own = rows[rows[factor] == label]
            assert one["difference"]["estimate"] == pytest.approx(means[label])
            assert one["score"]["estimate"] == pytest.approx(own["score_max"].mean())
            assert one["n_utterances"] == len(own)
            low, high = one["difference"]["ci_low"], one["difference"]["ci_high"]
            assert low < means[label] < high


def test_labels_without_a_null_come_last() -> None:
    rows = made.utterances(3)
    of_difference = list(context_figure(rows, ["location"])[1]["factors"]["location"])
    first = rows["location"] == of_difference[0]
    rows.loc[first, ["shuffled_mean", "shuffled_difference"]] = np.nan
    rows.loc[first, "score_max"] += 9
    found = context_figure(rows, ["location"])[1]["factors"]["location"]
    assert list(found) == [*of_difference[1:], of_difference[0]]


def test_many_labels_are_drawn_together_and_none_or_one_say_so() -> None:
    rows = made.utterances(3)
    many = rows.assign(place=[f"room {k % 20}" for k in range(len(rows))])
    found = context_figure(many, ["place"])[1]["factors"]["place"]
    assert len(found) == MOST_LEVELS
    assert REST in found
    assert sum(one["n_utterances"] for one in found.values()) == len(rows)
    assert "Nothing is known of location" in message(context_figure(rows, []))
    assert "nothing to compare" in message(context_figure(rows.assign(place="home"), ["place"]))
    assert "No utterance has a score" in message(context_figure(rows.iloc[:0], ["location"]))


def test_the_course_within_sessions_is_the_slope_that_was_put_in() -> None:
    parts = []
    for session in range(6):
        position = np.linspace(0, 1, 40)
        parts.append(
            pd.DataFrame(
                {"child_id": f"C{session % 3}", "session_id": f"s{session}", "model_id": "tiny"}
                | {"position": position, "minutes": (5 + session) * position}
                | {"score_max": 0.3, "shuffled_difference": 0.1 * session - 0.02 * position}
            )
        )
    _, facts = course_figure(pd.concat(parts, ignore_index=True))
    found = facts["clocks"]["position"]
    assert found["slope"]["estimate"] == pytest.approx(-0.02)
    assert found["slope"]["ci_low"] == pytest.approx(-0.02)
    assert [one["n_sessions"] for one in found["bins"]] == [6] * 10
    assert sum(one["n_utterances"] for one in found["bins"]) == 240
    adjusted = [one["adjusted"] for one in found["bins"]]
    assert np.diff(adjusted).max() < 0
    assert np.average(adjusted, weights=[one["n_utterances"] for one in found["bins"]]) == (
        pytest.approx(0.25 - 0.01)
    )


def test_without_times_or_a_null_the_course_says_so() -> None:
    rows = made.utterances(3)
    bare = rows.assign(minutes=np.nan, position=np.nan)
    assert "has a time in its session" in message(course_figure(bare))
    assert "None of 0 scored" in message(course_figure(rows.iloc[:0]))
    figure, facts = course_figure(rows.assign(shuffled_difference=np.nan))
    assert facts["response"] == "score_max"
    assert figure.axes[0].get_ylabel() == "score (cosine)"


def test_models_that_could_not_be_fitted_say_why() -> None:
    fits, none = made.no_fits(), slice(0)
    modes, effects = made.random_effects(3)[none], made.effects()[none]
    models = Fitted(fits, effects, modes, made.lines()[none])
    results = [
        intercepts_figure(modes, made.components()[none], fits),
        trajectories_figure(made.utterances(3), models),
        variance_figure(made.variance()[none], fits),
        effects_figure(effects, made.variance()[none], made.means()[none], fits),
    ]
    assert all(REASON in message(result) for result in results)
    said = message(variance_figure(made.variance()[none], fits[none]))
    assert "no statistical model was asked for" in said


def test_a_model_of_the_intercept_alone_has_no_forest() -> None:
    effects = made.effects()
    alone = effects[effects["effect"] == "(Intercept)"]
    said = message(effects_figure(alone, made.variance(), made.means(), made.fits()))
    assert "none but the intercept" in said


def test_command_writes_figure_and_facts(tmp_path: Path) -> None:
    for table, rows, name in (
        (MODEL_FITS, made.fits(), "fits"),
        (MODEL_VARIANCE, made.variance(), "variance"),
    ):
        whole = rows.reindex(columns=table.schema.names)
        write_table(table, whole, tmp_path / f"{name}.parquet")
    out = [f"--{kind}={tmp_path / f'v.{kind}'}" for kind in ("pdf", "png")]
    command = ["plot-variance", f"--variance={tmp_path / 'variance.parquet'}"]
    command += [f"--fits={tmp_path / 'fits.parquet'}", f"--facts={tmp_path / 'v.json'}", *out]
    assert cli.main(command) == 0
    assert len(json.loads((tmp_path / "v.json").read_text())["fits"]) == len(made.FITS)
    assert (tmp_path / "v.pdf").is_file()
    assert (tmp_path / "v.png").is_file()
