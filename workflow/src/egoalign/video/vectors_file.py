"""A file of embeddings as a recording: when each vector counts, and the vectors themselves."""

from __future__ import annotations

import glob
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from egoalign.config import MODEL_ID
from egoalign.log import UserError
from egoalign.tables import ARROW_SUFFIX, is_arrow, read_columns, read_schema
from egoalign.video.decode import Picture
from egoalign.video.numbered import LONGEST_S, numbered_timeline
from egoalign.video.probe import Probe, unreadable
from egoalign.video.timeline import NOWHERE

SUFFIXES = (".npy", ".parquet", ARROW_SUFFIX)
NO_VECTOR = "no vector was given for this second"
NOT_FINITE = "the vector given is not finite"
ZERO = "the vector given is zero"
NO_PICTURES = "embeddings were given, no pictures"
OFF_GRID = 0.01
"""How far a second may be from a whole number of pictures, in pictures."""


class _Unusable(Exception):
    """Says why no vector can be had from a file."""


def is_vectors_file(path: str | Path) -> bool:
    """Say whether a path of the ``video`` column names embeddings."""
    return Path(path).suffix.lower() in SUFFIXES


@dataclass(frozen=True, eq=False)
class VectorsFile:
    """Vectors numbered at ``video.pictures_fps``; see `egoalign.video.recording.Recording`.

    `rows` are the rows of the file in the order of their numbers.
    """

    path: Path
    rows: NDArray[np.int64]
    probe: Probe
    notes: list[str] = field(default_factory=list)

    @classmethod
    def open(cls, path: Path, per_second: float, model_id: str | None = None) -> VectorsFile:
        """Read how many vectors a file holds, and of which seconds.

        Parameters
        ----------
        path : Path
            ``.npy`` of shape (n, d), a row a number from 0; or ``.parquet`` or ``.arrow`` with
            ``second`` or ``frame_id``, and ``embedding``. ``{model}`` in it stands for the
            model's id.
        per_second : float
            Vectors a second.
        model_id : str, optional
            The model; without one, the file of any model says how many vectors there are.
        """
        nothing = np.empty(0, np.int64)
        files = find_vectors(path, model_id)
        if not files:
            return cls(path, nothing, unreadable("embeddings missing"))
        found = files[0]
        try:
            numbers = _numbers(found, per_second)
        except _Unusable as error:
            return cls(found, nothing, unreadable(f"embeddings unreadable: {error}"))
        rows = np.argsort(numbers, kind="stable")
        timeline = numbered_timeline(numbers[rows], per_second, {}, NO_VECTOR)
        return cls(
            found,
            rows,
            Probe(
                readable=True,
                duration_s=timeline.length_s,
                n_pictures=int(numbers.size),
                frame_rate=per_second,
                variable_rate=False,
                container="embeddings",
                size_bytes=found.stat().st_size,
                timeline=timeline,
            ),
        )

    def vectors(self, seconds: Sequence[float]) -> Iterator[NDArray[np.float16] | str]:
        """Yield the unit vector of each second, or the reason why there is none.

        Raises
        ------
        UserError
            The vectors of the file are not equally long.
        """
        timeline = self.probe.timeline
        if timeline is None:
            yield from [self.probe.reason or NO_VECTOR] * len(seconds)
            return
        values, reasons = _values(self.path)
        places = timeline.picture_at(np.asarray(seconds, dtype=np.float64)).tolist()
        for second, place in zip(seconds, places, strict=True):
            if place == NOWHERE or second > timeline.length_s + timeline.grace_s:
                yield timeline.why_nowhere(second) or NO_VECTOR
                continue
            row = int(self.rows[place])
            yield reasons[row] or unit_vector(values[row])

    def pictures(
        self, seconds: Sequence[float], backend: str = "pyav", short_side: int | None = None
    ) -> Iterator[Picture]:
        """Yield no picture for each second, since there are none; see `Recording`."""
        for index in range(len(seconds)):
            yield Picture(index, None, self.probe.reason or NO_PICTURES)

    def media_row(
        self, child_id: str, session_id: str, backend: str = "auto", grid: str = "exact"
    ) -> dict[str, Any]:
        """Return the row of table ``media``; there is no decoder to choose."""
        row = self.probe.media_row(child_id, session_id, "pyav")
        reason = NO_PICTURES if self.probe.readable else None
        return row | {"backend": None, "backend_reason": reason}


