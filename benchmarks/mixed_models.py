"""Mixed models of a corpus: time and memory of our engine against R's lme4.

Run from the project's folder: ``python benchmarks/mixed_models.py [--small] [--rows N ...]``.
Words of 40 children in up to 8,000 sessions with up to 5,000 lemmas are made here: a session for
every 15 rows, lemmas by Zipf's law. Each fit runs in a process of its own that has fitted a small
table before; what is timed begins with the table in memory and ends with the estimates (REML;
model frame and search, without degrees of freedom). lme4 has its default optimiser. From a million
rows on it is stopped at ten times our CPU seconds. Without R, or without lme4, ours runs alone.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
from measure import machine, run, table, take_turns, timed
from pyarrow import csv

SEED = 20261126
SIZES = (1_000, 10_000, 100_000, 1_000_000)
SMALL = (600, 1_200)
WARM = 600
REPEATS = 3
STOPPED_FROM = 1_000_000
STOPPED_AT = 10
CHILDREN, SESSIONS, LEMMAS, PER_SESSION = 40, 8_000, 5_000, 15
FORMULA = (
    "word_score ~ age_within + age_between + speaker + log_freq + concreteness"
    " + (1 + age_within | child_id) + (1 | child_id:session_id) + (1 | lemma)"
)
R_SCRIPT = Path(__file__).with_suffix(".R")


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="seconds, for a look only")
    parser.add_argument("--rows", type=int, nargs="+", help=f"rows (default {SIZES})")
    parser.add_argument("--repeats", type=int, default=REPEATS, help="below a million rows")
    parser.add_argument("--threads", type=int, default=1, help="of linear algebra, for both")
    parser.add_argument("--without-lme4", action="store_true", help="ours alone")
    parser.add_argument("--ours", nargs=2, metavar=("TABLE", "WARM"), help="used by itself")
    args = parser.parse_args()
    if args.ours:
        print(json.dumps(fit(*map(Path, args.ours))))
        return
    sizes = args.rows or (SMALL if args.small else SIZES)
    threads = {name: str(args.threads) for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")}
    environment = {**os.environ, **threads}
    against = None if args.without_lme4 else lme4_version()
    rows = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write(WARM, folder)
        for size in sizes:
            write(size, folder)
            repeats = 1 if args.small or size >= STOPPED_FROM else args.repeats
            rows.append(compared(size, folder, environment, repeats, against is not None))
            print(" ".join(map(str, rows[-1])), file=sys.stderr, flush=True)
    facts = [f"{args.threads} thread", against or "without lme4"]
    print(f"{machine(*facts)}; medians of {args.repeats}, one run from {STOPPED_FROM:,} rows on\n")
    print(
        table(
            [
                "rows",
                "sessions and lemmas",
                "ours, CPU s",
                "wall s",
                "MB",
                "df, CPU s",
                "lme4, CPU s",
                "wall s of lme4",
                "MB of lme4",
                "lme4 / ours",
                "criterion, ours less lme4's",
            ],
            rows,
        )
    )


def compared(
    size: int, folder: Path, environment: Mapping[str, str], repeats: int, against: bool
) -> list[object]:
    """Return a line of the table."""
    path, warm = folder / f"{size}.csv", folder / f"{WARM}.csv"
    first: dict[str, float] = {}

    def ours() -> dict[str, float]:
        command = [sys.executable, __file__, "--ours", str(path), str(warm)]
        first.update(json.loads(called(command, environment, None) or "{}"))
        return dict(first)

    def theirs() -> dict[str, float]:
        limit = STOPPED_AT * first["cpu"] if size >= STOPPED_FROM else None
        said = called(["Rscript", str(R_SCRIPT), str(path), str(warm), FORMULA], environment, limit)
        if said is None:
            return {"cpu": float("nan")}
        names = ("cpu", "wall", "mb", "criterion")
        return dict(zip(names, map(float, said.split()[-4:]), strict=True))

    contestants: dict[str, Callable[[], Mapping[str, float]]] = {"ours": ours}
    if against:
        contestants["lme4"] = theirs
    found = take_turns(contestants, repeats)
    own, other = found["ours"], found.get("lme4")
    cells: list[object] = [
        f"{size:,}",
        f"{own['sessions']:,.0f} and {own['lemmas']:,.0f}",
        own["cpu"],
        own["wall"],
        f"{own['mb']:.0f}",
        own["df"],
    ]
    if other is None:
        return [*cells, "-", "-", "-", "-", "-"]
    if np.isnan(other["cpu"]):
        return [*cells, f"stopped at {STOPPED_AT * own['cpu']:.0f}", "-", "-",
                f"more than {STOPPED_AT}", "-"]  # fmt: skip
    return [*cells, other["cpu"], other["wall"], f"{other['mb']:.0f}", other["cpu"] / own["cpu"],
            f"{own['criterion'] - other['criterion']:+.1e}"]  # fmt: skip


def called(command: list[str], environment: Mapping[str, str], limit_s: float | None) -> str | None:
    """Return what a program prints, or None where it had to be stopped at so many CPU seconds."""

    def bound() -> None:
        if limit_s is not None:
            resource.setrlimit(resource.RLIMIT_CPU, (round(limit_s), round(limit_s)))

    done = subprocess.run(
        command, capture_output=True, text=True, env=dict(environment), preexec_fn=bound
    )
    if limit_s is not None and done.returncode < 0:
        return None
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}\n{done.stdout}{done.stderr}")
    return done.stdout


def fit(path: Path, warm: Path) -> dict[str, float]:
    """Return what our fit of a table takes, in a process that has fitted another before."""
    from egoalign.vary.fit import fit_frame
    from egoalign.vary.frame import build_frame
    from egoalign.vary.satterthwaite import degrees_of_freedom

    fit_frame(build_frame(csv.read_csv(warm), FORMULA))
    data = csv.read_csv(path)
    found = []
    took = timed(lambda: found.append(fit_frame(build_frame(data, FORMULA), with_df=False)))
    model = found[0]
    # The most that the fit itself took: degrees of freedom come after.
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    p = len(model.frame.names)
    df = timed(lambda: degrees_of_freedom(model, np.eye(p)))
    levels = {term.group: len(term.levels) for term in model.frame.random}
    return {
        **took,
        "mb": most,
        "df": df["cpu"],
        "criterion": model.criterion,
        "sessions": levels["child_id:session_id"],
        "lemmas": levels["lemma"],
    }


def write(n: int, folder: Path) -> None:
    """Write a table of n words."""
    rng = np.random.default_rng([SEED, n])
    sessions = min(SESSIONS, max(2 * CHILDREN, n // PER_SESSION))
    session = rng.integers(sessions, size=n)
    child = session % CHILDREN
    weights = 1 / (1.0 + np.arange(LEMMAS))
    lemma = rng.choice(LEMMAS, n, p=weights / weights.sum())
    age = rng.uniform(6, 30, CHILDREN)[np.arange(sessions) % CHILDREN] + rng.normal(0, 3, sessions)
    counts = np.bincount(child, minlength=CHILDREN)
    between = np.bincount(child, age[session], minlength=CHILDREN) / np.maximum(counts, 1)
    within = (age[session] - between[child]) / 3
    between = (between - 18) / 7
    speaker = rng.choice(3, n, p=[0.6, 0.25, 0.15])
    log_freq = -np.log1p(np.arange(LEMMAS)) / 2 + rng.normal(0, 0.5, LEMMAS)
    concreteness = rng.normal(size=LEMMAS)
    slopes = rng.multivariate_normal([0, 0], [[0.09, 0.0144], [0.0144, 0.0144]], CHILDREN)
    score = (
        0.1 * within
        + 0.05 * between[child]
        + np.array([0, -0.2, 0.1])[speaker]
        - 0.05 * log_freq[lemma]
        + 0.1 * concreteness[lemma]
        + slopes[child, 0]
        + slopes[child, 1] * within
        + 0.2 * rng.normal(size=sessions)[session]
        + 0.4 * rng.normal(size=LEMMAS)[lemma]
        + rng.normal(size=n)
    )
    names = np.array(["female_adult", "key_child", "male_adult"])
    made = pa.table(
        {
            "word_score": score,
            "age_within": within,
            "age_between": between[child],
            "speaker": names[speaker],
            "log_freq": log_freq[lemma],
            "concreteness": concreteness[lemma],
            "child_id": np.char.add("c", child.astype(str)),
            "session_id": np.char.add("s", session.astype(str)),
            "lemma": np.char.add("w", lemma.astype(str)),
        }
    )
    csv.write_csv(made, folder / f"{n}.csv")


def lme4_version() -> str | None:
    """Return the versions of R and lme4, or None where they are not installed."""
    try:
        return run("Rscript", "-e", "cat('R ', R.version$major, '.', R.version$minor, sep = ''); "
                   "cat(', lme4', as.character(packageVersion('lme4')))")  # fmt: skip
    except (FileNotFoundError, SystemExit):
        return None


if __name__ == "__main__":
    main()
