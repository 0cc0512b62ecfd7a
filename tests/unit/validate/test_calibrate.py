"""The step calibrate-model, on sessions whose vectors make known scores."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from egoalign import cli
from egoalign.align.session import align
from egoalign.config import AlignOptions, NullOptions, ValidateOptions, WindowOptions
from egoalign.report.summary import ModelRows, Reasons, summary_page
from egoalign.tables import (
    ALIGNMENT,
    CALIBRATED,
    CALIBRATION_CURVE,
    JUDGMENTS,
    METRICS,
    conform,
    read_table,
    write_table,
)
from egoalign.validate.calibrate import calibrated_rows, gather_moments, label_moments
from egoalign.validate.calibration import Labelled, labelled_pairs
from egoalign.validate.judged import Judged, JudgedPair
from egoalign.validate.moments import SessionMoments, SessionTables, session_moments
from egoalign.validate.prevalence import Moments
from egoalign.validate.probabilities import (
    no_probabilities,
    tell_probabilities,
    why_not,
)
from tests.unit.align.made import Made, unit
from tests.unit.validate.simulated import Design, corpus

FEW = AlignOptions(nulls=NullOptions(draws=5))


def made_session(child: str, seed: int) -> Made:
    """Return 40 s of pictures; every other utterance is about what is seen."""
    rng = np.random.default_rng([2511, seed])
    texts = rng.normal(size=(12, 16))
    utterances, pictures = [], rng.normal(size=(40, 16))
    for i in range(12):
        start = 3.0 * i + 0.2
        utterances.append((start, start + (0.3 if i % 3 else 2.4), i))
        if i % 2:
            pictures[3 * i : 3 * i + 3] += 1.2 * texts[i]
    return Made(utterances, unit(pictures), unit(texts), child_id=child, undecoded=[4])


def alignment_of(made: Made, options: AlignOptions = FEW) -> pd.DataFrame:
    parts = {name: data for name, (_, data) in made.tables().items()}
    media = parts.pop("media").to_pylist()[0]
    table = align(made.session_row(), media, **parts, model_id="m", fps=1.0, options=options)
    return conform(ALIGNMENT, table).to_pandas()


def judge(alignment: pd.DataFrame, kind: str = "label") -> list[dict]:
    """Return what three raters said of each utterance's best picture; one is always wrong once."""
    rows = []
    for i, row in enumerate(alignment.dropna(subset=["score_max"]).itertuples()):
        truth = float(int(row.utterance_id[1:]) % 2)
        for rater in range(3):
            rows.append(
                {
                    "kind": kind,
                    "item_id": f"{row.child_id}-{row.utterance_id}",
                    "annotator_id": f"r{rater}",
                    "child_id": row.child_id,
                    "session_id": row.session_id,
                    "utterance_id": row.utterance_id,
                    "second": row.argmax_s,
                    "distractors": "[]",
                    "answer": 1 - truth if (i + rater) % 7 == 0 else truth,
                }
            )
    return rows


@pytest.mark.parametrize(
    "window", [WindowOptions(), WindowOptions(before_s=1, points="number", number=3)]
)
def test_moments_are_those_of_the_alignment(window: WindowOptions) -> None:
    made = made_session("kim", 1)
    made.utterances.append((None, 4.0, 2))
    rows = alignment_of(made, FEW.model_copy(update={"window": window}))
    parts = {name: data for name, (_, data) in made.tables().items() if name != "media"}
    found = session_moments(rows, SessionTables(**parts), 1.0, window)
    by_utterance = pd.DataFrame({"u": found.utterance, "s": found.score, "t": found.second})
    grouped = by_utterance.groupby("u")["s"]
    scored = rows["reason"].isna()
    assert grouped.count().index.tolist() == rows.index[scored].tolist()
    for name in ("min", "mean", "max"):
        np.testing.assert_allclose(grouped.agg(name), rows.loc[scored, f"score_{name}"], atol=1e-9)
    best = by_utterance.loc[grouped.idxmax(), "t"]
    np.testing.assert_array_equal(best, rows.loc[scored, "argmax_s"])
    assert 4.0 not in set(found.second)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Six children's sessions, their alignment, and labels of all their utterances."""
    tables = []
    for number, child in enumerate(("ana", "bel", "cem", "dov", "eli", "fay")):
        made = made_session(child, number)
        made.write(tmp_path)
        tables.append(alignment_of(made))
    alignment = pd.concat(tables, ignore_index=True)
    write_table(ALIGNMENT, alignment, tmp_path / "alignment.parquet")
    write_table(JUDGMENTS, judge(alignment), tmp_path / "labels.parquet")
    return tmp_path


