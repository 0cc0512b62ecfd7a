"""One session's grid of pictures and distinct texts as unit vectors, for one model."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from egoalign.config import ModelOptions
from egoalign.encode.ahead import Ahead
from egoalign.log import logger, progress
from egoalign.tables import (
    FRAME_EMBEDDINGS,
    FRAMES,
    MEDIA,
    TEXT_EMBEDDINGS,
    UTTERANCES,
    VECTOR,
    read_table,
    write_table,
)
from egoalign.video.decode import Picture, decode
from egoalign.video.probe import probe

READY = 16
"""Decoded pictures held while the model works."""


def encode_session(
    row: Mapping[str, Any],
    root: str | Path,
    media: str | Path,
    frames: str | Path,
    utterances: str | Path,
    options: ModelOptions,
    frame_embeddings: str | Path,
    text_embeddings: str | Path,
    precision: str = "fp32",
    batch_size: int = 64,
    threads: int = 1,
    device: str = "auto",
) -> None:
    """Read a session's tables and video, embed, and write both tables of vectors.

    Parameters
    ----------
    row : mapping
        The session's row; its ``video`` is used.
    root : str or Path
        Folder from which the video's path is reckoned.
    media, frames, utterances : str or Path
        Tables that ``ingest-session`` wrote.
    options : ModelOptions
        The model.
    frame_embeddings, text_embeddings : str or Path
        Tables to write.
    precision, batch_size, threads, device
        As in the config and `egoalign.encode.device.choose_device`.
    """
    media_row = read_table(MEDIA, media).to_pylist()[0]
    grid = read_table(FRAMES, frames)
    spoken = read_table(UTTERANCES, utterances, ["text_id", "text_encoded"])
    seconds = grid.filter(grid["wanted"]).column("requested_s").to_pylist()
    # Decoding begins before torch is imported, which takes seconds.
    pictures = Ahead(_pictures(row, root, media_row, seconds), READY)

    from egoalign.encode.device import choose_device
    from egoalign.encode.embed import embed_pictures, embed_texts
    from egoalign.encode.models import load_model

    model = load_model(options, choose_device(device, precision, threads))
    facts = {**model.facts, "embed_dim": str(model.embed_dim), "batch_size": str(batch_size)}
    texts = dict(
        zip(spoken["text_id"].to_pylist(), spoken["text_encoded"].to_pylist(), strict=True)
    )
    text_vectors = embed_texts(model, list(texts.values()), batch_size)
    embedded = progress(embed_pictures(model, pictures, batch_size), "pictures", len(seconds))
    frame_table = frame_embeddings_table(grid, embedded)
    text_table = pa.table(
        {
            "text_id": list(texts),
            "n_tokens": [text.n_tokens for text in text_vectors],
            "truncated": [text.truncated for text in text_vectors],
            "embedding": vectors_column([text.vector for text in text_vectors]),
        },
        schema=TEXT_EMBEDDINGS.schema,
    )
    write_table(TEXT_EMBEDDINGS, text_table, text_embeddings, facts)
    write_table(FRAME_EMBEDDINGS, frame_table, frame_embeddings, facts)
    logger.info(
        "%s %s: %d of %d pictures and %d texts embedded by %s",
        row["child_id"],
        row["session_id"],
        sum(frame_table["decoded"].to_pylist()),
        len(seconds),
        len(texts),
        options.model_id,
    )


def frame_embeddings_table(
    grid: pa.Table, embedded: Iterable[tuple[Picture, NDArray[np.float16] | None]]
) -> pa.Table:
    """Return table FRAME_EMBEDDINGS: a row a grid point, with the reason where it has no vector.

    Parameters
    ----------
    grid : pyarrow.Table
        Table FRAMES.
    embedded : iterable of (Picture, vector or None)
        Of each wanted grid point, in order.
    """
    reasons: list[str | None] = grid["reason"].to_pylist()
    vectors: list[NDArray[np.float16] | None] = [None] * grid.num_rows
    wanted = np.flatnonzero(grid["wanted"].to_numpy())
    for place, (picture, vector) in zip(wanted.tolist(), embedded, strict=True):
        reasons[place], vectors[place] = picture.reason, vector
    return pa.table(
        {
            "frame_id": grid["frame_id"],
            "decoded": [vector is not None for vector in vectors],
            "reason": reasons,
            "embedding": vectors_column(vectors),
        },
        schema=FRAME_EMBEDDINGS.schema,
    )


def vectors_column(vectors: Sequence[NDArray[np.float16] | None]) -> pa.Array:
    """Return vectors as an Arrow column of lists of float16, null where there is none."""
    lengths = [0 if vector is None else len(vector) for vector in vectors]
    offsets = np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)]).astype(np.int32)
    values = np.concatenate([np.empty(0, np.float16), *(v for v in vectors if v is not None)])
    missing = np.array([vector is None for vector in vectors], dtype=bool)
    return pa.ListArray.from_arrays(
        pa.array(offsets, pa.int32()), pa.array(values), type=VECTOR, mask=pa.array(missing)
    )


def _pictures(
    row: Mapping[str, Any], root: str | Path, media: Mapping[str, Any], seconds: Sequence[float]
) -> Iterable[Picture]:
    """Yield the wanted pictures of a session's video."""
    if not seconds:
        return
    path = Path(root) / row["video"][0]
    yield from decode(path, probe(path), seconds, media["backend"] or "pyav")
