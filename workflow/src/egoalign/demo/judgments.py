"""Write the demo corpus's judgments, from the truth of its sessions, and all its parameters."""

from __future__ import annotations

import csv
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from egoalign.config import DemoOptions
from egoalign.demo.plan import SPEECH, Plan, SessionPlan, corpus_plan, generator, word_effect
from egoalign.demo.raters import Moment, Rater, draw_raters, judge
from egoalign.demo.truth import GRID_S, IN_VIEW_SHARE, truth_paths
from egoalign.tables import (
    DEMO_UTTERANCES,
    DEMO_VISIBLE,
    JUDGMENTS,
    atomic_path,
    read_table,
    write_json,
)

ITEMS_PER_KIND = 150

_RATERS = 21


def make_judgments(options: DemoOptions, truth_dir: Path, out: Path, parameters: Path) -> None:
    """Write the simulated judgments as CSV, and all parameters of the corpus as JSON.

    Parameters
    ----------
    options : DemoOptions
        The demo corpus.
    truth_dir : Path
        Folder with the truth of its sessions.
    out, parameters : Path
        What to write.
    """
    plan = corpus_plan(options)
    moments = [
        moment
        for session in plan.sessions
        if session.exclude_reason is None
        for moment in _moments(session, truth_dir)
    ]
    rng = generator(options.seed, _RATERS)
    raters = draw_raters(rng, 2 * options.raters)
    rows = judge(rng, moments, raters, options.raters, ITEMS_PER_KIND)
    columns = [column.name for column in JUDGMENTS.columns]
    with atomic_path(out) as partial, partial.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        for row in rows:
            row["distractors"] = json.dumps(row["distractors"])
            writer.writerow([_cell(row.get(column)) for column in columns])
    kinds = sorted({moment.kind for moment in moments if moment.kind is not None})
    write_json(parameters_of(plan, kinds, raters), parameters)


def parameters_of(plan: Plan, kinds: list[str], raters: list[Rater]) -> dict[str, Any]:
    """Return every parameter with which the corpus was made.

    Parameters
    ----------
    plan : Plan
        The corpus.
    kinds : list of str
        The words that its speech names.
    raters : list of Rater
        Those who judged it.
    """
    return {
        "options": plan.options.model_dump(mode="json", exclude={"photos"}),
        "grid_s": GRID_S,
        "in_view_share": IN_VIEW_SHARE,
        "speech": {
            **asdict(SPEECH),
            "speaker": dict(SPEECH.speaker),
            "speaker_share": dict(SPEECH.speaker_share),
        },
        "child_effects": {child.child_id: child.effect for child in plan.children},
        "session_effects": {
            f"{session.child_id}/{session.session_id}": session.effect for session in plan.sessions
        },
        "word_effects": {kind: word_effect(plan.options.seed, kind) for kind in kinds},
        "raters": [asdict(rater) for rater in raters],
    }


def _moments(session: SessionPlan, truth_dir: Path) -> list[Moment]:
    """Return the utterances of a session whose picture the pipeline will look at."""
    visible_path, utterances_path = truth_paths(truth_dir, session.child_id, session.session_id)
    shares: dict[float, dict[str, float]] = {}
    for row in read_table(DEMO_VISIBLE, visible_path).to_pylist():
        shares.setdefault(row["second"], {})[row["kind"]] = row["share_picture"]
    return [
        Moment(
            session.child_id,
            session.session_id,
            row["utterance_id"],
            row["second"],
            row["text"],
            row["kind"],
            shares.get(row["second"], {}),
        )
        for row in read_table(DEMO_UTTERANCES, utterances_path).to_pylist()
        if _is_looked_at(session, row["second"])
    ]


def _is_looked_at(session: SessionPlan, second: float) -> bool:
    """Say whether a second is within the video and in no excluded interval."""
    within = second <= session.duration_s - GRID_S
    return within and not any(low <= second <= high for low, high in session.exclude_intervals)


def _cell(value: Any) -> Any:
    return "" if value is None else str(value).lower() if isinstance(value, bool) else value
