"""The step `make-task`: sample pairs, and write a page that asks people about them."""

from __future__ import annotations

import importlib.resources
import json
import os
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from egoalign import __version__
from egoalign.config import Config, TaskOptions
from egoalign.corpus.read import open_corpus
from egoalign.log import UserError, logger, progress
from egoalign.privacy.zone import make_private_zone
from egoalign.tables import (
    ALIGNMENT,
    TASK_ITEMS,
    TASK_TRIALS,
    UTTERANCES,
    read_table,
    write_table,
)
from egoalign.validate.judgments import CHOOSE_IMAGE, CHOOSE_UTTERANCE, FORCED_CHOICES
from egoalign.validate.task_distractors import (
    N_DISTRACTORS,
    Distractors,
    Pool,
    distractor_pictures,
    distractor_utterances,
    text_key,
)
from egoalign.validate.task_drawn import N_PRACTICE, SCENES, beside, draw_scene
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
from egoalign.validate.task_lists import Trial, arrange, deal
from egoalign.validate.task_pictures import PictureKey, write_picture, write_pictures

ASSETS = importlib.resources.files("egoalign.validate") / "task"
N_CATCH = len(SCENES) - N_PRACTICE


@dataclass
class Asked:
    """A sampled pair in one way of asking: rows of the population, the true one first."""

    kind: str
    item_id: str
    row: int
    texts: list[int]
    pictures: list[int]
    rule: str | None = None
    reason: str | None = None

    @property
    def n_alternatives(self) -> int:
        """Alternatives to choose among; 0 where nothing is chosen."""
        return 1 + N_DISTRACTORS if self.kind in FORCED_CHOICES else 0


@dataclass(frozen=True)
class Scene:
    """A practice or catch trial, drawn: its sentences and pictures, true ones first."""

    texts: list[str]
    pictures: list[str]
    fits: bool = True


@dataclass
class Lists:
    """What each slot shows, and rows of table task_trials."""

    shown: list[dict[str, Any]] = field(default_factory=list)
    rows: list[dict[str, Any]] = field(default_factory=list)


def population(
    alignment: Path, utterances_folder: Path, options: TaskOptions
) -> tuple[pd.DataFrame, int]:
    """Return the utterances that may be sampled, and how many have no score or no words.

    Returns
    -------
    pandas.DataFrame
        Columns ``child_id, session_id, utterance_id, speaker, start_s, score, second, n_tokens,
        text``.
    int
        How many were passed over.
    """
    names = ["child_id", "session_id", "utterance_id", "speaker", "start_s", "n_tokens", "n_words"]
    table = read_table(ALIGNMENT, alignment, [*names, options.score, "argmax_s"])
    rows = table.to_pandas().rename(columns={options.score: "score", "argmax_s": "second"})
    n_all = len(rows)
    rows = rows[rows["score"].notna() & rows["second"].notna()]
    if options.speakers:
        rows = rows[rows["speaker"].isin(options.speakers)]
    rows["n_tokens"] = rows["n_tokens"].fillna(rows["n_words"]).astype(np.int64)
    keys = rows[["child_id", "session_id"]].drop_duplicates().itertuples(index=False)
    texts = [
        _texts(utterances_folder, child, session)
        for child, session in progress(keys, "transcripts", len(rows))
    ]
    ids = ["child_id", "session_id", "utterance_id"]
    spoken = pd.concat(texts) if texts else pd.DataFrame(columns=[*ids, "text"])
    rows = rows.merge(spoken, on=ids, how="left", validate="one_to_one")
    rows = rows[rows["text"].fillna("").map(lambda text: bool(text_key(text)))]
    return rows.reset_index(drop=True), n_all - len(rows)


def _texts(folder: Path, child: str, session: str) -> pd.DataFrame:
    path = folder / child / f"{session}.utterances.parquet"
    rows = read_table(UTTERANCES, path, ["utterance_id", "text_encoded"]).to_pandas()
    rows = rows.rename(columns={"text_encoded": "text"})
    return rows.assign(child_id=child, session_id=session)


def pool_of(rows: pd.DataFrame) -> Pool:
    """Return the population as numbers, for drawing distractors."""

    def numbers(values: pd.Series) -> np.ndarray:
        return pd.factorize(values)[0].astype(np.int64)

    return Pool(
        child=numbers(rows["child_id"]),
        session=numbers(rows["child_id"] + "/" + rows["session_id"]),
        speaker=numbers(rows["speaker"]),
        n_tokens=rows["n_tokens"].to_numpy(np.int64),
        text=numbers(rows["text"].map(text_key)),
        second=rows["second"].to_numpy(np.float64),
    )


def ask(
    rows: pd.DataFrame, sampled: Sample, options: TaskOptions, rng: np.random.Generator
) -> list[Asked]:
    """Return each sampled pair in each way of asking, with its distractors."""
    pool = pool_of(rows)
    asked = []
    ids = opaque_names(len(sampled.rows), rng)
    for row, item_id in zip(sampled.rows.tolist(), ids, strict=True):
        for kind in options.kinds:
            drawn = Distractors([])
            if kind == CHOOSE_UTTERANCE:
                drawn = distractor_utterances(pool, row, rng)
            elif kind == CHOOSE_IMAGE:
                drawn = distractor_pictures(pool, row, rng)
            asked.append(
                Asked(
                    kind,
                    item_id,
                    row,
                    [row, *(drawn.rows if kind == CHOOSE_UTTERANCE else [])],
                    [row, *(drawn.rows if kind == CHOOSE_IMAGE else [])],
                    drawn.rule,
                    drawn.reason,
                )
            )
    return asked


