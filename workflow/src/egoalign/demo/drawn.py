"""Drawn objects: every kind in many looks, with colour and texture independent of the kind."""

from __future__ import annotations

import colorsys
from collections.abc import Callable

import numpy as np
from PIL import Image

from egoalign.demo import household, living, toys
from egoalign.demo.kinds import KIND_NAMES
from egoalign.demo.pen import BODY, DARK, LIGHT, SHADE, TRIM, Pen
from egoalign.demo.source import Split

VARIANTS = 3
TEXTURES = ("plain", "stripes", "dots", "checks")
HUES = 10
N_LOOKS = VARIANTS * len(TEXTURES) * HUES
_SUPERSAMPLING = 2


def look_id(variant: int, texture: int, hue: int) -> int:
    """Return the look id of a combination of shape variant, texture and hue."""
    return (variant * len(TEXTURES) + texture) * HUES + hue


def look_parts(look: int) -> tuple[int, int, int]:
    """Return (variant, texture, hue) of a look id."""
    rest, hue = divmod(look, HUES)
    variant, texture = divmod(rest, len(TEXTURES))
    return variant, texture, hue


class DrawnSource:
    """Objects drawn by the program itself; the default source.

    A look is a combination of shape variant, texture and hue. One combination in four is kept for
    the corpus by a Latin rule, so that every variant, texture, hue and pair of them occurs in
    training but no combination occurs in both splits.
    """

    name = "drawn"
    kinds: tuple[str, ...] = KIND_NAMES

    def looks(self, kind: str, split: Split) -> list[int]:
        """Return the look ids of `kind` in `split`."""
        shift = self.kinds.index(kind)
        chosen = []
        for look in range(N_LOOKS):
            variant, texture, hue = look_parts(look)
            held_out = (3 * variant + texture + hue + shift) % 4 == 0
            if held_out == (split == "corpus"):
                chosen.append(look)
        return chosen

    def cutout(self, kind: str, look: int, size: int) -> np.ndarray:
        """Draw a kind in a look.

        Parameters
        ----------
        kind : str
            One of `kinds`.
        look : int
            A look id from `looks`.
        size : int
            Longest side in pixels.

        Returns
        -------
        numpy.ndarray
            uint8 RGBA of shape (h, w, 4), cropped to the object.
        """
        variant, texture, hue = look_parts(look)
        pen = Pen(size * _SUPERSAMPLING)
        _drawer(kind)(pen, variant)
        return _shrink(_paint(np.asarray(pen.image), texture, hue), size)


def _drawer(kind: str) -> Callable[[Pen, int], None]:
    """Return the function that draws a kind; it bears the kind's name."""
    home = next(module for module in (living, toys, household) if hasattr(module, kind))
    drawer: Callable[[Pen, int], None] = getattr(home, kind)
    return drawer


def _rgb(hue: float, saturation: float, value: float) -> np.ndarray:
    return np.array(colorsys.hsv_to_rgb(hue % 1.0, saturation, value), dtype=np.float32) * 255


def _texture_mask(texture: int, side: int) -> np.ndarray:
    """Return the boolean pattern of a texture on a square of `side` pixels."""
    step = max(2, side // 9)
    y, x = np.mgrid[0:side, 0:side]
    match TEXTURES[texture]:
        case "stripes":
            return (x + y) // step % 2 == 0
        case "dots":
            return (x % step - step / 2) ** 2 + (y % step - step / 2) ** 2 < (step * 0.28) ** 2
        case "checks":
            return (x // step + y // step) % 2 == 0
        case _:
            return np.zeros((side, side), dtype=bool)


def _paint(labels: np.ndarray, texture: int, hue: int) -> np.ndarray:
    """Colour labels (side, side), uint8: float32 RGBA (side, side, 4), from 0 to 255."""
    side = labels.shape[0]
    h = hue / HUES
    palette = np.zeros((6, 4), dtype=np.float32)
    palette[1:, 3] = 255
    palette[BODY, :3] = _rgb(h, 0.72, 0.86)
    palette[SHADE, :3] = _rgb(h, 0.8, 0.62)
    palette[DARK, :3] = (48, 42, 46)
    palette[LIGHT, :3] = (240, 234, 222)
    palette[TRIM, :3] = _rgb(h + 0.33, 0.6, 0.75)
    painted = palette[labels]
    pattern = _texture_mask(texture, side) & (labels == BODY)
    painted[pattern, :3] = _rgb(h + 0.04, 0.45, 0.98)
    # Light from above: the eye expects it and it keeps flat colours from being a cue.
    painted[..., :3] *= np.linspace(1.08, 0.82, side, dtype=np.float32)[:, None, None]
    return np.minimum(painted, 255)


def _shrink(painted: np.ndarray, size: int) -> np.ndarray:
    """Crop to the object and shrink to `size` on the longest side, weighting colour by opacity."""
    rows = np.flatnonzero(painted[..., 3].any(axis=1))
    columns = np.flatnonzero(painted[..., 3].any(axis=0))
    crop = painted[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].astype(np.uint8)
    scale = size / max(crop.shape[:2])
    height, width = (max(1, round(n * scale)) for n in crop.shape[:2])
    picture = Image.fromarray(crop, "RGBA").resize((width, height), Image.Resampling.BOX)
    return np.asarray(picture)
