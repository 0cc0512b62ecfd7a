"""The embedding stage against what the machine can do: decode, transform, forward, write.

Run from the project's folder: ``python benchmarks/embedding.py [--small] [--ffmpeg PATH]``.
The limit on a CPU is (CPU seconds of decoding the needed pictures to nothing + CPU seconds of the
forward pass on tensors that are ready) / cores; both are measured on one thread, where they cost
least. Ours is given all cores. "stage" is the work of ``encode-session`` in a process that is up,
with its model loaded; "command" is the whole ``egoalign encode-session`` as users run it, from the
start of Python to the written tables. "limit / CPU" leaves out how well the cores were filled.
Runs take turns; medians.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow.compute as pc
from decoding import SMALL, VIDEOS, copy_needed, to_nothing
from made import Session, demo_model, encode_arguments, make_session, random_vit
from measure import (
    Numbers,
    egoalign,
    ffmpeg_version,
    find_ffmpeg,
    machine,
    run,
    table,
    take_turns,
    timed,
)

from egoalign.cli import build_parser
from egoalign.config import ModelOptions
from egoalign.encode import session as encode_room
from egoalign.encode.device import choose_device
from egoalign.encode.models import EncodingModel, load_model
from egoalign.tables import FRAMES, UTTERANCES, read_table
from egoalign.video.probe import probe

BATCH = 64


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="a short video and one model")
    parser.add_argument("--repeats", type=int, default=3, help="runs of each")
    parser.add_argument("--length", type=float, default=300.0, help="seconds of video")
    parser.add_argument("--ffmpeg", metavar="PATH", help="the ffmpeg program; PyAV without it")
    args = parser.parse_args()
    if args.small:
        args.length, args.repeats = 20.0, 1
    cores = os.cpu_count() or 1
    ffmpeg = find_ffmpeg(args.ffmpeg)
    choose_device("cpu", threads=cores)  # as the command does before torch is first imported
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        kind, video = next(iter((SMALL if args.small else VIDEOS).items()))
        session = make_session(folder, args.length, 20, video)
        models = {"demo": demo_model()}
        if not args.small:
            models["ViT-B/32, random weights"] = random_vit(folder)
        rows = [row for label, model in models.items()
                for row in measure(label, session, model, cores, ffmpeg, args.repeats)]  # fmt: skip
    decoder = ffmpeg_version(ffmpeg) if ffmpeg else "PyAV"
    print(f"{machine()}; decoding limit by {decoder}; {args.length:.0f} s of {kind}, "
          f"{len(session.utterances)} utterances, medians of {args.repeats}; "
          "not yet run on a GPU\n")  # fmt: skip
    header = ["model", "decoding, CPU s", "forward, CPU s", "limit, s", "ours", "wall s", "CPU s"]
    print(table([*header, "limit / wall", "limit / CPU"], rows))


def measure(
    label: str, session: Session, model: ModelOptions, cores: int, ffmpeg: str | None, repeats: int
) -> Iterator[list[object]]:
    """Yield the table's two lines for a model."""
    loaded = load_model(model, choose_device("cpu", threads=cores))
    needed = needed_pictures(session)
    arguments = encode_arguments(session, model, cores, session.folder)
    contestants: dict[str, Callable[[], Numbers]] = {
        "decoding": lambda: timed(lambda: decode_to_nothing(needed, ffmpeg)),
        "forward": forward_alone(session, loaded),
        "stage": lambda: timed(lambda: stage(arguments, loaded)),
        "command": lambda: timed(lambda: egoalign(*arguments)),
    }
    found = take_turns(contestants, repeats)
    spent = [found[name]["cpu"] for name in ("decoding", "forward")]
    limit = sum(spent) / cores
    for name in ("stage", "command"):
        wall, cpu = found[name]["wall"], found[name]["cpu"]
        yield [label, *spent, limit, name, wall, cpu, limit / wall, sum(spent) / cpu]


def needed_pictures(session: Session) -> Path:
    """Copy the packets that the session's grid needs into a file of their own."""
    found = probe(session.video)
    assert found.packets is not None
    grid = read_table(FRAMES, session.table("frames"))
    seconds = pc.drop_null(grid["shown_s"]).to_pylist()
    return copy_needed(session.video, found.packets, seconds, session.folder / "needed.mkv")


def decode_to_nothing(path: Path, ffmpeg: str | None) -> None:
    """Decode a whole file on one thread, and do nothing with the pictures."""
    if ffmpeg is None:
        to_nothing(path)
    else:
        run(ffmpeg, "-v", "error", "-threads", 1, "-i", path, "-f", "null", "-")


def forward_alone(session: Session, model: EncodingModel) -> Callable[[], Numbers]:
    """Return what runs all pictures and texts of a session through a model, as ready tensors."""
    import torch

    n_pictures = read_table(FRAMES, session.table("frames")).num_rows
    spoken = read_table(UTTERANCES, session.table("utterances"), ["text_encoded"])
    tokens = model.tokenizer(spoken["text_encoded"].unique().to_pylist())
    size = model.network.visual.preprocess_cfg["size"]
    pictures = torch.randn(BATCH, 3, *(size if isinstance(size, tuple) else (size, size)))

    def forward() -> None:
        for start in range(0, n_pictures, BATCH):
            model.network.encode_image(pictures[: n_pictures - start])
        for start in range(0, len(tokens), BATCH):
            model.network.encode_text(tokens[start : start + BATCH])

    def on_one_thread() -> Numbers:
        with threads(1), torch.inference_mode():
            return timed(forward)

    return on_one_thread


@contextmanager
def threads(number: int) -> Iterator[None]:
    """Let torch use so many threads for a while."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(number)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def stage(arguments: list[str], model: EncodingModel) -> None:
    """Run the subcommand in this process, with a model that is loaded."""
    args = build_parser().parse_args(arguments)
    load, encode_room.load_model = encode_room.load_model, lambda *_: model
    try:
        args.run(args)
    finally:
        encode_room.load_model = load


if __name__ == "__main__":
    main()
