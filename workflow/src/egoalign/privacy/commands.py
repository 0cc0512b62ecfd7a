"""Subcommands by hand: look for leaks, and forget a child or a recording."""

from __future__ import annotations

import argparse
import sys
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

    parser = subparsers.add_parser(
        "forget",
        help="remove all that was made of a child or a recording",
        description="Remove every derived row and file of a child or a recording: its own files, "
        "its logs and records, and the tables and figures of the corpus, which the next run makes "
        "again without it. Videos, transcripts and tables of the lab are left alone. Then look "
        f"whether the id still stands anywhere; exit code {FOUND} if so.",
    )
    parser.add_argument("id", metavar="CHILD|SESSION", help="child_id, or child_id/session_id")
    parser.add_argument(
        "--results", type=Path, default=Path("results"), metavar="FOLDER",
        help="folder of the results (default: results)",
    )  # fmt: skip
    parser.add_argument("--yes", action="store_true", help="do not ask")
    parser.set_defaults(run=_forget)


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


def _forget(args: argparse.Namespace) -> int:
    from egoalign.doctor.lock import is_locked
    from egoalign.privacy.forget import files_to_remove, find_forgotten, forget, remains

    if is_locked("."):
        raise UserError(
            "a run is going on here, or was killed; wait for its end, or give 'egoalign clear-lock'"
        )
    forgotten = find_forgotten(args.results, args.id)
    n_files = len(files_to_remove(args.results, forgotten))
    print(
        f"{n_files} files below {args.results} are of {forgotten}, or tables and figures of the "
        "whole corpus that the next run makes again. A task and its key are not made again."
    )
    if not args.yes and _answer(f"Type {forgotten} to remove them: ") != str(forgotten):
        raise UserError("nothing was removed, since the answer was not the id")
    removed = forget(args.results, forgotten)
    left = remains(args.results, forgotten)
    print(f"{removed} files and records were removed.")
    if left:
        print("\n".join(left))
        logger.error("%s still stands in %d files below %s", forgotten, len(left), args.results)
        return FOUND
    print(
        f"{forgotten} stands nowhere below {args.results} any more. Now take it out of your tables "
        "of children, sessions, context and judgments: the next run makes what is in them."
    )
    return 0


def _answer(question: str) -> str:
    """Return what a person answers."""
    if not sys.stdin.isatty():
        raise UserError("nobody is there to ask; give --yes to remove without asking")
    return input(question).strip()


def _lines(path: Path) -> list[str]:
    """Return the lines of a text file that are not empty."""
    try:
        return [line for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: cannot be read ({error}); give a text file") from error
