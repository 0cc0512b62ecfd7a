"""Pictures made smaller by the decoder give the embedding that full ones give."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from egoalign.config import ModelOptions
from egoalign.video.decode import decode
from egoalign.video.probe import probe
from egoalign.video.scale import scaled_size

SIZES = [(1280, 720), (1920, 1080), (720, 1280)]
BOUND = 1e-3

LEVEL = 1 / 255 / 0.27
"""One of 255 steps of brightness, in the units of CLIP's transform."""


def natural(rng: np.random.Generator, width: int, height: int) -> np.ndarray:
    """Return a picture whose amplitude falls with frequency, as in photographs."""
    across, down = np.fft.rfftfreq(width)[None], np.fft.fftfreq(height)[:, None]
    amplitude = 1 / np.maximum(np.hypot(across, down), 1 / max(width, height))
    planes = []
    for _ in range(3):
        phase = np.exp(2j * np.pi * rng.random(amplitude.shape))
        plane = np.fft.irfft2(amplitude * phase, s=(height, width))
        planes.append(128 + 50 * plane / plane.std())
    return np.clip(np.stack(planes, axis=-1), 0, 255).astype(np.uint8)


def noise(rng: np.random.Generator, width: int, height: int) -> np.ndarray:
    """Return a picture of independent pixels."""
    return rng.integers(0, 256, (height, width, 3), dtype=np.uint8)


def edges(rng: np.random.Generator, width: int, height: int) -> np.ndarray:
    """Return a picture of plain rectangles and of stripes three pixels wide."""
    picture = np.full((height, width, 3), 120, np.uint8)
    for _ in range(60):
        x, y = rng.integers(0, width), rng.integers(0, height)
        wide, high = rng.integers(10, width // 4), rng.integers(10, height // 4)
        picture[y : y + high, x : x + wide] = rng.integers(0, 256, 3)
    stripes = np.indices((height // 3, width // 3)).sum(axis=0) // 3 % 2
    picture[: height // 3, : width // 3] = 255 * stripes[:, :, None]
    return picture


@pytest.fixture(scope="module")
def models(root):
    """The demo's model, and a ViT-B/32 with weights drawn here, each with its own transform."""
    import open_clip
    import torch
    from open_clip.transform import PreprocessCfg, image_transform_v2

    from egoalign.encode.device import choose_device
    from egoalign.encode.models import load_model

    stem = root / "config" / "demo" / "model" / "egoalign-demo"
    options = ModelOptions(name=f"{stem}.json", pretrained=f"{stem}.safetensors")
    torch.manual_seed(20251118)
    networks = [
        load_model(options, choose_device("cpu", "fp32", 1)).network,
        open_clip.create_model("ViT-B-32").eval(),
    ]
    return [
        (network, image_transform_v2(PreprocessCfg(**network.visual.preprocess_cfg), False))
        for network in networks
    ]


def embedding(network, pixels) -> np.ndarray:
    import torch

    with torch.inference_mode():
        vector = network.encode_image(pixels[None])[0].double().numpy()
    return vector / np.linalg.norm(vector)


@pytest.fixture(scope="module", params=SIZES, ids=str)
def film(request, tmp_path_factory):
    """A video without loss of three pictures, one a second."""
    import av

    rng = np.random.default_rng(20251118)
    path = tmp_path_factory.mktemp("film") / "film.mp4"
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=1, options={"qp": "0", "preset": "ultrafast"})
        (stream.width, stream.height), stream.pix_fmt = request.param, "yuv420p"
        for draw in (natural, noise, edges):
            out.mux(stream.encode(av.VideoFrame.from_ndarray(draw(rng, *request.param), "rgb24")))
        out.mux(stream.encode())
    return path


@pytest.mark.parametrize("backend", ["pyav", "decord"])
def test_the_embedding_is_that_of_the_full_picture(backend, film, models):
    """The reference is open_clip's own transform of the full picture."""
    found = probe(film)
    full = [Image.fromarray(p.rgb) for p in decode(film, found, [0.0, 1.0, 2.0])]
    assert full[0].size == (found.width, found.height)
    for network, transform in models:
        side = network.visual.preprocess_cfg["size"]
        side = side if isinstance(side, int) else side[0]
        given = list(decode(film, found, [0.0, 1.0, 2.0], backend, side))
        for whole, picture in zip(full, given, strict=True):
            small = Image.fromarray(picture.rgb)
            assert min(small.size) == 2 * side
            reference, pixels = transform(whole), transform(small)
            assert 1 - embedding(network, reference) @ embedding(network, pixels) < BOUND
            # A network of random weights hardly tells pictures apart, so look at the pixels too.
            error = float((reference - pixels).pow(2).mean().sqrt())
            assert error < 2 * LEVEL


def test_both_decoders_scale_alike(tmp_path, clip_tools):
    path = clip_tools["write_clip"](tmp_path / "clip.mp4", n=30, size=(640, 480))
    found = probe(path)
    one, other = (
        next(decode(path, found, [0.5], name, short_side=64)) for name in ("pyav", "decord")
    )
    assert one.rgb.shape == (128, 170, 3)
    np.testing.assert_array_equal(one.rgb, other.rgb)


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_turned_pictures_are_scaled_and_turned(rotation, tmp_path, clip_tools):
    path = clip_tools["write_clip"](tmp_path / "clip.mp4", n=20, size=(640, 480), rotation=rotation)
    (picture,) = decode(path, probe(path), [0.5], "pyav", short_side=100)
    assert picture.rgb.shape == (200, 266, 3)
    top = np.asarray(Image.fromarray(picture.rgb).resize((640, 480)))[:96]
    assert clip_tools["read_number"](top) == 15


def test_nothing_is_made_larger_and_little_is_left_alone():
    assert scaled_size(1920, 1080, None) is None
    assert scaled_size(1920, 1080, 224) == (796, 448)
    assert scaled_size(1080, 1920, 224) == (448, 796)
    assert scaled_size(1280, 720, 96) == (340, 192)
    assert scaled_size(640, 480, 224) is None
    assert scaled_size(200, 100, 224) is None