def unit_vector(values: Sequence[float] | NDArray[Any]) -> NDArray[np.float16] | str:
    """Return a vector given by the lab with unit length, or why it cannot be used."""
    vector = np.asarray(values, dtype=np.float64)
    length = float(np.linalg.norm(vector))
    if not np.isfinite(length):
        return NOT_FINITE
    return (vector / length).astype(np.float16) if length else ZERO


def find_vectors(path: str | Path, model_id: str | None = None) -> list[Path]:
    """Return the files that a path with ``{model}`` stands for: the model's, or every model's."""
    text = str(path)
    if MODEL_ID not in text:
        found = [Path(text)]
    elif model_id is not None:
        found = [Path(text.replace(MODEL_ID, model_id))]
    else:
        found = [Path(name) for name in sorted(glob.glob(_pattern(text)))]
    return [file for file in found if file.is_file()]


def _pattern(text: str) -> str:
    """Return what matches a path whatever the model."""
    return "*".join(glob.escape(part) for part in text.split(MODEL_ID))


def _numbers(path: Path, per_second: float) -> NDArray[np.int64]:
    """Return the number of each row of a file, read without its vectors."""
    if path.suffix.lower() == ".npy":
        return np.arange(len(_array(path)), dtype=np.int64)
    names = _columns(path)
    name = next(name for name in ("second", "frame_id") if name in names)
    column = read_columns(path, [name]).column(0)
    if column.null_count or not (
        pa.types.is_integer(column.type) or pa.types.is_floating(column.type)
    ):
        raise _Unusable(f"column '{name}' has values that are no numbers")
    exact = column.to_numpy().astype(np.float64) * (per_second if name == "second" else 1.0)
    numbers = np.rint(exact)
    if not exact.size:
        raise _Unusable("the file has no vectors")
    if not np.isfinite(exact).all() or np.abs(exact - numbers).max() > OFF_GRID:
        raise _Unusable(f"column '{name}' is not counted in steps of 1/video.pictures_fps")
    if numbers.min() < 0 or np.unique(numbers).size < numbers.size:
        raise _Unusable(f"column '{name}' has a value twice or below zero")
    if numbers.max() / per_second > LONGEST_S:
        raise _Unusable(f"column '{name}' reaches second {numbers.max() / per_second:.0f}")
    return numbers.astype(np.int64)


def _columns(path: Path) -> list[str]:
    """Return the names of a Parquet file's columns, those that are needed being there."""
    try:
        names = read_schema(path).names
    except (pa.ArrowException, OSError) as error:
        kind = "an Arrow" if is_arrow(path) else "a Parquet"
        raise _Unusable(f"not {kind} file") from error
    if "embedding" not in names or not {"second", "frame_id"} & set(names):
        raise _Unusable(f"columns found: {', '.join(names)}; expected second, embedding")
    return list(names)


def _array(path: Path) -> NDArray[Any]:
    """Return the vectors of a .npy file, left on the disk until they are used."""
    try:
        array: NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise _Unusable("not a .npy file of numbers") from error
    if array.ndim != 2 or array.dtype.kind != "f" or not array.size:
        shape = "x".join(map(str, array.shape))
        raise _Unusable(f"found {array.dtype} of shape {shape}, expected decimals of shape n x d")
    return array


def _values(path: Path) -> tuple[Any, Sequence[str | None]]:
    """Return the vectors of a file, row by row, and why a row has none.

    Raises
    ------
    UserError
        The vectors are not equally long.
    """
    if path.suffix.lower() == ".npy":
        array = _array(path)
        return array, [None] * len(array)
    names = [name for name in ("embedding", "reason") if name in _columns(path)]
    table = read_columns(path, names)
    vectors = [
        one.values.to_numpy(zero_copy_only=False) if one.is_valid else None
        for one in table["embedding"]
    ]
    lengths = sorted({len(vector) for vector in vectors if vector is not None})
    if len(lengths) > 1:
        raise UserError(
            f"{path}: vectors of {lengths[0]} and of {lengths[-1]} numbers; "
            "give vectors of one model only"
        )
    given = table["reason"].to_pylist() if "reason" in names else [None] * len(vectors)
    reasons = [
        None if vector is not None else why or NO_VECTOR
        for vector, why in zip(vectors, given, strict=True)
    ]
    return vectors, reasons
