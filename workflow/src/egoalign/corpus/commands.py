"""Subcommands of the corpus room."""

from __future__ import annotations

import argparse
from typing import Any


def add_commands(subparsers: argparse._SubParsersAction[Any]) -> None:
    """Add this room's subcommands to the command line."""
    p = subparsers.add_parser(
        "prepare-corpus",
        help="check the corpus tables",
        description="Check the two corpus tables and write the sessions without paths and names.",
    )
    _add_corpus(p)
    _add_files(p, "--out", "--csv")
    p.set_defaults(run=_prepare_corpus)

    p = subparsers.add_parser(
        "ingest-session",
        help="probe one session's video, read its transcript, lay its grid",
        description="Probe one session's video, read its transcript, lay its grid of frames.",
    )
    p.add_argument("--row", required=True, metavar="JSON", help="the session's row")
    p.add_argument("--root", default=".", metavar="DIR", help="where the row's paths begin")
    p.add_argument("--transcripts", default="{}", metavar="JSON", help="section 'transcripts'")
    p.add_argument("--video", default="{}", metavar="JSON", help="section 'video'")
    p.add_argument("--fps", type=float, default=1.0, help="grid points per second (default 1)")
    p.add_argument("--frames", choices=("all", "speech"), default="all", help="which are wanted")
    p.add_argument("--grid", choices=("exact", "keyframes"), default="exact", help="which pictures")
    p.add_argument("--keyframe-tolerance", type=float, default=0.5, metavar="S", help="in seconds")
    p.add_argument("--window", default="{}", metavar="JSON", help="section 'align.window'")
    _add_files(p, "--media", "--utterances", "--words", "--frames-out")
    p.add_argument("--content-words", metavar="FILE", help="table content_words to write")
    p.add_argument("--tag-words", choices=("True", "False"), default="True", help="fill it")
    p.add_argument("--sources", metavar="FILE", help="where to keep what the session's files were")
    p.add_argument("--planned-as", default="first", metavar="TEXT", help="kept with them")
    p.set_defaults(run=_ingest_session)

    p = subparsers.add_parser(
        "write-scores",
        help="write the lab's score table (private)",
        description="Write the scores as CSV in the layout that labs already read (private).",
    )
    _add_corpus(p)
    _add_files(p, "--alignment", "--utterances-folder", "--out")
    p.set_defaults(run=_write_scores)

    p = subparsers.add_parser(
        "collect-status",
        help="say what became of every session",
        description="Write one row for every session: ok, excluded or failed, where and why.",
    )
    _add_corpus(p)
    _add_files(
        p, "--media-folder", "--align-folder", "--encode-folder", "--utterances-folder", "--logs"
    )
    _add_files(p, "--out", "--csv")
    p.add_argument(
        "--given-scores",
        nargs="?",
        metavar="FILE",
        help="table alignment, where the scores were given",
    )
    p.set_defaults(run=_collect_status)

    p = subparsers.add_parser(
        "scan",
        help="write the two corpus tables from a folder",
        description="Write children.tsv and sessions.tsv from a folder of videos and transcripts.",
    )
    p.add_argument("folder", metavar="FOLDER", help="where videos and transcripts lie")
    p.add_argument(
        "--layout",
        default="child-folders",
        help="child-folders (one folder a child, the default), flat (child is the name's part "
        "before the first '_'), babyview or saycam (names as in those corpora), childproject (a "
        "data set with its metadata), or a pattern such as '{child}/{session}.mp4'",
    )
    p.add_argument(
        "--root", default=".", metavar="DIR", help="the config's corpus.root (default: this folder)"
    )
    p.add_argument("--out-dir", required=True, metavar="DIR", help="where to write both tables")
    p.add_argument(
        "--exclude-duplicates",
        action="store_true",
        help="mark probable duplicates as excluded; without it they are only listed",
    )
    p.add_argument(
        "--number-sessions",
        action="store_true",
        help="ids s0001, s0002 ... for each child, instead of ids made of the videos' names",
    )
    p.set_defaults(run=_scan)

    p = subparsers.add_parser(
        "make-table-schemas",
        help="write the JSON schemas of the corpus tables",
        description="Write children.schema.yaml and sessions.schema.yaml from the reader.",
    )
    p.add_argument("--out-dir", required=True, metavar="DIR", help="where to write")
    p.set_defaults(run=_make_table_schemas)


def _add_corpus(parser: argparse.ArgumentParser) -> None:
    """Add the options that name the corpus."""
    _add_files(parser, "--children", "--sessions")
    parser.add_argument("--root", default=".", metavar="DIR", help="where the paths begin")


def _add_files(parser: argparse.ArgumentParser, *names: str) -> None:
    """Add options that each must name a file or folder."""
    for name in names:
        parser.add_argument(name, required=True, metavar="PATH")


def _prepare_corpus(args: argparse.Namespace) -> None:
    from egoalign.corpus.prepare import prepare_corpus

    prepare_corpus(args.children, args.sessions, args.root, args.out, args.csv)


def _ingest_session(args: argparse.Namespace) -> None:
    from egoalign.config import (
        TranscriptsOptions,
        VideoOptions,
        WindowOptions,
        parse_section,
    )
    from egoalign.corpus.ingest import ingest_session
    from egoalign.corpus.read import parse_row

    ingest_session(
        parse_row(args.row),
        args.root,
        parse_section(TranscriptsOptions, args.transcripts, "--transcripts"),
        parse_section(VideoOptions, args.video, "--video"),
        args.fps,
        args.frames,
        args.media,
        args.utterances,
        args.words,
        args.frames_out,
        args.keyframe_tolerance if args.grid == "keyframes" else None,
        parse_section(WindowOptions, args.window, "--window"),
        args.content_words,
        args.tag_words == "True",
        args.sources,
        args.planned_as,
    )


def _write_scores(args: argparse.Namespace) -> None:
    from egoalign.corpus.scores import write_scores

    write_scores(
        args.children, args.sessions, args.root, args.alignment, args.utterances_folder, args.out
    )


def _collect_status(args: argparse.Namespace) -> None:
    from egoalign.corpus.status import collect_status

    collect_status(
        args.children,
        args.sessions,
        args.root,
        args.media_folder,
        args.align_folder,
        args.encode_folder,
        args.utterances_folder,
        args.logs,
        args.out,
        args.csv,
        args.given_scores,
    )


def _scan(args: argparse.Namespace) -> None:
    from egoalign.corpus.scan import scan

    scan(
        args.folder,
        args.layout,
        args.out_dir,
        args.root,
        args.exclude_duplicates,
        args.number_sessions,
    )


def _make_table_schemas(args: argparse.Namespace) -> None:
    from egoalign.corpus.schemas import write_schemas

    write_schemas(args.out_dir)
