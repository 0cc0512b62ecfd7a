from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import open_clip
import pytest
import torch

from egoalign.demo import captions
from egoalign.demo.drawn import DrawnSource
from egoalign.demo.kinds import KINDS
from egoalign.demo.model import (
    Recipe,
    add_stray_tokens,
    augment,
    draw_captions,
    presence_labels,
    presence_loss,
)
from egoalign.demo.training import loss_curve, train
from egoalign.demo.trial import exchange_hues, presence_auc, try_model, zero_shot_accuracy
from egoalign.demo.views import Views, many_views, scene_views

CONFIG = Path(__file__).parents[3] / "config/demo/model/egoalign-demo.json"
SOURCE = DrawnSource()


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """A model trained for 50 small steps, and its record."""
    out = tmp_path_factory.mktemp("model") / "egoalign-demo.safetensors"
    record = train(
        out, config=CONFIG, steps=50, batch=32, seed=1, n_views=320, n_trial_views=40, threads=1
    )
    return out, record


def test_the_loss_falls(trained: tuple[Path, dict[str, Any]]) -> None:
    loss = trained[1]["loss"]
    assert np.isfinite(loss).all()
    assert np.mean(loss[-5:]) < 0.95 * np.mean(loss[:2])


def test_the_file_loads_as_any_open_clip_model_does(trained: tuple[Path, dict[str, Any]]) -> None:
    out, _ = trained
    open_clip.add_model_config(CONFIG.parent)
    model, _, preprocess = open_clip.create_model_and_transforms(
        "egoalign-demo", pretrained=str(out)
    )
    tokens = open_clip.get_tokenizer("egoalign-demo")(["look at the ball"])
    model.eval()
    with torch.inference_mode():
        vector = model.encode_text(tokens, normalize=True)
    assert vector.shape == (1, 128)
    assert float(vector.norm()) == pytest.approx(1, abs=1e-5)
    assert preprocess is not None


def test_digest_and_record_stand_beside_the_weights(trained: tuple[Path, dict[str, Any]]) -> None:
    out, record = trained
    digest = hashlib.sha256(out.read_bytes()).hexdigest()
    assert out.with_suffix(".sha256").read_text() == f"{digest}  {out.name}\n"
    written = json.loads(out.with_name("training.json").read_text())
    assert written == record
    assert written["sha256"] == digest
    assert written["recipe"]["steps"] == 50
    assert out.stat().st_size <= 12_000_000
    assert sorted(p.name for p in out.parent.iterdir()) == [
        "egoalign-demo.safetensors",
        "egoalign-demo.sha256",
        "training.json",
    ]


def test_views_do_not_depend_on_the_number_of_processes() -> None:
    one = many_views(SOURCE, "train", 3, 3, 2, 32, short=64)
    two = many_views(SOURCE, "train", 3, 3, 2, 32, short=64, processes=2)
    np.testing.assert_array_equal(one.pictures, two.pictures)
    np.testing.assert_array_equal(one.crop_shares, two.crop_shares)
    assert one.scene_no.tolist() == [0, 0, 1, 1, 2, 2]


def test_views_of_the_splits_differ() -> None:
    train_views = scene_views(SOURCE, "train", 3, 0, 2, 32, short=64)
    corpus_views = scene_views(SOURCE, "corpus", 3, 0, 2, 32, short=64)
    assert not np.array_equal(train_views.pictures, corpus_views.pictures)


def test_the_square_holds_at_most_what_the_picture_holds() -> None:
    views = many_views(SOURCE, "train", 4, 4, 4, 32, short=96)
    assert views.crop_shares.sum(axis=1).max() <= 1
    # The square is at least 9/16 of the picture, so a share grows at most by the inverse.
    assert (views.crop_shares <= views.picture_shares * 16 / 9 * 1.05 + 1e-6).all()


def test_presence_labels_follow_the_shares() -> None:
    crop = torch.tensor([[0.10, 0.0, 0.0], [0.0, 0.02, 0.001]])
    whole = torch.tensor([[0.06, 0.0, 0.0], [0.0, 0.02, 0.001]])
    named = torch.tensor([[1, 0, 0], [1, 1, 0], [0, 0, 1], [0, 0, 0]], dtype=torch.bool)
    labels, weights = presence_labels(crop, whole, named)
    assert labels[:, :3].tolist() == [[1, 0.5, 0], [0, 0.5, 0]]
    assert weights.tolist() == [[1, 1, 1, 1], [1, 1, 0, 1]]
    mean = (1 + 0.5 + 0 + 0 + 0.5 + 0) / 6
    assert labels[:, 3].tolist() == pytest.approx([mean, mean])


def test_presence_loss_is_the_weighted_cross_entropy() -> None:
    logits = torch.tensor([[2.0, -1.0], [0.0, 5.0]])
    labels = torch.tensor([[1.0, 0.0], [1.0, 0.0]])
    weights = torch.tensor([[1.0, 1.0], [1.0, 0.0]])
    by_hand = np.mean([np.log1p(np.exp(-2)), np.log1p(np.exp(-1)), np.log(2)])
    assert float(presence_loss(logits, labels, weights)) == pytest.approx(by_hand, rel=1e-6)


def test_every_caption_says_what_its_row_says() -> None:
    rng = np.random.default_rng(0)
    recipe = Recipe(steps=1, captions_per_kind=6, pairs=40, neutral=40)
    texts, named = draw_captions(rng, KINDS, recipe)
    assert named.shape == (len(texts), len(KINDS)) == (6 * len(KINDS) + 80, len(KINDS))
    nouns = {word: i for i, kind in enumerate(KINDS) for word in (kind.name, kind.plural)}
    for text, row in zip(texts, named, strict=True):
        found = {nouns[word] for word in re.findall(r"[a-z']+", text) if word in nouns}
        assert found == set(np.flatnonzero(row)), text


