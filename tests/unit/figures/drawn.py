"""What tests ask of any figure."""

from __future__ import annotations

from matplotlib.figure import Figure


def message(result: tuple) -> str:
    """Return what a figure says instead of drawing, and check that facts and figure agree."""
    figure, facts = result
    shown = " ".join(text.get_text() for axes in figure.axes for text in axes.texts)
    assert shown.split() == facts["message"].split()
    return facts["message"]


def check_inside(figure: Figure, name: str) -> None:
    """Check that nothing drawn lies outside the figure."""
    figure.draw_without_rendering()
    drawn = figure.get_tightbbox()
    width, height = figure.get_size_inches()
    assert drawn.x0 >= -0.01, name
    assert drawn.y0 >= -0.01, name
    assert drawn.x1 <= width + 0.01, name
    assert drawn.y1 <= height + 0.01, name
