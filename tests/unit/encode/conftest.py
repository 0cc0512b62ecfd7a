"""A tiny model of random weights, and small videos, made for the tests."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from egoalign.config import ModelOptions

TINY = {
    "embed_dim": 24,
    "vision_cfg": {"image_size": 32, "layers": 2, "width": 32, "head_width": 16, "patch_size": 8},
    "text_cfg": {"context_length": 16, "vocab_size": 49408, "width": 16, "heads": 2, "layers": 2},
}


@pytest.fixture(scope="session")
def tiny(tmp_path_factory) -> ModelOptions:
    """Options of a model with a config file and weights of its own."""
    import open_clip
    import torch
    from safetensors.torch import save_file

    folder = tmp_path_factory.mktemp("model")
    config = folder / "tiny-test.json"
    config.write_text(json.dumps(TINY))
    torch.manual_seed(5)
    network = open_clip.CLIP(**TINY)
    weights = {name: value.contiguous() for name, value in network.state_dict().items()}
    save_file(weights, str(folder / "tiny-test.safetensors"))
    torch.save(network.state_dict(), folder / "tiny-test.pt")
    return ModelOptions(
        name=str(config), pretrained=str(folder / "tiny-test.safetensors"), id="tiny"
    )


@pytest.fixture(scope="session")
def tiny_model(tiny):
    """The tiny model, loaded."""
    from egoalign.encode.device import choose_device
    from egoalign.encode.models import load_model

    return load_model(tiny, choose_device("cpu"))


@pytest.fixture(scope="session")
def clip(tmp_path_factory) -> Path:
    """Return six seconds of video in which every picture differs."""
    import av

    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    rng = np.random.default_rng(11)
    wall = np.kron(rng.integers(0, 255, (30, 40, 3)), np.ones((8, 8, 1))).astype(np.uint8)
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=10)
        stream.width, stream.height, stream.pix_fmt = 160, 120, "yuv420p"
        for number in range(60):
            view = np.ascontiguousarray(wall[number : number + 120, number : number + 160])
            frame = av.VideoFrame.from_ndarray(view, "rgb24")
            frame.pts = number
            out.mux(stream.encode(frame))
        out.mux(stream.encode())
    return path
