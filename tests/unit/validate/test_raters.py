"""Table reliability: planted raters are found again; what cannot be estimated says so."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from egoalign import cli
from egoalign.config import ValidateOptions
from egoalign.tables import JUDGMENTS, RELIABILITY, conform, read_table, write_table
from egoalign.validate.raters import FEW_ANSWERS, NO_TRIALS, reliability

OPTIONS = ValidateOptions(bootstraps=200)


def judgment(kind: str, item: int, annotator: int, **more: Any) -> dict[str, Any]:
    forced = kind.startswith("choose")
    distractors = json.dumps([["kim", "s", 1.0]] * 3 if forced else [])
    row = {"kind": kind, "item_id": f"i{item}", "annotator_id": f"a{annotator:02d}"}
    row |= {"child_id": "kim", "session_id": "s", "utterance_id": "u", "second": 0.0}
    row |= {"distractors": distractors, "answer": None, "correct_answer": None}
    return row | {"correct": None, "trial_no": None} | more


def found(rows: list[dict[str, Any]]) -> dict[tuple[str, str, str], dict[str, Any]]:
    made = reliability(rows, OPTIONS)
    conform(RELIABILITY, made)
    return {(row["kind"], row["measure"], row["who"]): row for row in made}


def choosers(lapses: list[float], n_items: int = 400, seed: int = 2511) -> list[dict[str, Any]]:
    """Return answers of annotators who are always right but for lapses, on items all plain."""
    rng = np.random.default_rng(seed)
    return [
        judgment(
            "choose_image",
            item,
            k,
            answer=0.0,
            correct=bool(rng.random() > lapse or rng.random() < 0.25),
        )
        for item in range(n_items)
        for k, lapse in enumerate(lapses)
    ]


def test_lapse_rates_are_recovered() -> None:
    """Each annotator's planted rate lies in the interval, and the pooled one in that of all."""
    lapses = [0.0, 0.02, 0.05, 0.1, 0.2]
    rows = found(choosers(lapses))
    for k, lapse in enumerate(lapses):
        row = rows["choose_image", "lapse", f"a{k:02d}"]
        assert row["ci_low"] <= lapse <= row["ci_high"]
        assert row["interval"] == "Clopper-Pearson"
        assert row["n_annotators"] == 1
    all_of_them = rows["choose_image", "lapse", "all"]
    assert all_of_them["n_annotators"] == 5
    assert all_of_them["interval"] == "t(4) with the jackknife over 5 annotators"
    assert abs(all_of_them["estimate"] - np.mean(lapses)) < 0.02


def test_hard_items_are_no_lapses() -> None:
    """Items that half of the others fail are not plain, so that failing them says nothing."""
    rows = [
        judgment("choose_image", item, k, answer=0.0, correct=item % 2 == 0 or k % 2 == 0)
        for item in range(40)
        for k in range(6)
    ]
    table = found(rows)
    assert table["choose_image", "lapse", "a00"]["estimate"] == 0.0
    assert table["choose_image", "lapse", "a01"]["estimate"] == 0.0


def raters(drifts: list[float], n_items: int = 120, noise: float = 0.5) -> list[dict[str, Any]]:
    rng = np.random.default_rng(2511)
    quality = rng.normal(3.0, 1.0, n_items)
    rows = []
    for k, drift in enumerate(drifts):
        place = rng.permutation(n_items)
        for item in range(n_items):
            answer = quality[item] + drift * place[item] / (n_items - 1) + rng.normal() * noise
            rows.append(
                judgment("rating", item, k, answer=float(answer), trial_no=int(place[item]))
            )
    return rows


def test_drift_is_recovered() -> None:
    """One annotator of five rises by 1 from the first trial to the last; the others do not."""
    rows = found(raters([1.0, 0.0, 0.0, 0.0, 0.0]))
    mine = rows["rating", "drift", "a00"]
    assert mine["ci_low"] < 1.0 < mine["ci_high"]
    assert mine["ci_low"] > 0.5
    assert rows["rating", "drift", "a03"]["ci_low"] < 0 < rows["rating", "drift", "a03"]["ci_high"]
    pooled = rows["rating", "drift", "all"]
    assert pooled["ci_low"] < 0.2 < pooled["ci_high"]


