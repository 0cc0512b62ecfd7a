"""The items of a task, and what a model says of them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from egoalign.align.score import similarity, unit_rows
from egoalign.tables import (
    FRAME_EMBEDDINGS,
    FRAMES,
    TEXT_EMBEDDINGS,
    UTTERANCES,
    read_table,
)
from egoalign.validate.cells import CHOOSE_IMAGE, FORCED_CHOICES
from egoalign.validate.corpus_ids import SessionKey

NO_TEXT_VECTOR = "the utterance has no words to encode"
NO_PICTURE_VECTOR = "the picture could not be decoded"
NO_DISTRACTOR_VECTOR = "a distractor has no embedding"


@dataclass
class Item:
    """One frame-utterance pair with its distractors and what people answered.

    Attributes
    ----------
    kind, item_id, child_id, session_id, utterance_id, second
        As in table judgments.
    distractors : list of [child_id, session_id, utterance_id or second]
        Utterances, or seconds where the picture is chosen.
    answers : mapping of annotator to float
        Without missing ones: 1 right and 0 wrong in a forced choice; else the answer itself.
    chosen : mapping of annotator to int
        In a forced choice, what was chosen where that is known: 0 the true pair, else the number of
        the distractor.
    weight : float
        How many pairs of the population it stands for.
    cosines : list of float
        Of the true pair and the distractors, once the model was asked; empty where it could not.
    score, margin, model_correct, reason
        The model's, as in table items.
    """

    kind: str
    item_id: str
    child_id: str
    session_id: str
    utterance_id: str
    second: float
    distractors: list[list[Any]]
    answers: dict[str, float] = field(default_factory=dict)
    chosen: dict[str, int] = field(default_factory=dict)
    weight: float = 1.0
    cosines: list[float] = field(default_factory=list)
    score: float | None = None
    margin: float | None = None
    model_correct: float | None = None
    reason: str | None = None

    @property
    def mean_answer(self) -> float:
        """Mean of the answers: the human accuracy of a forced choice. There must be one."""
        return float(np.mean(list(self.answers.values())))

    @property
    def identity(self) -> bool:
        """Whether it is known of every answer what was chosen."""
        return len(self.chosen) == len(self.answers)

    @property
    def choice_agreement(self) -> float | None:
        """Share of the answers that chose what the model chose, a tie of m best counting 1/m.

        None where the model could not be asked, or what was chosen is not known.
        """
        if self.margin is None or not self.answers or not self.identity:
            return None
        best = [k for k, value in enumerate(self.cosines) if value == max(self.cosines)]
        return sum(one in best for one in self.chosen.values()) / len(best) / len(self.chosen)

    @property
    def error_agreement(self) -> float | None:
        """Share of the wrong answers that chose the model's best distractor, as above."""
        wrong = [one for one in self.chosen.values() if one > 0]
        if self.margin is None or not wrong or not self.identity:
            return None
        highest = max(self.cosines[1:])
        best = [k for k, value in enumerate(self.cosines) if k > 0 and value == highest]
        return sum(one in best for one in wrong) / len(best) / len(wrong)


@dataclass(frozen=True)
class SessionVectors:
    """Unit float32 vectors of a session.

    Attributes
    ----------
    texts : mapping
        Vector of each utterance's text, shape (d,).
    pictures : mapping
        Vectors of each grid second's picture, shape (tiles, d).
    """

    texts: Mapping[str, np.ndarray]
    pictures: Mapping[float, np.ndarray]


def group_items(judgments: Iterable[Mapping[str, Any]]) -> list[Item]:
    """Return the items, in the order in which they first occur, with all answers to each."""
    items: dict[tuple[str, str], Item] = {}
    for row in judgments:
        key = (row["kind"], row["item_id"])
        if key not in items:
            items[key] = Item(
                *key,
                row["child_id"],
                row["session_id"],
                row["utterance_id"],
                row["second"],
                json.loads(row["distractors"]),
                weight=1.0 if row.get("weight") is None else row["weight"],
            )
        answer = row["correct"] if row["kind"] in FORCED_CHOICES else row["answer"]
        if answer is not None:
            items[key].answers[row["annotator_id"]] = float(answer)
            if row.get("chosen") is not None:
                items[key].chosen[row["annotator_id"]] = row["chosen"]
    return list(items.values())


