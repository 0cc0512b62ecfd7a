"""The demo's other data set: pictures of its scenes, taken of a thing and captioned with its name.

One shard in the manner of WebDataset. Unlike speech, captions name what is shown, but for a few.
"""

from __future__ import annotations

import io
import math
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from egoalign.config import DemoOptions
from egoalign.demo.camera import CameraState
from egoalign.demo.kinds import Kind, kind_named
from egoalign.demo.scenes import Scene, Share, make_scene
from egoalign.demo.session import open_source
from egoalign.demo.source import Source
from egoalign.tables import DEMO_CAPTIONS, atomic_path, write_table

MATCHING = 0.97
"""Share of the captions that name what their picture was taken of."""

PER_SCENE = 4
VIEW = (160, 120)
"""Width and height of a picture in pixels, the shorter side a little more than the model's."""

SEEN = 0.02
"""Least visible share of the central square at which a thing is worth a picture."""

TRIES = 20

_SENTENCES = (
    "{a}",
    "{a} in a room",
    "a picture of {a}",
    "here is {a}",
    "this is {a}",
    "look at this {noun}",
    "{a} on the floor",
    "{a} at home",
)

_NOTHING = Share(0.0, 0.0)


@dataclass(frozen=True)
class Captioned:
    """A picture, uint8 (h, w, 3), what it shows, and what is said of it."""

    rgb: np.ndarray
    caption: str
    kind: str
    matches: bool
    share: Share


def captioned_pictures(source: Source, seed: int, n: int) -> Iterator[Captioned]:
    """Take pictures of things in rooms of the corpus' looks, and caption them.

    Parameters
    ----------
    source : Source
        Where the objects come from.
    seed : int
        Seed of every choice.
    n : int
        Pictures; of these round(`MATCHING` n) captions name what the picture was taken of, and
        the others a kind that is not in it.
    """
    rng = np.random.default_rng([seed, 3])
    matches = np.arange(n) < round(MATCHING * n)
    rng.shuffle(matches)
    scene = None
    for number in range(n):
        if scene is None or number % PER_SCENE == 0:
            scene = make_scene(source, rng, "corpus", view=VIEW)
        rgb, shares, kind = _picture(rng, scene)
        if not matches[number]:
            absent = [name for name in source.kinds if name not in shares]
            kind = str(rng.choice(absent))
        words = kind_named(kind)
        caption = _caption(rng, words)
        yield Captioned(rgb, caption, kind, bool(matches[number]), shares.get(kind, _NOTHING))


def make_captions(options: DemoOptions, out: Path, truth: Path) -> None:
    """Write the shard of captioned pictures, and what is true of each as table DEMO_CAPTIONS."""
    rows: list[dict[str, Any]] = []
    pictures = captioned_pictures(open_source(options), options.seed, options.captions)
    with (
        atomic_path(out) as partial,
        tarfile.open(partial, "w", format=tarfile.USTAR_FORMAT) as shard,
    ):
        for number, picture in enumerate(pictures):
            key = f"{number:06d}"
            jpeg = io.BytesIO()
            Image.fromarray(picture.rgb).save(jpeg, "JPEG", quality=90)
            for suffix, data in (("jpg", jpeg.getvalue()), ("txt", picture.caption.encode())):
                member = tarfile.TarInfo(f"{key}.{suffix}")
                member.size = len(data)
                shard.addfile(member, io.BytesIO(data))
            rows.append(
                {
                    "key": key,
                    "caption": picture.caption,
                    "kind": picture.kind,
                    "matches": picture.matches,
                    "share_picture": picture.share.picture,
                    "share_crop": picture.share.crop,
                }
            )
    write_table(DEMO_CAPTIONS, rows, truth)


def _picture(rng: np.random.Generator, scene: Scene) -> tuple[np.ndarray, dict[str, Share], str]:
    """Take a picture of one of the scene's things; if things are hidden, of the best seen."""
    best: tuple[np.ndarray, dict[str, Share], str] | None = None
    for _ in range(TRIES):
        kind = scene.kinds[int(rng.integers(len(scene.kinds)))]
        x, y, roll, log_zoom = scene.aim(rng, kind)
        rgb, shares = scene.render(CameraState(x, y, roll, math.exp(log_zoom)), VIEW)
        seen = shares.get(kind, _NOTHING).crop
        if best is None or seen > best[1].get(best[2], _NOTHING).crop:
            best = rgb, shares, kind
        if seen >= SEEN:
            return rgb, shares, kind
    assert best is not None
    return best


def _caption(rng: np.random.Generator, words: Kind) -> str:
    many = words.article == "some"
    allowed = [one for one in _SENTENCES if not (many and one.startswith(("this", "look")))]
    sentence = allowed[int(rng.integers(len(allowed)))]
    return sentence.format(noun=words.name, a=f"{words.article} {words.name}")
