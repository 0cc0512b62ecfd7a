"""make-task: what the page holds and does not hold, the key, and every message."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from PIL import Image

from egoalign.privacy.blur import blurred
from egoalign.tables import ALIGNMENT, MEDIA, TASK_ITEMS, TASK_TRIALS, read_table, write_table
from egoalign.validate.task_distractors import text_key
from egoalign.validate.task_drawn import SCENES, beside, draw_scene
from egoalign.validate.task_folder import LIST_CALL, list_file, read_lists, read_script
from egoalign.validate.task_pictures import small, write_picture
from tests.unit.validate.task_made import CHILDREN, MODEL, SESSIONS, egoalign, make_corpus

KINDS = ["choose_utterance", "choose_image", "rating", "label"]


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a corpus with a task of all kinds in its results."""
    folder = tmp_path_factory.mktemp("corpus")
    config = make_corpus(folder, kinds=KINDS, annotators=8, answers=2, catch_every=4)
    assert egoalign("make-task", "--quiet", "--config", config) == 0
    return folder


@pytest.fixture(scope="module")
def task(corpus: Path) -> Path:
    return corpus / "results" / "private" / "task"


def items(task: Path) -> list[dict[str, Any]]:
    return read_table(TASK_ITEMS, task / "key" / "items.parquet").to_pylist()


def trials(task: Path) -> list[dict[str, Any]]:
    return read_table(TASK_TRIALS, task / "key" / "trials.parquet").to_pylist()


def test_the_page_holds_no_ids(task: Path) -> None:
    """Children, sessions, utterances and seconds stand in the key, and nowhere in the page."""
    names = [path.relative_to(task / "page").as_posix() for path in (task / "page").rglob("*")]
    texts = [
        path.read_text() for path in (task / "page").rglob("*.js") if "vendor" not in str(path)
    ]
    for forbidden in (*CHILDREN, *SESSIONS, r"u\d{4}", "score", "stratum", "correct", "catch"):
        pattern = re.compile(rf"\b{forbidden}\b")
        assert not any(pattern.search(name) for name in names), forbidden
        lists = [text for text in texts if text.startswith((LIST_CALL, "egoalignStudy("))]
        assert len(lists) == 9
        assert not any(pattern.search(text) for text in lists), forbidden
    pictures = list((task / "page" / "pictures").iterdir())
    assert all(re.fullmatch(r"[0-9a-f]{12}\.jpg", path.name) for path in pictures)
    for path in pictures:
        with Image.open(path) as image:
            assert not image.getexif()
            assert "comment" not in image.info


def test_right_answers_of_trials_are_not_in_the_page(task: Path) -> None:
    _, lists = read_lists(task / "page")
    for content in lists.values():
        assert all(
            set(trial) <= {"item", "picture", "text", "options"} for trial in content["trials"]
        )
        assert len(content["practice"]) == 3
        assert all("right" in trial for trial in content["practice"])


def test_the_folder_is_private(task: Path) -> None:
    assert task.parent.stat().st_mode & 0o077 == 0
    assert task.stat().st_mode & 0o077 == 0


def test_lists_show_what_the_key_says(task: Path) -> None:
    by_item = {(row["kind"], row["item_id"]): row for row in items(task)}
    _, lists = read_lists(task / "page")
    rows = trials(task)
    assert len(rows) == sum(len(content["trials"]) for content in lists.values())
    for row in rows:
        content = lists[row["slot"]]
        shown = content["trials"][row["trial_no"]]
        assert (content["kind"], shown["item"]) == (row["kind"], row["item_id"])
        if row["is_catch"]:
            continue
        item = by_item[row["kind"], row["item_id"]]
        texts, pictures = json.loads(item["texts"]), json.loads(item["pictures"])
        order = json.loads(row["order"])
        if row["kind"] == "choose_utterance":
            assert shown["options"] == [texts[i] for i in order]
            assert shown["options"][int(row["correct_answer"]) - 1] == texts[0]
        elif row["kind"] == "choose_image":
            assert shown["options"] == [pictures[i] for i in order]
            assert shown["options"][int(row["correct_answer"]) - 1] == pictures[0]
            assert all((task / "page" / name).is_file() for name in pictures)
        else:
            assert (order, row["correct_answer"]) == ([], None)
            assert (shown["text"], shown["picture"]) == (texts[0], pictures[0])


