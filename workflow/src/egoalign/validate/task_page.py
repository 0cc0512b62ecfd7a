"""The step `make-task`: sample pairs, and write a page that asks people about them."""

from __future__ import annotations

import importlib.resources
import json
import os
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from egoalign import __version__
from egoalign.config import Config, TaskOptions
from egoalign.corpus.read import open_corpus
from egoalign.log import UserError, logger
from egoalign.privacy.zone import make_private_zone
from egoalign.tables import TASK_ITEMS, TASK_TRIALS, write_table
from egoalign.validate.cells import CHOOSE_IMAGE
from egoalign.validate.task_drawn import SCENES, beside, draw_scene
from egoalign.validate.task_folder import (
    ITEMS_FILE,
    KEY,
    LIST_CALL,
    PAGE,
    PICTURES,
    STUDY_CALL,
    STUDY_FILE,
    TRIALS_FILE,
    list_file,
    write_facts,
    write_script,
)
from egoalign.validate.task_items import Sample, sample
from egoalign.validate.task_pictures import PictureKey, write_picture, write_pictures
from egoalign.validate.task_population import pool_of, population
from egoalign.validate.task_trials import Asked, Lists, Scene, ask, make_lists, opaque_names

ASSETS = importlib.resources.files("egoalign.validate") / "task"


