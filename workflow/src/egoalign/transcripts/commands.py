"""Subcommands of the transcripts room."""

from __future__ import annotations

import argparse
import sys
from typing import Any


def add_commands(subparsers: argparse._SubParsersAction[Any]) -> None:
    """Add this room's subcommands to the command line."""
    p = subparsers.add_parser(
        "read-transcript",
        help="read one transcript and show its utterances",
        description="Read one transcript into the canonical table of utterances.",
    )
    p.add_argument("file", metavar="FILE", help="the transcript")
    p.add_argument("--options", default="{}", metavar="JSON", help="config section 'transcripts'")
    p.add_argument(
        "--out", metavar="TABLE", help="write here (.parquet or .csv), not to the screen"
    )
    p.set_defaults(run=_read_transcript)


def _read_transcript(args: argparse.Namespace) -> None:
    from egoalign.config import TranscriptsOptions, parse_section
    from egoalign.transcripts.show import show_transcript

    options = parse_section(TranscriptsOptions, args.options, "--options")
    show_transcript(args.file, options, args.out, sys.stdout.buffer)