def test_every_pair_stands_in_as_many_lists_as_asked(task: Path) -> None:
    counts = Counter((row["kind"], row["item_id"]) for row in trials(task) if not row["is_catch"])
    assert len(counts) == 12 * 4
    assert set(counts.values()) == {2}
    catches = [row["item_id"] for row in trials(task) if row["is_catch"]]
    assert len(catches) == len(set(catches)) == 8 * 3
    assert not set(catches) & {item for _, item in counts}


def test_drawn_trials_of_ratings_and_labels_do_not_all_fit(task: Path) -> None:
    """Who always says yes must not pass."""
    rows = [row for row in trials(task) if row["is_catch"]]
    expected = {
        kind: {row["correct_answer"] for row in rows if row["kind"] == kind} for kind in KINDS
    }
    assert expected["rating"] == {1, 5}
    assert expected["label"] == {0, 1}
    sentences = {scene[0] for scene in SCENES}
    _, lists = read_lists(task / "page")
    for content in lists.values():
        rights = [trial["right"] for trial in content["practice"]]
        if content["kind"] in ("rating", "label"):
            high = 5 if content["kind"] == "rating" else 1
            assert rights == [high, 1 if content["kind"] == "rating" else 0, high]
            assert all(trial["text"] in sentences for trial in content["practice"])
        else:
            assert all(1 <= right <= 4 for right in rights)


def test_distractors_obey_their_rules(corpus: Path, task: Path) -> None:
    rows = read_table(ALIGNMENT, corpus / f"results/align/{MODEL}/alignment.parquet").to_pylist()
    spoken = {(r["child_id"], r["session_id"], r["utterance_id"]): r for r in rows}
    for item in items(task):
        own = spoken[item["child_id"], item["session_id"], item["utterance_id"]]
        assert item["second"] == own["argmax_s"]
        assert item["score"] == own["score_max"]
        others = json.loads(item["distractors"])
        texts = json.loads(item["texts"])
        assert len({text_key(text) for text in texts}) == len(texts)
        if item["kind"] == "choose_utterance":
            assert len(others) == 3
            for child, session, utterance in others:
                assert (child, session) != (item["child_id"], item["session_id"])
                assert spoken[child, session, utterance]["speaker"] == own["speaker"]
        elif item["kind"] == "choose_image":
            assert item["distractor_rule"] == "3 of 3 of the same child"
            for child, session, second in others:
                assert child == item["child_id"]
                assert session != item["session_id"]
                assert isinstance(second, float)


def test_pictures_are_those_of_their_seconds(corpus: Path, task: Path) -> None:
    for item in items(task):
        name = json.loads(item["pictures"])[0]
        source = f"{item['child_id']}/{item['session_id']}/{int(item['second']):05d}.jpg"
        with Image.open(corpus / "pictures" / source) as image:
            expected = np.asarray(small(image, 64), float)
        with Image.open(task / "page" / name) as image:
            assert min(image.size) == 64
            found = np.asarray(image, float)
        # Noise differs from second to second by tens of grey levels; JPEG by a few.
        assert np.abs(found - expected).mean() < 6


def test_facts_say_how_it_was_sampled(task: Path) -> None:
    facts = json.loads((task / "key" / "task.json").read_text())
    assert facts["n_population"] == 9 * 29
    assert facts["n_passed_over"] == 9 * 2
    assert facts["model_id"] == MODEL
    assert sum(row["n_sampled"] for row in facts["strata"]) == 12
    assert facts["options"]["seed"] == 2511
    weights = {row["item_id"]: 1 / row["inclusion_probability"] for row in items(task)}
    assert len(weights) == 12
    assert all(weight >= 1 for weight in weights.values())


def test_the_same_seed_makes_the_same_task(corpus: Path, task: Path, tmp_path: Path) -> None:
    for seed in (2511, 20251118):
        words = ["make-task", "--quiet", "--config", corpus / "config.yaml"]
        assert egoalign(*words, "--seed", seed, "--out", tmp_path / str(seed)) == 0
    paths = [path.relative_to(task) for path in task.rglob("*") if path.is_file()]
    same = {name: (tmp_path / "2511" / name).read_bytes() for name in paths}
    assert all(same[name] == (task / name).read_bytes() for name in paths)
    other = read_script(LIST_CALL, list_file(tmp_path / "20251118" / "page", 0))
    assert other != read_script(LIST_CALL, list_file(task / "page", 0))


