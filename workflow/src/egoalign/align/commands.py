"""Subcommands of the room align."""

from __future__ import annotations

import argparse
from pathlib import Path


def add_commands(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add align-session, collect-alignment and summarise-alignment."""
    p = subparsers.add_parser(
        "align-session",
        help="score the utterances of one session, with their null",
        description="Score every utterance of one session against the pictures seen meanwhile.",
    )
    p.add_argument("--row", required=True, metavar="JSON", help="row of the sessions table")
    for name in ("media", "utterances", "frames", "frame-embeddings", "text-embeddings"):
        p.add_argument(f"--{name}", required=True, type=Path, metavar="FILE", help="table to read")
    p.add_argument("--model-id", required=True, metavar="ID", help="label of the model")
    p.add_argument("--fps", type=float, default=1.0, help="grid points per second (default 1)")
    p.add_argument("--options", default="{}", metavar="JSON", help="config section 'align'")
    p.add_argument("--out", required=True, type=Path, metavar="FILE", help="table alignment")
    p.set_defaults(run=_align_session)

    p = subparsers.add_parser(
        "collect-alignment",
        help="put the alignment of all sessions together",
        description="Write the alignment tables of all sessions as one, as Parquet and CSV.",
    )
    p.add_argument("--sessions", required=True, type=Path, metavar="FILE", help="table sessions")
    p.add_argument(
        "--folder",
        required=True,
        type=Path,
        help="holds <child_id>/<session_id>.alignment.parquet",
    )
    p.add_argument("--out", required=True, type=Path, metavar="FILE", help="table alignment")
    p.add_argument("--csv", required=True, type=Path, metavar="FILE", help="the same as CSV")
    p.set_defaults(run=_collect_alignment)

    p = subparsers.add_parser(
        "summarise-alignment",
        help="scores beside their null, over the corpus and by speaker",
        description="Write mean score, null, difference, AUC and shares above cut-offs.",
    )
    p.add_argument("--alignment", required=True, type=Path, metavar="FILE", help="table alignment")
    p.add_argument("--options", default="{}", metavar="JSON", help="config section 'align'")
    p.add_argument("--out", required=True, type=Path, metavar="FILE", help="table metrics")
    p.add_argument("--csv", required=True, type=Path, metavar="FILE", help="the same as CSV")
    p.set_defaults(run=_summarise_alignment)


def _align_session(args: argparse.Namespace) -> None:
    from egoalign.align.session import align_session

    align_session(
        args.row,
        args.media,
        args.utterances,
        args.frames,
        args.frame_embeddings,
        args.text_embeddings,
        args.model_id,
        args.fps,
        args.options,
        args.out,
    )


def _collect_alignment(args: argparse.Namespace) -> None:
    from egoalign.align.collect import collect_alignment

    collect_alignment(args.sessions, args.folder, args.out, args.csv)


def _summarise_alignment(args: argparse.Namespace) -> None:
    from egoalign.align.summary import summarise_alignment

    summarise_alignment(args.alignment, args.options, args.out, args.csv)
