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
        description="Read one transcript into the canonical table of utterances, and say how it "
        "was understood.",
    )
    p.add_argument("file", metavar="FILE", help="the transcript")
    p.add_argument("--format", metavar="NAME", help="its format (default: auto, by its content)")
    p.add_argument("--rttm", metavar="FILE", help="an RTTM file that says who speaks when")
    p.add_argument("--options", default="{}", metavar="JSON", help="config section 'transcripts'")
    p.add_argument(
        "--out", metavar="TABLE", help="write here (.parquet or .csv), not to the screen"
    )
    p.set_defaults(run=_read_transcript)

    p = subparsers.add_parser(
        "split-transcripts",
        help="split a token table of many recordings by session",
        description="Split a token table of many recordings (Parquet or CSV) into one for each "
        "session of the corpus. Memory does not grow with the table.",
    )
    p.add_argument("--merged", required=True, metavar="TABLE", help="the token table")
    p.add_argument("--children", required=True, metavar="FILE", help="table of children")
    p.add_argument("--sessions", required=True, metavar="FILE", help="table of sessions")
    p.add_argument("--root", default=".", metavar="DIR", help="where the sessions' paths begin")
    p.add_argument("--out", required=True, metavar="DIR", help="gets <child_id>/<session_id>.csv")
    p.set_defaults(run=_split_transcripts)


def _read_transcript(args: argparse.Namespace) -> None:
    from egoalign.config import TranscriptsOptions, parse_section
    from egoalign.transcripts.show import show_transcript

    options = parse_section(TranscriptsOptions, args.options, "--options")
    if args.format:
        named = options.model_dump() | {"format": args.format}
        options = parse_section(TranscriptsOptions, named, "--format")
    show_transcript(args.file, options, args.out, sys.stdout.buffer, args.rttm)


def _split_transcripts(args: argparse.Namespace) -> None:
    from egoalign.transcripts.merged import split_transcripts

    split_transcripts(args.merged, args.children, args.sessions, args.root, args.out)