def fine_detail(picture: Image.Image, points: int) -> float:
    """Return the root mean square, in grey levels, of waves finer than `points` samples carry."""
    grey = np.asarray(picture.convert("L"), float)
    # A window, so that the picture's borders do not look like fine detail.
    window = np.outer(*(np.hanning(n) for n in grey.shape))
    waves = np.fft.fft2((grey - grey.mean()) * window)
    rows, columns = (np.abs(np.fft.fftfreq(n, 1 / n)) for n in grey.shape)
    # `points` samples along the shorter side carry points / 2 waves; twice that is beyond doubt.
    share = points / min(grey.shape)
    height, width = grey.shape
    fine = (rows[:, None] > share * height) | (columns[None, :] > share * width)
    return float(np.sqrt((np.abs(waves[fine]) ** 2).sum() / grey.size / (window**2).sum()))


def test_blurred_pictures_really_are_blurred(corpus: Path, tmp_path: Path) -> None:
    """Of what is finer than the points that remain, the written JPEG holds next to nothing."""
    words = ["make-task", "--quiet", "--config", corpus / "config.yaml", "--out", tmp_path / "t"]
    assert egoalign(*words, "--blur-px", 8) == 0
    blurry = sorted((tmp_path / "t" / "page" / "pictures").iterdir())
    sharp = sorted((corpus / "results/private/task/page/pictures").iterdir())
    assert len(blurry) == len(sharp) > 30
    for one, other in zip(blurry, sharp, strict=True):
        assert one.name == other.name
        with Image.open(one) as image, Image.open(other) as before:
            assert min(image.size) == 64
            # What remains is the rounding of JPEG; before there was noise, or edges of a drawing.
            assert fine_detail(image, 8) < 1.5
            assert fine_detail(before, 8) > 4


def test_what_was_blurred_cannot_be_told_apart() -> None:
    """Two pictures that differ only in what is finer than a point are the same when blurred."""
    rng = np.random.default_rng(2511)
    grey = np.repeat(np.repeat(rng.integers(60, 190, (8, 12)), 20, 0), 20, 1).astype(np.int64)
    detail = np.tile(rng.integers(-50, 51, (10, 10)), (16, 24))
    cells = detail.reshape(8, 20, 12, 20)
    detail = (cells - cells.mean((1, 3), keepdims=True).round().astype(int)).reshape(160, 240)
    one, other = (Image.fromarray(np.uint8(grey + sign * detail)).convert("RGB") for sign in (0, 1))
    difference = np.abs(np.int64(blurred(one, 8)) - np.int64(blurred(other, 8)))
    assert np.abs(np.int64(one) - np.int64(other)).mean() > 15
    assert difference.max() <= 2


def test_written_pictures_hold_no_facts(tmp_path: Path) -> None:
    picture = Image.new("RGB", (300, 200))
    exif = picture.getexif()
    exif[0x010E] = "kim, day1"
    picture.save(tmp_path / "in.jpg", exif=exif)
    with Image.open(tmp_path / "in.jpg") as image:
        write_picture(image, tmp_path / "out.jpg", 100)
    assert b"kim" in (tmp_path / "in.jpg").read_bytes()
    assert b"kim" not in (tmp_path / "out.jpg").read_bytes()
    with Image.open(tmp_path / "out.jpg") as image:
        assert image.size == (150, 100)


def test_scenes_differ_from_those_beside_them() -> None:
    pictures = [np.asarray(draw_scene(scene), float) for scene in range(len(SCENES))]
    for scene in range(len(SCENES)):
        assert len({scene, *beside(scene)}) == 4
        for other in beside(scene):
            assert np.abs(pictures[scene] - pictures[other]).mean() > 10


