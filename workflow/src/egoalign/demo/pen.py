"""A pen that draws labels, coloured later, so that colour stays independent of shape."""

from __future__ import annotations

import math
from collections.abc import Sequence

from PIL import Image, ImageDraw

BODY, SHADE, DARK, LIGHT, TRIM = 1, 2, 3, 4, 5

Point = tuple[float, float]


class Pen:
    """Draws labelled shapes in unit coordinates on a square label picture of `side` pixels."""

    def __init__(self, side: int) -> None:
        self.side = side
        self.image = Image.new("L", (side, side), 0)
        self._draw = ImageDraw.Draw(self.image)

    def _scaled(self, points: Sequence[Point]) -> list[Point]:
        return [(x * self.side, y * self.side) for x, y in points]

    def poly(self, points: Sequence[Point], label: int = BODY) -> None:
        """Fill a polygon."""
        self._draw.polygon(self._scaled(points), fill=label)

    def oval(self, x: float, y: float, rx: float, ry: float, label: int = BODY) -> None:
        """Fill an ellipse with centre (x, y)."""
        box = self._scaled([(x - rx, y - ry), (x + rx, y + ry)])
        self._draw.ellipse(box, fill=label)

    def box(
        self, x0: float, y0: float, x1: float, y1: float, label: int = BODY, round_: float = 0.0
    ) -> None:
        """Fill a rectangle with corners of radius `round_`."""
        self._draw.rounded_rectangle(
            self._scaled([(x0, y0), (x1, y1)]), round_ * self.side, fill=label
        )

    def line(self, points: Sequence[Point], width: float, label: int = BODY) -> None:
        """Draw a line of round joints and ends."""
        scaled = self._scaled(points)
        pixels = max(1, round(width * self.side))
        self._draw.line(scaled, fill=label, width=pixels, joint="curve")
        for x, y in (scaled[0], scaled[-1]):
            r = pixels / 2
            self._draw.ellipse([x - r, y - r, x + r, y + r], fill=label)

    def arc(
        self,
        x: float,
        y: float,
        r: float,
        start: float,
        end: float,
        width: float,
        label: int = BODY,
    ) -> None:
        """Draw an arc of a circle between two angles in degrees, clockwise from the right."""
        box = self._scaled([(x - r, y - r), (x + r, y + r)])
        self._draw.arc(box, start, end, fill=label, width=max(1, round(width * self.side)))

    def slice(
        self, x: float, y: float, r: float, start: float, end: float, label: int = BODY
    ) -> None:
        """Fill a sector of a circle between two angles in degrees."""
        box = self._scaled([(x - r, y - r), (x + r, y + r)])
        self._draw.pieslice(box, start, end, fill=label)

    def mirror(self, points: Sequence[Point], label: int = BODY) -> None:
        """Fill a polygon and its mirror image left to right."""
        self.poly(points, label)
        self.poly([(1 - x, y) for x, y in points], label)


def ring(x: float, y: float, outer: float, inner: float, n: int) -> list[Point]:
    """Return the corner points of a star with n tips."""
    angles = [math.radians(-90 + 180 * i / n) for i in range(2 * n)]
    radii = [outer if i % 2 == 0 else inner for i in range(2 * n)]
    return [(x + r * math.cos(a), y + r * math.sin(a)) for r, a in zip(radii, angles, strict=True)]


def eye(p: Pen, x: float, y: float, r: float = 0.025) -> None:
    """Draw a round eye of radius r."""
    p.oval(x, y, r * 1.4, r * 1.4, LIGHT)
    p.oval(x, y, r, r, DARK)
