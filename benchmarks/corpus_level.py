"""Memory and time of every step that reads the whole corpus, at 1.3 million utterances.

Run from the project's folder: ``python benchmarks/corpus_level.py [--small] [--fit]``. A few
sessions are made and taken through the workflow; their tables then stand for those of all others,
with ids of their own and noise on every number that is a score, so that no two are the same. The
commands are those that Snakemake would run. Statistical models are fitted with ``--fit`` only, for
that takes long even with two draws of the bootstrap instead of 200, which add time alone;
``benchmarks/mixed_models.py`` has one fit of each size. Ends with exit code 1 where a step needs
more than 4 GB.
"""

from __future__ import annotations

import argparse
import csv
import os
import re
import shlex
import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import yaml
from decoding import write_video
from made import spoken
from measure import machine, table
from planning import DEMO, PER_SESSION, ROOT, measured, snakemake

from egoalign.tables import TABLES, read_columns, write_table
from egoalign.vary.defaults import DEFAULT_MODELS

SEED = 20251118
MODEL = "egoalign-demo"
UTTERANCES = 260
CHILDREN = 40
TEMPLATES = 8
LENGTH_S = 300.0
TARGET_GB = 4.0
DRAWS = 2
SCORES = ("score", "shuffled", "shift", "difference", "_z", "_mean", "value")
"""Parts of the names of columns that hold scores."""


@dataclass(frozen=True)
class Step:
    """A job of the whole corpus."""

    rule: str
    command: str
    inputs: list[str]
    outputs: list[str]


def main() -> None:
    """Measure, print the table, and hold it to the target."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="a dozen short sessions")
    parser.add_argument("--sessions", type=int, default=5000, help="of 260 utterances each")
    parser.add_argument("--fit", action="store_true", help="fit the statistical models too")
    args = parser.parse_args()
    count, utterances = (12, 30) if args.small else (args.sessions, UTTERANCES)
    rows: list[list[object]] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        templates = make_templates(folder, 2 if args.small else TEMPLATES, utterances)
        multiply(folder, templates, count)
        for step in steps(folder):
            if not all((folder / path).exists() for path in step.inputs):
                # Something before it was not asked for.
                continue
            if step.rule == "fit_models" and not args.fit:
                continue
            _, wall, cpu, size = measured(["/bin/bash", "-c", step.command], folder)
            rows.append([step.rule, wall, cpu, size / 1e9])
            print(*rows[-1], file=sys.stderr, flush=True)
    print(f"{machine()}; {count} sessions of {utterances} utterances; one run each\n")
    print(table(["step", "wall s", "CPU s", "GB"], rows))
    large = [str(row[0]) for row in rows if float(str(row[3])) > TARGET_GB]
    if large:
        raise SystemExit(f"more than {TARGET_GB:g} GB: {', '.join(large)}")


def make_templates(folder: Path, count: int, utterances: int) -> list[tuple[str, str]]:
    """Copy the workflow, and take a few sessions, each of a child of its own, to their scores."""
    shutil.copy(ROOT / "Snakefile", folder)
    for name in ("workflow", "config", "envs"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    values = {
        "corpus": {"children": "config/children.tsv", "sessions": "config/sessions.tsv"},
        "encode": {"models": [{"name": f"{DEMO}.json", "pretrained": f"{DEMO}.safetensors",
                               "id": MODEL}]},
        "transcripts": {"speaker_scheme": "chat"},
        "vary": {"models": [{"name": model.name, "unit": model.unit,
                             "responses": model.responses, "draws": DRAWS,
                             # No norms are made here.
                             "formula": model.formula.replace(" + concreteness", "")}
                            for model in DEFAULT_MODELS]},
    }  # fmt: skip
    (folder / "config/config.yaml").write_text(yaml.safe_dump(values))
    length_s = LENGTH_S * utterances / UTTERANCES
    write_video(folder / "video.mp4", length_s, size=(320, 240), g=30, rate="300k")
    said = spoken(length_s * count, 60 * utterances / length_s)
    keys = [(f"C{number:02d}", f"s{number:05d}") for number in range(count)]
    for number in range(count):
        with (folder / f"{number}.csv").open("w", newline="", encoding="utf-8") as file:
            lines = csv.writer(file)
            lines.writerow(["start_time", "end_time", "text", "speaker"])
            for start, end, text in said[number * utterances : (number + 1) * utterances]:
                away = number * length_s
                who = ("CHI", "CHI", "FAT", "MOT")[int(start % 7) % 4]
                lines.writerow([f"{start - away:.3f}", f"{end - away:.3f}", text, who])
    write_tables(folder, keys, count)
    targets = [
        f"results/align/{MODEL}/{child}/{session}.alignment.parquet" for child, session in keys
    ]
    snakemake(folder, "--quiet", "all", "--cores", "2", *targets)
    return keys


def write_tables(folder: Path, keys: list[tuple[str, str]], templates: int) -> None:
    """Write the tables of children and sessions."""
    children = sorted({child for child, _ in keys})
    lines = ["child_id\tsex\tlanguages", *(f"{child}\tgirl\teng" for child in children)]
    (folder / "config/children.tsv").write_text("\n".join(lines) + "\n")
    header = "child_id\tsession_id\tvideo\ttranscript\tage_days"
    rows = [
        f"{child}\t{session}\tvideo.mp4\t{number % templates}.csv\t{age_days(child, number)}"
        for number, (child, session) in enumerate(keys)
    ]
    (folder / "config/sessions.tsv").write_text("\n".join([header, *rows]) + "\n")


def age_days(child: str, number: int) -> float:
    """Return a session's age: children begin on different days and are seen every fourth."""
    return 200.0 + int(child[1:]) + number // CHILDREN * 4


