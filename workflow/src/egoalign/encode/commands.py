"""Subcommands of the encode room."""

from __future__ import annotations

import argparse
from typing import Any


def add_commands(subparsers: argparse._SubParsersAction[Any]) -> None:
    """Add ``encode-session`` and ``fetch-weights``."""
    p = subparsers.add_parser(
        "encode-session",
        help="embed one session's pictures and texts with one model",
        description="Embed one session's grid of pictures and its distinct texts with one model.",
    )
    p.add_argument("--row", required=True, metavar="JSON", help="the session's row")
    p.add_argument("--root", default=".", metavar="DIR", help="folder of the row's paths")
    p.add_argument("--media", required=True, metavar="FILE", help="table media")
    p.add_argument("--frames", required=True, metavar="FILE", help="table frames")
    p.add_argument("--utterances", required=True, metavar="FILE", help="table utterances")
    p.add_argument("--model", required=True, metavar="JSON", help="the model, as in the config")
    p.add_argument(
        "--picture",
        choices=["crop", "pad", "stretch", "tiles_mean", "tiles_max"],
        default="crop",
        help="how pictures are made the model's size",
    )
    p.add_argument("--precision", choices=["fp32", "fp16", "bf16"], default="fp32", help="of sums")
    p.add_argument("--batch-size", type=int, default=64, metavar="N", help="in a forward pass")
    p.add_argument("--threads", type=int, default=1, metavar="N", help="threads of the CPU")
    p.add_argument("--device", choices=["auto", "cpu", "cuda", "mps"], default="auto", help="where")
    p.add_argument("--frame-embeddings", required=True, metavar="OUT", help="table to write")
    p.add_argument("--text-embeddings", required=True, metavar="OUT", help="table to write")
    p.add_argument("--content-words", metavar="FILE", help="table content_words")
    p.add_argument("--word-embeddings", metavar="OUT", help="table to write of its lemmas")
    p.add_argument(
        "--word-template", default="{word}", metavar="TEXT", help="encoded of a lemma, {word}"
    )
    p.add_argument("--sources", metavar="FILE", help="what the session's files were when read")
    p.set_defaults(run=_encode_session)

    p = subparsers.add_parser(
        "fetch-weights",
        help="fetch a model's weights, for machines without a network",
        description="Fetch a model's weights into the cache, and copy them where asked.",
    )
    p.add_argument("--model", required=True, metavar="NAME", help="model name or 'hf-hub:<id>'")
    p.add_argument("--pretrained", metavar="TAG", help="tag of the weights")
    p.add_argument("--out", metavar="DIR", help="folder for a copy")
    p.set_defaults(run=_fetch_weights)


def _encode_session(args: argparse.Namespace) -> None:
    from egoalign.config import ModelOptions, parse_section
    from egoalign.corpus.read import parse_row
    from egoalign.encode.session import encode_session

    encode_session(
        parse_row(args.row, ("child_id", "session_id", "video")),
        args.root,
        args.media,
        args.frames,
        args.utterances,
        parse_section(ModelOptions, args.model, "--model"),
        args.frame_embeddings,
        args.text_embeddings,
        args.precision,
        args.batch_size,
        args.threads,
        args.device,
        args.picture,
        args.content_words,
        args.word_embeddings,
        args.word_template,
        args.sources,
    )


def _fetch_weights(args: argparse.Namespace) -> None:
    from egoalign.encode.models import fetch_model

    for key, value in fetch_model(args.model, args.pretrained, args.out).items():
        print(f"{key}: {value}")
