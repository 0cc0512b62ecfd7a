"""Subcommands by hand: look for leaks."""

from __future__ import annotations

import argparse
from pathlib import Path

from egoalign.log import UserError, logger

FOUND = 3
"""Exit code where the scan found something."""


def add_commands(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the subcommands of this room."""
    parser = subparsers.add_parser(
        "scan-privacy",
        help="look for words, names and pictures outside the private zone",
        description="Look through everything outside the private zone of some results for what "
        f"was said, names of recordings, and pictures. Exit code: 0 nothing found, {FOUND} "
        "something, 2 a mistake in the command.",
    )
    parser.add_argument("results", type=Path, help="folder of the results")
    parser.add_argument(
        "--names", type=Path, metavar="FILE", help="further names to look for, one a line"
    )
    parser.add_argument(
        "--bundle", type=Path, metavar="PATH",
        help="look through this folder or file instead, such as an export of the results",
    )  # fmt: skip
    parser.set_defaults(run=_scan_privacy)


def _scan_privacy(args: argparse.Namespace) -> int:
    from egoalign.privacy.scan import scan_results

    names = _lines(args.names) if args.names else []
    if args.bundle and not args.bundle.exists():
        raise UserError(f"{args.bundle}: no such folder or file; name what to look through")
    findings = scan_results(args.results, names, args.bundle)
    for finding in findings:
        print(finding)
    where = args.bundle or f"{args.results}, outside its private zone"
    if findings:
        logger.error("%d findings in %s", len(findings), where)
        return FOUND
    logger.info("nothing found in %s", where)
    return 0


def _lines(path: Path) -> list[str]:
    """Return the lines of a text file that are not empty."""
    try:
        return [line for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: cannot be read ({error}); give a text file") from error
