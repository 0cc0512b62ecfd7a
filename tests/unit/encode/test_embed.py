"""Vectors: right, of unit length, and the same however they are batched."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import open_clip
import pytest
import torch
from open_clip.transform import PreprocessCfg, image_transform_v2
from PIL import Image

from egoalign.encode.ahead import Ahead, in_turn
from egoalign.encode.batch import Batches
from egoalign.encode.embed import count_tokens, embed_pictures, embed_texts
from egoalign.encode.picture import Preparation
from egoalign.log import UserError
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
    return [vector for _, vector in embed_pictures(model, pictures, Batches(batch_size))]


def cosine(one, other):
    one, other = one.astype(np.float64), other.astype(np.float64)
    return float(one @ other / np.linalg.norm(one) / np.linalg.norm(other))


def test_pictures_are_embedded_as_open_clip_does(tiny_model, pictures):
    ours = vectors(tiny_model, pictures, 4)
    with torch.no_grad():
        for picture, vector in zip(pictures, ours, strict=True):
            if picture.rgb is None:
                assert vector is None
                continue
            settings = PreprocessCfg(**tiny_model.network.visual.preprocess_cfg)
            transform = image_transform_v2(settings, is_train=False)
            batch = transform(Image.fromarray(picture.rgb))[None]
            reference = tiny_model.network.encode_image(batch, normalize=True)[0].numpy()
            np.testing.assert_allclose(vector[0].astype(np.float32), reference, atol=1e-3)


def test_texts_are_embedded_as_open_clip_does(tiny_model):
    ours = embed_texts(tiny_model, TEXTS, Batches(2))
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
    found = [v[0] for v in vectors(tiny_model, pictures, 3) if v is not None]
    found += [t.vector for t in embed_texts(tiny_model, TEXTS, Batches(3)) if t.vector is not None]
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
            assert one.shape == other.shape == (1, 24)
            assert cosine(one[0], other[0]) >= 1 - 1e-5


def test_twice_is_the_same(tiny_model, pictures):
    for one, other in zip(
        vectors(tiny_model, pictures, 4), vectors(tiny_model, pictures, 4), strict=True
    ):
        if one is not None:
            np.testing.assert_array_equal(one, other)


def tiles_of(model, pictures, batch_size, way):
    other = replace(model, preparation=Preparation(model.network.visual.preprocess_cfg, way))
    return vectors(other, pictures, batch_size)


def test_tiles_are_embedded_as_pictures_of_their_own(tiny_model, pictures):
    """Two tiles of a picture 64 by 48; a square one has one. Batches cut between pictures."""
    several = [*pictures, Picture(7, pictures[0].rgb[:, :48].copy(), None)]
    for batch_size in (1, 3, 64):
        found = tiles_of(tiny_model, several, batch_size, "tiles_max")
        assert [None if v is None else len(v) for v in found] == [2, 2, 2, None, 2, 2, 2, 1]
        for picture, tiles in zip(several, found, strict=True):
            if tiles is None:
                continue
            parts = [picture.rgb[:, :48], picture.rgb[:, -48:]][: len(tiles)]
            alone = [Picture(k, part.copy(), None) for k, part in enumerate(parts)]
            for tile, (expected,) in zip(tiles, vectors(tiny_model, alone, 1), strict=True):
                # Edges differ: a tile is cut after the picture is made smaller.
                assert cosine(tile, expected) > 0.98


def test_the_mean_of_tiles_is_a_unit_vector_of_their_unit_vectors(tiny_model, pictures):
    means = tiles_of(tiny_model, pictures, 4, "tiles_mean")
    for mean, tiles in zip(means, tiles_of(tiny_model, pictures, 4, "tiles_max"), strict=True):
        if tiles is None:
            assert mean is None
            continue
        total = tiles.astype(np.float64).sum(axis=0)
        np.testing.assert_allclose(mean, [total / np.linalg.norm(total)], atol=2e-3)


def test_order_and_reasons_are_kept(tiny_model, pictures):
    found = [picture for picture, _ in embed_pictures(tiny_model, pictures, Batches(2))]
    assert [picture.index for picture in found] == list(range(7))
    assert found[3].reason == "picture could not be decoded"


def test_only_missing_pictures(tiny_model):
    gone = [Picture(at, None, "video missing") for at in range(3)]
    assert vectors(tiny_model, gone, 2) == [None, None, None]


def test_a_text_of_200_words_is_cut(tiny_model):
    long = " ".join(["ball"] * 200)
    short = " ".join(["ball"] * 14)
    one, other, longer_by_one = embed_texts(tiny_model, [long, short, short + " ball"], Batches(2))
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
    assert embed_texts(tiny_model, [], Batches(4)) == []


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


def test_sources_take_turns_until_all_are_at_their_end():
    assert list(in_turn([range(3), [], iter([10, None, 12, 13, 14])])) == [
        *(0, 10, 1, None, 2, 12),
        *(13, 14),
    ]
    assert list(in_turn([])) == []


class ShortOfMemory:
    """A network whose device holds `room` rows at once: more raise what CUDA raises."""

    def __init__(self, network, room):
        self.network, self.room, self.passes = network, room, []

    def hold(self, rows):
        if len(rows) > self.room:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")
        self.passes.append(len(rows))
        return rows

    def encode_image(self, rows):
        return self.network.encode_image(self.hold(rows))

    def encode_text(self, rows):
        return self.network.encode_text(self.hold(rows))


def test_a_batch_without_memory_is_halved_and_noted(tiny_model, pictures, caplog):
    full = vectors(tiny_model, pictures, 6)
    short = replace(tiny_model, network=ShortOfMemory(tiny_model.network, 2))
    batches = Batches(6)
    with caplog.at_level("WARNING", "egoalign"):
        found = [vector for _, vector in embed_pictures(short, pictures, batches)]
    assert short.network.passes == [1, 1, 1, 1, 1, 1]
    assert batches.facts == {"batch_size": "6", "batch_size_used": "1"}
    assert "the GPU has no memory for 6 at once; going on with 3 (encode.batch_size: 6)" in [
        record.getMessage() for record in caplog.records
    ]
    for one, other in zip(full, found, strict=True):
        assert (one is None) == (other is None)
        if one is not None:
            assert cosine(one[0], other[0]) >= 1 - 1e-5


def test_the_size_that_fitted_is_kept_for_what_follows(tiny_model, pictures):
    short = replace(tiny_model, network=ShortOfMemory(tiny_model.network, 2))
    batches = Batches(4)
    list(embed_pictures(short, pictures, batches))
    embed_texts(short, TEXTS, batches)
    assert short.network.passes == [2, 2, 2, 2, 2]
    assert Batches(4).facts == {"batch_size": "4"}


def test_no_memory_for_one_picture_says_what_to_do(tiny_model, pictures):
    short = replace(tiny_model, network=ShortOfMemory(tiny_model.network, 0))
    message = (
        r"the GPU has no memory for a single picture or text \(CUDA out of memory\. .*\); "
        r"free it .* encode\.precision: fp16"
    )
    with pytest.raises(UserError, match=message):
        list(embed_pictures(short, pictures, Batches(4)))