def multiply(folder: Path, templates: list[tuple[str, str]], count: int) -> None:
    """Make of the templates' tables those of all sessions."""
    results = folder / "results"
    names = {
        number: [
            (path.parent.parent, path.name.removeprefix(session))
            for path in results.rglob(f"{child}/{session}.*")
            if path.suffix in (".parquet", ".arrow")
        ]
        for number, (child, session) in enumerate(templates)
    }
    keys = [
        *templates,
        *((f"C{n % CHILDREN:02d}", f"s{n:05d}") for n in range(len(templates), count)),
    ]
    for number, (child, session) in enumerate(keys[len(templates) :], start=len(templates)):
        at = number % len(templates)
        for place, ending in names[at]:
            source = place / templates[at][0] / f"{templates[at][1]}{ending}"
            target = place / child / f"{session}{ending}"
            target.parent.mkdir(exist_ok=True)
            schema = TABLES[ending.split(".")[1]]
            if "session_id" in schema.schema.names:
                write_table(schema, renamed(read_columns(source), child, session, number), target)
            else:
                os.link(source, target)
    write_tables(folder, keys, len(templates))


def renamed(data: pa.Table, child: str, session: str, number: int) -> pa.Table:
    """Return a session's table with other ids, an age, and noise on its scores."""
    rng = np.random.default_rng([SEED, number])
    own = rng.normal(0, 0.02) + np.random.default_rng([SEED, int(child[1:])]).normal(0, 0.02)
    given = {"child_id": child, "session_id": session, "age_days": age_days(child, number)}
    for at, field in enumerate(data.schema):
        if field.name in given:
            column = pa.array([given[field.name]] * data.num_rows, field.type)
        elif pa.types.is_floating(field.type) and any(part in field.name for part in SCORES):
            noise = pa.array(own + rng.normal(0, 0.02, data.num_rows))
            column = pc.add(data[field.name].cast(pa.float64()), noise).cast(field.type)
        else:
            continue
        data = data.set_column(at, field, column)
    return data


def steps(folder: Path) -> list[Step]:
    """Return the jobs of the whole corpus, each after those whose files it reads."""
    text, *_ = snakemake(folder, "--dry-run", "--printshellcmds", "--cores", "1")
    found = []
    for block in text.split("\n\n"):
        command = re.search(
            r"^Shell command: (python -m egoalign (\S+) .*)$", block, flags=re.MULTILINE
        )
        if command and command[2].replace("-", "_") not in PER_SESSION:
            inputs = named(block, "Input files updated by another job")
            written = {word for word in shlex.split(command[1]) if Path(word).suffix}
            outputs = written.difference(inputs).union(named(block, "Missing output files"))
            rule = command[2].replace("-", "_")
            found.append(Step(rule, command[1], inputs, sorted(outputs)))
    ordered: list[Step] = []
    waiting = found
    while waiting:
        unmade = {name for step in waiting for name in step.outputs}
        ready = [step for step in waiting if not unmade.intersection(step.inputs)]
        ordered += ready
        waiting = [step for step in waiting if step not in ready]
    return ordered


def named(block: str, reason: str) -> list[str]:
    """Return the files that a dry run names with a reason."""
    found = re.search(rf"{reason}: ([^;\n]*)", block)
    return found[1].split(", ") if found else []


if __name__ == "__main__":
    main()
