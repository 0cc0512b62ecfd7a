"""Subcommands that collect judgments: make-task, serve-task, export-task."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any


def add_commands(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add make-task, serve-task and export-task."""
    p = subparsers.add_parser(
        "make-task",
        help="sample pairs and write a web page that asks people about them",
        description="Sample pairs of picture and utterance from a run's results by score, with "
        "known chances, and write a web page that asks people about them. What it asks is said by "
        "section 'task' of the config; the flags below go before it. The page shows pictures and "
        "words: it is private.",
    )
    p.add_argument(
        "--config",
        default="config/config.yaml",
        metavar="FILE",
        help="the run's config (default: %(default)s)",
    )
    p.add_argument("--results", type=Path, metavar="FOLDER", help="the run's results")
    p.add_argument("--root", metavar="FOLDER", help="where the paths of videos begin")
    p.add_argument("--model", metavar="ID", help="model by whose score is sampled; the first one")
    p.add_argument(
        "--out", type=Path, metavar="FOLDER", help="new folder (default: RESULTS/private/task)"
    )
    p.add_argument("--kinds", nargs="+", metavar="KIND", help="task.kinds")
    p.add_argument("--n-items", type=int, metavar="N", help="task.n_items")
    p.add_argument("--annotators", type=int, metavar="N", help="task.annotators")
    p.add_argument("--answers", type=int, metavar="N", help="task.answers")
    p.add_argument("--seed", type=int, metavar="N", help="task.seed")
    p.add_argument("--blur-px", type=int, metavar="N", help="task.blur_px")
    p.set_defaults(run=_make_task)

    p = subparsers.add_parser(
        "serve-task",
        help="serve a task to the browsers of this computer, and store the answers",
        description="Serve a task on 127.0.0.1 until Ctrl-C. Lists are given out "
        "fewest-answers-first; every answer is on disk before the page is told so.",
    )
    p.add_argument("folder", type=Path, metavar="FOLDER", help="what make-task wrote")
    p.add_argument(
        "--db",
        required=True,
        type=Path,
        metavar="FILE",
        help="SQLite file of the answers; made where there is none",
    )
    p.add_argument("--port", type=int, default=8765, metavar="N", help="default: %(default)s")
    p.set_defaults(run=_serve_task)

    p = subparsers.add_parser(
        "export-task",
        help="write a task's answers as judgments",
        description="Join answers with the task's key and write them in the columns that "
        "read-judgments takes. Names that end in .json are written as JSON.",
    )
    p.add_argument("--db", type=Path, metavar="FILE", help="what serve-task stored")
    p.add_argument(
        "--downloads", nargs="*", default=[], type=Path, metavar="JSON", help="files the page gave"
    )
    p.add_argument("--key", required=True, type=Path, metavar="FOLDER", help="'key' of the task")
    p.add_argument("--out", required=True, type=Path, metavar="CSV", help="judgments")
    p.add_argument(
        "--choices", type=Path, metavar="CSV", help="forced choices with their words (private)"
    )
    p.add_argument("--annotators", type=Path, metavar="CSV", help="how attentive each one was")
    p.add_argument(
        "--min-catch",
        type=float,
        default=0.0,
        metavar="SHARE",
        help="leave out who has a smaller share of catch trials right (default: nobody)",
    )
    p.set_defaults(run=_export_task)


def _make_task(args: argparse.Namespace) -> None:
    from egoalign.config import Config, dump_config, load_config, parse_section
    from egoalign.log import logger
    from egoalign.validate.task_page import make_task

    values = dump_config(load_config(args.config))
    flags: dict[str, Any] = {
        name: getattr(args, name)
        for name in ("kinds", "n_items", "annotators", "answers", "seed", "blur_px")
    }
    values["task"] |= {name: value for name, value in flags.items() if value is not None}
    if args.root is not None:
        values["corpus"]["root"] = args.root
    config = parse_section(Config, values, args.config)
    results = args.results or Path(config.pathvars.get("results", "results"))
    task = make_task(config, results, args.model, args.out)
    logger.info("The task is in %s. It shows pictures and words: it is private.", task)
    logger.info("Next: egoalign serve-task %s --db %s", task, task.parent / "answers.sqlite")


def _serve_task(args: argparse.Namespace) -> None:
    from egoalign.validate.task_server import serve_task

    serve_task(args.folder, args.db, args.port)


def _export_task(args: argparse.Namespace) -> None:
    from egoalign.validate.task_export import export_task

    export_task(
        args.key,
        args.out,
        args.db,
        args.downloads,
        args.choices,
        args.annotators,
        args.min_catch,
    )
