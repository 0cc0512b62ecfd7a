from __future__ import annotations

import colorsys

import numpy as np
import pytest

from egoalign.demo.drawn import HUES, N_LOOKS, TEXTURES, VARIANTS, DrawnSource, look_id, look_parts

SOURCE = DrawnSource()


def test_a_look_id_and_its_parts_are_inverse() -> None:
    assert [look_id(*look_parts(look)) for look in range(N_LOOKS)] == list(range(N_LOOKS))


def test_there_are_enough_kinds_and_looks() -> None:
    assert len(SOURCE.kinds) == len(set(SOURCE.kinds)) >= 32
    assert VARIANTS >= 3
    assert HUES >= 8
    assert len(TEXTURES) >= 3


@pytest.mark.parametrize("kind", SOURCE.kinds)
def test_the_splits_share_no_look(kind: str) -> None:
    train, corpus = set(SOURCE.looks(kind, "train")), set(SOURCE.looks(kind, "corpus"))
    assert not train & corpus
    assert train | corpus == set(range(N_LOOKS))
    assert len(corpus) >= 24


@pytest.mark.parametrize("kind", SOURCE.kinds)
def test_training_knows_every_pair_of_variant_texture_and_hue(kind: str) -> None:
    parts = [look_parts(look) for look in SOURCE.looks(kind, "train")]
    assert len({(v, t) for v, t, _ in parts}) == VARIANTS * len(TEXTURES)
    assert len({(v, h) for v, _, h in parts}) == VARIANTS * HUES
    assert len({(t, h) for _, t, h in parts}) == len(TEXTURES) * HUES


def test_hue_tells_nothing_of_the_kind() -> None:
    counts = np.zeros((len(SOURCE.kinds), HUES))
    for row, kind in enumerate(SOURCE.kinds):
        for look in SOURCE.looks(kind, "train"):
            counts[row, look_parts(look)[2]] += 1
    assert np.ptp(counts) <= 2
    assert counts.min() >= 8


@pytest.mark.parametrize("kind", SOURCE.kinds)
@pytest.mark.parametrize("variant", range(VARIANTS))
def test_a_cutout_fills_its_frame(kind: str, variant: int) -> None:
    cutout = SOURCE.cutout(kind, look_id(variant, 0, 0), 80)
    assert cutout.dtype == np.uint8
    assert cutout.shape[2] == 4
    assert max(cutout.shape[:2]) == 80
    opaque = cutout[..., 3] > 127
    assert opaque[:2].any()
    assert opaque[-2:].any()
    assert opaque[:, :2].any()
    assert opaque[:, -2:].any()
    assert 0.08 < opaque.mean() <= 1


def test_all_kinds_and_variants_differ_in_shape() -> None:
    outlines = {}
    for kind in SOURCE.kinds:
        for variant in range(VARIANTS):
            picture = SOURCE.cutout(kind, look_id(variant, 0, 0), 48)
            grey = np.zeros((48, 48))
            grey[: picture.shape[0], : picture.shape[1]] = picture[..., :3].mean(axis=2)
            outlines[kind, variant] = grey
    keys = list(outlines)
    for i, first in enumerate(keys):
        for second in keys[i + 1 :]:
            larger = np.maximum(outlines[first], outlines[second]).sum()
            apart = np.abs(outlines[first] - outlines[second]).sum() / larger
            assert apart > (0.05 if first[0] == second[0] else 0.15), (first, second)


@pytest.mark.parametrize("hue", range(HUES))
def test_the_hue_drawn_is_the_hue_of_the_look(hue: int) -> None:
    cutout = SOURCE.cutout("balloon", look_id(0, 0, hue), 90)
    r, g, b = cutout[45, cutout.shape[1] // 2, :3] / 255
    seen = colorsys.rgb_to_hsv(r, g, b)[0]
    apart = abs(seen - hue / HUES)
    assert min(apart, 1 - apart) < 0.03


def test_textures_change_the_body() -> None:
    pictures = [SOURCE.cutout("ball", look_id(2, t, 3), 64) for t in range(len(TEXTURES))]
    for i, first in enumerate(pictures):
        for second in pictures[i + 1 :]:
            assert np.abs(first.astype(int) - second.astype(int)).mean() > 1


def test_drawing_is_repeatable() -> None:
    first, second = SOURCE.cutout("dog", 17, 60), SOURCE.cutout("dog", 17, 60)
    np.testing.assert_array_equal(first, second)
