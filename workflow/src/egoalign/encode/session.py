"""One session's grid of pictures and distinct texts as unit vectors, for one model."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from egoalign.config import ModelOptions, PictureWay
from egoalign.encode.ahead import Ahead, in_turn
from egoalign.encode.batch import Batches
from egoalign.encode.device import choose_device
from egoalign.encode.embed import TextVector, embed_pictures, embed_texts
from egoalign.encode.given import given_pictures, given_texts, names_vectors
from egoalign.encode.models import load_model, picture_size
from egoalign.log import logger, progress
from egoalign.provenance.files import refuse_changed
from egoalign.tables import (
    CONTENT_WORDS,
    FRAME_EMBEDDINGS,
    FRAMES,
    MEDIA,
    TEXT_EMBEDDINGS,
    UTTERANCES,
    VECTOR,
    WORD_EMBEDDINGS,
    Table,
    read_table,
    write_table,
)
from egoalign.video.decode import DECODER_NOTE, Picture
from egoalign.video.recording import Recording, open_recording

READY = 16
"""Decoded pictures held while the model works."""

SHORTEST = 32
"""Grid points that a stretch of the recording has at least, if it is decoded by itself."""


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
    picture: PictureWay = "crop",
    content_words: str | Path | None = None,
    word_embeddings: str | Path | None = None,
    word_template: str = "{word}",
    sources: str | Path | None = None,
) -> None:
    """Read a session's tables and video, embed, and write the tables of vectors.

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
    precision, batch_size, threads, device, picture
        As in the config and `egoalign.encode.device.choose_device`.
    content_words, word_embeddings : str or Path, optional
        Table that ``ingest-session`` wrote, and table to write of its lemmas.
    word_template : str
        What is encoded of a lemma; ``{word}`` stands for it.
    sources : str or Path, optional
        What ``ingest-session`` kept of the session's files.

    Raises
    ------
    UserError
        A file is another than the one that ``ingest-session`` read.
    """
    media_row = read_table(MEDIA, media).to_pylist()[0]
    grid = read_table(FRAMES, frames)
    spoken = read_table(UTTERANCES, utterances, ["text_id", "text_encoded", "text"])
    # A point without a picture keeps its own second, so that its reason is found again.
    seconds = pc.coalesce(grid["shown_s"], grid["requested_s"]).filter(grid["wanted"]).to_pylist()
    paths = [Path(root) / name for name in row["video"]]
    has_vectors = names_vectors(paths)
    recording = None if has_vectors else open_recording(paths, media_row["frame_rate"])
    pictures: Iterable[Picture] = ()
    if recording is not None:
        # Decoding begins before torch is imported, which takes seconds.
        backend, side = media_row["backend"] or "pyav", picture_size(options.name)
        pictures = decoded_ahead(recording, seconds, backend, side, threads)

    texts = dict(
        zip(spoken["text_id"].to_pylist(), spoken["text_encoded"].to_pylist(), strict=True)
    )
    phrases = word_phrases(content_words, word_template)
    facts = {"model_id": options.model_id}
    width = None
    batches = Batches(batch_size)
    all_given = has_vectors and options.text_vectors
    if not all_given:
        model = load_model(options, choose_device(device, precision, threads), picture)
        facts = {**model.facts, "embed_dim": str(model.embed_dim)}
        width = model.embed_dim
    if options.text_vectors:
        text_vectors = given_texts(options.text_vectors, spoken, width)
        width = next((text.vector.size for text in text_vectors if text.vector is not None), width)
        word_vectors = given_texts(options.text_vectors, phrases, width)
    else:
        text_vectors = embed_texts(model, list(texts.values()), batches)
        word_vectors = embed_texts(model, phrases["text_encoded"].to_pylist(), batches)
    if has_vectors:
        rate = media_row["frame_rate"]
        embedded = given_pictures(paths[0], rate, options.model_id, seconds, width)
    else:
        embedded = progress(embed_pictures(model, pictures, batches), "pictures", len(seconds))
    frame_table = frame_embeddings_table(grid, embedded)
    if not all_given:
        facts |= batches.facts
    if sources is not None:
        # Last, so that a file that was replaced while it was read is noticed too.
        refuse_changed(sources, root)
    text_table = _text_table(TEXT_EMBEDDINGS, list(texts), text_vectors)
    write_table(TEXT_EMBEDDINGS, text_table, text_embeddings, facts)
    if word_embeddings is not None:
        word_table = _text_table(WORD_EMBEDDINGS, phrases["text_id"].to_pylist(), word_vectors)
        template = {"word_template": word_template}
        write_table(WORD_EMBEDDINGS, word_table, word_embeddings, facts | template)
    if recording is not None and recording.notes:
        facts[DECODER_NOTE] = "; ".join(recording.notes)
    write_table(FRAME_EMBEDDINGS, frame_table, frame_embeddings, facts)
    logger.info(
        "%s %s: %d of %d pictures and %d texts embedded by %s",
        row["child_id"],
        row["session_id"],
        len(frame_table.filter(frame_table["decoded"])["frame_id"].unique()),
        len(seconds),
        len(texts),
        options.model_id,
    )


def word_phrases(content_words: str | Path | None, template: str) -> pa.Table:
    """Return each distinct lemma in its phrase, as columns that `given_texts` takes.

    Parameters
    ----------
    content_words : str or Path or None
        Table CONTENT_WORDS; None for no words.
    template : str
        ``{word}`` stands for the lemma.

    Returns
    -------
    pyarrow.Table
        Columns text_id (the lemma's), text_encoded (the phrase) and text (the lemma).
    """
    lemmas: dict[str, str] = {}
    if content_words is not None:
        rows = read_table(CONTENT_WORDS, content_words, ["lemma_id", "lemma"])
        lemmas = {row["lemma_id"]: row["lemma"] for row in rows.to_pylist() if row["lemma_id"]}
    phrases = [template.replace("{word}", lemma) for lemma in lemmas.values()]
    columns = {"text_id": list(lemmas), "text_encoded": phrases, "text": list(lemmas.values())}
    return pa.table({name: pa.array(values, pa.string()) for name, values in columns.items()})


def _text_table(table: Table, ids: Sequence[str], vectors: Sequence[TextVector]) -> pa.Table:
    """Return texts' vectors as table TEXT_EMBEDDINGS or WORD_EMBEDDINGS."""
    columns = {
        table.key[0]: list(ids),
        "n_tokens": [text.n_tokens for text in vectors],
        "truncated": [text.truncated for text in vectors],
        "embedding": vectors_column([text.vector for text in vectors]),
    }
    return pa.table(columns, schema=table.schema)


def decoded_ahead(
    recording: Recording,
    seconds: Sequence[float],
    backend: str,
    short_side: int | None,
    threads: int,
) -> Iterator[Picture]:
    """Begin decoding at once, in as many stretches of the recording as there are threads.

    The stretches take turns, so that the order of the pictures is the same in every run.

    Parameters
    ----------
    recording : Recording
        Where the pictures are.
    seconds : sequence of float
        When they are shown, ascending.
    backend, short_side
        As `Recording.pictures` takes them.
    threads : int
        Stretches at most; short ones do not pay for being begun.

    Returns
    -------
    iterator of Picture
        One for each second, with its position in `seconds`.
    """
    number = max(1, min(threads, len(seconds) // SHORTEST))
    firsts = [len(seconds) * part // number for part in range(number + 1)]

    def stretch(first: int, last: int) -> Iterator[Picture]:
        for picture in recording.pictures(seconds[first:last], backend, short_side):
            yield replace(picture, index=first + picture.index)

    return in_turn([Ahead(stretch(*ends), max(2, READY // number)) for ends in pairwise(firsts)])


def frame_embeddings_table(
    grid: pa.Table, embedded: Iterable[tuple[Picture, NDArray[np.float16] | None]]
) -> pa.Table:
    """Return table FRAME_EMBEDDINGS: a row a grid point and tile, or the reason for no vector.

    Parameters
    ----------
    grid : pyarrow.Table
        Table FRAMES.
    embedded : iterable of (Picture, vectors or None)
        Each wanted grid point once, in any order: ``picture.index`` counts the wanted points.
        Vectors have shape (width,), or (tiles, width).
    """
    reasons: list[str | None] = grid["reason"].to_pylist()
    vectors: list[NDArray[np.float16] | None] = [None] * grid.num_rows
    wanted = np.flatnonzero(grid["wanted"].to_numpy()).tolist()
    n_embedded = 0
    for picture, found in embedded:
        place = wanted[picture.index]
        reasons[place], vectors[place] = picture.reason, found
        n_embedded += 1
    if n_embedded != len(wanted):
        raise ValueError(f"{n_embedded} pictures for {len(wanted)} wanted grid points")
    n_rows = np.array([1 if v is None or v.ndim == 1 else len(v) for v in vectors], dtype=np.int64)
    places = np.repeat(np.arange(grid.num_rows), n_rows)
    column = vectors_column(vectors)
    return pa.table(
        {
            "frame_id": grid["frame_id"].take(pa.array(places)),
            "tile": np.arange(places.size) - np.repeat(np.cumsum(n_rows) - n_rows, n_rows),
            "decoded": column.is_valid(),
            "reason": pa.array(reasons, pa.string()).take(pa.array(places)),
            "embedding": column,
        },
        schema=FRAME_EMBEDDINGS.schema,
    )


def vectors_column(vectors: Sequence[NDArray[np.float16] | None]) -> pa.Array:
    """Return vectors as an Arrow column of lists of float16, null where there is none.

    Parameters
    ----------
    vectors : sequence of ndarray or None
        Of shape (width,), or (n, width) for n rows.
    """
    shapes = [(1, 0) if v is None else v.shape if v.ndim == 2 else (1, v.size) for v in vectors]
    n_rows, widths = np.array(shapes, dtype=np.int64).reshape(-1, 2).T
    offsets = np.concatenate([[0], np.cumsum(np.repeat(widths, n_rows))]).astype(np.int32)
    values = np.concatenate(
        [np.empty(0, np.float16), *(v.ravel() for v in vectors if v is not None)]
    )
    missing = np.repeat(np.array([vector is None for vector in vectors], dtype=bool), n_rows)
    return pa.ListArray.from_arrays(
        pa.array(offsets), pa.array(values), type=VECTOR, mask=pa.array(missing)
    )
