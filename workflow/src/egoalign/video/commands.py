"""Subcommands of the video room."""

from __future__ import annotations

import argparse
from typing import Any


def add_commands(subparsers: argparse._SubParsersAction[Any]) -> None:
    """Add ``probe-video`` and ``decode-frames``, both for use by hand."""
    p = subparsers.add_parser(
        "probe-video",
        help="show what a video file holds",
        description="Print what a video file holds and which decoder is right for it.",
    )
    p.add_argument("video", metavar="FILE", help="the video")
    p.set_defaults(run=_probe_video)

    p = subparsers.add_parser(
        "decode-frames",
        help="write the pictures at given seconds as PNG",
        description="Write the pictures on screen at given seconds as PNG, for a person to see.",
    )
    p.add_argument("video", metavar="FILE", help="the video")
    p.add_argument("--at", required=True, metavar="S,S,...", help="seconds, for example 3.0,7.5")
    p.add_argument("--out", required=True, metavar="FOLDER", help="where the pictures go")
    p.add_argument("--backend", choices=["auto", "decord", "pyav"], default="auto", help="decoder")
    p.set_defaults(run=_decode_frames)


def _probe_video(args: argparse.Namespace) -> None:
    from egoalign.video.by_hand import describe

    for line in describe(args.video):
        print(line)


def _decode_frames(args: argparse.Namespace) -> None:
    from egoalign.video.by_hand import parse_seconds, write_pictures

    for line in write_pictures(args.video, parse_seconds(args.at), args.out, args.backend):
        print(line)
