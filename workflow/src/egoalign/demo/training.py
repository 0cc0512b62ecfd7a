"""The files of the demo model: safetensors, its digest, and the record of its training."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import platform
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import open_clip
import torch
from safetensors.torch import save
from torch import Tensor, nn

from egoalign.demo.drawn import DrawnSource
from egoalign.demo.kinds import kind_named
from egoalign.demo.model import Recipe, train_model
from egoalign.demo.photo_model import train_on_tower
from egoalign.demo.source import Source
from egoalign.demo.trial import try_model
from egoalign.demo.views import many_views
from egoalign.log import logger
from egoalign.tables import atomic_path

_VIEWS_PER_SCENE = 8
_TRIAL_SHORT_SIDE = 480


def train(
    out: Path,
    *,
    config: Path,
    steps: int,
    batch: int = 128,
    seed: int = 0,
    source: Source | None = None,
    shipped: Mapping[str, Tensor] | None = None,
    n_views: int = 64000,
    n_trial_views: int = 1600,
    precision: str = "fp32",
    threads: int = 2,
) -> dict[str, Any]:
    """Train the demo model and write its files.

    Parameters
    ----------
    out : Path
        The safetensors file to write, half precision; `.sha256` and `training.json` go beside it.
    config : Path
        An open_clip model config; its stem is the model's name.
    steps, batch, seed, precision
        As in `egoalign.demo.model.Recipe`.
    source : Source, optional
        Where objects come from; drawn by default.
    shipped : mapping of str to torch.Tensor, optional
        Weights of the image tower, which then stays as it is
        (see `egoalign.demo.photo_model.train_on_tower`).
    n_views, n_trial_views : int
        Training pictures rendered beforehand, and unseen ones for the trial.
    threads : int
        Threads for training and processes for rendering.

    Returns
    -------
    dict
        The record that is written to `training.json`.
    """
    source = source or DrawnSource()
    recipe = Recipe(steps=steps, batch=batch, seed=seed, precision=precision)
    kinds = [kind_named(name) for name in source.kinds]
    torch.set_num_threads(threads)
    torch.manual_seed(seed)
    open_clip.add_model_config(config)
    model = open_clip.create_model(config.stem)
    tokenizer = open_clip.get_tokenizer(config.stem)
    side = int(np.max(model.visual.image_size))

    logger.info("rendering %d training views", n_views)
    views = many_views(
        source,
        "train",
        seed,
        -(-n_views // _VIEWS_PER_SCENE),
        _VIEWS_PER_SCENE,
        side,
        None,
        threads,
    )
    logger.info("training %s for %d steps", config.stem, steps)
    if shipped is None:
        history = train_model(model, tokenizer, views, kinds, recipe)
    else:
        history = train_on_tower(model, tokenizer, views, kinds, recipe, shipped)
    digest = save_weights(model, out)

    logger.info("trial on unseen scenes")
    stored, _, preprocess = open_clip.create_model_and_transforms(config.stem, pretrained=str(out))
    stored.eval()
    n_scenes = -(-n_trial_views // _VIEWS_PER_SCENE)
    unseen = many_views(
        source, "corpus", seed, n_scenes, _VIEWS_PER_SCENE, side, _TRIAL_SHORT_SIDE, threads
    )
    record = {
        "model": config.stem,
        "sha256": digest,
        "source": source.name,
        "kinds": list(source.kinds),
        "recipe": asdict(recipe),
        "n_views": len(views.pictures),
        "threads": threads,
        "seconds": round(history[-1]["seconds"], 1),
        "loss": loss_curve([entry["loss"] for entry in history]),
        "versions": versions(),
        "trial": try_model(stored, preprocess, tokenizer, unseen, kinds, seed),
    }
    with atomic_path(out.with_name("training.json")) as temporary:
        temporary.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    return record


def save_weights(model: nn.Module, out: Path) -> str:
    """Write weights in half precision and their digest beside them; return the sha256."""
    tensors = {
        name: (value.half() if value.is_floating_point() else value).contiguous()
        for name, value in model.state_dict().items()
    }
    out.parent.mkdir(parents=True, exist_ok=True)
    with atomic_path(out) as temporary:
        temporary.write_bytes(save(tensors))
    digest = hashlib.sha256(out.read_bytes()).hexdigest()
    with atomic_path(out.with_suffix(".sha256")) as temporary:
        temporary.write_text(f"{digest}  {out.name}\n", encoding="utf-8")
    return digest


def loss_curve(losses: list[float], points: int = 20) -> list[float]:
    """Return the mean loss of up to `points` successive stretches of training."""
    return [
        round(float(part.mean()), 5) for part in np.array_split(losses, min(points, len(losses)))
    ]


def versions() -> dict[str, str]:
    """Return the versions on which a training run depends."""
    packages = ("torch", "open_clip_torch", "numpy", "pillow")
    # A local build tag such as +cpu says nothing about the numbers.
    found = {name: importlib.metadata.version(name).partition("+")[0] for name in packages}
    return {"python": platform.python_version(), **found}
