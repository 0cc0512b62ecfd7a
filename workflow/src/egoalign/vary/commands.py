"""Subcommands of the room vary."""

from __future__ import annotations

import argparse
from pathlib import Path


def add_commands(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add fit-model."""
    p = subparsers.add_parser(
        "fit-model",
        help="fit the mixed model of the scores, and each child's mean",
        description="Fit score ~ age + speaker + length with child and session intercepts.",
    )
    p.add_argument("--alignment", required=True, type=Path, metavar="FILE", help="table alignment")
    p.add_argument("--options", default="{}", metavar="JSON", help="config section 'vary'")
    for name, meaning in (
        ("effects", "table effects"),
        ("effects-csv", "the same as CSV"),
        ("children", "table children_means"),
        ("children-csv", "the same as CSV"),
        ("summary", "text to read"),
    ):
        p.add_argument(f"--{name}", required=True, type=Path, metavar="FILE", help=meaning)
    p.set_defaults(run=_fit_model)


def _fit_model(args: argparse.Namespace) -> None:
    from egoalign.vary.models import fit_model

    fit_model(
        args.alignment,
        args.options,
        args.effects,
        args.effects_csv,
        args.children,
        args.children_csv,
        args.summary,
    )
