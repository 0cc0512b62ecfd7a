"""Subcommands about the project itself: its docs, and where results lie."""

from __future__ import annotations

import argparse


def add_commands(subparsers: argparse._SubParsersAction) -> None:
    """Add ``write-docs`` and ``show-results``."""
    parser = subparsers.add_parser(
        "write-docs", help="make the generated parts of the docs anew (developers)"
    )
    parser.add_argument("--root", default=".", help="the project's folder")
    parser.set_defaults(run=_write_docs)

    parser = subparsers.add_parser("show-results", help="say where the main results lie")
    parser.add_argument("results", help="folder of the results")
    parser.set_defaults(run=_show_results)


def _write_docs(args: argparse.Namespace) -> None:
    from egoalign.generated_docs import write_docs

    write_docs(args.root)


def _show_results(args: argparse.Namespace) -> None:
    from egoalign.log import UserError
    from egoalign.report.banner import main_results

    paths = main_results(args.results)
    if not paths:
        raise UserError(f"{args.results}: no results here; run the workflow first")
    print("The main results:")
    for path in paths:
        print(f"  {path}")
