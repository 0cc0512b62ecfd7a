"""How long a run of thousands of sessions takes to plan, and what one more session plans.

Run from the project's folder: ``python benchmarks/planning.py [--small]``. The script copies the
workflow into a temporary folder, makes the two tables and a stub for every file that sessions name,
and times ``snakemake --dry-run`` with the greatest memory of its processes. Then it makes a stub of
every result, lets Snakemake take note of them (``--touch``), and plans twice more: with nothing
changed, where nothing may be planned, and with one more session, where only its own jobs and those
of the whole corpus may be. Else it ends with exit code 1.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml
from measure import machine, table

ROOT = Path(__file__).resolve().parents[1]
DEMO = "config/demo/model/egoalign-demo"
PER_SESSION = ("ingest_session", "encode_session", "align_session")
TARGET_S, TARGET_GB = 60.0, 1.5


@dataclass(frozen=True)
class Planned:
    """What a dry run cost, and how many jobs of each rule it planned."""

    wall: float
    cpu: float
    gigabytes: float
    jobs: dict[str, int]

    def row(self, label: str) -> list[object]:
        """Return the line of the table."""
        count = sum(self.jobs.values())
        each = f"{1000 * self.wall / count:.1f}" if count else "-"
        return [label, count, self.wall, self.cpu, each, self.gigabytes]


def main() -> None:
    """Measure, print the table, and hold it to the targets."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="a dozen sessions")
    parser.add_argument("--sessions", type=int, default=5000, help="sessions of 40 children")
    args = parser.parse_args()
    count = 12 if args.small else args.sessions
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_project(folder, count)
        new = plan(folder)
        make_results(folder)
        unchanged = plan(folder)
        add_session(folder, count)
        one_more = plan(folder)
    print(f"{machine()}; {count} sessions, one model\n")
    header = ["plan", "jobs", "wall s", "CPU s", "wall ms a job", "GB"]
    rows = [new.row("everything"), unchanged.row("nothing changed")]
    print(table(header, [*rows, one_more.row("one more session")]))
    problems = check(new, unchanged, one_more, count)
    if problems:
        raise SystemExit("\n".join(problems))


def check(new: Planned, unchanged: Planned, one_more: Planned, count: int) -> list[str]:
    """Return what is not as it should be."""
    problems = [
        f"{rule}: {new.jobs.get(rule, 0)} jobs planned for {count} sessions"
        for rule in PER_SESSION
        if new.jobs.get(rule, 0) != count
    ]
    if unchanged.jobs:
        problems.append(f"nothing changed, and yet there are jobs: {unchanged.jobs}")
    several = {rule: n for rule, n in one_more.jobs.items() if n > 1}
    if several or any(one_more.jobs.get(rule) != 1 for rule in PER_SESSION):
        problems.append(f"one more session plans {one_more.jobs}")
    if new.wall > TARGET_S or new.gigabytes > TARGET_GB:
        problems.append(f"targets: {TARGET_S:g} s and {TARGET_GB:g} GB")
    return problems


def make_project(folder: Path, count: int) -> None:
    """Copy the workflow, and make tables, a config, and a stub for every file that they name."""
    shutil.copy(ROOT / "Snakefile", folder)
    for name in ("workflow", "config", "envs"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    values = {
        "corpus": {"children": "config/children.tsv", "sessions": "config/sessions.tsv"},
        "encode": {"models": [{"name": f"{DEMO}.json", "pretrained": f"{DEMO}.safetensors"}]},
    }
    (folder / "config/config.yaml").write_text(yaml.safe_dump(values))
    children = [f"C{number:02d}" for number in range(1, 41)]
    lines = ["child_id\tsex\tlanguages", *(f"{child}\tgirl\teng" for child in children)]
    (folder / "config/children.tsv").write_text("\n".join(lines) + "\n")
    header = "child_id\tsession_id\tvideo\ttranscript\tage_days"
    rows = [session_row(folder, number) for number in range(count)]
    (folder / "config/sessions.tsv").write_text("\n".join([header, *rows]) + "\n")


def session_row(folder: Path, number: int) -> str:
    """Make the stubs of a session, and return its line of the table."""
    child, session = f"C{1 + number % 40:02d}", f"s{number:05d}"
    stem = Path("data") / child / session
    (folder / stem).parent.mkdir(parents=True, exist_ok=True)
    for suffix in (".mp4", ".csv"):
        (folder / stem).with_suffix(suffix).write_bytes(b"")
    age = 200 + number // 40
    return f"{child}\t{session}\t{stem}.mp4\t{stem}.csv\t{age}"


def make_results(folder: Path) -> None:
    """Make a stub of every result, and let Snakemake take note of it as made."""
    text, *_ = snakemake(folder, "--summary", "--cores", "2")
    listed = text[text.index("output_file\t") :].splitlines()[1:]
    for line in listed:
        path = folder / line.split("\t")[0]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"stub")
    snakemake(folder, "--touch", "--cores", "2")


def add_session(folder: Path, number: int) -> None:
    """Add a session to the table, later than all that was made."""
    time.sleep(1)
    with (folder / "config/sessions.tsv").open("a") as sessions:
        sessions.write(session_row(folder, number) + "\n")


def plan(folder: Path) -> Planned:
    """Plan the run and return what it cost."""
    text, wall, cpu, bytes_ = snakemake(folder, "--dry-run", "--quiet", "rules")
    jobs: dict[str, int] = {}
    if "Job stats:" in text:
        rows = re.findall(r"^(\w+)\s+(\d+)$", text.split("Job stats:")[1], flags=re.MULTILINE)
        jobs = {rule: int(n) for rule, n in rows if rule not in ("total", "all")}
    return Planned(wall, cpu, bytes_ / 1e9, jobs)


def snakemake(folder: Path, *flags: str) -> tuple[str, float, float, int]:
    """Run Snakemake in a folder; return what it prints, seconds of clock and CPU, and its bytes."""
    command = [sys.executable, "-m", "snakemake", *flags]
    return measured(command, folder)


def measured(command: Sequence[str], folder: Path) -> tuple[str, float, float, int]:
    """Run a program; return what it prints, its seconds of clock and CPU, and its greatest size."""
    # Commands of the workflow say `python`: this one, though its environment may not be activated.
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    environment = os.environ | {"PATH": path}
    start = time.perf_counter()
    with tempfile.TemporaryFile("w+") as out:
        actions = [(os.POSIX_SPAWN_DUP2, out.fileno(), 1), (os.POSIX_SPAWN_DUP2, out.fileno(), 2)]
        here = Path.cwd()
        os.chdir(folder)
        try:
            process = os.posix_spawn(command[0], list(command), environment, file_actions=actions)
        finally:
            os.chdir(here)
        _, status, used = os.wait4(process, 0)
        wall = time.perf_counter() - start
        out.seek(0)
        text = out.read()
    if status:
        raise SystemExit(f"{' '.join(command)}\n{text}")
    return text, wall, used.ru_utime + used.ru_stime, used.ru_maxrss * 1024


if __name__ == "__main__":
    main()