def make_task(
    config: Config, results: Path, model_id: str | None, task: Path | None = None
) -> Path:
    """Sample pairs from a run's results and write a task about them.

    Parameters
    ----------
    config : Config
        The run's; section `task` says what is made, section `corpus` where the recordings are.
    results : Path
        The folder of its results.
    model_id : str, optional
        The model by whose score is sampled; the first one where left out.
    task : Path, optional
        Folder to write, which must not be there yet; ``<results>/private/task`` where left out.

    Returns
    -------
    Path
        The folder: ``page`` to be served, ``key`` to be kept.

    Raises
    ------
    UserError
        The folder is there, the model is not one of the run's, or nothing can be asked.
    """
    options = config.task
    model_id = _model(config, model_id)
    if task is None:
        task = make_private_zone(results) / "task"
    if task.exists():
        raise UserError(
            f"{task}: is there already, and answers may refer to it; give another --out, "
            "or delete it"
        )
    rows, n_passed_over = population(
        results / "align" / model_id / "alignment.parquet",
        results / "private" / "transcripts",
        options,
    )
    if rows.empty:
        raise UserError(
            f"{results / 'align' / model_id / 'alignment.parquet'}: no utterance has a score and "
            "words; run the workflow first, or name other 'task.speakers'"
        )
    rng = np.random.default_rng(options.seed)
    partial = task.with_name(f".{task.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True, mode=0o700)
    try:
        facts = _write_task(partial, rows, config, results, rng)
        write_facts(facts | {"model_id": model_id, "n_passed_over": n_passed_over}, partial)
        os.replace(partial, task)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return task


def _write_task(
    partial: Path, rows: pd.DataFrame, config: Config, results: Path, rng: np.random.Generator
) -> dict[str, Any]:
    """Write page and key of a task about a population; return the facts of how it was made."""
    options = config.task
    sampled = _sample(rows, options, rng)
    asked = ask(pool_of(rows), sampled, options, rng)
    scenes = _write_scenes(partial / PAGE, options, rng)
    pictures = _write_pictures(partial / PAGE, rows, asked, config, results, rng)
    _tell(asked, len(sampled.rows), options)
    lists = make_lists(asked, rows["text"].tolist(), pictures, scenes, options, rng)
    study = {
        "study": opaque_names(1, rng)[0],
        "n_lists": options.annotators,
        "scale": options.scale,
    }
    _write_page(partial / PAGE, study, lists)
    write_table(TASK_ITEMS, _item_rows(rows, sampled, asked, pictures), partial / KEY / ITEMS_FILE)
    write_table(TASK_TRIALS, lists.rows, partial / KEY / TRIALS_FILE)
    return {
        **study,
        "options": options.model_dump(mode="json"),
        "egoalign": __version__,
        "n_population": len(rows),
        "strata": sampled.strata,
    }


def _model(config: Config, model_id: str | None) -> str:
    """Return the model by whose score is sampled."""
    known = [model.model_id for model in config.encode.models]
    if model_id is not None and model_id not in known:
        raise UserError(f"--model {model_id}: expected one of {', '.join(known)}")
    return model_id or next(m.model_id for m in config.encode.models if not m.scores)


def _sample(rows: pd.DataFrame, options: TaskOptions, rng: np.random.Generator) -> Sample:
    """Sample the population, and say where it gave less than was asked."""
    minute = np.floor(rows["start_s"].fillna(rows["second"]) / 60).astype(np.int64)
    recording = rows["child_id"] + "/" + rows["session_id"]
    sampled = sample(
        rows["score"].to_numpy(),
        pd.factorize(rows["child_id"])[0],
        pd.factorize(recording + "/" + minute.astype(str))[0],
        options,
        rng,
    )
    if len(sampled.rows) < options.n_items:
        logger.warning(
            "only %d of %d pairs sampled: at most %d a child and %d a minute of recording",
            len(sampled.rows),
            options.n_items,
            options.max_per_child,
            options.max_per_minute,
        )
    return sampled


def _write_scenes(page: Path, options: TaskOptions, rng: np.random.Generator) -> list[Scene]:
    """Draw the pictures of practice and catch trials, made small and blurred like all others."""
    names = [f"{PICTURES}/{name}.jpg" for name in opaque_names(len(SCENES), rng)]
    for scene, name in enumerate(names):
        write_picture(draw_scene(scene), page / name, options.short_side, options.blur_px)
    scenes = []
    for scene, name in enumerate(names):
        texts = [SCENES[i][0] for i in (scene, *beside(scene))]
        pictures = [name, *(names[i] for i in beside(scene))]
        scenes.append(Scene(texts, pictures))
    return scenes


def _write_pictures(
    page: Path,
    rows: pd.DataFrame,
    asked: Iterable[Asked],
    config: Config,
    results: Path,
    rng: np.random.Generator,
) -> list[str]:
    """Write the pictures that are asked about, and give a reason where one cannot be had.

    Returns
    -------
    list of str
        For each row of the population its picture's file below the page; empty where not asked.
    """
    corpus = open_corpus(config.corpus)
    root = Path(config.corpus.root)
    videos = {
        (row.child_id, row.session_id): [root / name for name in row.videos]
        for row in corpus.sessions
    }
    asked = list(asked)
    wanted = sorted({row for item in asked if item.reason is None for row in item.pictures})
    places = [rows["child_id"].tolist(), rows["session_id"].tolist(), rows["second"].tolist()]
    keys: dict[int, PictureKey] = {row: tuple(p[row] for p in places) for row in wanted}
    distinct = sorted(set(keys.values()))
    named = {
        key: f"{PICTURES}/{name}.jpg"
        for key, name in zip(distinct, opaque_names(len(distinct), rng), strict=True)
    }
    missing = write_pictures(
        {key: page / name for key, name in named.items()},
        videos,
        results / "video",
        config.task.short_side,
        config.task.blur_px,
    )
    for item in asked:
        if item.reason is None:
            whys = [missing[keys[row]] for row in item.pictures if keys[row] in missing]
            item.reason = f"no picture: {whys[0]}" if whys else None
    pictures = [""] * len(rows)
    for row, key in keys.items():
        pictures[row] = named[key]
    return pictures


def _tell(asked: Sequence[Asked], n_sampled: int, options: TaskOptions) -> None:
    """Say how many pairs can be asked, and stop where there are none."""
    for kind in options.kinds:
        reasons = [item.reason for item in asked if item.kind == kind]
        left_out = pd.Series([reason for reason in reasons if reason], dtype=str).value_counts()
        for reason, count in left_out.items():
            logger.warning("%s: %d of %d pairs left out: %s", kind, count, n_sampled, reason)
        if len(left_out) and left_out.sum() == n_sampled:
            raise UserError(
                f"{kind}: no pair can be asked ({left_out.index[0]}); leave it out of 'task.kinds'"
            )


def _write_page(page: Path, study: dict[str, Any], lists: Lists) -> None:
    """Write the page: our assets, the study's facts, and the lists."""
    with importlib.resources.as_file(ASSETS) as assets:
        shutil.copytree(assets, page, dirs_exist_ok=True)
    write_script(study, STUDY_CALL, page / STUDY_FILE)
    for shown in lists.shown:
        write_script(shown, LIST_CALL, list_file(page, shown["slot"]))


def _item_rows(
    rows: pd.DataFrame, sampled: Sample, asked: Iterable[Asked], pictures: Sequence[str]
) -> list[dict[str, Any]]:
    """Return rows of table task_items."""
    drawn = {
        row: {"stratum": stratum, "inclusion_probability": probability}
        for row, stratum, probability in zip(
            sampled.rows.tolist(),
            sampled.stratum.tolist(),
            sampled.probability.tolist(),
            strict=True,
        )
    }
    names = ["child_id", "session_id", "utterance_id", "second", "speaker", "score"]
    pairs = rows.loc[list(drawn), names].to_dict("index")
    texts = rows["text"].tolist()
    return [
        {
            "kind": item.kind,
            "item_id": item.item_id,
            **{name: pairs[item.row][name] for name in names},
            **drawn[item.row],
            "distractors": json.dumps(_distractors(rows, item)),
            "distractor_rule": item.rule,
            "texts": json.dumps([texts[row] for row in item.texts]),
            "pictures": json.dumps([pictures[row] for row in item.pictures]),
            "reason": item.reason,
        }
        for item in asked
    ]


def _distractors(rows: pd.DataFrame, item: Asked) -> list[list[Any]]:
    """Return [child, session, utterance or second] of each distractor."""
    what = "second" if item.kind == CHOOSE_IMAGE else "utterance_id"
    others = [*item.texts[1:], *item.pictures[1:]]
    return rows.loc[others, ["child_id", "session_id", what]].values.tolist()
