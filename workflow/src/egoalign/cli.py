"""The command ``egoalign``: one subcommand for every rule, and some to use by hand."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Sequence

from egoalign import __version__
from egoalign.log import UserError, logger, start_log, unwritable
from egoalign.provenance.record import recorded

ROOMS = (
    "demo",
    "corpus",
    "transcripts",
    "video",
    "encode",
    "align",
    "validate",
    "vary",
    "reference",
    "figures",
    "report",
    "privacy",
    "provenance",
    "doctor",
)
"""Rooms that add subcommands, in the order of the workflow."""


def build_parser() -> argparse.ArgumentParser:
    """Return the parser with the subcommands of every room.

    A room's ``commands.py`` has ``add_commands(subparsers)``; each subcommand sets ``run`` to a
    function of the parsed arguments. Options common to all are added here.
    """
    parser = argparse.ArgumentParser(
        prog="egoalign",
        description="Measure how well what a child sees matches what the child hears.",
    )
    parser.add_argument("--version", action="version", version=f"egoalign {__version__}")
    subparsers = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for room in ROOMS:
        importlib.import_module(f"egoalign.{room}.commands").add_commands(subparsers)
    for subparser in subparsers.choices.values():
        subparser.add_argument("--log", metavar="FILE", help="write a full log to FILE")
        subparser.add_argument("--quiet", action="store_true", help="no progress on the terminal")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run one subcommand and return its exit code: 0 well, 1 our fault, 2 the user's.

    A subcommand may have a code of its own for what it found.

    Parameters
    ----------
    argv : sequence of str, optional
        Arguments without the program's name; those of the process where left out.
    """
    args = build_parser().parse_args(argv)
    start_log(args.log, args.quiet)
    try:
        with recorded(args):
            return args.run(args) or 0
    except UserError as error:
        logger.error("egoalign %s: %s", args.command, error)
        logger.debug("where it came from", exc_info=True)
        return 2
    except BrokenPipeError:
        # The reader of our output (head, less) has gone; that is not an error.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        logger.error("egoalign %s: interrupted", args.command)
        return 130
    except Exception as error:
        told = unwritable("a file of this step", error) if isinstance(error, OSError) else None
        if told:
            logger.error("egoalign %s: %s", args.command, told)
            logger.debug("where it came from", exc_info=True)
            return 2
        where = args.log or "rerun with --log FILE to keep the traceback"
        logger.error(
            "egoalign %s: internal error: %s: %s (traceback: %s)",
            args.command,
            type(error).__name__,
            error,
            where,
        )
        logger.debug("traceback", exc_info=True)
        return 1
