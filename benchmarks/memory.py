"""Whether memory stays bounded: ``encode-session`` on short and long video, few and many words.

Run from the project's folder: ``python benchmarks/memory.py [--small]``. The long video repeats the
short one's pictures; the model is the demo's. Given is the greatest resident size of the largest
process, as the kernel counts it, and the sum over all processes of the command of the greatest
size that each was seen to have (Linux: VmHWM, looked at twenty times a second).
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from made import Session, demo_model, encode_arguments, make_session
from measure import machine, table

from egoalign.tables import MEDIA, read_table, write_table

VIDEO = {"size": (640, 360), "g": 60, "rate": "300k"}
CASES = ((120.0, 20.0), (3600.0, 20.0), (3600.0, 200.0))
"""Seconds of video, and utterances a minute."""
SMALL = ((20.0, 20.0),)
BACKENDS = ("pyav", "decord")
EVERY_S = 0.05


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="seconds instead of an hour")
    parser.add_argument("--threads", type=int, default=1, help="threads of the command")
    args = parser.parse_args()
    rows: list[list[object]] = []
    with tempfile.TemporaryDirectory() as name:
        for length_s, per_minute in SMALL if args.small else CASES:
            session = make_session(Path(name), length_s, per_minute, VIDEO)
            for backend in BACKENDS[:1] if args.small else BACKENDS:
                largest, together = peak(session, backend, args.threads)
                rows.append([f"{length_s / 60:.1f}", len(session.utterances), backend,
                             f"{largest / 1e6:.0f}", f"{together / 1e6:.0f}"])  # fmt: skip
    print(f"{machine()}; threads {args.threads}; one run each\n")
    header = ["minutes of video", "utterances", "decoder", "largest process, MB"]
    print(table([*header, "all processes, MB"], rows))


def peak(session: Session, backend: str, threads: int) -> tuple[int, int]:
    """Return the bytes of the largest process, and the sum of all processes' greatest sizes."""
    media = read_table(MEDIA, session.table("media")).to_pylist()
    write_table(MEDIA, [{**media[0], "backend": backend}], session.table("media"))
    arguments = encode_arguments(session, demo_model(), threads, session.folder)
    command = [sys.executable, "-m", "egoalign", *arguments, "--quiet"]
    process = subprocess.Popen(command)
    seen: dict[int, int] = {}
    while True:
        done, status, used = os.wait4(process.pid, os.WNOHANG)
        if done:
            break
        seen |= {pid: high_water(pid) or seen.get(pid, 0) for pid in tree(process.pid)}
        time.sleep(EVERY_S)
    if status:
        raise SystemExit(f"{' '.join(command)} failed")
    unit = 1 if sys.platform == "darwin" else 1024
    return used.ru_maxrss * unit, sum(seen.values())


def tree(pid: int) -> list[int]:
    """Return a process and all that it started, where the system tells."""
    found = [pid]
    for parent in found:
        for listed in Path(f"/proc/{parent}/task").glob("*/children"):
            try:
                found += map(int, listed.read_text().split())
            except OSError:
                continue
    return found


def high_water(pid: int) -> int:
    """Return the greatest resident size of a process in bytes, 0 where it is gone."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM")), 0)


if __name__ == "__main__":
    main()
