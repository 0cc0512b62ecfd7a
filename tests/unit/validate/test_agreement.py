"""Agreement with people, on items whose answers are known."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from egoalign import cli
from egoalign.align.score import unit_rows
from egoalign.config import ValidateOptions
from egoalign.tables import (
    CONTRASTS,
    ITEMS,
    JUDGMENTS,
    METRICS,
    PSYCHOMETRIC,
    conform,
    read_table,
    write_table,
)
from egoalign.validate.agreement import HUMAN, Sample, agreement, quantile_groups
from egoalign.validate.items import Item, SessionVectors, ask_model, group_items
from egoalign.validate.model import item_rows
from tests.unit.align.made import random_session

OPTIONS = ValidateOptions(bootstraps=100)
FORCED = ("choose_utterance", "choose_image")


def rows_by_name(rows: list[dict]) -> dict[tuple[str, str], dict]:
    return {(row["metric"], row["subset"]): row for row in rows}


def at_angle(degrees: float) -> np.ndarray:
    radians = np.deg2rad(degrees)
    return unit_rows(np.array([[np.cos(radians), np.sin(radians)]]))[0]


def vectors(angles: list[float]) -> dict[tuple[str, str], SessionVectors]:
    """Return a session in which text "u<k>" and picture k have an angle; picture -1 has 0."""
    return {
        ("kim", "day1"): SessionVectors(
            {f"u{k}": at_angle(angle) for k, angle in enumerate(angles)} | {"zero": at_angle(0)},
            {float(k): at_angle(angle)[None] for k, angle in enumerate(angles)}
            | {-1.0: at_angle(0)[None]},
        )
    }


def item(kind: str, n_distractors: int = 3) -> Item:
    if kind == "choose_image":
        others = [["kim", "day1", float(k + 1)] for k in range(n_distractors)]
        return Item(kind, "i", "kim", "day1", "zero", 0.0, others, {"a1": 1.0})
    others = [["kim", "day1", f"u{k + 1}"] for k in range(n_distractors)]
    return Item(kind, "i", "kim", "day1", "u0", -1.0, others, {"a1": 1.0})


@pytest.mark.parametrize("kind", FORCED)
@pytest.mark.parametrize(
    ("angles", "expected"),
    [
        ([10, 20, 30, 40], 1.0),
        ([20, 10, 30, 40], 0.0),
        ([10, 10, 30, 40], 1 / 2),
        ([10, -10, 10, 10], 1 / 4),
        ([20, 10, 10, 10], 0.0),
    ],
)
def test_the_model_chooses_the_greatest_cosine(
    kind: str, angles: list[float], expected: float
) -> None:
    chosen = item(kind)
    ask_model(chosen, vectors(angles))
    cosines = np.cos(np.deg2rad(angles))
    assert chosen.model_correct == pytest.approx(expected)
    assert chosen.score == pytest.approx(cosines[0], abs=1e-6)
    assert chosen.margin == pytest.approx(cosines[0] - cosines[1:].max(), abs=2e-6)
    assert chosen.reason is None


@pytest.mark.parametrize(
    ("kind", "gone", "reason"),
    [
        ("choose_image", "zero", "the utterance has no words to encode"),
        ("choose_image", 0.0, "the picture could not be decoded"),
        ("choose_image", 2.0, "a distractor has no embedding"),
        ("choose_utterance", "u2", "a distractor has no embedding"),
    ],
)
def test_what_cannot_be_asked_has_a_reason(kind: str, gone: object, reason: str) -> None:
    known = vectors([10, 20, 30, 40])
    session = known["kim", "day1"]
    known["kim", "day1"] = SessionVectors(
        {key: value for key, value in session.texts.items() if key != gone},
        {key: value for key, value in session.pictures.items() if key != gone},
    )
    chosen = item(kind)
    ask_model(chosen, known)
    assert (chosen.model_correct, chosen.reason) == (None, reason)


def test_unrelated_vectors_are_chosen_at_chance() -> None:
    """Within four standard errors of a quarter, over 2000 items."""
    rng = np.random.default_rng(9)
    right = []
    for _ in range(2000):
        chosen = item("choose_image")
        rows = unit_rows(rng.normal(size=(5, 16)))
        session = SessionVectors({"zero": rows[4]}, {float(k): rows[k][None] for k in range(4)})
        ask_model(chosen, {("kim", "day1"): session})
        right.append(chosen.model_correct)
    assert abs(np.mean(right) - 0.25) < 4 * np.sqrt(0.25 * 0.75 / 2000)


def test_answers_are_gathered_by_item_and_missing_ones_left_out() -> None:
    common = {
        "item_id": "i",
        "child_id": "kim",
        "session_id": "day1",
        "utterance_id": "u0",
        "second": 1.0,
        "distractors": "[]",
    }
    names = ("kind", "annotator_id", "answer", "correct", "chosen")
    rows = [
        ("label", "a1", 1.0, None, None),
        ("choose_image", "a1", 3.0, True, 0),
        ("choose_image", "a2", None, None, None),
        ("choose_image", "a3", 0.0, False, None),
        ("label", "a2", None, None, None),
    ]
    items = group_items([common | dict(zip(names, row, strict=True)) for row in rows])
    assert [(one.kind, one.answers, one.chosen) for one in items] == [
        ("label", {"a1": 1.0}, {}),
        ("choose_image", {"a1": 1.0, "a3": 0.0}, {"a1": 0}),
    ]
    assert [one.identity for one in items] == [False, False]
    assert items[0].weight == 1.0


def test_whom_people_agree_with_when_they_are_wrong() -> None:
    chosen = item("choose_utterance")
    chosen.answers = {"a1": 1.0, "a2": 0.0, "a3": 0.0, "a4": 0.0}
    chosen.chosen = {"a1": 0, "a2": 2, "a3": 2, "a4": 1}
    ask_model(chosen, vectors([20, 40, 10, 30]))
    # The model takes the second distractor, and so do two of four people, two of three wrong ones.
    assert chosen.choice_agreement == pytest.approx(2 / 4)
    assert chosen.error_agreement == pytest.approx(2 / 3)
    ask_model(chosen, vectors([20, 10, 10, 30]))
    assert chosen.choice_agreement == pytest.approx(3 / 4 / 2), "a tie of two counts half"
    del chosen.chosen["a3"]
    assert chosen.choice_agreement is None
    assert chosen.error_agreement is None


@given(st.lists(st.floats(-1, 1), min_size=4, max_size=60), st.integers(2, 4))
def test_quantile_groups_rise_with_the_score(scores: list[float], n: int) -> None:
    values = np.array(scores)
    groups = quantile_groups(values, n)
    assert set(groups) <= set(range(n))
    order = np.argsort(values, kind="stable")
    assert (np.diff(groups[order]) >= 0).all()
    for value in set(scores):
        assert len(set(groups[values == value])) == 1


def test_quantile_groups_are_of_equal_size_without_ties() -> None:
    groups = quantile_groups(np.random.default_rng(1).permutation(40) / 7, 4)
    assert np.bincount(groups).tolist() == [10, 10, 10, 10]


def answered_items(n_children: int = 4, n: int = 120) -> list[Item]:
    """Return items whose human accuracy rises with the score, and labels and ratings too."""
    rng = np.random.default_rng(12)
    items = []
    for k in range(n):
        score = round(float(rng.uniform(0, 1)), 6)
        for kind in (FORCED[k % 2], "rating", "label"):
            chance = 0.25 + 0.7 * score
            answers = (rng.random(5) < chance).astype(float).tolist()
            if kind == "rating":
                answers = (rng.normal(size=5) * 0.1 + score).tolist()
            distractors = [[]] * 3 if kind in FORCED else []
            made = Item(kind, f"i{k}", f"c{k % n_children}", "s", "u", 0.0, distractors)
            made.answers = {f"a{who}": answer for who, answer in enumerate(answers)}
            made.score, made.margin = score, score - 0.5
            made.model_correct = float(score > 0.5)
            items.append(made)
    return items


def found(items: list[Item]) -> list[dict]:
    """Return the metrics of items that were asked and answered."""
    matrices = {}
    for kind in (*FORCED, "rating", "label"):
        own = [one for one in items if one.kind == kind]
        answers = [[one.answers.get(f"a{who}", np.nan) for who in range(5)] for one in own]
        matrices[kind] = ([one.item_id for one in own], np.array(answers).reshape(-1, 5))
    return agreement(item_rows(items, "m"), matrices, OPTIONS)


def test_metrics_equal_their_definitions() -> None:
    items = answered_items()
    rows = [{"model_id": "m", **row} for row in found(items)]
    conform(METRICS, rows)
    by_name = rows_by_name(rows)
    for subset in ("all", *FORCED):
        kinds = FORCED if subset == "all" else (subset,)
        chosen = [one for one in items if one.kind in kinds]
        human = np.array([one.mean_answer for one in chosen])
        score = np.array([one.score for one in chosen])
        expected = {
            "human_accuracy": human.mean(),
            "model_accuracy": (score > 0.5).mean(),
            "spearman_score": stats.spearmanr(score, human).statistic,
            "pearson_margin": stats.pearsonr(score, human).statistic,
        }
        for metric, value in expected.items():
            row = by_name[metric, subset]
            assert row["estimate"] == pytest.approx(value, abs=1e-9)
            assert row["ci_low"] < value < row["ci_high"]
            assert row["n"] == len(chosen)
            assert row["chance"] == (0.25 if metric.endswith("accuracy") else 0.0)
        for letter in "qm":
            names = [f"{subset}|{letter}{k}/4" for k in (1, 2, 3, 4)]
            assert sum(by_name["model_accuracy", name]["n"] for name in names) == len(chosen)
        fourths = [by_name["human_accuracy", f"{subset}|q{k}/4"] for k in (1, 2, 3, 4)]
        share = ((score > 0.5).mean() - 0.25) / (human.mean() - 0.25)
        assert by_name["model_accuracy_of_people", subset]["estimate"] == pytest.approx(share)
        ceiling = by_name["noise_ceiling", subset]["estimate"]
        assert 0.5 < ceiling < 1
        share_of_it = by_name["pearson_score_of_ceiling", subset]
        of_ceiling = share_of_it["estimate"]
        assert share_of_it["ci_low"] < of_ceiling < share_of_it["ci_high"]
        assert of_ceiling == pytest.approx(stats.pearsonr(score, human).statistic / ceiling)
        assert by_name["choice_agreement", subset]["note"].startswith("which distractor was chosen")
        assert sum(row["n"] for row in fourths) == len(chosen)
        mean = sum(row["n"] * row["estimate"] for row in fourths) / len(chosen)
        assert mean == pytest.approx(human.mean())
        assert fourths[3]["estimate"] - fourths[0]["estimate"] > 0.3
    labels = [one for one in items if one.kind == "label"]
    yes = np.array([one.mean_answer > 0.5 for one in labels])
    score = np.array([one.score for one in labels])
    u = stats.mannwhitneyu(score[yes], score[~yes]).statistic
    auc = u / (yes.sum() * (~yes).sum())
    assert by_name["auc_label", "label"]["estimate"] == pytest.approx(auc)
    assert by_name["spearman_rating", "rating"]["estimate"] > 0.9
    assert by_name["noise_ceiling", "rating"]["estimate"] > 0.95
    assert by_name["average_precision_label", "label"]["chance"] == pytest.approx(yes.mean())
    human = by_name["human_accuracy", "all"]
    assert human["interval"] == "t(3) with the jackknife over 4 children"
    assert human["note"] == "only 4 children: the interval is rough"


def test_one_child_is_resampled_by_item() -> None:
    rows = rows_by_name(found(answered_items(n_children=1)))
    assert "over 120 items" in rows["spearman_score", "all"]["interval"]
    assert rows["auc_label", "label"]["interval"].startswith("DeLong, ")


def test_many_children_have_a_bootstrap() -> None:
    rows = rows_by_name(found(answered_items(n_children=20)))
    row = rows["auc_label", "label"]
    assert row["interval"] == "expanded percentile bootstrap over 20 children, 100 samples"
    assert row["note"] is None


def test_weights_make_the_sample_the_population() -> None:
    """Items thinned by score and weighted give the population's accuracy, on average."""
    items = [one for one in answered_items(n_children=1, n=400) if one.kind in FORCED]
    whole = np.mean([one.mean_answer for one in items])
    weighted, plain = [], []
    for seed in range(30):
        rng = np.random.default_rng(seed)
        kept = []
        for one in items:
            chance = 0.2 if one.score < 0.5 else 0.8
            if rng.random() < chance:
                one.weight = 1 / chance
                kept.append(one)
        sample = Sample.of(HUMAN, item_rows(kept, "m"), "all")
        weighted.append(sample.statistic(HUMAN.measure)(np.ones(sample.clusters.count)))
        plain.append(np.mean([one.mean_answer for one in kept]))
    error = np.std(weighted, ddof=1) / np.sqrt(len(weighted))
    assert abs(np.mean(weighted) - whole) < 3 * error
    assert np.mean(plain) - whole > 0.05
    row = rows_by_name(found(kept))["human_accuracy", "all"]
    assert row["estimate"] == pytest.approx(weighted[-1])
    assert row["note"] == "weighted to the population"


