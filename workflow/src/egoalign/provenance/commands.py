"""Subcommands about the project itself and about what made its results."""

from __future__ import annotations

import argparse
from pathlib import Path

UNEQUAL = 3
"""Exit code where something differs."""


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

    what = "bundle what may be shared: scores, statistics, figures, config, checksums"
    parser = subparsers.add_parser("export", help=what, description=f"{what.capitalize()}.")
    parser.add_argument("results", type=Path, help="folder of the results of a finished run")
    parser.add_argument(
        "--out", required=True, type=Path, metavar="OUT", help="folder or .zip to make"
    )
    parser.set_defaults(run=_export)

    what = "take a bundle's tables in place of recordings"
    parser = subparsers.add_parser("take-tables", help=what, description=f"{what.capitalize()}.")
    parser.add_argument("--bundle", required=True, type=Path, metavar="DIR", help="its folder")
    parser.add_argument(
        "--out-folder", required=True, type=Path, metavar="DIR", help="folder of the results"
    )
    parser.set_defaults(run=_take_tables)

    what = "say whether a run from a bundle made the same, to the last digit"
    parser = subparsers.add_parser(
        "compare-bundle", help=what, description=f"{what.capitalize()}. Exit code: 0 the same, "
        f"{UNEQUAL} not, 2 a mistake in the command.",
    )  # fmt: skip
    parser.add_argument("results", type=Path, help="folder of the results of the run")
    parser.add_argument("bundle", type=Path, help="folder of the bundle")
    parser.set_defaults(run=_compare_bundle)


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


def _export(args: argparse.Namespace) -> None:
    from egoalign.provenance.export import export_bundle

    export_bundle(args.results, args.out)


def _take_tables(args: argparse.Namespace) -> None:
    from egoalign.provenance.bundle import take_tables

    take_tables(args.bundle, args.out_folder)


def _compare_bundle(args: argparse.Namespace) -> int:
    from egoalign.provenance.compare import compare_bundle

    found = compare_bundle(args.results, args.bundle)
    for name, difference in found.unequal.items():
        print(f"unequal  {name}: {difference}")
    print(f"{len(found.equal)} files equal, {len(found.unequal)} unequal")
    return UNEQUAL if found.unequal else 0
