"""The photographed demo's model: the shipped tower comes in as it is, the rest is taught."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import open_clip
import pytest
import timm
import torch
from open_clip.constants import OPENAI_DATASET_MEAN, OPENAI_DATASET_STD
from torch import Tensor

from egoalign.demo.kinds import kind_named
from egoalign.demo.model import Recipe
from egoalign.demo.photo_model import (
    SHIPPED_WEIGHTS,
    load_tower,
    shipped_weights,
    tower_features,
    train_on_tower,
)
from egoalign.demo.views import Views
from egoalign.log import UserError

CONFIG = Path(__file__).parents[3] / "config" / "demo-photo" / "model" / "egoalign-photo.json"
TOWER = json.loads(CONFIG.read_text())["vision_cfg"]["timm_model_name"]


@pytest.fixture(scope="module")
def original() -> torch.nn.Module:
    """The tower with a classifier, random weights and statistics that differ by channel."""
    torch.manual_seed(3)
    tower = timm.create_model(TOWER, num_classes=10).eval()
    for name, buffer in tower.named_buffers():
        if name.endswith(("running_mean", "running_var")):
            buffer.copy_(torch.rand_like(buffer) + 0.5)
    return tower


@pytest.fixture(scope="module")
def shipped(original: torch.nn.Module) -> dict[str, Tensor]:
    """Its weights under other names, as the package has them."""
    return {f"_layer.{i}": value for i, value in enumerate(original.state_dict().values())}


def normalized(pictures: Tensor, mean: tuple[float, ...], std: tuple[float, ...]) -> Tensor:
    return (pictures - torch.tensor(mean).view(3, 1, 1)) / torch.tensor(std).view(3, 1, 1)


def test_first_layer_gives_the_same_with_the_other_normalization(
    original: torch.nn.Module, shipped: dict[str, Tensor]
) -> None:
    trunk = timm.create_model(TOWER, num_classes=0).eval()
    load_tower(trunk, shipped)
    pictures = torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(5))
    with torch.inference_mode():
        expected = original.bn1(original.conv_stem(normalized(pictures, (0.5,) * 3, (0.5,) * 3)))
        clip = normalized(pictures, OPENAI_DATASET_MEAN, OPENAI_DATASET_STD)
        found = trunk.bn1(trunk.conv_stem(clip))
    # The last row and column lean on the padding, which stands for another grey in each case.
    torch.testing.assert_close(found[..., :-1, :-1], expected[..., :-1, :-1], rtol=1e-4, atol=1e-4)


def test_other_layers_come_in_as_they_are(
    original: torch.nn.Module, shipped: dict[str, Tensor]
) -> None:
    trunk = timm.create_model(TOWER, num_classes=0)
    load_tower(trunk, shipped)
    wanted, found = original.state_dict(), trunk.state_dict()
    assert not [name for name in found if "classifier" in name]
    for name, value in found.items():
        if name not in ("conv_stem.weight", "bn1.running_mean"):
            assert torch.equal(value, wanted[name]), name


def test_weights_of_another_tower_are_refused(shipped: dict[str, Tensor]) -> None:
    trunk = timm.create_model(TOWER, num_classes=0)
    with pytest.raises(ValueError, match="EfficientNet-Lite0"):
        load_tower(trunk, dict(reversed(shipped.items())))


def test_weights_that_were_not_fetched(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="fetch-demo-photos"):
        shipped_weights(tmp_path)


def test_weights_are_read(tmp_path: Path, shipped: dict[str, Tensor]) -> None:
    (tmp_path / SHIPPED_WEIGHTS).mkdir(parents=True)
    torch.save(shipped, tmp_path / SHIPPED_WEIGHTS / "tower.pth")
    assert list(shipped_weights(tmp_path)) == list(shipped)


def two_kinds(n: int, side: int) -> Views:
    """Pictures of which every other one is bright, and shows a ball; the others show a cup."""
    rng = np.random.default_rng(7)
    bright = np.arange(n) % 2 == 0
    level = np.where(bright, 200, 40)[:, None, None, None]
    pictures = (level + rng.integers(0, 40, (n, side, side, 3))).astype(np.uint8)
    shares = np.stack([bright, ~bright], axis=1).astype(np.float32) / 4
    return Views(pictures, shares, shares, np.arange(n))


def test_training_leaves_the_tower_alone(shipped: dict[str, Tensor]) -> None:
    torch.manual_seed(0)
    open_clip.add_model_config(CONFIG)
    model = open_clip.create_model(CONFIG.stem)
    tokenizer = open_clip.get_tokenizer(CONFIG.stem)
    trunk = model.visual.trunk
    kinds = [kind_named(name) for name in ("ball", "cup")]
    recipe = Recipe(steps=30, batch=24, captions_per_kind=2, pairs=1, neutral=1)
    history = train_on_tower(model, tokenizer, two_kinds(48, 64), kinds, recipe, shipped)

    assert model.visual.trunk is trunk
    untouched = timm.create_model(TOWER, num_classes=0)
    load_tower(untouched, shipped)
    for name, value in untouched.state_dict().items():
        assert torch.equal(trunk.state_dict()[name], value), name
    losses = [entry["loss"] for entry in history]
    assert np.mean(losses[-5:]) < 0.8 * np.mean(losses[:5])


def test_features_of_the_same_seed_are_the_same(original: torch.nn.Module) -> None:
    trunk = timm.create_model(TOWER, num_classes=0)
    pictures = two_kinds(6, 64).pictures
    first, second = (tower_features(trunk, pictures, np.random.default_rng(1)) for _ in range(2))
    assert first.shape == (6, 1280)
    assert np.array_equal(first, second)
