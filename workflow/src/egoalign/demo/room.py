"""Empty rooms: walls, floors, windows, rugs and furniture, wider than the view."""

from __future__ import annotations

import colorsys

import numpy as np
from PIL import Image, ImageDraw

from egoalign.demo.source import Split

WALLS = ("plain", "stripes", "panels", "dots")
FLOORS = ("plain", "planks", "tiles", "carpet")
WALL_HUES = 12
HORIZON = 0.5


def room_styles(split: Split) -> list[tuple[int, int, int]]:
    """Return the (wall, floor, wall hue) combinations of a split; the two splits share none."""
    return [
        (wall, floor, hue)
        for wall in range(len(WALLS))
        for floor in range(len(FLOORS))
        for hue in range(WALL_HUES)
        if ((wall + floor + hue) % 4 == 0) == (split == "corpus")
    ]


def _colour(hue: float, saturation: float, value: float) -> tuple[int, int, int]:
    r, g, b = colorsys.hsv_to_rgb(hue % 1.0, saturation, value)
    return round(255 * r), round(255 * g), round(255 * b)


def paint_room(
    rng: np.random.Generator, split: Split, size: tuple[int, int], unit: float
) -> Image.Image:
    """Paint an empty room.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of every choice.
    split : {"train", "corpus"}
        Which combinations of wall, floor and hue may be used.
    size : tuple of int
        Panorama (width, height) in pixels.
    unit : float
        Length of the view's short side in pixels, by which details are scaled.

    Returns
    -------
    PIL.Image.Image
        RGB picture.
    """
    styles = room_styles(split)
    wall, floor, hue = styles[rng.integers(len(styles))]
    width, height = size
    horizon = round(height * HORIZON)
    room = Image.new(
        "RGB", size, _colour(hue / WALL_HUES, rng.uniform(0.08, 0.4), rng.uniform(0.55, 0.92))
    )
    draw = ImageDraw.Draw(room)
    _paint_wall(draw, rng, WALLS[wall], hue / WALL_HUES, (width, horizon), unit)
    _paint_floor(draw, rng, FLOORS[floor], (width, horizon, height), unit)
    for _ in range(int(rng.integers(1, 3))):
        _paint_window(draw, rng, (width, horizon), unit)
    for _ in range(int(rng.integers(0, 3))):
        _paint_rug(draw, rng, (width, horizon, height), unit)
    for _ in range(int(rng.integers(2, 5))):
        _paint_furniture(draw, rng, width, horizon, unit)
    return _with_grain(room, rng)


def _paint_wall(
    draw: ImageDraw.ImageDraw,
    rng: np.random.Generator,
    style: str,
    hue: float,
    size: tuple[int, int],
    unit: float,
) -> None:
    width, horizon = size
    shade = _colour(hue + rng.uniform(-0.05, 0.05), rng.uniform(0.1, 0.45), rng.uniform(0.5, 0.95))
    step = unit * rng.uniform(0.12, 0.3)
    if style == "stripes":
        for x in np.arange(0, width, step):
            draw.rectangle([x, 0, x + step * 0.4, horizon], fill=shade)
    elif style == "panels":
        draw.rectangle([0, horizon * 0.6, width, horizon], fill=shade)
        for x in np.arange(0, width, step * 1.5):
            draw.line(
                [x, horizon * 0.6, x, horizon], fill=(90, 85, 80), width=max(1, round(unit / 200))
            )
    elif style == "dots":
        r = step * 0.12
        for x in np.arange(0, width, step):
            for y in np.arange(0, horizon, step):
                draw.ellipse([x - r, y - r, x + r, y + r], fill=shade)


def _paint_floor(
    draw: ImageDraw.ImageDraw,
    rng: np.random.Generator,
    style: str,
    size: tuple[int, int, int],
    unit: float,
) -> None:
    width, horizon, height = size
    hue, value = rng.uniform(0.02, 0.16), rng.uniform(0.35, 0.8)
    saturation = rng.uniform(0.1, 0.5)
    if style == "carpet":
        hue = rng.uniform(0, 1)
    draw.rectangle([0, horizon, width, height], fill=_colour(hue, saturation, value))
    dark = _colour(hue, saturation, value * 0.82)
    thin = max(1, round(unit / 160))
    step = unit * rng.uniform(0.1, 0.25)
    if style == "planks":
        for y in np.arange(horizon, height, step * 0.7):
            draw.line([0, y, width, y], fill=dark, width=thin)
    elif style == "tiles":
        for row, y in enumerate(np.arange(horizon, height, step)):
            for x in np.arange(-step + step * (row % 2), width, 2 * step):
                draw.rectangle([x, y, x + step, y + step], fill=dark)
    elif style == "carpet":
        for y in np.arange(horizon, height, step * 2):
            draw.rectangle([0, y, width, y + step * 0.3], fill=dark)
    draw.rectangle(
        [0, horizon - unit * 0.03, width, horizon], fill=_colour(hue, 0.1, rng.uniform(0.5, 0.95))
    )