def run(project: Path, judgments: str = "labels.parquet", **options: object) -> int:
    folders = [f"--{name}-folder={project}" for name in ("embeddings", "frames", "utterances")]
    outputs = [
        f"--{flag}={project / name}"
        for flag, name in (
            ("out", "c.parquet"),
            ("csv", "c.csv"),
            ("curve", "curve.parquet"),
            ("calibrated", "calibrated.parquet"),
        )
    ]
    tables = [f"--judgments={project / judgments}", f"--alignment={project / 'alignment.parquet'}"]
    values = json.dumps({"bootstraps": 100, "calibration": options})
    moments = project / "moments.parquet"
    common = [*tables, f"--options={values}"]
    if code := cli.main(["score-moments", *common, *folders, f"--out={moments}"]):
        return code
    return cli.main(["calibrate-model", *common, f"--moments={moments}", "--model-id=m", *outputs])


def test_command_writes_probabilities_of_every_utterance(project: Path) -> None:
    assert run(project) == 0
    metrics = read_table(METRICS, project / "c.parquet").to_pandas().set_index(["metric", "subset"])
    assert metrics.loc[("judged_pairs", "label"), "estimate"] == 72
    assert metrics.loc[("rater_sensitivity", "label|all raters"), "estimate"] == pytest.approx(
        6 / 7, abs=0.1
    )
    share = metrics.loc[("prevalence", "label|calibrated_logistic")]
    assert share["ci_low"] < 0.5 < share["ci_high"]
    assert share["interval"] == "percentile bootstrap over 6 children, 100 samples, widened by t(5)"
    assert share["note"].startswith("for the population that was sampled; ")
    assert share["note"].endswith(
        "no weights are given: judged pairs count alike; only 6 children: intervals are "
        "wide, and rough"
    )
    assert ("sensitivity", "label|cutoff=0.24") in metrics.index
    assert ("threshold", "label|youden") in metrics.index
    rows = read_table(CALIBRATED, project / "calibrated.parquet").to_pandas()
    alignment = read_table(ALIGNMENT, project / "alignment.parquet").to_pandas()
    assert rows["utterance_id"].tolist() == alignment["utterance_id"].tolist()
    has = alignment["score_max"].notna()
    assert rows["probability_mean"].notna().equals(has)
    assert rows["reason"].isna().equals(has)
    about = rows["utterance_id"].str[1:].astype(int) % 2 == 1
    assert rows.loc[about, "probability_max"].mean() > 0.8
    assert rows.loc[~about, "probability_max"].mean() < 0.25
    assert (rows["probability_max"] >= rows["probability_mean"] - 1e-12)[has].all()


def test_same_inputs_same_numbers(project: Path) -> None:
    assert run(project) == 0
    first = (project / "c.csv").read_bytes()
    assert run(project) == 0
    assert (project / "c.csv").read_bytes() == first


@pytest.mark.parametrize("kind", ["choose_image", "choose_utterance"])
def test_forced_choices_alone_give_a_reason_and_no_probability(project: Path, kind: str) -> None:
    alignment = read_table(ALIGNMENT, project / "alignment.parquet").to_pandas()
    write_table(JUDGMENTS, judge(alignment, kind), project / "choices.parquet")
    assert run(project, "choices.parquet") == 0
    (row,) = read_table(METRICS, project / "c.parquet").to_pylist()
    reason = "no labels or ratings; forced choices are not used"
    assert (row["metric"], row["estimate"], row["note"]) == ("calibration", None, reason)
    assert read_table(CALIBRATION_CURVE, project / "curve.parquet").num_rows == 0
    rows = read_table(CALIBRATED, project / "calibrated.parquet").to_pandas()
    assert rows["probability_mean"].isna().all()
    assert rows.loc[alignment["score_max"].notna(), "reason"].eq(reason).all()
    arguments = [f"--{name}={project / name}" for name in ("pdf", "png", "facts")]
    tables = [f"--calibration={project / 'c.parquet'}", f"--curve={project / 'curve.parquet'}"]
    assert cli.main(["plot-reliability", *tables, *arguments]) == 0
    assert json.loads((project / "facts").read_text())["message"] == (
        f"No probabilities from scores: {reason}."
    )


