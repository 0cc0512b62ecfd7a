"""Pictures and texts in, unit vectors out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from egoalign.encode.ahead import Ahead
from egoalign.encode.batch import Batches
from egoalign.encode.models import EncodingModel
from egoalign.video.decode import Picture


@dataclass(frozen=True, eq=False)
class TextVector:
    """A text's tokens before any cut, whether it was cut, and its vector if it has words.

    Of a vector that was given, tokens and cut are not known.
    """

    n_tokens: int | None
    truncated: bool | None
    vector: NDArray[np.float16] | None


def embed_pictures(
    model: EncodingModel, pictures: Iterable[Picture], batches: Batches
) -> Iterator[tuple[Picture, NDArray[np.float16] | None]]:
    """Yield each picture with its vectors, in order; only some batches are held at a time.

    A thread of its own brings pictures to the model's size while the model works.

    Parameters
    ----------
    model : EncodingModel
        The model.
    pictures : iterable of Picture
        Pictures as decoded; those that are missing have no vector.
    batches : Batches
        Pictures, or tiles, in a forward pass.

    Yields
    ------
    picture, vectors : Picture, ndarray of float16 of shape (tiles, embed_dim) or None
        Vectors have unit length; there is one but with ``tiles_max``. The picture has lost its
        pixels, to save memory.
    """
    waiting: list[_Prepared] = []
    n_tiles = 0
    for prepared in Ahead(_prepared(model, pictures), batches.asked):
        waiting.append(prepared)
        n_tiles += 0 if prepared.tiles is None else len(prepared.tiles)
        if n_tiles >= batches.asked:
            yield from _with_vectors(model, waiting, batches)
            waiting, n_tiles = [], 0
    yield from _with_vectors(model, waiting, batches)


def embed_texts(model: EncodingModel, texts: Sequence[str], batches: Batches) -> list[TextVector]:
    """Return the vector of each text, cut to the model's context length where it is longer.

    Parameters
    ----------
    model : EncodingModel
        The model.
    texts : sequence of str
        The texts; an empty one has no vector.
    batches : Batches
        Texts in a forward pass.
    """
    spoken = [text for text in texts if text.strip()]

    def forward(rows: slice) -> Any:
        return model.network.encode_text(model.tokenizer(spoken[rows]).to(model.device.name))

    vectors = _unit(batches.run(forward, len(spoken))).astype(np.float16) if spoken else ()
    rest = iter(vectors)
    result = []
    for text in texts:
        n_tokens, n_markers = count_tokens(model.tokenizer, text)
        cut = n_tokens + n_markers > model.tokenizer.context_length
        result.append(TextVector(n_tokens, cut, next(rest) if text.strip() else None))
    return result


def count_tokens(tokenizer: Any, text: str) -> tuple[int, int]:
    """Return the tokens of a text before any cut, and the markers put around them."""
    if hasattr(tokenizer, "encode"):
        return len(tokenizer.encode(text)), 2
    clean = getattr(tokenizer, "clean_fn", str)(text)
    bare = tokenizer.tokenizer(clean, add_special_tokens=False).input_ids
    return len(bare), len(tokenizer.tokenizer(clean).input_ids) - len(bare)


@dataclass(frozen=True, eq=False)
class _Prepared:
    """A picture without its pixels, and its tiles at the model's size."""

    picture: Picture
    tiles: NDArray[np.uint8] | None


def _prepared(model: EncodingModel, pictures: Iterable[Picture]) -> Iterator[_Prepared]:
    """Bring each picture to the model's size."""
    for picture in pictures:
        tiles = None if picture.rgb is None else model.preparation.tiles(picture.rgb)
        yield _Prepared(replace(picture, rgb=None), tiles)


def _with_vectors(
    model: EncodingModel, waiting: Sequence[_Prepared], batches: Batches
) -> Iterator[tuple[Picture, NDArray[np.float16] | None]]:
    """Yield a batch's pictures with their vectors."""
    tiles = [prepared.tiles for prepared in waiting if prepared.tiles is not None]
    if tiles:
        every = np.concatenate(tiles)

        def forward(rows: slice) -> Any:
            return model.network.encode_image(model.preparation.batch(every[rows], model.device))

        vectors = _unit(batches.run(forward, len(every)))
        parts = iter(np.split(vectors, np.cumsum([len(part) for part in tiles])[:-1]))
    for prepared in waiting:
        if prepared.tiles is None:
            yield prepared.picture, None
            continue
        own = next(parts)
        if model.preparation.way == "tiles_mean":
            own = _unit_rows(own.mean(axis=0, keepdims=True))
        yield prepared.picture, own.astype(np.float16)


def _unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return vectors of a model as rows of unit length."""
    if not np.isfinite(vectors).all():
        raise ArithmeticError("the model gave a vector that is not finite")
    return _unit_rows(vectors)


def _unit_rows(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)
