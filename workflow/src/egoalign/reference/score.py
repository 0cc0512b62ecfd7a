"""The score of every pair of a set beside its nulls, by one model."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from egoalign.align.score import Pictures, unit_rows
from egoalign.config import ModelOptions, PictureWay, ReferenceSet
from egoalign.encode.batch import Batches
from egoalign.encode.device import choose_device
from egoalign.encode.embed import TextVector, embed_pictures, embed_texts
from egoalign.encode.models import load_model
from egoalign.log import UserError, logger, progress
from egoalign.reference.null import (
    FEWEST,
    PairNull,
    draw_seed,
    pair_scores,
    shuffled_null,
    text_matched_null,
)
from egoalign.reference.pictures import read_picture, read_pictures, reading_order
from egoalign.tables import (
    NULL_COLUMNS,
    PAIR_NULLS,
    REFERENCE_PAIRS,
    REFERENCE_SAMPLE,
    read_table,
    write_table,
)
from egoalign.transcripts.text import count_words
from egoalign.video.decode import Picture

Row = Mapping[str, Any]

TOO_FEW = {
    "shuffled": f"fewer than {FEWEST} other pairs in the set",
    "text_matched": f"fewer than {FEWEST} other captions of as many tokens",
}
"""Why a pair has no null of a scheme."""


def score_pairs(
    rows: Sequence[Row],
    captions: Sequence[TextVector],
    pictures: Sequence[NDArray[np.float16] | str],
    set_name: str,
    model_id: str,
    draws: int,
    seed: int,
) -> pa.Table:
    """Return table REFERENCE_PAIRS: each caption against its one picture, beside both nulls.

    Parameters
    ----------
    rows : sequence of mapping
        Rows of table REFERENCE_SAMPLE.
    captions : sequence of TextVector
        The captions of the rows, embedded.
    pictures : sequence of ndarray or str
        The pictures of the rows, float16 of shape (tiles, d), or why there is none.
    set_name, model_id : str
        Labels.
    draws : int
        Draws a pair and null.
    seed : int
        Seed of the draws.
    """
    n = len(rows)
    scored = np.array([not isinstance(picture, str) for picture in pictures], dtype=bool)
    n_tokens = np.array([caption.n_tokens for caption in captions], dtype=np.int64)
    ids = {
        name: np.array([row[name] for row in rows], dtype=np.int64)
        for name in ("caption_id", "picture_id")
    }
    values = {"score_max": np.full(n, np.nan)}
    null_reasons: list[list[str]] = [[] for _ in rows]
    if scored.any():
        texts = unit_rows(np.stack([c.vector for c, has in zip(captions, scored, strict=True)
                                    if has and c.vector is not None]))  # fmt: skip
        seen = _pictures([picture for picture in pictures if not isinstance(picture, str)])
        own = pair_scores(texts, seen)
        values["score_max"][scored] = own
        alike = ids["caption_id"][scored], ids["picture_id"][scored]
        rngs = (
            np.random.default_rng(draw_seed(seed, set_name, model_id, scheme))
            for scheme in PAIR_NULLS
        )
        nulls = (
            shuffled_null(own, texts, seen, *alike, draws, next(rngs)),
            text_matched_null(own, texts, seen, *alike, n_tokens[scored], draws, next(rngs)),
        )
        places = np.flatnonzero(scored)
        for scheme, null in zip(PAIR_NULLS, nulls, strict=True):
            values |= _columns(scheme, null, places, n)
            for place in places[null.others < FEWEST]:
                null_reasons[place].append(TOO_FEW[scheme])
    columns: dict[str, Any] = {
        "set": [set_name] * n,
        "pair_id": [row["pair_id"] for row in rows],
        **ids,
        "model_id": [model_id] * n,
        "n_words": [count_words(row["caption"]) for row in rows],
        "n_tokens": n_tokens,
        "truncated": [caption.truncated for caption in captions],
        "n_frames": scored.astype(np.int64),
        **{name: pa.array(value, from_pandas=True) for name, value in values.items()},
        "reason": [picture if isinstance(picture, str) else None for picture in pictures],
        "null_reason": ["; ".join(reasons) or None for reasons in null_reasons],
    }
    schema = REFERENCE_PAIRS.schema
    return pa.table(
        [
            pa.array(columns[field.name], field.type)
            if field.name in columns
            else pa.nulls(n, field.type)
            for field in schema
        ],
        schema=schema,
    )


def score_reference(
    sample: str | Path,
    options: ReferenceSet,
    model_options: ModelOptions,
    out: Path,
    draws: int = 200,
    seed: int = 2511,
    on_bad_picture: str = "skip",
    picture: PictureWay = "crop",
    precision: str = "fp32",
    batch_size: int = 64,
    threads: int = 1,
    device: str = "auto",
) -> None:
    """Read the sample and its pictures, embed both, and write table REFERENCE_PAIRS.

    Parameters
    ----------
    sample : str or Path
        Table REFERENCE_SAMPLE of the set.
    options : ReferenceSet
        The set.
    model_options : ModelOptions
        The model.
    out : Path
        Table to write; its metadata name model, weights and preprocessing.
    draws, seed
        As in `score_pairs`.
    on_bad_picture : str
        ``skip`` or ``fail``.
    picture, precision, batch_size, threads, device
        As in `egoalign.encode.session.encode_session`.

    Raises
    ------
    UserError
        No picture at all can be read, or one where `on_bad_picture` is ``fail``.
    """
    rows = read_table(REFERENCE_SAMPLE, sample).to_pylist()
    model = load_model(model_options, choose_device(device, precision, threads), picture)
    batches = Batches(batch_size)
    order = reading_order(rows)
    ordered = [rows[i] for i in order]
    decoded = _decoded(options, ordered, on_bad_picture)
    embedded = progress(embed_pictures(model, decoded, batches), "pictures", len(rows))
    pictures: list[NDArray[np.float16] | str] = [""] * len(rows)
    for found, vectors in embedded:
        place = order[found.index]
        pictures[place] = found.reason or "" if vectors is None else vectors
    reasons = Counter(found for found in pictures if isinstance(found, str))
    _tell(options, ordered, reasons)
    captions = embed_texts(model, [row["caption"] for row in rows], batches)
    table = score_pairs(rows, captions, pictures, options.name, model_options.model_id, draws, seed)
    facts = {**model.facts, "embed_dim": str(model.embed_dim), **batches.facts}
    write_table(REFERENCE_PAIRS, table, out, facts)
    logger.info(
        "%s: %d of %d pairs scored by %s",
        options.name,
        len(rows) - reasons.total(),
        len(rows),
        model_options.model_id,
    )


def _decoded(options: ReferenceSet, rows: Sequence[Row], on_bad_picture: str) -> Iterator[Picture]:
    """Yield the picture of each row, or the reason why there is none."""
    for index, (row, data) in enumerate(zip(rows, read_pictures(options, rows), strict=True)):
        found = data if isinstance(data, str) else read_picture(data)
        if not isinstance(found, str):
            yield Picture(index, found, None)
            continue
        if on_bad_picture == "fail":
            raise UserError(
                f"{options.path}: picture {row['key']!r} of reference set '{options.name}': "
                f"{found}; mend it, or set reference.on_bad_picture: skip"
            )
        yield Picture(index, None, found)


def _tell(options: ReferenceSet, rows: Sequence[Row], reasons: Counter[str]) -> None:
    """Count the pictures that could not be had in the log; refuse a set that has none."""
    counted = "; ".join(f"{reason}: {count:,}" for reason, count in reasons.most_common())
    if reasons.total() == len(rows):
        raise UserError(
            f"{options.path}: none of the {len(rows):,} pictures of reference set "
            f"'{options.name}' could be read ({counted}), the first is {rows[0]['file']!r}; "
            "mend 'path' or 'pictures'"
        )
    if reasons:
        logger.warning("%s: pictures that could not be read: %s", options.name, counted)


def _pictures(tiles: Sequence[NDArray[np.float16]]) -> Pictures:
    """Return pictures of one or several tiles each as unit vectors."""
    rows = [np.atleast_2d(part) for part in tiles]
    sizes = np.array([len(part) for part in rows])
    return Pictures(unit_rows(np.concatenate(rows)), np.cumsum(sizes) - sizes)


def _columns(scheme: str, null: PairNull, places: np.ndarray, n: int) -> dict[str, np.ndarray]:
    """Return the columns of a null scheme, shape (n,), NaN but at `places`."""
    columns = {}
    for name, *_ in NULL_COLUMNS:
        columns[f"{scheme}_{name}"] = column = np.full(n, np.nan)
        column[places] = getattr(null, name)
    return columns
