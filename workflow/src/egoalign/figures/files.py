"""Where a figure goes: PDF, PNG, and the facts that it shows."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from egoalign.config import FiguresOptions
from egoalign.figures.facts import Facts, write_facts
from egoalign.figures.style import save_figure
from egoalign.tables import ALIGNMENT, Table, read_table

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

ALIGNMENT_COLUMNS = (
    "child_id",
    "session_id",
    "model_id",
    "age_days",
    "score_max",
    "score_mean",
    "shuffled_mean",
    "shuffled_difference",
    "shuffled_draw",
)
"""What the figures need of a table that can have millions of rows."""


@dataclass(frozen=True)
class Outputs:
    """The files of one figure."""

    pdf: Path
    png: Path
    facts: Path


def read_alignment(path: Path) -> pd.DataFrame:
    """Read the columns of table ALIGNMENT that figures use."""
    return read_table(ALIGNMENT, path, ALIGNMENT_COLUMNS).to_pandas()


def read_frame(table: Table, path: Path) -> pd.DataFrame:
    """Read a whole table."""
    return read_table(table, path).to_pandas()


def write_figure(result: tuple[Figure, Facts], out: Outputs, options: FiguresOptions) -> None:
    """Write a figure and its facts."""
    figure, facts = result
    save_figure(figure, out.pdf, out.png, options.dpi)
    write_facts(facts, out.facts)
