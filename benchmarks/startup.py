"""What a job costs before its first picture is embedded, by part.

Run from the project's folder: ``python benchmarks/startup.py [--small]``. Each part is run in a
process of its own that has done all parts before it, so a line is what that part adds. Under the
parts stand the commands as a whole, on a video of a few seconds. Runs take turns; medians.

With ``--sessions 100`` it tells instead what is fixed for each of so many sessions of two minutes,
with a process that keeps the model loaded and without. What is fixed is what a session costs that
has one picture and one text: start, imports, model, opening the video, writing.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from statistics import median

from made import (
    Session,
    align_arguments,
    demo_model,
    encode_arguments,
    ingest_arguments,
    make_session,
    random_vit,
)
from measure import Numbers, egoalign, machine, run, table, take_turns, timed

from egoalign.config import ModelOptions
from egoalign.encode.handover import VARIABLE

LENGTH_S = 20.0
SHORT_S = 120.0
VIDEO = {"size": (640, 360), "g": 30, "rate": "2M"}

PARTS = {
    "start of Python": "pass",
    "command line": "from egoalign.cli import build_parser; build_parser()",
    "import of the encode room (numpy, pyarrow)": "import egoalign.encode.session",
    "import of PyAV, and the video's packet table": (
        "from egoalign.video.recording import open_recording; open_recording([video])"
    ),
    "first picture": (
        "next(iter(open_recording([video]).pictures([0.0, 1.0], 'pyav', 224))).rgb.sum()"
    ),
    "import of torch": "import torch; torch.set_num_threads(1)",
    "import of open_clip": "import open_clip",
    "the model: digest, weights, tokenizer": (
        "from egoalign.config import ModelOptions\n"
        "from egoalign.encode.device import choose_device\n"
        "from egoalign.encode.models import load_model\n"
        "model = load_model(ModelOptions(**options), choose_device('cpu'))"
    ),
    "first batch of one picture": (
        "import numpy as np; from egoalign.encode.embed import embed_pictures\n"
        "from egoalign.encode.batch import Batches\n"
        "from egoalign.video.decode import Picture\n"
        "black = Picture(0, np.zeros((224, 224, 3), np.uint8), None)\n"
        "list(embed_pictures(model, [black], Batches(1)))"
    ),
}

CLOCK = """
import time
marks = []
def mark():
    marks.append((time.perf_counter(), time.process_time()))
