"""From the alignment table to the response, predictors and groups of the mixed model."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from egoalign.tables import SPEAKERS, months

COLUMNS = (
    "child_id",
    "session_id",
    "model_id",
    "age_days",
    "speaker",
    "n_words",
    "n_frames",
    "score_max",
    "score_mean",
    "shuffled_difference",
)
REFERENCE_SPEAKER = "female_adult"


@dataclass(frozen=True)
class Design:
    """The data of a mixed model.

    Attributes
    ----------
    response : str
        Name of the response.
    y : numpy.ndarray
        The response, shape (n,).
    terms : tuple of str
        Names of the columns of `x`.
    x : numpy.ndarray
        Fixed effects' design, shape (n, p), of full rank; the first column is the intercept.
    child, session : numpy.ndarray
        Codes of the groups from 0, shape (n,); sessions of different children differ.
    age_center_months : float or None
        What was taken from every age; None where age is not in the model.
    notes : tuple of str
        What was left out, and why.
    """

    response: str
    y: np.ndarray
    terms: tuple[str, ...]
    x: np.ndarray
    child: np.ndarray
    session: np.ndarray
    age_center_months: float | None
    notes: tuple[str, ...]

    @property
    def n_children(self) -> int:
        """Number of children."""
        return int(self.child.max(initial=-1)) + 1

    @property
    def n_sessions(self) -> int:
        """Number of sessions."""
        return int(self.session.max(initial=-1)) + 1


def build_design(alignment: pa.Table, response: str) -> Design:
    """Build response ~ age (months, centred) + speaker + log words [+ log pictures].

    The number of pictures is in the model where the response is a maximum over them, because a
    maximum grows with their number, unless the scores were given without it. Predictors that do
    not vary, or that others determine, are left out with a note; so are utterances without an age
    where others have one, and those without words (which only scores that were given can have).

    Parameters
    ----------
    alignment : pyarrow.Table
        Columns `COLUMNS` of table alignment, one model.
    response : str
        score_max, score_mean or shuffled_difference.
    """
    labels = ("child_id", "session_id", "speaker")
    numbers = ("age_days", "n_words", "n_frames", response)
    data = {name: np.array(alignment[name].to_pylist(), dtype=object) for name in labels}
    data |= {name: alignment[name].to_numpy().astype(np.float64) for name in numbers}
    notes: list[str] = []
    keep = np.isfinite(data[response])
    wordless = keep & (data["n_words"] == 0)
    if wordless.any():
        notes.append(f"{wordless.sum()} utterances without words are left out")
        keep &= ~wordless
    aged = keep & np.isfinite(data["age_days"])
    if aged.any() and aged.sum() < keep.sum():
        notes.append(f"{keep.sum() - aged.sum()} utterances without an age are left out")
        keep = aged
    rows = np.flatnonzero(keep)
    data = {name: values[rows] for name, values in data.items()}

    columns: dict[str, np.ndarray] = {"intercept": np.ones(rows.size)}
    center_days = float(data["age_days"].mean()) if aged.any() else None
    if center_days is None:
        notes.append("no ages: age is not in the model")
    else:
        columns["age_months"] = (data["age_days"] - center_days) * months(1.0)
    columns |= _speaker_columns(data["speaker"])
    columns["log_words"] = np.log(data["n_words"])
    if response == "score_max" and np.isfinite(data["n_frames"]).all():
        columns["log_frames"] = np.log(data["n_frames"])
    elif response == "score_max":
        notes.append("numbers of pictures are not known: log_frames is not in the model")
    terms, x, dropped = _independent(columns)
    if dropped:
        notes.append(f"left out, for they do not vary on their own: {', '.join(dropped)}")
    child = _codes(list(data["child_id"]))
    session = _codes(list(zip(data["child_id"], data["session_id"], strict=True)))
    return Design(
        response,
        data[response],
        terms,
        x,
        child,
        session,
        None if center_days is None or "age_months" not in terms else months(center_days),
        tuple(notes),
    )


def _speaker_columns(speakers: np.ndarray) -> dict[str, np.ndarray]:
    """Return 0/1 columns of every speaker type but the reference.

    The reference is female_adult, or the most frequent type where there is none.
    """
    counts = {name: int((speakers == name).sum()) for name in SPEAKERS}
    present = [name for name in SPEAKERS if counts[name]]
    if not present:
        return {}
    most_frequent = max(present, key=lambda name: counts[name])
    reference = REFERENCE_SPEAKER if counts[REFERENCE_SPEAKER] else most_frequent
    return {
        f"speaker[{name}]": (speakers == name).astype(np.float64)
        for name in present
        if name != reference
    }


def _independent(
    columns: dict[str, np.ndarray],
) -> tuple[tuple[str, ...], np.ndarray, list[str]]:
    """Return the names and matrix of columns that those before do not determine, and the others."""
    kept: list[str] = []
    basis: list[np.ndarray] = []
    for name, column in columns.items():
        rest = column.copy()
        for vector in basis:
            rest -= (vector @ rest) * vector
        length = float(np.linalg.norm(rest))
        if length > 1e-8 * max(1.0, float(np.linalg.norm(column))):
            basis.append(rest / length)
            kept.append(name)
    x = np.column_stack([columns[name] for name in kept]) if kept else np.zeros((0, 0))
    return tuple(kept), x, [name for name in columns if name not in kept]


def _codes(labels: list[object]) -> np.ndarray:
    """Return the number of each label, from 0 in order of first occurrence."""
    position: dict[object, int] = {}
    return np.array([position.setdefault(label, len(position)) for label in labels], dtype=np.int64)
