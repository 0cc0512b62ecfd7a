"""The results of all models in one table."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from egoalign.log import UserError
from egoalign.tables import METRICS, read_table, write_table

OTHER_N = "models differ in n: not computed from the same rows"


def compare(metrics: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return rows of table metrics sorted by metric and subset, so that models stand together.

    Rows of the same metric and subset whose n differs between models say so in their note.
    """
    order: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in metrics:
        order.setdefault((row["metric"], row["subset"]), []).append(row)
    rows = []
    for group in order.values():
        differs = len({row["n"] for row in group}) > 1
        for row in sorted(group, key=lambda row: row["model_id"]):
            notes = [row["note"], OTHER_N if differs else None]
            rows.append({**row, "note": "; ".join(note for note in notes if note) or None})
    return rows


def compare_models(
    summaries: Sequence[Path], validations: Sequence[Path], out: Path, csv: Path
) -> None:
    """Read the summaries and validations of all models and write them as one table metrics.

    Raises
    ------
    UserError
        Two files hold the same metric of the same model.
    """
    rows = []
    source: dict[tuple[str, str, str], Path] = {}
    for path in (*summaries, *validations):
        for row in read_table(METRICS, path).to_pylist():
            key = (row["model_id"], row["metric"], row["subset"])
            if source.setdefault(key, path) != path:
                raise UserError(
                    f"{path}: metric '{key[1]}' of model '{key[0]}' is also in {source[key]}; "
                    "give each model's files once"
                )
            rows.append(row)
    write_table(METRICS, compare(rows), out, csv=csv)
