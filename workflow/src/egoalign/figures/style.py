"""The one look of all figures: sizes, colours, fonts, and output that is equal when remade.

Colours are those of Okabe and Ito (2008), which readers with the common colour-vision
deficiencies can tell apart; every difference in colour goes with one in shape, place or label.
"""

from __future__ import annotations

import functools
import textwrap
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from egoalign.tables import atomic_path

P = ParamSpec("P")
R = TypeVar("R")

INK = "#222222"
SCORE = "#0072B2"
NULL = "#8C8C8C"
MODEL = "#D55E00"
POPULATION = "#222222"
SPEAKER_NAMES = {
    "key_child": "the child",
    "other_child": "another child",
    "female_adult": "female adult",
    "male_adult": "male adult",
    "unknown": "unknown speaker",
}

SINGLE_COLUMN_IN = 3.5
DOUBLE_COLUMN_IN = 7.0
FOOTER_POINTS = 6.0

RC: Any = {
    "font.family": "DejaVu Sans",
    "font.size": 7.5,
    "axes.titlesize": 8.0,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.labelsize": 7.5,
    "axes.labelcolor": INK,
    "axes.edgecolor": INK,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.labelsize": 7.0,
    "ytick.labelsize": 7.0,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "legend.fontsize": 7.0,
    "legend.frameon": False,
    "lines.linewidth": 1.2,
    "figure.dpi": 100.0,
    "pdf.fonttype": 42,
    "ps.fonttype": 42,
    "svg.hashsalt": "egoalign",
}


def styled(draw: Callable[P, R]) -> Callable[P, R]:
    """Make a function draw in our style, and leave the caller's own settings as they were."""

    @functools.wraps(draw)
    def drawn(*args: P.args, **kwargs: P.kwargs) -> R:
        with matplotlib.rc_context():
            matplotlib.rcdefaults()
            matplotlib.rcParams.update(RC)
            return draw(*args, **kwargs)

    return drawn


def new_figure(
    n_columns: int = 1,
    n_rows: int = 1,
    width_in: float = DOUBLE_COLUMN_IN,
    height_in: float = 3.0,
    **grid: Any,
) -> tuple[Figure, list[Axes]]:
    """Return an empty figure and its panels, row by row.

    Parameters
    ----------
    n_columns, n_rows : int
        Panels across and down.
    width_in, height_in : float
        Size in inches without the footer.
    **grid
        Passed on to `matplotlib.figure.Figure.subplots`.
    """
    figure = Figure(figsize=(width_in, height_in), layout="constrained")
    panels = list(figure.subplots(n_rows, n_columns, squeeze=False, **grid).flat)
    for panel in panels:
        panel.xaxis.set_major_locator(MaxNLocator(5 if n_columns < 3 else 3, steps=[1, 2, 5, 10]))
    return figure, panels


def message_figure(message: str, width_in: float = SINGLE_COLUMN_IN) -> Figure:
    """Return a figure that says in words why there is nothing to draw."""
    figure, (panel,) = new_figure(width_in=width_in, height_in=1.6)
    panel.set_axis_off()
    panel.text(
        0.5, 0.5, textwrap.fill(message, 48), ha="center", va="center", color=INK, fontsize=8
    )
    return figure


def add_footer(figure: Figure, sentences: Sequence[str]) -> None:
    """Write under the panels what a reader must know who meets the figure elsewhere.

    The figure grows by the height of the footer, so that panels keep their size.
    """
    width, height = figure.get_size_inches()
    per_line = int(width * 72 / (FOOTER_POINTS * 0.57))
    text = " ".join(sentences).replace(" %", "\N{NO-BREAK SPACE}%")
    lines = textwrap.wrap(text, per_line)
    room = (len(lines) * FOOTER_POINTS * 1.3 + 6) / 72
    figure.set_size_inches(width, height + room)
    share = room / (height + room)
    figure.set_layout_engine("constrained", rect=(0, share, 1, 1 - share))
    figure.text(
        0.01,
        share * 0.9,
        "\n".join(lines),
        ha="left",
        va="top",
        fontsize=FOOTER_POINTS,
        color="#555555",
        linespacing=1.25,
    )


def add_legend(figure: Figure, panel: Axes) -> None:
    """Explain a panel's marks in one line above all panels."""
    handles, labels = panel.get_legend_handles_labels()
    figure.legend(
        handles,
        labels,
        loc="outside upper left",
        ncols=len(labels),
        handlelength=1.4,
        columnspacing=1.4,
    )


def label_panels(panels: Sequence[Axes], titles: Sequence[str]) -> None:
    """Title the panels a, b, c and so on."""
    for letter, panel, title in zip("abcdefghi", panels, titles, strict=False):
        panel.set_title(f"{letter}  {title}" if len(panels) > 1 else title)


@styled
def save_figure(figure: Figure, pdf: str | Path, png: str | Path, dpi: int) -> None:
    """Write a figure as vector PDF and as PNG; the same figure gives the same bytes.

    Parameters
    ----------
    figure : Figure
        Made by `new_figure`.
    pdf, png : str or Path
        Where to write; each appears only when whole.
    dpi : int
        Pixels per inch of the PNG.
    """
    outputs = (
        (pdf, "pdf", {"CreationDate": None, "ModDate": None, "Producer": "egoalign"}),
        (png, "png", {"Software": "egoalign"}),
    )
    for path, kind, metadata in outputs:
        with atomic_path(path) as partial:
            figure.savefig(partial, format=kind, dpi=dpi, metadata=metadata)
