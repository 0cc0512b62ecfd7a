"""egoalign against clip-video-encode, on the same video and weights.

Run from the project's folder: ``python benchmarks/against_clip_video_encode.py --python PATH
[--small]``, where PATH is the Python of an environment of its own with clip-video-encode 1.3.0 and
video2numpy 2.3.0 (with 2.3.3 it embeds every picture of the video). Both embed one picture a
second; ours embeds the texts too. From the start of Python to the written vectors; runs take turns;
medians.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from pathlib import Path

import numpy as np
from decoding import RATE, SMALL, VIDEOS
from made import VIT, Session, encode_arguments, make_session, random_vit
from measure import Numbers, egoalign, machine, run, table, take_turns, timed

from egoalign.config import ModelOptions

CALL = """
import json, sys
from clip_video_encode import clip_video_encode
clip_video_encode(**json.loads(sys.argv[1]))
"""


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--python", required=True, metavar="PATH", help="where it is installed")
    parser.add_argument("--small", action="store_true", help="a short video, once")
    parser.add_argument("--repeats", type=int, default=3, help="runs of each")
    parser.add_argument("--length", type=float, default=60.0, help="seconds of video")
    args = parser.parse_args()
    if args.small:
        args.length, args.repeats = 20.0, 1
    cores = os.cpu_count() or 1
    rows: list[list[object]] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        model = random_vit(folder)
        for label, video in (SMALL if args.small else VIDEOS).items():
            session = make_session(folder, args.length, 20, video)
            arguments = encode_arguments(session, model, cores, folder)
            found = take_turns(
                {
                    "theirs": lambda s=session: theirs(args.python, s, model),
                    "ours": lambda a=arguments: timed(lambda: egoalign(*a)),
                },
                args.repeats,
            )
            for kind, words in (("wall", "wall s"), ("cpu", "CPU s")):
                other, own = found["theirs"][kind], found["ours"][kind]
                rows.append([label, words, other, own, f"{other / own:.1f}"])
    print(f"{machine()}; {VIT}, {args.length:.0f} s of video, medians of {args.repeats}\n")
    print(table(["video", "what", "clip-video-encode", "ours", "ratio"], rows))


def theirs(python: str, session: Session, model: ModelOptions) -> Numbers:
    """Run clip-video-encode, and check that it has embedded as many pictures as it should."""
    settings = {
        "src": [str(session.video)],
        "dest": str(session.folder),
        "take_every_nth": RATE,
        "frame_memory_size": 1,
        "oc_model_name": VIT,
        "pretrained": model.pretrained,
    }
    spent = timed(lambda: run(python, "-W", "ignore", "-c", CALL, json.dumps(settings)))
    n_pictures = len(np.load(session.folder / "0.npy"))
    if abs(n_pictures - session.length_s) > 1:
        raise SystemExit(f"it embedded {n_pictures} pictures of {session.length_s:.0f} s of video")
    return spent


if __name__ == "__main__":
    main()
