"""What a forced-choice task exports, in the columns of the published web task, as judgments.

Such a file names pictures by the recording's name and second and utterances by their text. Both are
looked up in the corpus; what fits nothing, or more than one thing, is listed and never guessed.
The words and names of the file are private: no message repeats them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

from egoalign.validate.corpus_ids import SessionIds, SessionKey

COLUMNS = ("annotator_index", "row_index", "mode", "selected_position", "correct_position")
"""By these an export is known; its other columns are looked for where they are needed."""

MODES = {"utterances": "choose_utterance", "images": "choose_image"}
NOT_JUDGMENTS = ("practice", "catch")
"""Kinds of trials that teach or test the annotator."""

DISTRACTORS = (1, 2, 3)
IDS = ("item_id", "child_id", "session_id", "utterance_id", "second")
NEAR_S = 1.0
"""How far a picture may lie outside its utterance: the grid point of a short one may be outside."""


class Unmatched(ValueError):
    """What an answer names is not in the corpus, or fits several things in it."""


class ExportReader:
    """Turns rows of an export into cells of the columns of table judgments.

    Parameters
    ----------
    corpus : mapping
        Every session's ids and utterances.
    names : mapping
        Sessions by the name of a recording.
    """

    def __init__(
        self,
        corpus: Mapping[SessionKey, SessionIds],
        names: Mapping[str, Sequence[SessionKey]],
    ) -> None:
        self._corpus, self._names = corpus, names
        self._by_text: dict[str, list[tuple[str, str, str]]] = {}
        for (child, session), ids in corpus.items():
            for utterance, spoken in ids.utterances.items():
                place = (child, session, utterance)
                self._by_text.setdefault(_same(spoken.text), []).append(place)
        self._annotators: dict[tuple[str, str], str] = {}
        self._items: dict[tuple[Any, ...], str] = {}

    def cells(self, row: Mapping[str, str]) -> dict[str, str] | None:
        """Return the cells of one judgment, or None for a practice or catch trial.

        Raises
        ------
        Unmatched
            The corpus does not have what the row names.
        ValueError
            The row cannot be read.
        """
        if row.get("kind", "").strip() in NOT_JUDGMENTS:
            return None
        kind = row.get("kind", "").strip() or self._kind(row)
        cells = {
            "kind": kind,
            "annotator_id": self._annotator(row),
            "answer": row.get("answer", "") or row.get("selected_position", ""),
            "correct_answer": row.get("correct_position", ""),
            "correct": row.get("is_correct", ""),
            "timestamp": row.get("timestamp", ""),
            "trial_no": row.get("trial_no", ""),
        }
        for name in ("weight", "inclusion_probability"):
            cells[name] = row.get(name, "")
        cells["chosen"] = row.get("chosen", "") or row.get("selected", "")
        if all(row.get(name, "").strip() for name in IDS):
            given = {name: row[name] for name in IDS}
            return cells | given | {"distractors": row.get("distractors", "")}
        return cells | self._looked_up(kind, row)

    @staticmethod
    def _kind(row: Mapping[str, str]) -> str:
        mode = row["mode"].strip()
        if mode not in MODES:
            raise ValueError(f"mode {mode!r}: expected one of {', '.join(MODES)}")
        return MODES[mode]

    def _annotator(self, row: Mapping[str, str]) -> str:
        """Return an id that tells nothing: the slot, and a number where several people had it."""
        index, person = row["annotator_index"].strip(), row.get("prolific_pid", "").strip()
        if not index and not person:
            raise ValueError("annotator_index and prolific_pid empty")
        if (index, person) not in self._annotators:
            known = [key for key in self._annotators if key[0] == index]
            name = f"a{int(index):02d}" if index.isdigit() else f"a{index or 'x'}"
            repeat = len(known) + 1
            self._annotators[index, person] = name if repeat == 1 else f"{name}-{repeat}"
        return self._annotators[index, person]

    def _looked_up(self, kind: str, row: Mapping[str, str]) -> dict[str, str]:
        """Return the ids of a row that has names and words only."""
        child, session, second = self._picture(row, "image_path")
        utterance = self._spoken_there(row, child, session, second)
        others = [
            list(self._picture(row, f"distractor_img{k}"))
            if kind == "choose_image"
            else list(self._spoken_anywhere(row, f"distractor_utt{k}"))
            for k in DISTRACTORS
        ]
        item = (kind, child, session, utterance, second, json.dumps(others))
        return {
            "item_id": self._items.setdefault(item, f"x{len(self._items) + 1:05d}"),
            "child_id": child,
            "session_id": session,
            "utterance_id": utterance,
            "second": repr(second),
            "distractors": json.dumps(others),
        }

    def _picture(self, row: Mapping[str, str], column: str) -> tuple[str, str, float]:
        """Return child, session and second of a picture ``<recording>_<second>.jpg``."""
        cell = row.get(column, "").strip()
        if not cell:
            raise ValueError(f"{column} empty")
        name, _, second = PurePosixPath(cell.replace("\\", "/")).stem.rpartition("_")
        if not name or not second.isdigit():
            raise ValueError(f"{column}: expected a file name <recording>_<second>.jpg")
        keys = [key for key in self._names.get(name, ()) if key in self._corpus]
        if len(keys) != 1:
            what = f"{len(keys)} recordings" if keys else "no recording"
            raise Unmatched(f"{column}: {what} of the corpus of that name")
        return (*keys[0], float(second))

    def _spoken_there(self, row: Mapping[str, str], child: str, session: str, second: float) -> str:
        """Return the utterance of this text that was spoken at this second."""
        text = _same(row.get("utterance", ""))
        of_session = [
            utterance
            for utterance, spoken in self._corpus[child, session].utterances.items()
            if _same(spoken.text) == text
        ]
        if not of_session:
            raise Unmatched(f"utterance: not spoken in session {session!r} of child {child!r}")
        then = [
            utterance
            for utterance in of_session
            if self._is_near(child, session, utterance, second)
        ]
        if len(then) != 1:
            when = f"{len(then)} times near" if then else "not near"
            raise Unmatched(
                f"utterance: spoken {when} second {second:g} in session {session!r} of child "
                f"{child!r}"
            )
        return then[0]

    def _is_near(self, child: str, session: str, utterance: str, second: float) -> bool:
        spoken = self._corpus[child, session].utterances[utterance]
        if spoken.start_s is None or spoken.end_s is None:
            return False
        return spoken.start_s - NEAR_S <= second <= spoken.end_s + NEAR_S

    def _spoken_anywhere(self, row: Mapping[str, str], column: str) -> tuple[str, str, str]:
        """Return the one utterance of the corpus with this text."""
        found = self._by_text.get(_same(row.get(column, "")), [])
        if len(found) != 1:
            what = f"{len(found)} utterances" if found else "no utterance"
            raise Unmatched(f"{column}: {what} of the corpus with that text")
        return found[0]


def _same(text: str) -> str:
    """Return a text without the spaces at its ends, which transcripts differ in."""
    return text.strip()
