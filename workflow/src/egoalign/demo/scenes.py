"""Scenes with known truth: a room with objects, seen through a camera, with what is visible."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from egoalign.demo.camera import CameraState, Hand
from egoalign.demo.room import HORIZON, paint_room
from egoalign.demo.source import Source, Split

_IDS_SCALE = 4  # the id picture has a quarter of the panorama's resolution
_OPAQUE = 128
_OUTSIDE = (96, 90, 84)  # colour beyond the panorama's edge
_KINDS_PER_SCENE = (14, 20)


class Share(NamedTuple):
    """Visible share of an object: of the whole picture, and of the central square CLIP sees."""

    picture: float
    crop: float


@dataclass(frozen=True)
class SceneObject:
    """An object in a scene: kind, look, centre and longest side in panorama pixels."""

    kind: str
    look: int
    x: float
    y: float
    size: float


@dataclass(frozen=True)
class Scene:
    """A room with objects.

    Attributes
    ----------
    view : tuple of int
        (width, height) of the camera's view in panorama pixels at zoom 1.
    kinds : tuple of str
        The kinds placed, each once.
    objects : tuple of SceneObject
        From the farthest to the nearest.
    panorama : PIL.Image.Image
        RGB picture of the whole room.
    ids : PIL.Image.Image
        Which object is seen where: 0 for none, else 1 + its index in `objects`.
    """

    view: tuple[int, int]
    kinds: tuple[str, ...]
    objects: tuple[SceneObject, ...]
    panorama: Image.Image
    ids: Image.Image

    @property
    def unit(self) -> float:
        """Short side of the view in pixels, the unit of lengths in a scene."""
        return float(min(self.view))

    def aim(self, rng: np.random.Generator, kind: str) -> tuple[float, float, float, float]:
        """Return x, y, roll and log zoom of a look at an object, near the picture's centre."""
        target = next(o for o in self.objects if o.kind == kind)
        zoom = float(np.clip(self.unit * rng.uniform(0.35, 0.95) / target.size, 0.75, 2.4))
        off = rng.normal(0, 0.1, 2) * self.unit / zoom
        roll = float(rng.normal(0, 0.12))
        x, y = self._inside(target.x + off[0], target.y + off[1], roll, zoom)
        return x, y, roll, math.log(zoom)

    def _inside(self, x: float, y: float, roll: float, zoom: float) -> tuple[float, float]:
        """Move a centre so that the rolled view stays within the panorama where it can."""
        cos, sin = abs(math.cos(roll)), abs(math.sin(roll))
        seen = (self.view[0] * cos + self.view[1] * sin, self.view[0] * sin + self.view[1] * cos)
        placed = []
        for centre, extent, full in zip((x, y), seen, self.panorama.size, strict=True):
            half = min(extent / zoom / 2 + 0.05 * self.unit, full / 2)
            placed.append(float(np.clip(centre, half, full - half)))
        return placed[0], placed[1]

    def render(
        self,
        camera: CameraState,
        size: tuple[int, int],
        light: tuple[float, float, float] = (1.0, 1.0, 1.0),
        hands: Sequence[Hand] = (),
        blur: tuple[float, float] = (0.0, 0.0),
    ) -> tuple[np.ndarray, dict[str, Share]]:
        """Render a frame and measure what it shows.

        Parameters
        ----------
        camera : CameraState
            Where the camera looks.
        size : tuple of int
            (width, height) of the frame in pixels, with the aspect of `view`.
        light, hands, blur
            As in `egoalign.demo.camera.Moment`.

        Returns
        -------
        rgb : numpy.ndarray
            uint8 of shape (h, w, 3).
        shares : dict of str to Share
            Visible, unoccluded share of each kind in view; kinds out of view are absent.
        """
        picture = _through_camera(
            self.panorama, camera, self.view, size, 1.0, Image.Resampling.BILINEAR
        )
        small = (max(1, size[0] // _IDS_SCALE), max(1, size[1] // _IDS_SCALE))
        ids = _through_camera(
            self.ids, camera, self.view, small, 1 / _IDS_SCALE, Image.Resampling.NEAREST
        )
        for hand in hands:
            _draw_hand(picture, hand, hand.tone)
            _draw_hand(ids, hand, 0)
        radii = (blur[0] * min(size), blur[1] * min(size))
        if max(radii) >= 0.5:
            picture = picture.filter(ImageFilter.BoxBlur(radii))
        if light != (1.0, 1.0, 1.0):
            levels = np.arange(256)
            picture = picture.point(
                [min(255, round(v)) for gain in light for v in (levels * gain).tolist()]
            )
        return np.asarray(picture), self._shares(np.asarray(ids))

    def _shares(self, ids: np.ndarray) -> dict[str, Share]:
        n = len(self.objects) + 1
        height, width = ids.shape
        side = min(height, width)
        top, left = (height - side) // 2, (width - side) // 2
        whole = np.bincount(ids.ravel(), minlength=n) / ids.size
        crop = np.bincount(ids[top : top + side, left : left + side].ravel(), minlength=n) / side**2
        return {
            o.kind: Share(float(whole[i]), float(crop[i]))
            for i, o in enumerate(self.objects, start=1)
            if whole[i] > 0
        }


def make_scene(
    source: Source,
    rng: np.random.Generator,
    split: Split,
    kinds_wanted: Sequence[str] = (),
    view: tuple[int, int] = (480, 854),
) -> Scene:
    """Make a room with objects at random places.

    Parameters
    ----------
    source : Source
        Where the objects' pictures come from.
    rng : numpy.random.Generator
        Source of every choice.
    split : {"train", "corpus"}
        Which looks and rooms may be used.
    kinds_wanted : sequence of str
        Kinds that must be there; others are drawn at random.
    view : tuple of int
        (width, height) of the camera's view in pixels.

    Returns
    -------
    Scene
    """
    unit = float(min(view))
    width, height = round(1.4 * view[0] + 1.0 * unit), round(1.2 * view[1] + 0.5 * unit)
    panorama = paint_room(rng, split, (width, height), unit)
    others = [k for k in source.kinds if k not in kinds_wanted]
    n_others = max(0, int(rng.integers(*_KINDS_PER_SCENE)) - len(kinds_wanted))
    kinds = (
        *kinds_wanted,
        *rng.choice(others, size=min(n_others, len(others)), replace=False).tolist(),
    )
    placed = _place(source, rng, split, kinds, (width, height), unit)
    ids = Image.new("L", (width // _IDS_SCALE, height // _IDS_SCALE), 0)
    for i, item in enumerate(placed, start=1):
        _paste(source, rng, item, i, panorama, ids)
        if rng.random() < 0.2:
            _hide_part(rng, item, panorama, ids)
    return Scene(view, kinds, tuple(placed), panorama, ids)


def _place(
    source: Source,
    rng: np.random.Generator,
    split: Split,
    kinds: Sequence[str],
    size: tuple[int, int],
    unit: float,
) -> list[SceneObject]:
    """Choose looks, sizes and places, the most crowded places avoided; return from far to near."""
    width, height = size
    chosen: list[SceneObject] = []
    for kind in kinds:
        looks = source.looks(kind, split)
        longest = unit * float(np.exp(rng.uniform(math.log(0.18), math.log(0.48))))
        places = np.column_stack(
            [
                rng.uniform(longest / 2, width - longest / 2, 8),
                np.clip(
                    rng.normal(HORIZON + 0.12, 0.18, 8) * height, longest / 2, height - longest / 2
                ),
            ]
        )
        room = [
            min(
                (math.hypot(x - o.x, y - o.y) - (longest + o.size) * 0.45 for o in chosen),
                default=0.0,
            )
            for x, y in places
        ]
        free = [i for i, gap in enumerate(room) if gap >= 0]
        x, y = places[free[0] if free else int(np.argmax(room))]
        chosen.append(
            SceneObject(kind, looks[rng.integers(len(looks))], float(x), float(y), longest)
        )
    return sorted(chosen, key=lambda o: o.y + o.size / 2)


def _paste(
    source: Source,
    rng: np.random.Generator,
    item: SceneObject,
    number: int,
    panorama: Image.Image,
    ids: Image.Image,
) -> None:
    """Put an object's cut-out into the panorama and its number into the id picture."""
    cutout = Image.fromarray(source.cutout(item.kind, item.look, max(8, round(item.size))))
    if rng.random() < 0.5:
        cutout = cutout.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    cutout = cutout.rotate(float(rng.normal(0, 14)), Image.Resampling.BILINEAR, expand=True)
    left, top = round(item.x - cutout.width / 2), round(item.y - cutout.height / 2)
    panorama.paste(cutout, (left, top), cutout)
    small = (max(1, cutout.width // _IDS_SCALE), max(1, cutout.height // _IDS_SCALE))
    alpha = cutout.getchannel("A").resize(small, Image.Resampling.BOX)
    opaque = alpha.point([0 if a < _OPAQUE else 255 for a in range(256)])
    ids.paste(number, (round(left / _IDS_SCALE), round(top / _IDS_SCALE)), opaque)


def _hide_part(
    rng: np.random.Generator, item: SceneObject, panorama: Image.Image, ids: Image.Image
) -> None:
    """Put a plain cushion or box before a part of an object."""
    angle = rng.uniform(0, np.pi)
    x, y = item.x + 0.45 * item.size * math.cos(angle), item.y + 0.45 * item.size * math.sin(angle)
    rx, ry = item.size * rng.uniform(0.2, 0.4), item.size * rng.uniform(0.15, 0.3)
    tone = tuple(int(c) for c in rng.integers(60, 220, 3))
    rounding = rng.uniform(0, 1) * min(rx, ry)
    for image, scale, fill in ((panorama, 1, tone), (ids, _IDS_SCALE, 0)):
        box = [(x - rx) / scale, (y - ry) / scale, (x + rx) / scale, (y + ry) / scale]
        ImageDraw.Draw(image).rounded_rectangle(box, rounding / scale, fill=fill)


def _through_camera(
    image: Image.Image,
    camera: CameraState,
    view: tuple[int, int],
    size: tuple[int, int],
    scale: float,
    resample: Image.Resampling,
) -> Image.Image:
    """Cut what the camera sees out of a picture whose pixels are `scale` per panorama pixel."""
    kx, ky = (scale * v / (s * camera.zoom) for v, s in zip(view, size, strict=True))
    cos, sin = math.cos(camera.roll), math.sin(camera.roll)
    a, b, d, e = kx * cos, -ky * sin, kx * sin, ky * cos
    c = camera.x * scale - a * size[0] / 2 - b * size[1] / 2
    f = camera.y * scale - d * size[0] / 2 - e * size[1] / 2
    outside = _OUTSIDE if image.mode == "RGB" else 0
    return image.transform(
        size, Image.Transform.AFFINE, (a, b, c, d, e, f), resample, fillcolor=outside
    )


def _draw_hand(image: Image.Image, hand: Hand, fill: int | tuple[int, int, int]) -> None:
    """Draw a forearm, a palm and four fingers that come in from below."""
    draw = ImageDraw.Draw(image)
    unit = min(image.size)
    x, y, w = hand.x * image.width, hand.y * image.height, hand.width * unit
    palm = y + 0.9 * w
    root = x + hand.lean * 3 * w
    draw.line([root, palm + 4 * w, x, palm], fill=fill, width=max(1, round(0.75 * w)))
    draw.ellipse([x - w / 2, palm - w / 2, x + w / 2, palm + w / 2], fill=fill)
    for i in range(4):
        tip = x + (i - 1.5) * 0.3 * w
        length = w * (0.95 - 0.12 * abs(i - 1.5))
        draw.line(
            [x + (i - 1.5) * 0.22 * w, palm, tip, palm - length],
            fill=fill,
            width=max(1, round(0.19 * w)),
        )
