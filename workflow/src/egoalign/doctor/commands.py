"""Subcommands of the doctor's room."""

from __future__ import annotations

import argparse


def add_commands(subparsers: argparse._SubParsersAction) -> None:
    """Add ``clear-lock``."""
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
