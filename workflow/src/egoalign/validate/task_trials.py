"""What a task asks: pairs with their distractors, and the lists that show them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from egoalign.config import TaskOptions
from egoalign.validate.cells import CHOOSE_IMAGE, CHOOSE_UTTERANCE, FORCED_CHOICES
from egoalign.validate.task_distractors import (
    N_DISTRACTORS,
    Distractors,
    Pool,
    distractor_pictures,
    distractor_utterances,
)
from egoalign.validate.task_drawn import N_PRACTICE
from egoalign.validate.task_items import Sample
from egoalign.validate.task_lists import Trial, arrange, deal


@dataclass
class Asked:
    """A sampled pair in one way of asking: rows of the population, the true one first."""

    kind: str
    item_id: str
    row: int
    texts: list[int]
    pictures: list[int]
    rule: str | None = None
    reason: str | None = None


@dataclass(frozen=True)
class Scene:
    """A practice or catch trial, drawn: its sentences and pictures, true ones first."""

    texts: list[str]
    pictures: list[str]
    fits: bool = True


@dataclass
class Lists:
    """What each slot shows, and rows of table task_trials."""

    shown: list[dict[str, Any]] = field(default_factory=list)
    rows: list[dict[str, Any]] = field(default_factory=list)


def ask(pool: Pool, sampled: Sample, options: TaskOptions, rng: np.random.Generator) -> list[Asked]:
    """Return each sampled pair in each way of asking, with its distractors."""
    asked = []
    ids = opaque_names(len(sampled.rows), rng)
    for row, item_id in zip(sampled.rows.tolist(), ids, strict=True):
        for kind in options.kinds:
            drawn = Distractors([])
            if kind == CHOOSE_UTTERANCE:
                drawn = distractor_utterances(pool, row, rng)
            elif kind == CHOOSE_IMAGE:
                drawn = distractor_pictures(pool, row, rng)
            asked.append(
                Asked(
                    kind,
                    item_id,
                    row,
                    [row, *(drawn.rows if kind == CHOOSE_UTTERANCE else [])],
                    [row, *(drawn.rows if kind == CHOOSE_IMAGE else [])],
                    drawn.rule,
                    drawn.reason,
                )
            )
    return asked


def make_lists(
    asked: Sequence[Asked],
    texts: Sequence[str],
    pictures: Sequence[str],
    scenes: Sequence[Scene],
    options: TaskOptions,
    rng: np.random.Generator,
) -> Lists:
    """Deal what is asked to the slots, which take turns among the kinds.

    Parameters
    ----------
    asked : sequence of Asked
        Those with a reason are left out.
    texts, pictures : sequence of str
        Text and picture file of each row of the population.
    scenes : sequence of Scene
        Practice trials, then catch trials.
    options : TaskOptions
        Numbers.
    rng : numpy.random.Generator
        Draws.
    """
    lists = Lists()
    hands: dict[int, tuple[list[Asked], list[int]]] = {}
    n_kinds = len(options.kinds)
    for place, kind in enumerate(options.kinds):
        own = [item for item in asked if item.kind == kind and item.reason is None]
        slots = range(place, options.annotators, n_kinds)
        dealt = deal(len(own), len(slots), options.answers, rng)
        hands |= {slot: (own, hand) for slot, hand in zip(slots, dealt, strict=True)}
    for slot in range(options.annotators):
        kind = options.kinds[slot % n_kinds]
        own, hand = hands[slot]
        drawn = scenes if kind in FORCED_CHOICES else half_misfit(scenes)
        n_alternatives = 1 + N_DISTRACTORS if kind in FORCED_CHOICES else 0
        trials = arrange(hand, len(scenes) - N_PRACTICE, options.catch_every, n_alternatives, rng)
        catch_ids = iter(opaque_names(sum(trial.is_catch for trial in trials), rng))
        shown = []
        for number, trial in enumerate(trials):
            if trial.is_catch:
                scene, item_id = drawn[N_PRACTICE + trial.item], next(catch_ids)
                contents = show(kind, scene.texts, scene.pictures, trial.order)
                right: int | None = right_answer(kind, trial, scene.fits, options.scale)
            else:
                item = own[trial.item]
                item_id = item.item_id
                contents = show(
                    kind,
                    [texts[row] for row in item.texts],
                    [pictures[row] for row in item.pictures],
                    trial.order,
                )
                right = trial.correct_position
            shown.append({"item": item_id, **contents})
            lists.rows.append(
                {
                    "slot": slot,
                    "trial_no": number,
                    "kind": kind,
                    "item_id": item_id,
                    "is_catch": trial.is_catch,
                    "order": json.dumps(trial.order),
                    "correct_answer": right,
                }
            )
        practice = []
        for scene in drawn[: options.practice]:
            trial = Trial(0, False, tuple(rng.permutation(n_alternatives).tolist()))
            contents = show(kind, scene.texts, scene.pictures, trial.order)
            best = right_answer(kind, trial, scene.fits, options.scale)
            practice.append({**contents, "right": best})
        lists.shown.append({"slot": slot, "kind": kind, "practice": practice, "trials": shown})
    return lists


def half_misfit(scenes: Sequence[Scene]) -> list[Scene]:
    """Return scenes of which every other is shown with a sentence that does not fit it."""
    return [
        Scene(scene.texts[1:], scene.pictures, fits=False) if place % 2 else scene
        for place, scene in enumerate(scenes)
    ]


def show(
    kind: str, texts: Sequence[str], pictures: Sequence[str], order: Sequence[int]
) -> dict[str, Any]:
    """Return what the page shows of a trial."""
    if kind == CHOOSE_UTTERANCE:
        return {"picture": pictures[0], "options": [texts[i] for i in order]}
    if kind == CHOOSE_IMAGE:
        return {"text": texts[0], "options": [pictures[i] for i in order]}
    return {"text": texts[0], "picture": pictures[0]}


def right_answer(kind: str, trial: Trial, fits: bool, scale: int) -> int:
    """Return the answer that a drawn trial deserves: a position, a rating, or a label."""
    if kind in FORCED_CHOICES:
        return trial.order.index(0) + 1
    if kind == "rating":
        return scale if fits else 1
    return int(fits)


def opaque_names(n: int, rng: np.random.Generator) -> list[str]:
    """Return different names that say nothing."""
    names: dict[str, None] = {}
    while len(names) < n:
        names[rng.bytes(6).hex()] = None
    return list(names)
