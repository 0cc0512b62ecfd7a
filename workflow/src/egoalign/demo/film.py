"""A demo session as a film: its scenes, what is said in them, and what its pictures show."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from egoalign.demo.camera import head_path
from egoalign.demo.plan import VIDEO_FPS, SessionPlan, generator
from egoalign.demo.scenes import Scene, Share, make_scene
from egoalign.demo.source import Source
from egoalign.demo.speech import Look, Utterance, draw_looks, draw_speech

_TIMING, _SCENE, _CAMERA, _SPEECH, _OUTPUT = 11, 12, 13, 14, 15
_SCENE_S = (12.0, 24.0)
_KINDS_LOOKED_AT = 6


@dataclass(frozen=True)
class Shot:
    """One scene of a film: the room, its part of the session, and what the camera attends to."""

    scene: Scene
    start_s: float
    end_s: float
    looks: tuple[Look, ...]


@dataclass(frozen=True)
class Film:
    """A session before it is filmed; equal seeds and sessions give equal films."""

    seed: int
    session: SessionPlan
    shots: tuple[Shot, ...]
    utterances: tuple[Utterance, ...]

    def pictures(self) -> Iterator[tuple[np.ndarray, dict[str, Share]]]:
        """Yield each picture, uint8 RGB of shape (h, w, 3), with the visible share of each kind.

        There are `VIDEO_FPS` pictures a second; the first is shown at second 0.
        """
        for number, shot in enumerate(self.shots, start=1):
            rng = _random(self.seed, self.session, _CAMERA, number)
            targets = [(look.start_s - shot.start_s, look.kind) for look in shot.looks]
            path = head_path(rng, shot.scene, shot.end_s - shot.start_s, VIDEO_FPS, targets)
            for moment in path:
                yield shot.scene.render(
                    moment.camera,
                    size=self.session.size,
                    light=moment.light,
                    hands=moment.hands,
                    blur=moment.blur,
                )

    @property
    def cuts(self) -> list[float]:
        """Times of the changes of scene, with both ends of the session."""
        return [self.shots[0].start_s, *(shot.end_s for shot in self.shots)]

    def random(self) -> np.random.Generator:
        """Return random numbers for the sound and the transcript."""
        return _random(self.seed, self.session, _OUTPUT)


def direct(seed: int, session: SessionPlan, source: Source) -> Film:
    """Draw the scenes, looks and speech of a session.

    Parameters
    ----------
    seed : int
        Seed of the corpus.
    session : SessionPlan
        The recording to be made.
    source : Source
        Where the objects come from; their looks are those kept for the corpus.
    """
    shots: list[Shot] = []
    utterances: list[Utterance] = []
    cuts = _cuts(_random(seed, session, _TIMING), session.duration_s)
    for number, (start, end) in enumerate(pairwise(cuts), start=1):
        rng = _random(seed, session, _SCENE, number)
        n_kinds = min(_KINDS_LOOKED_AT, len(source.kinds))
        kinds = tuple(str(kind) for kind in rng.choice(source.kinds, n_kinds, replace=False))
        scene = make_scene(source, rng, "corpus", kinds_wanted=kinds, view=session.size)
        looks = draw_looks(rng, kinds, start, end)
        shots.append(Shot(scene, start, end, tuple(looks)))
        speech = _random(seed, session, _SPEECH, number)
        utterances += draw_speech(speech, seed, session, looks, scene.kinds, source.kinds)
    return Film(seed, session, tuple(shots), tuple(utterances))


def _random(seed: int, session: SessionPlan, *numbers: int) -> np.random.Generator:
    return generator(seed, session.child_no, session.session_no, *numbers)


def _cuts(rng: np.random.Generator, duration_s: float) -> list[float]:
    """Return the times of the changes of scene, on whole pictures, and both ends."""
    cuts = [0.0]
    while duration_s - cuts[-1] > _SCENE_S[1]:
        length = min(rng.uniform(*_SCENE_S), duration_s - cuts[-1] - _SCENE_S[0])
        cuts.append(round((cuts[-1] + length) * VIDEO_FPS) / VIDEO_FPS)
    return [*cuts, duration_s]