mark()
{steps}
import json
print(json.dumps(marks))
"""


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="once, with the demo's model only")
    parser.add_argument("--repeats", type=int, default=5, help="runs of each")
    parser.add_argument("--sessions", type=int, metavar="N", help="sessions of two minutes")
    args = parser.parse_args()
    if args.sessions:
        many_sessions(args.sessions, args.small)
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        session = make_session(folder, LENGTH_S, 20, VIDEO)
        models = {"demo": demo_model()}
        if args.small:
            args.repeats = 1
        else:
            models["ViT-B/32"] = random_vit(folder)
        contestants: dict[str, Callable[[], Numbers]] = {}
        for label, model in models.items():
            contestants[label] = lambda m=model: by_part(session, m)
            contestants[f"{label}, commands"] = lambda m=model: commands(session, m)
        found = take_turns(contestants, args.repeats)
    print(f"{machine()}; medians of {args.repeats}; one thread\n")
    header = [f"{label}, {unit}" for label in models for unit in ("wall s", "CPU s")]
    rows = [
        [part, *(found[label][f"{part} {kind}"] for label in models for kind in ("wall", "cpu"))]
        for part in PARTS
    ]
    rows += [
        [f"`{part}` of {LENGTH_S:.0f} s of video, whole",
         *(found[f"{label}, commands"][f"{part} {kind}"]
           for label in models for kind in ("wall", "cpu"))]
        for part in ("ingest-session", "encode-session", "align-session")
    ]  # fmt: skip
    print(table(["part", *header], rows))


def many_sessions(count: int, small: bool) -> None:
    """Encode many short sessions one after the other, with a worker and without, and print it."""
    with tempfile.TemporaryDirectory(prefix="ego") as name:
        folder = Path(name)
        os.environ["TMPDIR"] = tempfile.tempdir = name
        one = make_session(folder / "one", 1.0, 60, VIDEO, frames="speech")
        two = make_session(folder / "two", 4.0 if small else SHORT_S, 20, VIDEO)
        models = {"demo": demo_model()}
        if not small:
            models["ViT-B/32"] = random_vit(folder)
        rows = []
        for label, model in models.items():
            for offer in (None, f"{os.getpid()} 60"):
                os.environ.pop(VARIABLE, None)
                if offer:
                    os.environ[VARIABLE] = offer
                first = spent(one, model)
                some = [spent(one, model) for _ in range(3 if small else 9)]
                # All of them once, with the model kept; the others would only take longer.
                times = count if label == "demo" and offer else 3
                many = [spent(two, model) for _ in range(times)]
                for kind in ("wall", "cpu"):
                    fixed = median(cost[kind] for cost in some)
                    once = max(first[kind] - fixed, 0) if offer else 0.0
                    each = sum(cost[kind] for cost in many) / times
                    rows.append([label, "yes" if offer else "no", kind, times, once, fixed,
                                 fixed + once / count, each])  # fmt: skip
                    print(*rows[-1], file=sys.stderr, flush=True)
        os.environ.pop(VARIABLE, None)
    print(f"{machine()}; one thread; {count} sessions one after the other, seconds\n")
    header = ["model", "kept loaded", "clock", "sessions run", "once", "fixed, a session"]
    header += [f"fixed, each of {count}", "a whole session"]
    print(table(header, rows))


def spent(session: Session, model: ModelOptions) -> Numbers:
    """Return the seconds that `encode-session` takes, those of a worker among them."""
    before = worker_cpu_s()
    cost = timed(lambda: egoalign(*encode_arguments(session, model, 1, session.folder)))
    return cost | {"cpu": cost["cpu"] + worker_cpu_s() - before}


def worker_cpu_s() -> float:
    """Return the CPU seconds of all workers that this process may use."""
    total = 0
    for path in Path("/proc").glob("[0-9]*"):
        try:
            if f"egoalign.encode.worker\0{tempfile.gettempdir()}" in (path / "cmdline").read_text():
                total += sum(map(int, (path / "stat").read_text().split()[13:15]))
        except OSError:
            continue
    return total / os.sysconf("SC_CLK_TCK")


def by_part(session: Session, model: ModelOptions) -> Numbers:
    """Run all parts in one process, and return what each adds."""
    first, *others = PARTS.values()
    values = {"video": str(session.video), "options": model.model_dump(exclude_none=True)}
    given = "".join(f"{name} = {value!r}\n" for name, value in values.items())
    steps = given + "".join(f"{step}\nmark()\n" for step in others)
    marks: list[list[float]] = json.loads(run(sys.executable, "-c", CLOCK.format(steps=steps)))
    bare = timed(lambda: run(sys.executable, "-c", first))
    spent = [(bare["wall"], bare["cpu"])]
    spent += [(b[0] - a[0], b[1] - a[1]) for a, b in pairwise(marks)]
    return {
        f"{part} {kind}": value
        for part, pair in zip(PARTS, spent, strict=True)
        for kind, value in zip(("wall", "cpu"), pair, strict=True)
    }


def commands(session: Session, model: ModelOptions) -> Numbers:
    """Run a session's three jobs as users do."""
    jobs = (
        ingest_arguments(session, session.folder),
        encode_arguments(session, model, 1, session.folder),
        align_arguments(session, model, session.folder),
    )
    return {
        f"{arguments[0]} {kind}": value
        for arguments in jobs
        for kind, value in timed(lambda a=arguments: egoalign(*a)).items()
    }


if __name__ == "__main__":
    main()
