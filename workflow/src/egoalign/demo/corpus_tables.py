"""Write the demo corpus's tables: `children.tsv`, `sessions.tsv`, and what a lab has beside."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from egoalign.config import DemoOptions
from egoalign.demo.beside import (
    CONTEXT_COLUMNS,
    NORMS_COLUMNS,
    context_rows,
    norms_rows,
    time_of_day,
)
from egoalign.demo.plan import Plan, corpus_plan
from egoalign.tables import atomic_path

CHILDREN_COLUMNS = ("child_id", "sex", "languages")
SESSIONS_COLUMNS = (
    "child_id",
    "session_id",
    "video",
    "transcript",
    "rttm",
    "transcript_offset_s",
    "age_days",
    "location",
    "activity",
    "began_at",
    "exclude",
    "exclude_reason",
    "exclude_intervals",
    "source_name",
)


def children_rows(plan: Plan) -> list[tuple[str, ...]]:
    """Return the rows of `children.tsv` as text."""
    return [(child.child_id, child.sex, "eng") for child in plan.children]


def sessions_rows(plan: Plan, corpus: str) -> list[tuple[str, ...]]:
    """Return the rows of `sessions.tsv` as text.

    Parameters
    ----------
    plan : Plan
        The corpus.
    corpus : str
        Folder of the corpus as the paths in the table begin.
    """
    return [
        (
            session.child_id,
            session.session_id,
            ";".join(f"{corpus}/{video}" for video in session.videos),
            f"{corpus}/{session.transcript}",
            f"{corpus}/{session.rttm}" if session.rttm else "",
            f"{session.transcript_offset_s:g}",
            f"{session.age_days:g}",
            session.location,
            session.activity,
            time_of_day(plan.options.seed, session),
            "yes" if session.exclude_reason else "no",
            session.exclude_reason or "",
            ";".join(f"{start:g}-{end:g}" for start, end in session.exclude_intervals),
            f"demo {session.child_id} no. {session.session_no}",
        )
        for session in plan.sessions
    ]


def make_tables(options: DemoOptions, out_dir: Path, corpus: str) -> None:
    """Write the corpus tables, norms and clips into a folder.

    Parameters
    ----------
    options : DemoOptions
        The demo corpus.
    out_dir : Path
        Folder for `children.tsv`, `sessions.tsv`, `norms.csv` and `context.csv`.
    corpus : str
        Folder of the corpus as the paths in the table begin.
    """
    plan = corpus_plan(options)
    norms, clips = norms_rows(options.seed), context_rows(plan)
    _write(out_dir / "children.tsv", CHILDREN_COLUMNS, children_rows(plan))
    _write(out_dir / "sessions.tsv", SESSIONS_COLUMNS, sessions_rows(plan, corpus))
    _write(out_dir / "norms.csv", NORMS_COLUMNS, norms, ",")
    _write(out_dir / "context.csv", CONTEXT_COLUMNS, clips, ",")


def _write(
    path: Path, columns: Sequence[str], rows: Sequence[Sequence[str]], delimiter: str = "\t"
) -> None:
    with atomic_path(path) as partial:
        lines = [delimiter.join(cells) + "\n" for cells in (columns, *rows)]
        partial.write_text("".join(lines), encoding="utf-8")