def test_forced_choices_beside_labels_change_nothing(project: Path) -> None:
    assert run(project) == 0
    alone = (project / "c.csv").read_bytes()
    alignment = read_table(ALIGNMENT, project / "alignment.parquet").to_pandas()
    rows = judge(alignment) + judge(alignment, "choose_image")
    write_table(JUDGMENTS, rows, project / "both.parquet")
    assert run(project, "both.parquet") == 0
    assert (project / "c.csv").read_bytes() == alone


@pytest.mark.parametrize(
    "options",
    [
        {"fit": "isotonic", "rater_error": "each"},
        {"prevalence": "rogan_gladen", "threshold_criterion": "equal_error"},
        {"threshold_criterion": "precision", "precision": 0.999, "prevalence": "rogan_gladen"},
        {"predictors": ["log_words", "log_frames"], "rater_error": "none", "folds": 3},
    ],
)
def test_other_ways_end_well(project: Path, options: dict) -> None:
    assert run(project, **options) == 0
    metrics = read_table(METRICS, project / "c.parquet").to_pandas()
    assert (metrics["metric"] == "prevalence").sum() == 1, "one estimator at a time"
    # What the first page shows of it stands under the names that the step gives.
    reasons = Reasons("m", 72, 72, Counter(), Counter())
    page = summary_page("t", [], [], metrics.to_dict("records"), [reasons], ModelRows())
    for title in ("Share of aligned moments", "Calibration error, logistic", "Calibration slope"):
        assert title in page
    if options.get("rater_error") == "each":
        raters = metrics.loc[metrics["metric"] == "rater_sensitivity", "subset"]
        assert raters.tolist() == ["label|r0", "label|r1", "label|r2"]
    if options.get("prevalence") == "rogan_gladen":
        note = metrics.loc[metrics["metric"] == "prevalence", "note"].iloc[0]
        assert note.startswith("assumes that the threshold sorts the corpus's moments as it sorts")
    if options.get("rater_error") == "none":
        note = metrics.loc[metrics["metric"] == "judged_pairs", "note"].iloc[0]
        assert "raters' errors not modelled (switched off): aligned means what they said" in note


def small() -> tuple[pd.DataFrame, list[tuple[np.ndarray, SessionMoments]]]:
    """Return two utterances, of two pictures and of one, and their moments."""
    alignment = pd.DataFrame(
        {
            "child_id": ["kim", "kim", "lou"],
            "session_id": "day1",
            "utterance_id": ["u0", "u1", "u0"],
            "n_words": [1, 4, 2],
            "n_frames": [2.0, 1.0, np.nan],
            "reason": [None, None, "no words left to encode"],
        }
    )
    moments = SessionMoments(
        np.array([0, 0, 1]), np.array([3.0, 4.0, 9.0]), np.array([0.2, 0.3, 0.25])
    )
    return alignment, [(np.array([0, 1]), moments)]