def _paint_window(
    draw: ImageDraw.ImageDraw, rng: np.random.Generator, size: tuple[int, int], unit: float
) -> None:
    width, horizon = size
    x, y = rng.uniform(0, width), rng.uniform(0, horizon * 0.3)
    w, h = unit * rng.uniform(0.4, 0.8), horizon * rng.uniform(0.35, 0.5)
    frame = _colour(rng.uniform(0, 1), 0.15, rng.uniform(0.4, 0.98))
    line = max(1, round(unit / 50))
    draw.rectangle(
        [x, y, x + w, y + h],
        fill=_colour(0.56, rng.uniform(0.05, 0.35), 0.98),
        outline=frame,
        width=line,
    )
    draw.line([x + w / 2, y, x + w / 2, y + h], fill=frame, width=line)
    draw.line([x, y + h / 2, x + w, y + h / 2], fill=frame, width=line)


def _paint_rug(
    draw: ImageDraw.ImageDraw, rng: np.random.Generator, size: tuple[int, int, int], unit: float
) -> None:
    width, horizon, height = size
    x, y = rng.uniform(0, width), rng.uniform(horizon * 1.15, height)
    rx, ry = unit * rng.uniform(0.4, 0.8), unit * rng.uniform(0.15, 0.3)
    hue = rng.uniform(0, 1)
    shape = draw.ellipse if rng.random() < 0.5 else draw.rectangle
    for ring in range(int(rng.integers(2, 5))):
        k = 1 - 0.22 * ring
        tone = _colour(hue + 0.1 * ring, rng.uniform(0.2, 0.6), rng.uniform(0.4, 0.9))
        shape([x - rx * k, y - ry * k, x + rx * k, y + ry * k], fill=tone)


def _paint_furniture(
    draw: ImageDraw.ImageDraw, rng: np.random.Generator, width: int, horizon: int, unit: float
) -> None:
    """Paint a cupboard with doors or a set of shelves standing against the wall."""
    x, w = rng.uniform(-0.1, 0.95) * width, unit * rng.uniform(0.4, 1.0)
    top, foot = horizon * rng.uniform(0.35, 0.8), horizon + unit * rng.uniform(0.02, 0.12)
    hue, value = rng.uniform(0.02, 0.14), rng.uniform(0.3, 0.85)
    if rng.random() < 0.3:
        hue = rng.uniform(0, 1)
    saturation = rng.uniform(0.1, 0.55)
    body, dark = _colour(hue, saturation, value), _colour(hue, saturation, value * 0.7)
    line = max(1, round(unit / 100))
    draw.rectangle([x, top, x + w, foot], fill=body, outline=dark, width=line)
    parts = int(rng.integers(2, 5))
    if rng.random() < 0.5:
        for i in range(1, parts):
            y = top + (foot - top) * i / parts
            draw.rectangle([x, y, x + w, y + line * 2], fill=dark)
    else:
        for i in range(parts):
            x0 = x + w * i / parts
            draw.rectangle([x0, top, x0 + w / parts, foot], outline=dark, width=line)
            knob, y = unit * 0.012, (top + foot) / 2
            draw.ellipse(
                [x0 + w / parts * 0.85 - knob, y - knob, x0 + w / parts * 0.85 + knob, y + knob],
                fill=dark,
            )


def _with_grain(room: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Add unevenness of light along the room and fine grain."""
    pixels = np.asarray(room).astype(np.int16)
    height, width = pixels.shape[:2]
    phase = rng.uniform(0, 2 * np.pi)
    drift = 14 * np.sin(np.linspace(0, 2 * np.pi, width) * rng.uniform(0.5, 2) + phase)
    tile = rng.integers(-7, 8, size=(64, 64))
    grain = np.tile(tile, (height // 64 + 1, width // 64 + 1))[:height, :width]
    pixels += (grain + drift[None, :]).astype(np.int16)[..., None]
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))
