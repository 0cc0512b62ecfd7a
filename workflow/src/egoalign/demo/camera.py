"""The head camera: a smooth path of gaze over a scene, with hands, light and motion blur."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from egoalign.demo.scenes import Scene

# Skin tones from light to dark, sRGB.
SKIN_TONES = ((244, 208, 177), (231, 180, 143), (198, 134, 90), (141, 85, 54), (92, 56, 40))
_SHIFT_S = 0.7  # time that the head needs to turn from one object to the next
_BLUR_FROM = 0.6  # head speed, in view short sides per second, above which pictures blur


@dataclass(frozen=True)
class CameraState:
    """Where the camera looks: centre in panorama pixels, roll in radians, zoom as a factor."""

    x: float
    y: float
    roll: float
    zoom: float


@dataclass(frozen=True)
class Hand:
    """A hand: place of the fingers and width as shares of the view, lean, and skin colour."""

    x: float
    y: float
    width: float
    lean: float
    tone: tuple[int, int, int]


@dataclass(frozen=True)
class Moment:
    """All that a frame needs besides the scene.

    `light` is a gain for each of red, green and blue; `blur` is (horizontal, vertical) box radius
    as a share of the view's short side.
    """

    camera: CameraState
    light: tuple[float, float, float] = (1.0, 1.0, 1.0)
    hands: tuple[Hand, ...] = ()
    blur: tuple[float, float] = (0.0, 0.0)


def head_path(
    rng: np.random.Generator,
    scene: Scene,
    duration_s: float,
    fps: float,
    targets: Sequence[tuple[float, str]] | None = None,
) -> list[Moment]:
    """Make the moments of a video.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of every choice.
    scene : Scene
        What is looked at.
    duration_s, fps : float
        Length in seconds and frames per second.
    targets : sequence of (float, str), optional
        From which second on which kind is looked at, in order of time. By default the gaze wanders
        from object to object every two to six seconds.

    Returns
    -------
    list of Moment
        One for each frame, ``round(duration_s * fps)`` in all.
    """
    times = np.arange(round(duration_s * fps)) / fps
    plan = list(targets) if targets else _wander(rng, scene, duration_s)
    gaze = _gaze(rng, scene, plan, times)
    gaze += _tremor(rng, times, scale=(0.02, 0.02, 0.05, 0.03)) * [scene.unit, scene.unit, 1, 1]
    speed = (
        np.abs(np.gradient(gaze[:, :2], times, axis=0)) / scene.unit
        if len(times) > 1
        else np.zeros((len(times), 2))
    )
    blur = np.clip((speed - _BLUR_FROM) * 0.012, 0, 0.03)
    light = _light(rng, times)
    hands = _hands(rng, times)
    return [
        Moment(
            CameraState(float(x), float(y), float(roll), float(np.exp(log_zoom))),
            (float(light[i, 0]), float(light[i, 1]), float(light[i, 2])),
            hands[i],
            (float(blur[i, 0]), float(blur[i, 1])),
        )
        for i, (x, y, roll, log_zoom) in enumerate(gaze)
    ]


def _wander(rng: np.random.Generator, scene: Scene, duration_s: float) -> list[tuple[float, str]]:
    plan: list[tuple[float, str]] = []
    t = 0.0
    while t < duration_s:
        plan.append((t, scene.kinds[rng.integers(len(scene.kinds))]))
        t += rng.uniform(2.0, 6.0)
    return plan


def _gaze(
    rng: np.random.Generator, scene: Scene, plan: Sequence[tuple[float, str]], times: np.ndarray
) -> np.ndarray:
    """Return (n, 4) of x, y, roll and log zoom: held on each target, eased from one to the next."""
    held = np.array([scene.aim(rng, kind) for _, kind in plan])
    starts = np.array([start for start, _ in plan])
    now = np.clip(np.searchsorted(starts, times, side="right") - 1, 0, None)
    before = np.clip(now - 1, 0, None)
    progress = np.clip((times - starts[now]) / _SHIFT_S, 0, 1)
    ease = (progress * progress * (3 - 2 * progress))[:, None]
    gaze: np.ndarray = held[before] * (1 - ease) + held[now] * ease
    return gaze


def _tremor(rng: np.random.Generator, times: np.ndarray, scale: Sequence[float]) -> np.ndarray:
    """Return (n, len(scale)) of slow smooth sway: three sine waves each, of 0.1 to 1.2 Hz."""
    shape = (3, len(scale))
    rate, phase = rng.uniform(0.1, 1.2, shape), rng.uniform(0, 2 * np.pi, shape)
    waves = np.sin(2 * np.pi * rate * times[:, None, None] + phase)
    sway: np.ndarray = waves.mean(axis=1) * np.asarray(scale) * 1.5
    return sway


def _light(rng: np.random.Generator, times: np.ndarray) -> np.ndarray:
    """Return (n, 3) of gains that drift slowly round a level of the session."""
    level, tint = rng.uniform(0.8, 1.1), rng.uniform(-0.06, 0.06)
    drift = 0.1 * np.sin(2 * np.pi * times * rng.uniform(0.01, 0.05) + rng.uniform(0, 2 * np.pi))
    gain: np.ndarray = (level + drift)[:, None] * np.array([1 + tint, 1.0, 1 - tint])
    return gain


def _hands(rng: np.random.Generator, times: np.ndarray) -> list[tuple[Hand, ...]]:
    """Let one or two hands rise into the picture for a few seconds, about a third of the time."""
    tone = SKIN_TONES[rng.integers(len(SKIN_TONES))]
    frames: list[tuple[Hand, ...]] = [() for _ in times]
    t, end = rng.uniform(0, 6), times[-1] if len(times) else 0.0
    while t < end:
        stay = rng.uniform(1.5, 5.0)
        for side in (0.25, 0.75) if rng.random() < 0.4 else (rng.uniform(0.15, 0.85),):
            place, width, lean = (
                side + rng.uniform(-0.1, 0.1),
                rng.uniform(0.1, 0.2),
                rng.uniform(-0.4, 0.4),
            )
            reach = rng.uniform(0.1, 0.4)
            for i in np.flatnonzero((times >= t) & (times < t + stay)):
                up = reach * np.sin(np.pi * (times[i] - t) / stay)
                frames[i] += (
                    Hand(float(place), float(1.02 - up), float(width), float(lean), tone),
                )
        t += stay + rng.uniform(3.0, 10.0)
    return frames
