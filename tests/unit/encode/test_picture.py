"""From a picture to what the model takes: crop as open_clip has it, and the other ways."""

from __future__ import annotations

import json
from math import ceil

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from open_clip.transform import PreprocessCfg, image_transform_v2
from PIL import Image

from egoalign.encode.device import Device
from egoalign.encode.picture import Preparation, n_tiles
from egoalign.log import UserError

CPU = Device("cpu", "fp32")
CLIP = {"size": [32, 32]}
SIGLIP = {
    "size": 24,
    "resize_mode": "squash",
    "interpolation": "bilinear",
    "mean": [0.5, 0.4, 0.3],
    "std": [0.5, 0.6, 0.7],
}
SIZES = [(32, 32), (48, 64), (64, 48), (33, 32), (100, 37), (135, 240)]


def picture(height: int, width: int) -> np.ndarray:
    rng = np.random.default_rng(height * 1000 + width)
    return rng.integers(0, 256, (height, width, 3)).astype(np.uint8)


def bands(height: int, width: int) -> np.ndarray:
    """Return a picture that is red, green and blue along its longer side, and grey nowhere."""
    rgb = np.zeros((height, width, 3), np.uint8)
    for k, part in enumerate(np.array_split(np.arange(max(height, width)), 3)):
        rgb[(part, slice(None)) if height > width else (slice(None), part)] = 255 * np.eye(3)[k]
    return rgb


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("config", [CLIP, SIGLIP, {"size": [40, 24]}, {**CLIP, "mode": "RGB"}])
def test_crop_is_the_models_own_way_bit_for_bit(config: dict, size: tuple[int, int]) -> None:
    rgb = picture(*size)
    own = image_transform_v2(PreprocessCfg(**config), is_train=False)(Image.fromarray(rgb))
    preparation = Preparation(config, "crop")
    tiles = preparation.tiles(rgb)
    assert torch.equal(preparation.batch(tiles, CPU), own[None])


def test_several_tiles_are_a_batch() -> None:
    preparation = Preparation(CLIP)
    tiles = np.concatenate([preparation.tiles(picture(*size)) for size in SIZES])
    batch = preparation.batch(tiles, CPU)
    assert batch.shape == (len(SIZES), 3, 32, 32)
    for k, size in enumerate(SIZES):
        assert torch.equal(batch[k], preparation.batch(preparation.tiles(picture(*size)), CPU)[0])


def test_pad_shows_the_whole_picture_between_black_bars() -> None:
    (tile,) = Preparation(CLIP, "pad").tiles(np.full((50, 100, 3), 200, np.uint8))
    assert (tile[8:24] == 200).all()
    assert (tile[:8] == 0).all()
    assert (tile[24:] == 0).all()
    (tile,) = Preparation(CLIP, "pad").tiles(bands(120, 60))
    assert tile[1, 16].tolist() == [255, 0, 0]
    assert tile[30, 16].tolist() == [0, 0, 255]
    assert tile[:, 4].max() == 0


def test_stretch_shows_the_whole_picture_out_of_shape() -> None:
    (tile,) = Preparation(CLIP, "stretch").tiles(bands(60, 120))
    assert tile.shape == (32, 32, 3)
    assert [tile[9, column].argmax() for column in (0, 5, 16, 26, 31)] == [0, 0, 1, 2, 2]
    assert tile.min(axis=(0, 1)).tolist() == [0, 0, 0]


@pytest.mark.parametrize(
    ("width", "height", "number"),
    [
        (64, 64, 1),
        (65, 64, 2),
        (96, 64, 2),
        (128, 64, 2),
        (129, 64, 3),
        (1920, 1080, 2),
        (9, 36, 4),
    ],
)
def test_as_many_tiles_as_are_needed(width: int, height: int, number: int) -> None:
    assert n_tiles(width, height) == n_tiles(height, width) == number
    assert len(Preparation(CLIP, "tiles_max").tiles(picture(height, width))) == number


@settings(max_examples=40, deadline=None)
@given(st.integers(32, 400), st.integers(32, 90))
def test_tiles_cover_all_evenly(longer: int, shorter: int) -> None:
    """On a ramp along the longer side the tiles begin at 0, end at the end and leave no hole."""
    longer = max(longer, shorter)
    length = 32 * longer // shorter
    ramp = np.linspace(0, 255, longer).astype(np.uint8)
    rgb = np.repeat(np.repeat(ramp[None, :, None], shorter, axis=0), 3, axis=2)
    whole = np.asarray(Image.fromarray(rgb).resize((length, 32), Image.Resampling.BICUBIC))
    tiles = Preparation(CLIP, "tiles_mean").tiles(rgb)
    assert len(tiles) == ceil(longer / shorter)
    begins = np.round(np.arange(len(tiles)) * (length - 32) / max(len(tiles) - 1, 1)).astype(int)
    assert (np.diff(begins) <= 32).all()
    assert begins[-1] + 32 == length
    for begin, tile in zip(begins, tiles, strict=True):
        np.testing.assert_array_equal(tile, whole[:, begin : begin + 32])
    upright = Preparation(CLIP, "tiles_mean").tiles(np.ascontiguousarray(rgb.swapaxes(0, 1)))
    np.testing.assert_array_equal(upright, tiles.swapaxes(1, 2))


def test_the_middle_one_of_three_tiles_is_the_crop() -> None:
    rgb = picture(64, 160)
    tiles = Preparation(CLIP, "tiles_max").tiles(rgb)
    np.testing.assert_array_equal(tiles[1], Preparation(CLIP, "crop").tiles(rgb)[0])


def test_a_square_picture_is_the_same_in_every_way() -> None:
    rgb = picture(57, 57)
    expected = Preparation(CLIP).tiles(rgb)
    for way in ("pad", "stretch", "tiles_mean", "tiles_max"):
        np.testing.assert_array_equal(Preparation(CLIP, way).tiles(rgb), expected)


def test_the_facts_say_what_was_done() -> None:
    facts = Preparation(SIGLIP, "crop").facts
    assert facts["picture"] == "crop"
    assert json.loads(facts["preprocessing"])["resize_mode"] == "squash"
    for way, mode in (("pad", "longest"), ("stretch", "squash"), ("tiles_max", "shortest")):
        facts = Preparation(SIGLIP, way).facts
        used = json.loads(facts["preprocessing"])
        assert (facts["picture"], used["resize_mode"], used["size"]) == (way, mode, 24)
        assert used["mean"] == [0.5, 0.4, 0.3]


def test_tiles_need_square_models() -> None:
    with pytest.raises(UserError, match="needs a model of square pictures, this one takes 24 x 40"):
        Preparation({"size": [40, 24]}, "tiles_max")