def ask_model(item: Item, vectors: Mapping[SessionKey, SessionVectors]) -> None:
    """Set an item's score, and in a forced choice all cosines and what the model chooses.

    Parameters
    ----------
    item : Item
        Changed in place.
    vectors : mapping
        Vectors of every session that the item names.
    """
    own = vectors[item.child_id, item.session_id]
    text, picture = own.texts.get(item.utterance_id), own.pictures.get(item.second)
    if text is None or picture is None:
        item.reason = NO_TEXT_VECTOR if text is None else NO_PICTURE_VECTOR
        return
    item.score = similarity(text, picture)
    if item.kind not in FORCED_CHOICES:
        return
    values = []
    for child, session, what in item.distractors:
        other = vectors[child, session]
        alternative = (other.pictures if item.kind == CHOOSE_IMAGE else other.texts).get(what)
        if alternative is None:
            item.reason = NO_DISTRACTOR_VECTOR
            return
        pair = (text, alternative) if item.kind == CHOOSE_IMAGE else (alternative, picture)
        values.append(similarity(*pair))
    item.cosines = [item.score, *values]
    choose(item)


def choose(item: Item) -> None:
    """Set what the model chooses in a forced choice, and by how much.

    It chooses the alternative of greatest cosine; where m alternatives share the greatest and the
    true pair is one of them, it is right by 1/m.

    Parameters
    ----------
    item : Item
        Whose cosines are known; changed in place.
    """
    if not item.cosines:
        return
    true, *others = item.cosines
    item.margin = true - max(others)
    best = max(item.cosines)
    item.model_correct = 1 / item.cosines.count(best) if true == best else 0.0


def load_vectors(
    named: Iterable[SessionKey],
    embeddings_folder: Path,
    utterances_folder: Path,
    frames_folder: Path,
) -> dict[SessionKey, SessionVectors]:
    """Read the vectors of the sessions `named`."""
    vectors = {}
    for child, session in sorted(set(named)):
        stem = f"{child}/{session}"
        utterances = read_table(UTTERANCES, utterances_folder / f"{stem}.utterances.parquet")
        texts = _vectors(
            read_table(TEXT_EMBEDDINGS, embeddings_folder / f"{stem}.text_embeddings.arrow"),
            "text_id",
        )
        frames = read_table(FRAMES, frames_folder / f"{stem}.frames.parquet")
        pictures = _vectors(
            read_table(FRAME_EMBEDDINGS, embeddings_folder / f"{stem}.frame_embeddings.arrow"),
            "frame_id",
        )
        vectors[child, session] = SessionVectors(
            {
                utterance: texts[text][0]
                for utterance, text in zip(
                    utterances["utterance_id"].to_pylist(),
                    utterances["text_id"].to_pylist(),
                    strict=True,
                )
                if text in texts
            },
            {
                second: pictures[frame]
                for second, frame in zip(
                    frames["requested_s"].to_pylist(), frames["frame_id"].to_pylist(), strict=True
                )
                if frame in pictures
            },
        )
    return vectors


def _vectors(table: pa.Table, key: str) -> dict[Any, np.ndarray]:
    """Return the unit vectors, shape (rows, d), of each key that has any."""
    had = table.filter(table["embedding"].is_valid())
    places: dict[Any, list[int]] = {}
    for place, value in enumerate(had[key].to_pylist()):
        places.setdefault(value, []).append(place)
    if not places:
        return {}
    rows = unit_rows(np.array(had["embedding"].to_pylist(), dtype=np.float32))
    return {value: rows[own] for value, own in places.items()}
