"""What each decoder gets right: kinds of file against pictures that carry their own number.

Run from the project's folder: ``python benchmarks/decoders.py``. It prints a Markdown table.
decord alone is asked past egoalign's checks, in a process that is ended when it takes too long.
"""

from __future__ import annotations

import argparse
import json
import resource
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from egoalign.video.backend import choose_backend
from egoalign.video.decode import decode
from egoalign.video.probe import Probe, probe
from tests.unit.video.clips import read_number
from tests.unit.video.kinds import KINDS, asked_seconds, make, true_numbers


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--limit", type=float, default=30.0, help="CPU seconds for decord on one file"
    )
    parser.add_argument("--only", nargs="*", default=list(KINDS), help="kinds to try")
    parser.add_argument(
        "--decord-alone", nargs=2, metavar=("FILE", "SECONDS"), help="used by itself"
    )
    args = parser.parse_args()
    if args.decord_alone:
        path, seconds = args.decord_alone
        print(json.dumps(decord_alone(path, json.loads(seconds))))
        return
    print("| file | asked | decord where right | PyAV | decord alone |")
    print("| --- | --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory() as folder:
        for name in args.only:
            path = make(name, Path(folder))
            found = probe(path)
            assert found.duration_s is not None
            seconds = asked_seconds(KINDS[name], found.duration_s)
            truth = true_numbers(KINDS[name], seconds)
            # Where decord is right, this is it; else PyAV, as always with auto.
            chosen, _ = choose_backend(found, "decord")
            cells = [
                f"{right(truth, ours(path, found, seconds, chosen))} by {chosen}",
                right(truth, ours(path, found, seconds, "pyav")),
                forced(path, seconds, truth, args.limit),
            ]
            print(f"| {name} | {len(seconds)} | {' | '.join(cells)} |", flush=True)


def right(truth: Sequence[int], given: Sequence[int]) -> str:
    """Say how many pictures are the ones asked for, and how far off the worst is."""
    wrong = [abs(one - other) for one, other in zip(truth, given, strict=True) if one != other]
    count = str(len(truth) - len(wrong))
    return f"{count} (worst is {max(wrong)} off)" if wrong else count


def ours(path: Path, found: Probe, seconds: Sequence[float], backend: str) -> list[int]:
    """Return the numbers of the pictures that egoalign gives; -1 where one is missing."""
    pictures = decode(path, found, seconds, backend)
    return [-1 if picture.rgb is None else read_number(picture.rgb) for picture in pictures]


def forced(path: Path, seconds: Sequence[float], truth: Sequence[int], limit_s: float) -> str:
    """Say what decord gives in a process of its own."""
    command = [sys.executable, __file__, "--decord-alone", str(path), json.dumps(list(seconds))]

    def bound() -> None:
        resource.setrlimit(resource.RLIMIT_CPU, (round(limit_s), round(limit_s)))

    try:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            timeout=20 * limit_s,
            preexec_fn=bound,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return "hangs"
    if done.returncode in (-signal.SIGXCPU, -signal.SIGKILL):
        return f"no answer in {limit_s:.0f} CPU seconds"
    if done.returncode:
        return "error" if done.returncode > 0 else f"crash (signal {-done.returncode})"
    return right(truth, json.loads(done.stdout.splitlines()[-1]))


def decord_alone(path: str, seconds: Sequence[float]) -> list[int]:
    """Return the numbers of the pictures that decord gives for its own times."""
    import decord
    import numpy as np

    reader = decord.VideoReader(path, num_threads=1)
    times = reader.get_frame_timestamp(range(len(reader)))[:, 0]
    places = np.searchsorted(times - times[0], np.asarray(seconds) + 0.0005, side="right") - 1
    distinct, back = np.unique(np.maximum(places, 0), return_inverse=True)
    pictures = reader.get_batch(distinct.tolist()).asnumpy()
    return [read_number(pictures[place]) for place in back.tolist()]


if __name__ == "__main__":
    main()