def test_captions_vary() -> None:
    rng = np.random.default_rng(0)
    ball = next(kind for kind in KINDS if kind.name == "ball")
    assert len({captions.name_kind(rng, ball) for _ in range(500)}) > 300


def test_a_stray_token_leaves_the_caption_whole() -> None:
    tokenizer = open_clip.get_tokenizer("ViT-B-32", context_length=16)
    tokens = tokenizer(["look at the big red ball", "cup"] * 50 + ["so many words " * 10])
    changed = add_stray_tokens(np.random.default_rng(0), tokens, share=1.0)
    assert torch.equal(changed[-1], tokens[-1])
    for before, after in zip(tokens[:-1].tolist(), changed[:-1].tolist(), strict=True):
        kept = [t for t in before if t]
        grown = [t for t in after if t]
        assert len(grown) == len(kept) + 1
        assert grown[0] == kept[0]
        assert grown[-1] == kept[-1]
        assert any(grown[:i] + grown[i + 1 :] == kept for i in range(len(grown)))


def test_augmented_pictures_are_normalized() -> None:
    pictures = np.full((4, 8, 8, 3), 120, dtype=np.uint8)
    x = augment(np.random.default_rng(0), pictures)
    assert x.shape == (4, 3, 8, 8)
    assert len({round(float(v), 4) for v in x[:, 0, 0, 0]}) == 4
    assert float(x.abs().max()) < 2


def views_with(crop: np.ndarray, scene_no: np.ndarray) -> Views:
    return Views(np.zeros((len(crop), 2, 2, 3), np.uint8), crop, crop, scene_no)


def test_zero_shot_accuracy_counts_clear_pictures_only() -> None:
    crop = np.array([[0.1, 0.0], [0.0, 0.1], [0.1, 0.03], [0.0, 0.01]])
    scores = np.array([[0.9, 0.1], [0.8, 0.2], [0.3, 0.1], [0.1, 0.9]])
    result = zero_shot_accuracy(scores, crop)
    assert (result.n, result.chance) == (3, 0.5)
    assert result.value == pytest.approx(2 / 3)
    # Wilson's interval for 2 of 3, worked by hand from its closed form.
    assert (result.low, result.high) == pytest.approx((0.2077, 0.9385), abs=2e-4)


def test_presence_auc_tells_a_knowing_score_from_a_blind_one() -> None:
    rng = np.random.default_rng(0)
    crop = np.where(rng.random((200, 5)) < 0.2, 0.05, 0.0)
    views = views_with(crop, np.arange(200) // 4)
    knowing = presence_auc(crop + rng.normal(0, 0.02, crop.shape), crop, views, seed=0)
    assert knowing.low > 0.9
    blind = [presence_auc(rng.normal(size=crop.shape), crop, views, seed=0) for _ in range(20)]
    assert np.mean([b.value for b in blind]) == pytest.approx(0.5, abs=0.02)
    # A 95 % interval misses now and then; 16 of 20 or fewer has a chance below 2 %.
    assert sum(b.low < 0.5 < b.high for b in blind) > 16


def test_exchanged_hues_keep_brightness_and_change_colour() -> None:
    pictures = np.zeros((3, 8, 8, 3), dtype=np.uint8)
    pictures[..., 0] = 200
    turned = exchange_hues(pictures, np.random.default_rng(0))
    assert np.abs(turned.max(axis=3).astype(int) - 200).max() <= 2
    assert np.abs(turned.astype(int) - pictures).max(axis=(1, 2, 3)).min() > 50


def test_a_loss_curve_averages_stretches() -> None:
    assert loss_curve([4.0, 2.0, 1.0, 1.0], points=2) == [3.0, 1.0]


def test_the_kept_copy_is_the_one_on_record() -> None:
    weights = CONFIG.with_suffix(".safetensors")
    record = json.loads(CONFIG.with_name("training.json").read_text())
    digest = hashlib.sha256(weights.read_bytes()).hexdigest()
    assert record["sha256"] == digest
    assert CONFIG.with_suffix(".sha256").read_text().split() == [digest, weights.name]
    assert weights.stat().st_size <= 12_000_000
    assert record["kinds"] == list(SOURCE.kinds)


def test_the_kept_copy_knows_unseen_scenes_by_shape() -> None:
    open_clip.add_model_config(CONFIG.parent)
    model, _, preprocess = open_clip.create_model_and_transforms(
        "egoalign-demo", pretrained=str(CONFIG.with_suffix(".safetensors"))
    )
    tokenizer = open_clip.get_tokenizer("egoalign-demo")
    # Not the scenes of the record: another seed.
    views = many_views(SOURCE, "corpus", 77, 30, 8, 96, short=240)
    trial = try_model(model.eval(), preprocess, tokenizer, views, KINDS, seed=77)
    for condition in ("as_seen", "hues_exchanged"):
        assert trial[condition]["zero_shot_accuracy"]["low"] > 5 / len(KINDS)
        assert trial[condition]["presence_auc_crop"]["low"] > 0.65
    shuffled = trial["pictures_shuffled"]
    assert shuffled["zero_shot_accuracy"]["value"] < 3 / len(KINDS)
    assert shuffled["presence_auc_crop"]["value"] == pytest.approx(0.5, abs=0.06)