def test_agreement_of_ratings_is_what_was_planted() -> None:
    """Items of variance 1, noise of variance 0.25: intraclass correlation 0.8."""
    rows = found(raters([0.0] * 5))
    icc = rows["rating", "icc_2_1", "all"]
    assert icc["ci_low"] < 0.8 < icc["ci_high"]
    assert icc["interval"] == "expanded percentile bootstrap over 120 items, 200 samples"
    mean = rows["rating", "icc_2_k", "all"]
    assert mean["ci_low"] < 5 / (5 + 0.25) < mean["ci_high"]
    assert mean["note"] == "of the mean of k = 5 answers"
    alpha = rows["rating", "alpha_interval", "all"]["estimate"]
    assert alpha == pytest.approx(icc["estimate"], abs=0.01)
    halves = rows["rating", "split_half", "all"]["estimate"]
    assert halves == pytest.approx(mean["estimate"], abs=0.02)
    ceiling = rows["rating", "noise_ceiling", "all"]["estimate"]
    assert ceiling == pytest.approx(np.sqrt(halves), abs=1e-3)
    assert rows["rating", "alpha_nominal", "all"]["note"].startswith("more than 200 distinct")
    assert ("rating", "lapse", "all") not in rows


def test_unsure_counts_as_an_answer_of_its_own_only_where_it_is_said() -> None:
    rng = np.random.default_rng(2511)
    rows = []
    for item in range(60):
        kind = rng.integers(3)
        answer = (1.0, 0.0, None)[kind]
        rows += [judgment("label", item, k, answer=answer) for k in range(3)]
        rows.append(judgment("label", item, 3, answer=1.0 if kind == 2 else answer))
    table = found(rows)
    assert table["label", "alpha_nominal", "all"]["estimate"] == 1.0
    assert table["label", "alpha_nominal_with_unsure", "all"]["estimate"] < 1.0


def test_kappa_of_pairs_and_their_mean() -> None:
    """Two agree fully and a third answers the opposite: kappas 1, -1, -1 and their mean."""
    rows = [
        judgment("label", item, k, answer=float(item % 2 if k < 2 else 1 - item % 2))
        for item in range(10)
        for k in range(3)
    ]
    table = found(rows)
    assert table["label", "cohen_kappa", "a00 & a01"]["estimate"] == pytest.approx(1.0)
    assert table["label", "cohen_kappa", "a00 & a02"]["estimate"] == pytest.approx(-1.0)
    assert table["label", "cohen_kappa", "a00 & a02"]["n_annotators"] == 2
    assert table["label", "cohen_kappa", "all"]["estimate"] == pytest.approx(-1 / 3)
    assert table["label", "cohen_kappa", "all"]["note"] == (
        "mean of 3 pairs, by their items in common"
    )


def test_one_answer_an_item_is_not_estimable() -> None:
    rows = [judgment("rating", item, item % 4, answer=float(item % 5)) for item in range(40)]
    table = found(rows)
    measures = ["alpha_nominal", "alpha_ordinal", "alpha_interval", "icc_2_1", "icc_2_k"]
    for measure in (*measures, "fleiss_kappa", "split_half", "noise_ceiling"):
        row = table["rating", measure, "all"]
        assert (row["estimate"], row["note"]) == (None, FEW_ANSWERS), measure
    assert table["rating", "cohen_kappa", "all"]["note"].startswith("not estimable: no two")
    assert table["rating", "drift", "all"]["note"] == NO_TRIALS


def test_without_trials_there_is_no_drift() -> None:
    table = found(choosers([0.1] * 4, n_items=30))
    assert table["choose_image", "drift", "all"]["note"] == NO_TRIALS
    assert table["choose_image", "drift", "a00"]["note"] == NO_TRIALS


def test_the_command_writes_the_table(tmp_path: Path) -> None:
    write_table(JUDGMENTS, choosers([0.1] * 3, n_items=30), tmp_path / "judgments.parquet")
    words = ["measure-reliability", "--quiet", "--judgments", tmp_path / "judgments.parquet"]
    words += ["--out", tmp_path / "r.parquet", "--csv", tmp_path / "r.csv"]
    words += ["--options", '{"bootstraps": 100}']
    assert cli.main([str(word) for word in words]) == 0
    table = read_table(RELIABILITY, tmp_path / "r.parquet").to_pylist()
    assert {row["kind"] for row in table} == {"choose_image"}
    assert (tmp_path / "r.csv").read_text().count("\n") == 1 + len(table)
