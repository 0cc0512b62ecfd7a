"""Trial of a demo model on unseen scenes: zero-shot accuracy, and AUC for what is in view."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from egoalign.demo.kinds import Kind
from egoalign.demo.views import Views
from egoalign.resample import auc_statistic, bootstrap, choose_clusters

LARGE = 0.02
"""Share of the square from which the largest object counts as the picture's subject."""
SEEN = 0.005
"""Share above which a kind counts as in view."""
_BOOTSTRAPS = 500
_PROMPTS = ("{name}", "look at the {name}", "that's {article} {name}", "do you see the {name}")


@dataclass(frozen=True)
class Estimate:
    """A number, its 95 % interval, what chance would give, and how many items it rests on."""

    value: float
    low: float
    high: float
    chance: float
    n: int


def try_model(
    model: Any,
    preprocess: Callable[[Image.Image], Tensor],
    tokenizer: Callable[[list[str]], Tensor],
    views: Views,
    kinds: Sequence[Kind],
    seed: int,
) -> dict[str, Any]:
    """Try a model on views of scenes that it has not seen.

    Parameters
    ----------
    model, preprocess, tokenizer
        As open_clip returns them.
    views : Views
        Unseen views and their truth.
    kinds : sequence of Kind
        In the order of the columns of `views`.
    seed : int
        Seed of hue turns, shuffling and bootstrap.

    Returns
    -------
    dict
        For the pictures as they are, with hues exchanged and with pictures shuffled: zero-shot
        accuracy for the largest object, and AUC of the score for presence by crop and by picture.
    """
    rng = np.random.default_rng([seed, 3])
    words = kind_vectors(model, tokenizer, kinds)
    scores = picture_vectors(model, preprocess, views.pictures) @ words.T
    turned = picture_vectors(model, preprocess, exchange_hues(views.pictures, rng)) @ words.T
    conditions = {
        "as_seen": scores,
        "hues_exchanged": turned,
        "pictures_shuffled": scores[rng.permutation(len(scores))],
    }
    return {
        name: {
            "zero_shot_accuracy": asdict(zero_shot_accuracy(values, views.crop_shares)),
            "presence_auc_crop": asdict(presence_auc(values, views.crop_shares, views, seed)),
            "presence_auc_picture": asdict(presence_auc(values, views.picture_shares, views, seed)),
        }
        for name, values in conditions.items()
    }


def kind_vectors(
    model: Any, tokenizer: Callable[[list[str]], Tensor], kinds: Sequence[Kind]
) -> np.ndarray:
    """Return (k, d) unit vectors: for each kind the mean over a few sentences that name it."""
    texts = [p.format(name=k.name, article=k.article) for k in kinds for p in _PROMPTS]
    with torch.inference_mode():
        vectors = model.encode_text(tokenizer(texts), normalize=True)
    means = vectors.reshape(len(kinds), len(_PROMPTS), -1).mean(dim=1)
    return torch.nn.functional.normalize(means, dim=1).numpy()


def picture_vectors(
    model: Any,
    preprocess: Callable[[Image.Image], Tensor],
    pictures: np.ndarray,
    batch: int = 64,
) -> np.ndarray:
    """Return (n, d) unit vectors of uint8 pictures (n, h, w, 3)."""
    parts = []
    with torch.inference_mode():
        for start in range(0, len(pictures), batch):
            images = torch.stack(
                [preprocess(Image.fromarray(p)) for p in pictures[start : start + batch]]
            )
            parts.append(model.encode_image(images, normalize=True).numpy())
    return np.concatenate(parts)


def zero_shot_accuracy(scores: np.ndarray, crop_shares: np.ndarray) -> Estimate:
    """Return how often the best-scoring kind is the largest in the square, with Wilson's interval.

    Both arrays have shape (n, k); pictures whose largest object covers less than
    `LARGE` are left out.
    """
    kept = crop_shares.max(axis=1) >= LARGE
    hits = scores[kept].argmax(axis=1) == crop_shares[kept].argmax(axis=1)
    n, z = len(hits), 1.959964
    value = float(hits.mean())
    centre = (value + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * np.sqrt(value * (1 - value) / n + z**2 / (4 * n**2))
    return Estimate(value, float(centre - half), float(centre + half), 1 / scores.shape[1], n)


def presence_auc(scores: np.ndarray, shares: np.ndarray, views: Views, seed: int) -> Estimate:
    """Return the AUC of scores (n, k) for a kind being in view, bootstrapped over scenes.

    A kind is in view where its share is at least `SEEN` and out of view where none of it is in the
    whole picture; pairs between the two are left out.
    """
    seen = shares >= SEEN
    used = seen | (views.picture_shares == 0)
    scene_of = np.broadcast_to(views.scene_no[:, None], used.shape)[used]
    scenes = choose_clusters([("scenes", scene_of)])
    statistic = auc_statistic(scores[used], seen[used], scenes)
    low, high = bootstrap(statistic, scenes, _BOOTSTRAPS, seed)
    return Estimate(statistic(np.ones(scenes.count, dtype=int)), low, high, 0.5, int(used.sum()))


def exchange_hues(pictures: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Turn the hue of every uint8 picture (n, h, w, 3) by an angle drawn at random for it."""
    turned = np.empty_like(pictures)
    for i, picture in enumerate(pictures):
        hsv = np.array(Image.fromarray(picture).convert("HSV"))
        hsv[..., 0] += np.uint8(rng.integers(32, 224))
        turned[i] = np.asarray(Image.fromarray(hsv, "HSV").convert("RGB"))
    return turned
