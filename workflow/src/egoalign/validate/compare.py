"""The results of all models in one table."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from egoalign.config import ValidateOptions, parse_section
from egoalign.log import UserError
from egoalign.tables import CONTRASTS, ITEMS, METRICS, read_table, write_table
from egoalign.validate.contrasts import contrasts

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
    summaries: Sequence[Path],
    validations: Sequence[Path],
    items: Sequence[Path],
    options_json: str,
    out: Path,
    csv: Path,
    contrasts_out: Path,
    contrasts_csv: Path,
) -> None:
    """Put the results of all models together, and compare each two on the identical items.

    Parameters
    ----------
    summaries, validations : sequence of Path
        Tables metrics.
    items : sequence of Path
        Tables items, one a model that was validated.
    options_json : str
        Config section ``validate``.
    out, csv : Path
        Table metrics of all models.
    contrasts_out, contrasts_csv : Path
        Table contrasts.

    Raises
    ------
    UserError
        Two files hold the same metric of the same model.
    """
    options = parse_section(ValidateOptions, options_json, "--options")
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
    judged = {path: read_table(ITEMS, path).to_pylist() for path in items}
    by_model = {found[0]["model_id"]: found for found in judged.values() if found}
    write_table(CONTRASTS, contrasts(by_model, rows, options), contrasts_out, csv=contrasts_csv)
