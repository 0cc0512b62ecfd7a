"""Subcommands of the doctor's room."""

from __future__ import annotations

import argparse
import os


def add_commands(subparsers: argparse._SubParsersAction) -> None:
    """Add ``doctor`` and ``clear-lock``."""
    p = subparsers.add_parser(
        "doctor",
        help="check everything before a long run, and say how long it takes",
        description="Check environment, GPU, weights, tables, files, permissions and disk space, "
        "and say what will be run, how long and how large. Ends with 2 where something is wrong.",
    )
    p.add_argument(
        "--config", default="config/config.yaml", metavar="FILE", help="the run's config"
    )
    p.add_argument("--cores", type=int, metavar="N", help="cores of the run (default: all)")
    p.add_argument(
        "--forgotten",
        nargs="+",
        default=[],
        metavar="CHILD|SESSION",
        help="look whether anything is left of these, child_id or child_id/session_id",
    )
    p.set_defaults(run=_doctor)

    p = subparsers.add_parser(
        "clear-lock",
        help="remove the lock that a killed run left behind",
        description="Remove the lock of a killed run, if nothing works in the folder any more.",
    )
    p.add_argument("--folder", default=".", metavar="DIR", help="where the workflow runs")
    p.add_argument("--ended-on", metavar="HOST", help="machine on which the run has surely ended")
    p.set_defaults(run=_clear_lock)


def _clear_lock(args: argparse.Namespace) -> None:
    from egoalign.doctor.lock import clear_lock

    clear_lock(args.folder, args.ended_on)


def _doctor(args: argparse.Namespace) -> None:
    from egoalign.config import load_config
    from egoalign.doctor.checks import Run, examine
    from egoalign.log import UserError
    from egoalign.wording import counted

    # Nothing is fetched by looking; the hub's package reads this when it is first imported.
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    run = Run(
        load_config(args.config),
        args.config,
        args.cores or os.cpu_count() or 1,
        tuple(args.forgotten),
    )
    n_problems = 0
    for finding in examine(run):
        print(finding, flush=True)
        n_problems += finding.level == "problem"
    if n_problems:
        count = counted(n_problems, "problem")
        raise UserError(f"{args.config}: {count}, told above; mend them before the run")
