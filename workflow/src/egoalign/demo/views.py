"""Pictures for training and trial: what the model sees, with the visible share of every kind."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context

import numpy as np
from PIL import Image

from egoalign.demo.camera import head_path
from egoalign.demo.scenes import make_scene
from egoalign.demo.source import Source, Split
from egoalign.log import progress

_ASPECTS = (9 / 16, 3 / 4, 4 / 3, 16 / 9)
_PATH_S, _PATH_FPS = 40.0, 10.0


@dataclass(frozen=True)
class Views:
    """Pictures with their truth.

    Attributes
    ----------
    pictures : numpy.ndarray
        uint8 (n, side, side, 3): the central square of a view, resized as CLIP resizes.
    crop_shares, picture_shares : numpy.ndarray
        float32 (n, n_kinds): visible share of each kind in that square and in the whole view.
    scene_no : numpy.ndarray
        int (n,): the scene that a view was taken of.
    """

    pictures: np.ndarray
    crop_shares: np.ndarray
    picture_shares: np.ndarray
    scene_no: np.ndarray


def scene_views(
    source: Source,
    split: Split,
    seed: int,
    scene_no: int,
    n: int,
    side: int,
    short: int | None = None,
) -> Views:
    """Take `n` views of one scene at random moments of a head path.

    Parameters
    ----------
    source : Source
        Where objects come from.
    split : {"train", "corpus"}
        Which looks and rooms may be used.
    seed, scene_no : int
        Together they fix the scene.
    n, side : int
        Number of views and their side in pixels.
    short : int, optional
        Short side of the view before resizing, in pixels; by default 160 or 240 at random.
    """
    rng = np.random.default_rng([seed, 0 if split == "train" else 1, scene_no])
    short = short or int(rng.choice((160, 240)))
    aspect = _ASPECTS[rng.integers(len(_ASPECTS))]
    view = (round(short * max(1.0, aspect)), round(short * max(1.0, 1 / aspect)))
    scene = make_scene(source, rng, split, view=view)
    path = head_path(rng, scene, _PATH_S, _PATH_FPS)
    column = {kind: i for i, kind in enumerate(source.kinds)}
    pictures = np.empty((n, side, side, 3), dtype=np.uint8)
    crop, whole = np.zeros((2, n, len(column)), dtype=np.float32)
    for i, number in enumerate(rng.choice(len(path), size=n, replace=False)):
        m = path[number]
        rgb, shares = scene.render(m.camera, view, light=m.light, hands=m.hands, blur=m.blur)
        pictures[i] = _as_clip_sees(rgb, side)
        for kind, share in shares.items():
            crop[i, column[kind]], whole[i, column[kind]] = share.crop, share.picture
    return Views(pictures, crop, whole, np.full(n, scene_no))


def many_views(
    source: Source,
    split: Split,
    seed: int,
    n_scenes: int,
    per_scene: int,
    side: int,
    short: int | None = None,
    processes: int = 1,
) -> Views:
    """Take views of many scenes; the result does not depend on the number of processes."""
    jobs = [(source, split, seed, number, per_scene, side, short) for number in range(n_scenes)]
    n, k = n_scenes * per_scene, len(source.kinds)
    views = Views(
        np.empty((n, side, side, 3), dtype=np.uint8),
        np.empty((n, k), dtype=np.float32),
        np.empty((n, k), dtype=np.float32),
        np.empty(n, dtype=np.int64),
    )
    for number, part in enumerate(progress(_run(jobs, processes), "scenes", n_scenes)):
        rows = slice(number * per_scene, (number + 1) * per_scene)
        views.pictures[rows] = part.pictures
        views.crop_shares[rows] = part.crop_shares
        views.picture_shares[rows] = part.picture_shares
        views.scene_no[rows] = part.scene_no
    return views


def _run(jobs: list[tuple], processes: int) -> Iterator[Views]:
    if processes == 1:
        yield from (scene_views(*job) for job in jobs)
        return
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        yield from pool.map(scene_views, *zip(*jobs, strict=True), chunksize=32)


def _as_clip_sees(rgb: np.ndarray, side: int) -> np.ndarray:
    """Cut the central square and resize it to `side` pixels, bicubic."""
    height, width = rgb.shape[:2]
    short = min(height, width)
    top, left = (height - short) // 2, (width - short) // 2
    square = Image.fromarray(rgb[top : top + short, left : left + short])
    return np.asarray(square.resize((side, side), Image.Resampling.BICUBIC))
