"""Training of the demo model: a small, ordinary open_clip model taught on scenes of known truth.

Every caption of a batch is set against every picture of the batch. Since several captions fit
several pictures, each pair gets its own yes or no from the known visible shares, and the loss is
the pairwise sigmoid loss (Zhai et al. 2023, arXiv:2303.15343) with those labels.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from egoalign.demo import captions
from egoalign.demo.kinds import Kind
from egoalign.demo.views import Views
from egoalign.log import logger

SEEN = 0.005
"""Share of the square above which a kind counts as in view."""
ABSENT = 0.0005
"""Share of the whole view below which a kind counts as out of view; between the two, unsure."""


@dataclass(frozen=True)
class Recipe:
    """How to train.

    Attributes
    ----------
    steps, batch : int
        Number of steps and pictures per step.
    captions_per_kind, pairs, neutral : int
        Captions per step: for each kind, for two kinds at once, and about nothing.
    learning_rate, weight_decay, warmup : float
        AdamW with a cosine schedule after `warmup` (a share of the steps).
    precision : str
        "fp32", or "bf16" for mixed precision, faster where the processor has matrix units for it.
    seed : int
        Seed of weights, batches and captions.
    """

    steps: int
    batch: int = 128
    captions_per_kind: int = 2
    pairs: int = 16
    neutral: int = 8
    learning_rate: float = 1.5e-3
    weight_decay: float = 0.05
    warmup: float = 0.04
    precision: str = "fp32"
    seed: int = 0


def presence_labels(crop: Tensor, whole: Tensor, named: Tensor) -> tuple[Tensor, Tensor]:
    """Say which captions fit which pictures.

    Parameters
    ----------
    crop, whole : torch.Tensor
        (n, k) visible share of each kind in the square and in the whole view.
    named : torch.Tensor
        (t, k) booleans: the kinds that a caption names; none for a caption about nothing.

    Returns
    -------
    labels : torch.Tensor
        (n, t): share of the named kinds that are in view. A caption that names nothing fits every
        picture alike, so its label is the mean label of the others.
    weights : torch.Tensor
        (n, t): 0 where a named kind is barely in view and the answer unsure, else 1.
    """
    mask = named.float()
    count = mask.sum(dim=1)
    seen = (crop >= SEEN).float()
    unsure = ((crop < SEEN) & (whole > ABSENT)).float()
    labels = seen @ mask.T / count.clamp(min=1)
    weights = (unsure @ mask.T == 0).float()
    labels[:, count == 0] = labels[:, count > 0].mean()
    return labels, weights


def presence_loss(logits: Tensor, labels: Tensor, weights: Tensor) -> Tensor:
    """Return the weighted mean of the pairwise sigmoid loss over (n, t) logits."""
    loss = functional.binary_cross_entropy_with_logits(logits, labels, reduction="none")
    return (loss * weights).sum() / weights.sum()


def draw_captions(
    rng: np.random.Generator, kinds: Sequence[Kind], recipe: Recipe
) -> tuple[list[str], np.ndarray]:
    """Draw the captions of a step and say which kinds each names, as booleans of shape (t, k)."""
    texts: list[str] = []
    rows: list[tuple[int, ...]] = []
    for i, kind in enumerate(kinds):
        for _ in range(recipe.captions_per_kind):
            texts.append(captions.name_kind(rng, kind))
            rows.append((i,))
    for _ in range(recipe.pairs):
        i, j = rng.choice(len(kinds), size=2, replace=False)
        texts.append(captions.name_pair(rng, kinds[i], kinds[j]))
        rows.append((int(i), int(j)))
    for _ in range(recipe.neutral):
        texts.append(captions.name_nothing(rng))
        rows.append(())
    named = np.zeros((len(texts), len(kinds)), dtype=bool)
    for row, columns in enumerate(rows):
        named[row, list(columns)] = True
    return texts, named


def add_stray_tokens(rng: np.random.Generator, tokens: Tensor, share: float = 0.2) -> Tensor:
    """Put a random token into a share of the captions, so that words never taught do no harm.

    `tokens` has shape (t, context); a caption that fills its context is left alone.
    """
    result = tokens.clone()
    end_token = int(tokens.max())
    for row in np.flatnonzero(rng.random(len(tokens)) < share):
        end = int(tokens[row].argmax())
        if end + 1 < tokens.shape[1]:
            place = int(rng.integers(1, end + 1))
            result[row, place + 1 : end + 2] = tokens[row, place : end + 1]
            result[row, place] = int(rng.integers(1, end_token - 1))
    return result


def train_model(
    model: Any,
    tokenizer: Callable[[list[str]], Tensor],
    views: Views,
    kinds: Sequence[Kind],
    recipe: Recipe,
    prepare: Callable[[np.random.Generator, np.ndarray], Tensor] | None = None,
) -> list[dict[str, float]]:
    """Train a model in place.

    Parameters
    ----------
    model : torch.nn.Module
        An open_clip model with `logit_scale` and `logit_bias`.
    tokenizer : callable
        Texts to token ids of shape (t, context).
    views : Views
        Training pictures and their truth.
    kinds : sequence of Kind
        The kinds, in the order of the columns of `views`.
    recipe : Recipe
        How to train.
    prepare : callable, optional
        Makes a batch of `views.pictures` what the model takes; `augment` by default.

    Returns
    -------
    list of dict
        Step, loss, learning rate and seconds since the start, for every step.
    """
    rng = np.random.default_rng([recipe.seed, 2])
    model.train().to(memory_format=torch.channels_last)
    optimizer = _optimizer(model, recipe)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: _rate(step, recipe))
    crop, whole = torch.from_numpy(views.crop_shares), torch.from_numpy(views.picture_shares)
    history: list[dict[str, float]] = []
    start = time.monotonic()
    for step in range(recipe.steps):
        chosen = rng.choice(
            len(views.pictures), size=min(recipe.batch, len(views.pictures)), replace=False
        )
        pictures = (prepare or augment)(rng, views.pictures[chosen])
        texts, named = draw_captions(rng, kinds, recipe)
        tokens = add_stray_tokens(rng, tokenizer(texts))
        labels, weights = presence_labels(crop[chosen], whole[chosen], torch.from_numpy(named))
        with torch.autocast("cpu", torch.bfloat16, enabled=recipe.precision == "bf16"):
            picture_vectors = model.encode_image(pictures, normalize=True)
            text_vectors = model.encode_text(tokens, normalize=True)
        logits = (
            model.logit_scale.exp() * picture_vectors.float() @ text_vectors.float().T
            + model.logit_bias
        )
        loss = presence_loss(logits, labels, weights)
        rate = float(schedule.get_last_lr()[0])
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        seconds = time.monotonic() - start
        history.append(
            {"step": step, "loss": float(loss.detach()), "rate": rate, "seconds": seconds}
        )
        if step % 50 == 0:
            logger.info(
                "  step %d of %d, loss %.4f, %.0f s",
                step,
                recipe.steps,
                history[-1]["loss"],
                seconds,
            )
    model.eval()
    return history


def augment(rng: np.random.Generator, pictures: np.ndarray) -> Tensor:
    """Flip and brighten at random; return normalized float32 of shape (n, 3, side, side)."""
    from open_clip.constants import OPENAI_DATASET_MEAN, OPENAI_DATASET_STD

    n = len(pictures)
    flipped = np.where((rng.random(n) < 0.5)[:, None, None, None], pictures[:, :, ::-1], pictures)
    x = torch.from_numpy(flipped).permute(0, 3, 1, 2).float() / 255
    gain = torch.from_numpy(rng.uniform(0.8, 1.2, (n, 1, 1, 1))).float()
    shift = torch.from_numpy(rng.uniform(-0.08, 0.08, (n, 1, 1, 1))).float()
    mean = torch.tensor(OPENAI_DATASET_MEAN).view(1, 3, 1, 1)
    std = torch.tensor(OPENAI_DATASET_STD).view(1, 3, 1, 1)
    x = ((x * gain + shift).clamp(0, 1) - mean) / std
    return x.contiguous(memory_format=torch.channels_last)


def _optimizer(model: nn.Module, recipe: Recipe) -> torch.optim.Optimizer:
    """AdamW that spares gains, biases and the logit scale from decay."""
    decayed: list[Any] = [p for p in model.parameters() if p.ndim >= 2]
    spared: list[Any] = [p for p in model.parameters() if p.ndim < 2]
    groups = [
        {"params": decayed, "weight_decay": recipe.weight_decay},
        {"params": spared, "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=recipe.learning_rate, betas=(0.9, 0.98))


def _rate(step: int, recipe: Recipe) -> float:
    """Return the factor on the learning rate: a linear rise, then half a cosine down to nothing."""
    rise = max(1, round(recipe.warmup * recipe.steps))
    if step < rise:
        return (step + 1) / rise
    return 0.5 * (1 + math.cos(math.pi * (step - rise) / max(1, recipe.steps - rise)))
