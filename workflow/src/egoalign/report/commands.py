"""Subcommands of the report: its first page, and the config as used."""

from __future__ import annotations

import argparse
from pathlib import Path

from egoalign.config import Config, ReportOptions, parse_section


def add_commands(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the subcommands of this room."""
    what = "write the configuration as used, every default filled in"
    parser = subparsers.add_parser("write-config", help=what, description=f"{what.capitalize()}.")
    parser.add_argument("--config", required=True, metavar="JSON", help="the configuration")
    parser.add_argument("--out", required=True, type=Path, metavar="OUT", help="YAML file to make")
    parser.add_argument(
        "--shared", required=True, type=Path, metavar="OUT",
        help="the same without what names the lab's files",
    )  # fmt: skip
    parser.set_defaults(run=_write_config)

    what = "write the report's first page: the corpus in numbers and the main results"
    parser = subparsers.add_parser("write-summary", help=what, description=f"{what.capitalize()}.")
    _add_corpus(parser)
    parser.add_argument(
        "--alignments", required=True, type=Path, nargs="+", metavar="F",
        help="table alignment of every model",
    )  # fmt: skip
    parser.add_argument(
        "--calibrations", default=[], type=Path, nargs="*", metavar="F",
        help="table calibration of every model, where people judged",
    )  # fmt: skip
    parser.add_argument("--options", default="{}", metavar="JSON", help="config section 'report'")
    parser.add_argument("--out", required=True, type=Path, metavar="OUT", help="HTML file to make")
    parser.set_defaults(run=_write_summary)

    what = "write the methods text: what was done, by which options, after whom"
    parser = subparsers.add_parser("write-methods", help=what, description=f"{what.capitalize()}.")
    parser.add_argument("--config", required=True, metavar="JSON", help="the configuration")
    parser.add_argument("--status", required=True, type=Path, metavar="F", help="sessions_status")
    for flag, meaning in (
        ("--fits", "table model_fits of every model"),
        ("--reliability", "table reliability, where people judged"),
    ):
        parser.add_argument(flag, default=[], type=Path, nargs="*", metavar="F", help=meaning)
    parser.add_argument("--markdown", required=True, type=Path, metavar="F", help="text to make")
    parser.add_argument("--html", required=True, type=Path, metavar="F", help="page to make")
    parser.set_defaults(run=_write_methods)

    what = "write a page for each child: its sessions, its alignment beside the null"
    parser = subparsers.add_parser(
        "write-child-pages", help=what, description=f"{what.capitalize()}."
    )
    parser.add_argument("--status", required=True, type=Path, metavar="F", help="sessions_status")
    for flag, meaning in (
        ("--alignments", "table alignment of every model"),
        ("--children", "table children_means of every model, in that order"),
    ):
        parser.add_argument(flag, required=True, type=Path, nargs="+", metavar="F", help=meaning)
    parser.add_argument("--out-folder", required=True, type=Path, metavar="DIR", help="for pages")
    parser.set_defaults(run=_write_child_pages)

    what = "write every number a paper would quote, as JSON and as LaTeX macros"
    parser = subparsers.add_parser("write-values", help=what, description=f"{what.capitalize()}.")
    _add_corpus(parser)
    for flag, meaning in (
        ("--calibrations", "table calibration of every model"),
        ("--reliability", "table reliability"),
    ):
        parser.add_argument(flag, default=[], type=Path, nargs="*", metavar="F", help=meaning)
    parser.add_argument("--json", required=True, type=Path, metavar="F", help="JSON to make")
    parser.add_argument("--tex", required=True, type=Path, metavar="F", help="macros to make")
    parser.set_defaults(run=_write_values)


def _add_corpus(parser: argparse.ArgumentParser) -> None:
    """Add the tables of all models and sessions that both pages of numbers are made from."""
    for flag, meaning in (
        ("--sessions", "table sessions"),
        ("--status", "table sessions_status"),
        ("--models", "table models, by compare-models"),
    ):
        parser.add_argument(flag, required=True, type=Path, metavar="F", help=meaning)
    parser.add_argument(
        "--vary-folders", required=True, type=Path, nargs="+", metavar="F",
        help="folders with the tables of fit-models, one a model",
    )  # fmt: skip


def _write_values(args: argparse.Namespace) -> None:
    from egoalign.report.values import write_values

    write_values(
        args.sessions,
        args.status,
        [args.models, *args.calibrations],
        args.reliability,
        args.vary_folders,
        args.json,
        args.tex,
    )


def _write_config(args: argparse.Namespace) -> None:
    from egoalign.report.effective_config import write_config

    write_config(parse_section(Config, args.config, "--config"), args.out, args.shared)


def _write_summary(args: argparse.Namespace) -> None:
    from egoalign.report.summary import write_summary

    options = parse_section(ReportOptions, args.options, "--options")
    write_summary(
        args.sessions,
        args.status,
        args.models,
        args.calibrations,
        args.alignments,
        args.vary_folders,
        options,
        args.out,
    )


def _write_methods(args: argparse.Namespace) -> None:
    from egoalign.report.methods import write_methods

    write_methods(
        parse_section(Config, args.config, "--config"),
        args.status,
        args.fits,
        args.reliability,
        args.markdown,
        args.html,
    )


def _write_child_pages(args: argparse.Namespace) -> None:
    from egoalign.report.child_pages import write_child_pages

    write_child_pages(args.status, args.alignments, args.children, args.out_folder)