def test_a_picture_that_cannot_be_had_is_told(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    config = make_corpus(tmp_path, kinds=["label"], annotators=2, answers=1)
    for path in (tmp_path / "pictures" / "ada" / "day1").iterdir():
        path.write_bytes(b"damaged")
    shutil.rmtree(tmp_path / "pictures" / "bo" / "day2")
    assert egoalign("make-task", "--config", config) == 0
    said = capfd.readouterr().err
    rows = items(tmp_path / "results" / "private" / "task")
    lost = [row for row in rows if row["reason"]]
    for row in rows:
        gone = (row["child_id"], row["session_id"]) in {("ada", "day1"), ("bo", "day2")}
        assert (row["reason"] is not None) == gone
    assert lost
    assert "of 12 pairs left out: no picture: " in said
    listed = {row["item_id"] for row in trials(tmp_path / "results" / "private" / "task")}
    assert not listed & {row["item_id"] for row in lost}


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ([], "is there already, and answers may refer to it; give another --out, or delete it"),
        (["--model", "other"], "--model other: expected one of tiny"),
        (["--kinds", "guess"], "task.kinds"),
        (["--annotators", "3"], "annotators 3: expected at least 8"),
        (["--results", "elsewhere"], "run the step that makes table 'alignment'"),
    ],
)
def test_messages(
    corpus: Path,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    flags: list[str],
    message: str,
) -> None:
    out = [] if not flags else ["--out", tmp_path / "task"]
    assert egoalign("make-task", "--config", corpus / "config.yaml", *flags, *out) == 2
    assert message in capfd.readouterr().err
    assert not (tmp_path / "task").exists()


def test_too_small_a_corpus(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """One child with one recording: nothing to set beside, and fewer pairs than asked."""
    config = make_corpus(tmp_path, kinds=["choose_image"], annotators=2, answers=1)
    path = tmp_path / "results" / "align" / MODEL / "alignment.parquet"
    rows = read_table(ALIGNMENT, path).to_pylist()
    one = [r for r in rows if (r["child_id"], r["session_id"]) == ("ada", "day1")]
    write_table(ALIGNMENT, one, path)
    assert egoalign("make-task", "--config", config) == 2
    said = capfd.readouterr().err
    assert "only 2 of 12 pairs sampled: at most 30 a child and 1 a minute of recording" in said
    assert "choose_image: no pair can be asked (fewer than 3 pictures in other sessions)" in said
    assert [path.name for path in (tmp_path / "results" / "private").glob("*task*")] == []
    assert [path.name for path in (tmp_path / "results" / "private").glob(".*")] == []
    write_table(ALIGNMENT, [r for r in one if r["score_max"] is None], path)
    assert egoalign("make-task", "--config", config) == 2
    assert "no utterance has a score and words" in capfd.readouterr().err


def test_embeddings_in_place_of_pictures(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    config = make_corpus(tmp_path, kinds=["label"], annotators=2, answers=1)
    sessions = tmp_path / "sessions.tsv"
    lines = sessions.read_text().splitlines()
    lines[1] = lines[1].replace("pictures/ada/day1", "pictures/ada_day1.npy")
    sessions.write_text("\n".join(lines) + "\n")
    assert egoalign("make-task", "--config", config) == 0
    said = capfd.readouterr().err
    assert "no picture: the session names embeddings in place of pictures" in said


def test_the_vendored_javascript_is_what_is_pinned(root: Path) -> None:
    done = subprocess.run(
        [sys.executable, root / "envs" / "vendor_task.py", "--check"],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assets = root / "workflow/src/egoalign/validate/task"
    assert sum(path.stat().st_size for path in assets.rglob("*") if path.is_file()) < 1_000_000
    assert "MIT licence" in (assets / "vendor" / "LICENSE.txt").read_text()


def test_options_of_the_config_reach_the_task(tmp_path: Path) -> None:
    config = make_corpus(tmp_path, speakers=["key_child"], score="score_max", n_items=5)
    values = yaml.safe_load(config.read_text())
    assert values["task"]["speakers"] == ["key_child"]
    assert egoalign("make-task", "--quiet", "--config", config, "--kinds", "label") == 0
    rows = items(tmp_path / "results" / "private" / "task")
    assert {(row["kind"], row["speaker"]) for row in rows} == {("label", "key_child")}
    assert len(rows) == 5
    media = read_table(MEDIA, tmp_path / "results/video/ada/day1.media.parquet").to_pylist()
    assert media[0]["backend"] is None
