"""What the benchmarks share: a clock, contestants in turns, Markdown, the machine."""

from __future__ import annotations

import os
import platform
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from importlib.metadata import version
from pathlib import Path
from statistics import median

PACKAGES = ("torch", "open_clip_torch", "av", "decord", "numpy", "pyarrow")

Numbers = Mapping[str, float]


def cpu_s() -> float:
    """Return the CPU seconds of this process and of its children that have ended."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def timed(action: Callable[[], object]) -> dict[str, float]:
    """Return the seconds of the clock and of the CPU that an action takes, children included."""
    cpu, wall = cpu_s(), time.perf_counter()
    action()
    return {"wall": time.perf_counter() - wall, "cpu": cpu_s() - cpu}


def take_turns(
    contestants: Mapping[str, Callable[[], Numbers]], repeats: int
) -> dict[str, dict[str, float]]:
    """Run all contestants `repeats` times, every second time backwards, and return their medians.

    Parameters
    ----------
    contestants : mapping of str to callable
        Each runs once when called, and returns its numbers by name.
    repeats : int
        Times that each is run.
    """
    found: dict[str, list[Numbers]] = {name: [] for name in contestants}
    for turn in range(repeats):
        for name in list(contestants)[:: -1 if turn % 2 else 1]:
            found[name].append(contestants[name]())
    return {
        name: {key: median(numbers[key] for numbers in runs) for key in runs[0]}
        for name, runs in found.items()
    }


def run(*command: object) -> str:
    """Run a program, and return what it prints; show what went wrong where it fails."""
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{' '.join(map(str, command))}\n{done.stdout}{done.stderr}")
    return done.stdout


def egoalign(*arguments: object) -> None:
    """Run a subcommand of egoalign as users do."""
    run(sys.executable, "-m", "egoalign", *arguments, "--quiet")


def find_ffmpeg(option: str | None) -> str | None:
    """Return the ffmpeg program: the one that is named, the one on the path, or None."""
    return option or shutil.which("ffmpeg")


def ffmpeg_version(program: str) -> str:
    """Return the name and version of an ffmpeg program."""
    return " ".join(run(program, "-version").split()[:3:2])


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a Markdown table; numbers have two decimals."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(map(_cell, line))} |" for line in lines)


def _cell(value: object) -> str:
    return f"{value:.2f}" if isinstance(value, float) else str(value)


def machine(*programs: str) -> str:
    """Return a line on the machine and the versions in use; `programs` are more such facts."""
    known = Path("/proc/cpuinfo")
    names = [
        line.partition(":")[2].strip()
        for line in (known.read_text().splitlines() if known.exists() else [])
        if line.startswith("model name")
    ]
    return "; ".join(
        [
            date.today().isoformat(),
            f"{names[0] if names else platform.machine()}, {os.cpu_count()} cores, "
            f"{platform.system()}, load {os.getloadavg()[0]:.1f}",
            f"Python {platform.python_version()}",
            *(f"{name} {version(name)}" for name in PACKAGES),
            *programs,
        ]
    )
