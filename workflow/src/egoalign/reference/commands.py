"""Subcommands of the room reference."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from egoalign.config import ReferenceSet

PICTURES = ("crop", "pad", "stretch", "tiles_mean", "tiles_max")


def add_commands(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add sample-reference, score-reference, summarise-reference and compare-references."""
    p = subparsers.add_parser(
        "sample-reference",
        help="draw pairs of an image-caption set",
        description="Read a set of pictures with captions and draw pairs of it by seed.",
    )
    _set(p)
    p.add_argument("--seed", type=int, default=2511, help="seed of the draw (default 2511)")
    p.add_argument("--out", required=True, type=Path, metavar="FILE", help="reference_sample")
    p.add_argument("--counts", required=True, type=Path, metavar="FILE", help="counts, as JSON")
    p.set_defaults(run=_sample_reference)

    p = subparsers.add_parser(
        "score-reference",
        help="score an image-caption set as the corpus is scored",
        description="Embed drawn pairs with one model; write scores and nulls.",
    )
    _set(p)
    p.add_argument("--sample", required=True, type=Path, metavar="FILE", help="reference_sample")
    p.add_argument("--model", required=True, metavar="JSON", help="the model, as in the config")
    p.add_argument("--draws", type=int, default=200, help="draws a pair and null (default 200)")
    p.add_argument("--seed", type=int, default=2511, help="seed of the draws (default 2511)")
    p.add_argument("--on-bad-picture", choices=["skip", "fail"], default="skip", help="what to do")
    p.add_argument("--picture", choices=PICTURES, default="crop", help="as in config 'encode'")
    p.add_argument("--precision", choices=["fp32", "fp16", "bf16"], default="fp32", help="of sums")
    p.add_argument("--batch-size", type=int, default=64, metavar="N", help="in a forward pass")
    p.add_argument("--threads", type=int, default=1, metavar="N", help="threads of the CPU")
    p.add_argument("--device", choices=["auto", "cpu", "cuda", "mps"], default="auto", help="where")
    p.add_argument("--out", required=True, type=Path, metavar="FILE", help="reference_pairs")
    p.set_defaults(run=_score_reference)

    p = subparsers.add_parser(
        "summarise-reference",
        help="an image-caption set in a few numbers, beside its nulls",
        description="Write mean score, null, difference, AUC, divergence and shares of one set.",
    )
    p.add_argument("--pairs", required=True, type=Path, metavar="FILE", help="reference_pairs")
    _measures(p)
    p.set_defaults(run=_summarise_reference)

    p = subparsers.add_parser(
        "compare-references",
        help="the corpus beside image-caption sets, at equal numbers of pairs",
        description="Write the measures of the corpus and of each set, from equally many pairs.",
    )
    p.add_argument("--alignment", required=True, type=Path, metavar="FILE", help="table alignment")
    p.add_argument(
        "--pairs", required=True, nargs="+", type=Path, metavar="FILE", help="reference_pairs"
    )
    p.add_argument("--model-id", required=True, metavar="ID", help="label of the model")
    _measures(p)
    p.set_defaults(run=_compare_references)


def _set(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--set", required=True, metavar="JSON", help="the set, as in config 'reference.sets'"
    )


def _measures(parser: argparse.ArgumentParser) -> None:
    """Add what both kinds of summary need."""
    parser.add_argument(
        "--cutoffs", nargs="*", type=float, default=[], metavar="C", help="fixed cut-offs"
    )
    parser.add_argument(
        "--draws", type=int, default=200, help="draws behind the percentiles (default 200)"
    )
    parser.add_argument("--seed", type=int, default=2511, help="of the bootstrap (default 2511)")
    parser.add_argument("--out", required=True, type=Path, metavar="FILE", help="table metrics")
    parser.add_argument("--csv", required=True, type=Path, metavar="FILE", help="the same as CSV")


def _reference_set(args: argparse.Namespace) -> ReferenceSet:
    from egoalign.config import ReferenceSet, parse_section

    return parse_section(ReferenceSet, args.set, "--set")


def _sample_reference(args: argparse.Namespace) -> None:
    from egoalign.reference.sample import sample_reference

    sample_reference(_reference_set(args), args.seed, args.out, args.counts)


def _score_reference(args: argparse.Namespace) -> None:
    from egoalign.config import ModelOptions, parse_section
    from egoalign.reference.score import score_reference

    score_reference(
        args.sample,
        _reference_set(args),
        parse_section(ModelOptions, args.model, "--model"),
        args.out,
        args.draws,
        args.seed,
        args.on_bad_picture,
        args.picture,
        args.precision,
        args.batch_size,
        args.threads,
        args.device,
    )


def _summarise_reference(args: argparse.Namespace) -> None:
    from egoalign.reference.summary import summarise_reference

    summarise_reference(args.pairs, args.cutoffs, args.draws, args.seed, args.out, args.csv)


def _compare_references(args: argparse.Namespace) -> None:
    from egoalign.reference.compare import compare_references

    compare_references(
        args.alignment,
        args.pairs,
        args.model_id,
        args.cutoffs,
        args.draws,
        args.seed,
        args.out,
        args.csv,
    )