def test_one_answer_an_item_has_no_ceiling() -> None:
    items = answered_items()
    for one in items:
        one.answers = {"a0": one.answers["a0"]}
    rows = rows_by_name(found(items))
    for metric in ("noise_ceiling", "pearson_score_of_ceiling"):
        assert rows[metric, "all"]["estimate"] is None
        assert rows[metric, "all"]["n"] == 0
        assert rows[metric, "all"]["note"].startswith("not estimable: fewer than two answers")


def test_items_without_answers_or_scores_do_not_break_it() -> None:
    items = answered_items(n=6)
    for one in items:
        one.answers = {}
    rows = rows_by_name(found(items))
    assert rows["human_accuracy", "all"]["estimate"] is None
    assert rows["human_accuracy", "all"]["note"] == "nothing to compute from"
    items = answered_items(n=6)
    for one in items:
        one.score = one.margin = one.model_correct = None
    rows = rows_by_name(found(items))
    assert rows["human_accuracy", "all"]["n"] == 6
    assert rows["model_accuracy", "all"]["n"] == 0
    items = answered_items(n=6)
    for one in items:
        one.answers = {"a0": 1.0, "a1": 1.0}
    rows = rows_by_name(found(items))
    assert (
        rows["spearman_score", "all"]["note"] == "not defined: fewer than 3 items, or no variation"
    )
    assert rows["auc_label", "label"]["note"] == "not defined: all items have the same label"


