"""Subcommands about the project itself and about what made its results."""

from __future__ import annotations

import argparse
from pathlib import Path


def add_commands(subparsers: argparse._SubParsersAction) -> None:
    """Add this room's subcommands."""
    parser = subparsers.add_parser(
        "write-docs", help="make the generated parts of the docs anew (developers)"
    )
    parser.add_argument("--root", default=".", help="the project's folder")
    parser.set_defaults(run=_write_docs)

    parser = subparsers.add_parser("show-results", help="say where the main results lie")
    parser.add_argument("results", help="folder of the results")
    parser.set_defaults(run=_show_results)

    what = "say what made a result: the chain back to videos, transcripts and weights"
    parser = subparsers.add_parser("provenance", help=what, description=f"{what.capitalize()}.")
    parser.add_argument("result", metavar="RESULT", help="a file below the results")
    parser.add_argument("--all", action="store_true", help="list every source")
    parser.add_argument(
        "--prov-json", type=Path, metavar="FILE",
        help="write the chain as W3C PROV JSON too; it holds paths: keep it in the lab",
    )  # fmt: skip
    parser.set_defaults(run=_provenance)


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


def _provenance(args: argparse.Namespace) -> None:
    from egoalign.provenance.chain import chain_lines, find_chain

    chain = find_chain(args.result)
    for line in chain_lines(chain, args.all):
        print(line)
    if args.prov_json:
        from egoalign.provenance.prov_json import write_prov_json

        write_prov_json(chain, args.prov_json)