def test_moments_carry_predictors_weights_and_judged_pairs() -> None:
    alignment, sessions = small()
    ids = ("kim", "day1")
    pairs = [
        JudgedPair(*ids, "u0", 4.0),
        JudgedPair(*ids, "u0", 9.0),
        JudgedPair(*ids, "u1", 9.0),
        JudgedPair("lou", "day1", "u0", 1.0),
        JudgedPair("max", "day1", "u0", 1.0),
    ]
    found = gather_moments(alignment, sessions, pairs, ["log_words", "log_frames"])
    np.testing.assert_allclose(
        found.moments.predictors,
        [[0.2, 0, np.log(2)], [0.3, 0, np.log(2)], [0.25, np.log(4), 0]],
    )
    np.testing.assert_allclose(found.moments.weights, [0.5, 0.5, 1])
    assert found.moments.children == 1, "lou has no moment"
    assert found.judged == {0: 1, 2: 2}
    for pair in pairs:
        pair.answers = [("r0", 1.0)]
    options = ValidateOptions().calibration
    _, raters, notes = label_moments(found, Judged("label", pairs), options)
    assert raters == ["all raters"]
    assert notes == [
        "3 of 5 judged pairs left out, since their picture is none of their utterance's, or has "
        "no score",
        "no weights are given: judged pairs count alike",
    ]
    pairs[0].weight = 5.0
    labelled, _, notes = label_moments(found, Judged("label", pairs), options)
    np.testing.assert_allclose(labelled.weights, [5.0])
    assert notes[1] == "1 without a weight left out"


def test_probabilities_of_an_utterance_are_mean_and_greatest() -> None:
    alignment, sessions = small()
    found = gather_moments(alignment, sessions, [], [])
    told = no_probabilities("none")
    rows = calibrated_rows(alignment, found, told)
    assert rows["reason"].tolist() == ["none", "none", "no words left to encode"]
    known = type(told)([], [], lambda predictors: predictors[:, 0] * 2)
    rows = calibrated_rows(alignment, found, known)
    np.testing.assert_allclose(rows["probability_mean"], [0.5, 0.5, np.nan])
    np.testing.assert_allclose(rows["probability_max"], [0.6, 0.5, np.nan])


def test_too_little_has_a_reason() -> None:
    labelled, moments, _ = corpus(np.random.default_rng(2511), Design(children=6, judged=8))
    few = labelled.of(np.arange(10))
    assert (
        why_not(few, 30)
        == "10 judged pairs are scored moments of the corpus; at least 30 are needed"
    )
    one = labelled.of(np.arange(40))
    one = Labelled(one.predictors, np.zeros(40, int), one.weights, one.counts, one.means)
    assert why_not(one, 30) == ("all judged pairs are of one child; at least 2 children are needed")
    never = Labelled(
        labelled.predictors, labelled.child, labelled.weights, None, labelled.means * 0
    )
    assert why_not(never, 30) == (
        "by their mean answers about 0 of 48 judged pairs are aligned; at least 5 must be, and as "
        "many not"
    )
    told = tell_probabilities(
        few, moments, ["score"], "label", ["all raters"], [], ValidateOptions(), ["a note"]
    )
    assert told.calibrator is None
    assert told.metrics[0]["note"].endswith("are needed; a note")


def test_one_rater_is_said_not_to_be_modelled() -> None:
    labelled, moments, _ = corpus(np.random.default_rng(2511), Design(raters=1, children=6))
    told = tell_probabilities(
        labelled, moments, ["score"], "label", ["all raters"], [], ValidateOptions(bootstraps=100)
    )
    assert told.metrics[0]["note"] == (
        "raters' errors not modelled (fewer than 20 pairs have three answers): aligned means what "
        "they said"
    )
    assert not [row for row in told.metrics if row["metric"].startswith("rater_")]


def test_a_prevalence_outside_0_and_1_is_held_and_said() -> None:
    rng = np.random.default_rng(2511)
    labelled, _, _ = corpus(rng, Design(children=6, judged=40))
    score = rng.normal(0.19, 0.005, 200)
    moments = Moments(score[:, None], np.arange(200) % 6, np.ones(200), 6)
    options = ValidateOptions(bootstraps=100, calibration={"prevalence": "rogan_gladen"})
    told = tell_probabilities(labelled, moments, ["score"], "label", ["all raters"], [], options)
    row = next(row for row in told.metrics if row["metric"] == "prevalence")
    assert row["estimate"] == 0.0
    assert row["ci_low"] == 0.0
    assert "; held within 0 to 1; -0." in row["note"]


def test_weights_of_one_and_counts_are_the_default() -> None:
    counts = np.zeros((4, 1, 3))
    counts[:, 0, 2] = 1
    found = labelled_pairs(np.zeros((4, 1)), np.arange(4), counts)
    np.testing.assert_array_equal(found.weights, 1)
    np.testing.assert_array_equal(found.score, 0)