def test_the_commands_from_embeddings_to_the_comparison(tmp_path: Path) -> None:
    made = random_session(31, planted=1.0)
    made.write(tmp_path)
    rows = []
    for k in range(0, 60, 2):
        start, end, _ = made.utterances[k]
        second = float(np.round((start + end) / 2))
        others = [[*("kim", "day1"), f"u{(k + shift) % 60:05d}"] for shift in (11, 23, 35)]
        for annotator in range(3):
            rows.append(
                {
                    "kind": "choose_utterance",
                    "item_id": f"i{k}",
                    "annotator_id": f"a{annotator}",
                    "child_id": "kim",
                    "session_id": "day1",
                    "utterance_id": f"u{k:05d}",
                    "second": second,
                    "distractors": json.dumps(others),
                    "answer": 1.0,
                    "correct_answer": 1.0,
                    "correct": bool((k + annotator) % 5),
                    "chosen": 0 if (k + annotator) % 5 else 1,
                }
            )
    write_table(JUDGMENTS, rows, tmp_path / "judgments.parquet")
    names = ("m", "n", "items_m", "items_n", "both", "curves", "pairs")
    outs = {name: tmp_path / f"{name}.parquet" for name in names}
    for model in ("m", "n"):
        judged = ["--quiet", "--judgments", tmp_path / "judgments.parquet"]
        asked = tmp_path / "asked.parquet"
        words = ["ask-model", *judged, "--out", asked]
        for folder in ("embeddings", "utterances", "frames"):
            words += [f"--{folder}-folder", tmp_path]
        assert cli.main([str(word) for word in words]) == 0
        words = ["validate-model", *judged, "--asked", asked]
        words += ["--model-id", model, "--items", outs[f"items_{model}"], "--out", outs[model]]
        words += ["--csv", tmp_path / "v.csv", "--options", '{"bootstraps": 100}']
        words += ["--curves", outs["curves"], "--curves-csv", tmp_path / "c.csv"]
        assert cli.main([str(word) for word in words]) == 0
    items = read_table(ITEMS, outs["items_m"])
    assert items.num_rows == 30
    assert np.mean(items["model_correct"].to_pylist()) > 0.8
    assert items["human_accuracy"].to_pylist()[0] == pytest.approx(2 / 3)
    words = ["compare-models", "--quiet", "--summaries", outs["m"], "--validations", outs["n"]]
    words += ["--out", outs["both"], "--csv", tmp_path / "both.csv"]
    words += ["--items", outs["items_m"], outs["items_n"], "--options", '{"bootstraps": 100}']
    words += ["--contrasts", outs["pairs"], "--contrasts-csv", tmp_path / "pairs.csv"]
    assert cli.main([str(word) for word in words]) == 0
    both = read_table(METRICS, outs["both"]).to_pylist()
    assert [row["model_id"] for row in both[:4]] == ["m", "n", "m", "n"]
    assert len(both) == 2 * read_table(METRICS, outs["m"]).num_rows
    curves = read_table(PSYCHOMETRIC, outs["curves"]).to_pylist()
    assert {row["predictor"] for row in curves} == {"score", "margin", "alternatives"}
    assert {row["choice"] for row in curves} == {"choose_utterance"}
    pairs = read_table(CONTRASTS, outs["pairs"]).to_pylist()
    assert {(row["model_id"], row["other_model_id"]) for row in pairs} == {("m", "n")}
    assert {row["difference"] for row in pairs if row["difference"] is not None} == {0.0}
