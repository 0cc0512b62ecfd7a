"""Vectors: right, of unit length, and the same however they are batched."""

from __future__ import annotations

import numpy as np
import open_clip
import pytest
import torch
from PIL import Image

from egoalign.encode.ahead import Ahead
from egoalign.encode.embed import count_tokens, embed_pictures, embed_texts
from egoalign.video.decode import Picture

TEXTS = ["a red ball", "yeah", "where did the shoe go", "", "dog", "   "]


@pytest.fixture(scope="module")
def pictures():
    rng = np.random.default_rng(2)
    made = [
        Picture(at, rng.integers(0, 255, (48, 64, 3)).astype(np.uint8), None) for at in range(7)
    ]
    made[3] = Picture(3, None, "picture could not be decoded")
    return made


def vectors(model, pictures, batch_size):
    return [vector for _, vector in embed_pictures(model, pictures, batch_size)]


def test_pictures_are_embedded_as_open_clip_does(tiny_model, pictures):
    ours = vectors(tiny_model, pictures, 4)
    with torch.no_grad():
        for picture, vector in zip(pictures, ours, strict=True):
            if picture.rgb is None:
                assert vector is None
                continue
            batch = tiny_model.transform(Image.fromarray(picture.rgb))[None]
            reference = tiny_model.network.encode_image(batch, normalize=True)[0].numpy()
            np.testing.assert_allclose(vector.astype(np.float32), reference, atol=1e-3)


def test_texts_are_embedded_as_open_clip_does(tiny_model):
    ours = embed_texts(tiny_model, TEXTS, 2)
    with torch.no_grad():
        for text, found in zip(TEXTS, ours, strict=True):
            if not text.strip():
                assert found.vector is None
                assert found.n_tokens == 0
                continue
            tokens = open_clip.tokenize([text], context_length=16)
            reference = tiny_model.network.encode_text(tokens, normalize=True)[0].numpy()
            np.testing.assert_allclose(found.vector.astype(np.float32), reference, atol=1e-3)


def test_vectors_have_unit_length(tiny_model, pictures):
    found = [v for v in vectors(tiny_model, pictures, 3) if v is not None]
    found += [t.vector for t in embed_texts(tiny_model, TEXTS, 3) if t.vector is not None]
    assert {v.dtype for v in found} == {np.dtype(np.float16)}
    np.testing.assert_allclose(
        [np.linalg.norm(v.astype(np.float64)) for v in found], 1.0, atol=1e-3
    )


@pytest.mark.parametrize("batch_size", [1, 2, 3, 64])
def test_batches_do_not_matter(tiny_model, pictures, batch_size):
    for one, other in zip(
        vectors(tiny_model, pictures, 4), vectors(tiny_model, pictures, batch_size), strict=True
    ):
        if one is None:
            assert other is None
        else:
            cosine = float(one.astype(np.float64) @ other.astype(np.float64))
            length = np.linalg.norm(one.astype(float)) * np.linalg.norm(other.astype(float))
            assert cosine / length >= 1 - 1e-5


def test_twice_is_the_same(tiny_model, pictures):
    for one, other in zip(
        vectors(tiny_model, pictures, 4), vectors(tiny_model, pictures, 4), strict=True
    ):
        if one is not None:
            np.testing.assert_array_equal(one, other)


def test_order_and_reasons_are_kept(tiny_model, pictures):
    found = [picture for picture, _ in embed_pictures(tiny_model, pictures, 2)]
    assert [picture.index for picture in found] == list(range(7))
    assert found[3].reason == "picture could not be decoded"


def test_only_missing_pictures(tiny_model):
    gone = [Picture(at, None, "video missing") for at in range(3)]
    assert vectors(tiny_model, gone, 2) == [None, None, None]


def test_a_text_of_200_words_is_cut(tiny_model):
    long = " ".join(["ball"] * 200)
    short = " ".join(["ball"] * 14)
    one, other, longer_by_one = embed_texts(tiny_model, [long, short, short + " ball"], 2)
    assert (one.n_tokens, one.truncated) == (200, True)
    # Sixteen places, two of them for the markers.
    assert (other.n_tokens, other.truncated) == (14, False)
    assert (longer_by_one.n_tokens, longer_by_one.truncated) == (15, True)
    np.testing.assert_array_equal(one.vector, other.vector)


def test_tokens_are_counted_before_any_cut():
    tokenizer = open_clip.SimpleTokenizer(context_length=8)
    assert count_tokens(tokenizer, "a red ball") == (3, 2)
    assert count_tokens(tokenizer, "") == (0, 2)


def test_no_texts(tiny_model):
    assert embed_texts(tiny_model, [], 4) == []


def test_working_ahead_keeps_order_and_is_bounded():
    taken = []

    def items():
        for number in range(50):
            taken.append(number)
            yield number

    ahead = iter(Ahead(items(), depth=3))
    assert next(ahead) == 0
    assert len(taken) <= 6
    assert list(ahead) == list(range(1, 50))


def test_working_ahead_passes_errors_on():
    def items():
        yield 1
        raise ValueError("broken")

    ahead = iter(Ahead(items(), depth=2))
    assert next(ahead) == 1
    with pytest.raises(ValueError, match="broken"):
        next(ahead)
