"""The models' results together."""

from __future__ import annotations

from pathlib import Path

import pytest

from egoalign.log import UserError
from egoalign.tables import CONTRASTS, METRICS, read_table, write_table
from egoalign.validate.compare import OTHER_N, compare_models


def compare(folder: Path, summaries: list[str], validations: list[str] | None = None) -> None:
    files = [[folder / name for name in names] for names in (summaries, validations or [])]
    outs = [folder / name for name in ("out", "csv", "pairs", "pairs_csv")]
    compare_models(*files, [], "{}", *outs)


def row(model: str, metric: str, n: int, note: str | None = None) -> dict:
    return {
        "model_id": model,
        "metric": metric,
        "subset": "all",
        "estimate": 0.5,
        "n": n,
        "note": note,
    }


def test_models_stand_together_and_differing_n_is_said(tmp_path: Path) -> None:
    write_table(METRICS, [row("b", "auc", 9), row("b", "mean", 9, "few")], tmp_path / "b")
    write_table(METRICS, [row("a", "auc", 9), row("a", "mean", 8)], tmp_path / "a")
    compare(tmp_path, ["b", "a"])
    rows = read_table(METRICS, tmp_path / "out").to_pylist()
    assert [(one["metric"], one["model_id"], one["note"]) for one in rows] == [
        ("auc", "a", None),
        ("auc", "b", None),
        ("mean", "a", OTHER_N),
        ("mean", "b", f"few; {OTHER_N}"),
    ]


def test_one_model_alone(tmp_path: Path) -> None:
    write_table(METRICS, [row("a", "auc", 9)], tmp_path / "a")
    compare(tmp_path, ["a"])
    assert read_table(CONTRASTS, tmp_path / "pairs").num_rows == 0
    assert read_table(METRICS, tmp_path / "out").num_rows == 1


def test_the_same_metric_twice_is_refused(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_table(METRICS, [row("m", "auc", 9)], tmp_path / name)
    with pytest.raises(UserError, match="metric 'auc' of model 'm' is also in"):
        compare(tmp_path, ["a"], ["b"])
