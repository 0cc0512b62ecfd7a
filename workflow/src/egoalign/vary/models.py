"""Fit the mixed model of one vision-language model's scores: file function."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa

from egoalign.config import VaryOptions, parse_section
from egoalign.log import logger
from egoalign.tables import (
    ALIGNMENT,
    CHILDREN_MEANS,
    EFFECTS,
    atomic_path,
    read_table,
    write_table,
)
from egoalign.vary.children import children_means
from egoalign.vary.design import COLUMNS, Design, build_design
from egoalign.vary.effects import ENGINE, effect_rows, no_model_row, summary_text
from egoalign.vary.mixed import fit_mixed


def why_no_model(design: Design, min_utterances: int) -> str | None:
    """Return why a design cannot be fitted, or None."""
    n, p = design.x.shape
    if n < min_utterances:
        return (
            f"{n} utterances have a {design.response}, at least {min_utterances} are needed "
            "(vary.min_utterances)"
        )
    if n <= p:
        return f"{n} utterances for {p} predictors"
    if np.ptp(design.y) == 0:
        return f"{design.response} is the same in all utterances"
    return None


def fit_table(alignment: pa.Table, options: VaryOptions) -> tuple[list[dict], list[dict], str]:
    """Return rows of tables effects and children_means, and a summary to read.

    Parameters
    ----------
    alignment : pyarrow.Table
        Columns `COLUMNS` of table alignment, one model.
    options : VaryOptions
        The response, and the fewest utterances.
    """
    models = alignment["model_id"].unique().to_pylist()
    model_id = models[0] if models else ""
    children = children_means(alignment, model_id)
    design = build_design(alignment, options.response)
    reason = why_no_model(design, options.min_utterances)
    if reason:
        row = no_model_row(options.response, model_id, design.y.size, reason)
        return [row], children, row["note"] + "\n"
    fit = fit_mixed(design)
    rows = effect_rows(design, fit, model_id)
    return rows, children, summary_text(design, fit, model_id)


def fit_model(
    alignment: Path,
    options_json: str,
    effects: Path,
    effects_csv: Path,
    children: Path,
    children_csv: Path,
    summary: Path,
) -> None:
    """Read table alignment of all sessions; write effects, children's means and a summary."""
    options = parse_section(VaryOptions, options_json, "--options")
    table = read_table(ALIGNMENT, alignment, COLUMNS)
    effect_table, children_table, text = fit_table(table, options)
    write_table(EFFECTS, effect_table, effects, csv=effects_csv)
    write_table(CHILDREN_MEANS, children_table, children, csv=children_csv)
    with atomic_path(summary) as partial:
        partial.write_text(text, encoding="utf-8")
    for note in {row["note"] for row in effect_table if row["term"] != ENGINE and row["note"]}:
        logger.warning("mixed model: %s", note)
