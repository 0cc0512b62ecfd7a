"""Vectors that the lab has already: of pictures, of texts, or of both."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
from numpy.typing import NDArray

from egoalign.encode.embed import TextVector
from egoalign.log import UserError, logger
from egoalign.tables import is_arrow
from egoalign.video.decode import Picture
from egoalign.video.vectors_file import VectorsFile, is_vectors_file, unit_vector

TEXT_COLUMNS = ("text", "embedding")


def names_vectors(paths: Sequence[Path]) -> bool:
    """Say whether a session's ``video`` names embeddings instead of pictures."""
    return len(paths) == 1 and is_vectors_file(paths[0])


def given_pictures(
    path: Path,
    per_second: float | None,
    model_id: str,
    seconds: Sequence[float],
    width: int | None,
) -> Iterator[tuple[Picture, NDArray[np.float16] | None]]:
    """Yield each second's picture, without pixels, and the vector that was given for it.

    Parameters
    ----------
    path : Path
        The file of embeddings; ``{model}`` in it stands for the model's id.
    per_second : float or None
        Vectors a second; 1 where None.
    model_id : str
        The model.
    seconds : sequence of float
        The wanted grid points.
    width : int or None
        Numbers in a vector of the model, where that is known.

    Raises
    ------
    UserError
        The file has vectors of another width.
    """
    recording = VectorsFile.open(path, per_second or 1.0, model_id)
    for index, vector in enumerate(recording.vectors(seconds)):
        if isinstance(vector, str):
            yield Picture(index, None, vector), None
            continue
        check_width(recording.path, vector.size, width)
        yield Picture(index, None, None), vector


def given_texts(path: str | Path, spoken: pa.Table, width: int | None) -> list[TextVector]:
    """Return the vector of each distinct text, in the order in which they first occur.

    A text is found by what is encoded or, where that is not there, by an utterance as it was
    read; one that is not found has no vector.

    Parameters
    ----------
    path : str or Path
        Parquet or Arrow with columns ``text`` and ``embedding``; of a text that stands there
        twice the first vector counts.
    spoken : pyarrow.Table
        Columns text_id, text_encoded and text of table UTTERANCES.
    width : int or None
        Numbers in a vector of the model, where that is known.

    Raises
    ------
    UserError
        The file is missing, not of this form, or has vectors of another width.
    """
    names: dict[str, list[str]] = {}
    for row in spoken.select(["text_id", "text_encoded", "text"]).to_pylist():
        # What is encoded comes first, then each way in which it was read.
        names.setdefault(row["text_id"], [row["text_encoded"]]).append(row["text"])
    spoken_ids = [text_id for text_id, forms in names.items() if forms[0]]
    found = _find(Path(path), {form for text_id in spoken_ids for form in names[text_id]}, width)
    vectors = [
        next((found[form] for form in forms if form in found), None) if forms[0] else None
        for forms in names.values()
    ]
    without = len(spoken_ids) - sum(vector is not None for vector in vectors)
    if without:
        logger.warning("%d of %d texts have no vector in %s", without, len(spoken_ids), path)
    return [TextVector(None, None, vector) for vector in vectors]


def _find(path: Path, wanted: set[str], width: int | None) -> dict[str, NDArray[np.float16]]:
    """Return the unit vectors of the texts that are wanted, reading a piece of the file at a time.

    A vector that is zero or not finite is as good as none.
    """
    if not path.is_file():
        raise UserError(f"{path}: no such file; give in 'text_vectors' a Parquet file of vectors")
    try:
        data = ds.dataset(path, format="arrow" if is_arrow(path) else "parquet")
        absent = [name for name in TEXT_COLUMNS if name not in data.schema.names]
        if absent:
            raise UserError(
                f"{path}: columns found: {', '.join(data.schema.names)}; "
                f"expected {' and '.join(TEXT_COLUMNS)}"
            )
        rows = data.to_table(
            columns=list(TEXT_COLUMNS),
            filter=pc.field("text").isin(pa.array(sorted(wanted), pa.string())),
        )
    except pa.ArrowException as error:
        raise UserError(f"{path}: not a Parquet file of texts and vectors ({error})") from error
    found: dict[str, NDArray[np.float16]] = {}
    for text, values in zip(*(rows[name].to_pylist() for name in TEXT_COLUMNS), strict=True):
        vector = None if values is None else unit_vector(values)
        if vector is None or isinstance(vector, str):
            continue
        check_width(path, vector.size, width)
        width = vector.size
        found.setdefault(text, vector)
    return found


def check_width(path: Path, found: int, expected: int | None) -> None:
    """Refuse vectors of another width than those they are to be compared with.

    Raises
    ------
    UserError
        They differ.
    """
    if expected is not None and found != expected:
        raise UserError(
            f"{path}: vectors of {found} numbers, expected {expected} as the model's other vectors "
            "have; give the vectors of this model"
        )
