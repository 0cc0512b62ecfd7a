"""egoalign against the design that labs use today, on the same video, words and model.

Run from the project's folder: ``python benchmarks/per_utterance_design.py [--small] [--ffmpeg
PATH]``. The other design is `lab_script.py`: one ffmpeg process and JPEGs an utterance, images read
again, one ``.npy`` a frame and text. Both are asked for one picture a second during speech, on one
thread. The parts are counted within each: getting frames (from video to pictures ready for the
model), forward pass, writing and reading (vectors to disk, and back into arrays; more of that in
`files.py`). The whole is everything from the start of Python to the table of scores: of ours the
commands ``ingest-session``, ``encode-session`` and ``align-session``, which also draws the null.
CPU seconds of all processes; runs take turns; medians.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pyarrow.compute as pc
from decoding import SMALL, VIDEOS
from files import write_and_read
from made import (
    Session,
    align_arguments,
    demo_model,
    encode_arguments,
    ingest_arguments,
    make_session,
    random_vit,
)
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

from egoalign.config import ModelOptions
from egoalign.encode.batch import Batches
from egoalign.encode.device import choose_device
from egoalign.encode.embed import TextVector, embed_pictures, embed_texts
from egoalign.encode.models import EncodingModel, load_model
from egoalign.tables import FRAMES, MEDIA, UTTERANCES, read_table
from egoalign.video.decode import Picture
from egoalign.video.recording import open_recording

PARTS = {
    "getting": "getting frames",
    "forward": "forward pass",
    "files": "writing and reading",
    "cpu": "the whole",
    "wall": "the whole, wall s",
}


def main() -> None:
    """Measure and print both tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="a short video and the demo's model")
    parser.add_argument("--repeats", type=int, default=3, help="runs of each")
    parser.add_argument("--length", type=float, default=180.0, help="seconds of video")
    parser.add_argument("--per-minute", type=float, default=20.0, help="utterances")
    parser.add_argument("--ffmpeg", metavar="PATH", help="the ffmpeg program")
    args = parser.parse_args()
    ffmpeg = find_ffmpeg(args.ffmpeg)
    if ffmpeg is None:
        raise SystemExit("no program ffmpeg on the path: install it, or give --ffmpeg PATH")
    if args.small:
        args.length, args.repeats = 12.0, 1
    spent: list[list[object]] = []
    disk: list[list[object]] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        model = demo_model() if args.small else random_vit(folder)
        loaded = load_model(model, choose_device("cpu", threads=1))
        for label, video in (SMALL if args.small else VIDEOS).items():
            session = make_session(folder / "in", args.length, args.per_minute, video, "speech")
            outs = {"lab": folder / "lab", "ours": folder / "ours"}
            found = take_turns(
                {
                    "lab": lambda s=session, o=outs["lab"]: lab(s, model, ffmpeg, o),
                    "ours": lambda s=session, o=outs["ours"]: ours(s, model, loaded, o),
                },
                args.repeats,
            )
            for part, words in PARTS.items():
                theirs, own = found["lab"][part], found["ours"][part]
                spent.append([label, words, theirs, own, f"{theirs / own:.1f}"])
            disk += [[label, *line] for line in on_disk(outs)]
    print(
        f"{machine(ffmpeg_version(ffmpeg))}; model {loaded.facts['model_name']}; "
        f"{args.length:.0f} s of video, {len(session.utterances)} utterances; one thread; "
        f"CPU seconds, medians of {args.repeats}\n"
    )
    print(table(["video", "part", "per utterance", "ours", "ratio"], spent), "\n")
    print(table(["video", "design", "files", "bytes"], disk))


def lab(session: Session, model: ModelOptions, ffmpeg: str, out: Path) -> Numbers:
    """Run the other design from start to end."""
    shutil.rmtree(out, ignore_errors=True)
    script = Path(__file__).with_name("lab_script.py")
    named = {
        "--video": session.video,
        "--transcript": session.transcript,
        "--model": model.name,
        "--weights": model.pretrained,
        "--ffmpeg": ffmpeg,
        "--out": out,
    }
    command = [sys.executable, script, *(part for pair in named.items() for part in pair)]
    printed: list[str] = []
    whole = timed(lambda: printed.append(run(*command)))
    return {**json.loads(printed[0]), **whole}


def ours(session: Session, model: ModelOptions, loaded: EncodingModel, out: Path) -> Numbers:
    """Run the three commands, and apart from that each part by itself."""
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir()
    whole = timed(
        lambda: [
            egoalign(*ingest_arguments(session, out, "speech")),
            egoalign(*encode_arguments(session, model, 1, out)),
            egoalign(*align_arguments(session, model, out)),
        ]
    )
    pictures: list[Picture] = []
    vectors: list[tuple[Picture, object]] = []
    texts: list[TextVector] = []
    grid = read_table(FRAMES, session.table("frames"))
    spoken = read_table(UTTERANCES, session.table("utterances"), ["text_id", "text_encoded"])
    distinct = dict(zip(*(column.to_pylist() for column in spoken.columns), strict=True))

    def forward() -> None:
        vectors.extend(embed_pictures(loaded, pictures, Batches(64)))
        texts.extend(embed_texts(loaded, list(distinct.values()), Batches(64)))

    apart = {
        "getting": timed(lambda: pictures.extend(ready_pictures(session, loaded)))["cpu"],
        "forward": timed(forward)["cpu"],
        "files": timed(lambda: write_and_read(session, grid, vectors, list(distinct), texts))[
            "cpu"
        ],
    }
    return {**apart, **whole}


def ready_pictures(session: Session, model: EncodingModel) -> Iterator[Picture]:
    """Yield the pictures of the session's grid at the model's size."""
    media = read_table(MEDIA, session.table("media")).to_pylist()[0]
    grid = read_table(FRAMES, session.table("frames"))
    seconds = pc.drop_null(grid["shown_s"].filter(grid["wanted"])).to_pylist()
    side = model.network.visual.image_size
    side = min(side) if isinstance(side, tuple) else side
    for picture in open_recording([session.video]).pictures(seconds, media["backend"], side):
        assert picture.rgb is not None, picture.reason
        yield Picture(picture.index, model.preparation.tiles(picture.rgb)[0], None)


def on_disk(outs: dict[str, Path]) -> Iterator[list[object]]:
    """Yield how many files and bytes each design leaves."""
    names = {"lab": "per utterance", "ours": "ours"}
    for name, folder in outs.items():
        sizes = [path.stat().st_size for path in folder.rglob("*") if path.is_file()]
        yield [names[name], len(sizes), f"{sum(sizes):,}"]


if __name__ == "__main__":
    main()
