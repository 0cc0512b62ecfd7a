"""Pictures and texts in, unit vectors out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from egoalign.encode.models import EncodingModel
from egoalign.video.decode import Picture


@dataclass(frozen=True, eq=False)
class TextVector:
    """A text's tokens before any cut, whether it was cut, and its vector if it has words."""

    n_tokens: int
    truncated: bool
    vector: NDArray[np.float16] | None


def embed_pictures(
    model: EncodingModel, pictures: Iterable[Picture], batch_size: int
) -> Iterator[tuple[Picture, NDArray[np.float16] | None]]:
    """Yield each picture with its vector, in order; only a batch of them is held at a time.

    Parameters
    ----------
    model : EncodingModel
        The model.
    pictures : iterable of Picture
        Pictures at full size; those that are missing have no vector.
    batch_size : int
        Pictures in a forward pass.

    Yields
    ------
    picture, vector : Picture, ndarray of float16 of shape (embed_dim,) or None
        The vector has unit length. The picture has lost its pixels, to save memory.
    """
    from PIL import Image

    waiting: list[tuple[Picture, Any]] = []
    n_ready = 0
    for picture in pictures:
        ready = None
        if picture.rgb is not None:
            ready = model.transform(Image.fromarray(picture.rgb))
            n_ready += 1
        waiting.append((Picture(picture.index, None, picture.reason), ready))
        if n_ready == batch_size:
            yield from _with_vectors(model, waiting)
            waiting, n_ready = [], 0
    yield from _with_vectors(model, waiting)


def embed_texts(model: EncodingModel, texts: Sequence[str], batch_size: int) -> list[TextVector]:
    """Return the vector of each text, cut to the model's context length where it is longer.

    Parameters
    ----------
    model : EncodingModel
        The model.
    texts : sequence of str
        The texts; an empty one has no vector.
    batch_size : int
        Texts in a forward pass.
    """
    import torch

    spoken = [text for text in texts if text.strip()]
    vectors: list[NDArray[np.float16]] = []
    for start in range(0, len(spoken), batch_size):
        with torch.inference_mode():
            tokens = model.tokenizer(spoken[start : start + batch_size]).to(model.device.name)
            vectors.extend(_unit(model.network.encode_text(tokens)))
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


def _with_vectors(
    model: EncodingModel, waiting: Sequence[tuple[Picture, Any]]
) -> Iterator[tuple[Picture, NDArray[np.float16] | None]]:
    """Yield a batch's pictures with their vectors."""
    import torch

    ready = [tensor for _, tensor in waiting if tensor is not None]
    vectors: Iterator[NDArray[np.float16]] = iter(())
    if ready:
        with torch.inference_mode():
            vectors = iter(
                _unit(model.network.encode_image(model.device.place(torch.stack(ready))))
            )
    for picture, tensor in waiting:
        yield picture, None if tensor is None else next(vectors)


def _unit(vectors: Any) -> NDArray[np.float16]:
    """Return rows of unit length as float16; the length is taken in float32."""
    array = vectors.float().cpu().numpy()
    if not np.isfinite(array).all():
        raise ArithmeticError("the model gave a vector that is not finite")
    return (array / np.linalg.norm(array, axis=1, keepdims=True)).astype(np.float16)