def make_lists(
    asked: Sequence[Asked],
    texts: Sequence[str],
    pictures: Sequence[str],
    scenes: Sequence[Scene],
    options: TaskOptions,
    rng: np.random.Generator,
) -> Lists:
    """Deal what is asked to the slots, which take turns among the kinds.

    Parameters
    ----------
    asked : sequence of Asked
        Those with a reason are left out.
    texts, pictures : sequence of str
        Text and picture file of each row of the population.
    scenes : sequence of Scene
        Practice trials, then catch trials.
    options : TaskOptions
        Numbers.
    rng : numpy.random.Generator
        Draws.
    """
    lists = Lists()
    hands: dict[int, tuple[list[Asked], list[int]]] = {}
    n_kinds = len(options.kinds)
    for place, kind in enumerate(options.kinds):
        own = [item for item in asked if item.kind == kind and item.reason is None]
        slots = range(place, options.annotators, n_kinds)
        dealt = deal(len(own), len(slots), options.answers, rng)
        hands |= {slot: (own, hand) for slot, hand in zip(slots, dealt, strict=True)}
    for slot in range(options.annotators):
        kind = options.kinds[slot % n_kinds]
        own, hand = hands[slot]
        n_alternatives = 1 + N_DISTRACTORS if kind in FORCED_CHOICES else 0
        trials = arrange(hand, N_CATCH, options.catch_every, n_alternatives, rng)
        catch_ids = iter(opaque_names(sum(trial.is_catch for trial in trials), rng))
        shown = []
        for number, trial in enumerate(trials):
            if trial.is_catch:
                scene, item_id = scenes[N_PRACTICE + trial.item], next(catch_ids)
                contents = show(kind, scene.texts, scene.pictures, trial.order)
                right: int | None = right_answer(kind, trial, scene.fits, options.scale)
            else:
                item = own[trial.item]
                item_id = item.item_id
                contents = show(
                    kind,
                    [texts[row] for row in item.texts],
                    [pictures[row] for row in item.pictures],
                    trial.order,
                )
                right = trial.correct_position
            shown.append({"item": item_id, **contents})
            lists.rows.append(
                {
                    "slot": slot,
                    "trial_no": number,
                    "kind": kind,
                    "item_id": item_id,
                    "is_catch": trial.is_catch,
                    "order": json.dumps(trial.order),
                    "correct_answer": right,
                }
            )
        practice = []
        for scene in scenes[: options.practice]:
            trial = Trial(0, False, tuple(rng.permutation(n_alternatives).tolist()))
            contents = show(kind, scene.texts, scene.pictures, trial.order)
            best = right_answer(kind, trial, scene.fits, options.scale)
            practice.append({**contents, "right": best})
        lists.shown.append({"slot": slot, "kind": kind, "practice": practice, "trials": shown})
    return lists


def show(
    kind: str, texts: Sequence[str], pictures: Sequence[str], order: Sequence[int]
) -> dict[str, Any]:
    """Return what the page shows of a trial."""
    if kind == CHOOSE_UTTERANCE:
        return {"picture": pictures[0], "options": [texts[i] for i in order]}
    if kind == CHOOSE_IMAGE:
        return {"text": texts[0], "options": [pictures[i] for i in order]}
    return {"text": texts[0], "picture": pictures[0]}


def right_answer(kind: str, trial: Trial, fits: bool, scale: int) -> int:
    """Return the answer that a drawn trial deserves: a position, a rating, or a label."""
    if kind in FORCED_CHOICES:
        return trial.order.index(0) + 1
    if kind == "rating":
        return scale if fits else 1
    return int(fits)


def opaque_names(n: int, rng: np.random.Generator) -> list[str]:
    """Return different names that say nothing."""
    names: dict[str, None] = {}
    while len(names) < n:
        names[rng.bytes(6).hex()] = None
    return list(names)


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
    sampled = _sample(rows, options, rng)
    asked = ask(rows, sampled, options, rng)
    partial = task.with_name(f".{task.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True, mode=0o700)
    scenes = _write_scenes(partial / PAGE, options, rng)
    pictures = _write_pictures(partial / PAGE, rows, asked, config, results, rng)
    _tell(asked, len(sampled.rows), options)
    lists = make_lists(asked, rows["text"].tolist(), pictures, scenes, options, rng)
    study = {
        "study": opaque_names(1, rng)[0],
        "title": config.report.title,
        "n_lists": options.annotators,
        "scale": options.scale,
    }
    _write_page(partial / PAGE, study, lists)
    write_table(TASK_ITEMS, _item_rows(rows, sampled, asked, pictures), partial / KEY / ITEMS_FILE)
    write_table(TASK_TRIALS, lists.rows, partial / KEY / TRIALS_FILE)
    facts = {
        **study,
        "model_id": model_id,
        "options": options.model_dump(mode="json"),
        "egoalign": __version__,
        "n_population": len(rows),
        "n_passed_over": n_passed_over,
        "strata": sampled.strata,
    }
    write_facts(facts, partial)
    os.replace(partial, task)
    return task


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
    if not set(options.kinds) & set(FORCED_CHOICES):
        # Nothing is chosen: every other scene is shown with a sentence of another.
        scenes = [_misfit(scene) if i % 2 else scene for i, scene in enumerate(scenes)]
    return scenes


def _misfit(scene: Scene) -> Scene:
    return Scene(scene.texts[1:], scene.pictures, fits=False)


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
) -> pa.Table | list[dict[str, Any]]:
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
            **pairs[item.row],
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
