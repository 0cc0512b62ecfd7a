"""A record of every job: what it read, what it wrote, by which code, where and when.

Records are sidecars in the private zone: they hold paths, hosts and times, which no table does.
The workflow switches them on by an environment variable, in the shell prefix of its rules.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import os
import platform
import shlex
import sys
from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from egoalign import __version__
from egoalign.provenance.digest import SOURCE
from egoalign.provenance.file_states import KEPT, file_state
from egoalign.provenance.files import FOLDER, SOURCES, FileRecord, read_sources, sources_path
from egoalign.tables import READ, WRITTEN, is_arrow, read_metadata, write_json

RECORDS = "EGOALIGN_RECORDS"
"""Environment variable that names the folder of the records."""

CONFIG_DIGEST = "EGOALIGN_CONFIG_DIGEST"
"""Environment variable with the digest of the whole configuration."""

ENVIRONMENTS = "environments"
"""Folder below the records with a file for each set of package versions."""

MANY = 200
"""Inputs from which on their digests are taken from the records of the jobs that made them."""


def record_variables(results: str, options: Mapping[str, Any]) -> str:
    """Return shell commands that switch records on, for the prefix of all rules.

    Parameters
    ----------
    results : str
        The folder of the results.
    options : mapping
        The whole configuration.
    """
    folder = shlex.quote(os.path.join(os.path.abspath(results), FOLDER))
    return f"export {RECORDS}={folder} {CONFIG_DIGEST}={config_digest(options)}; "


def config_digest(options: Mapping[str, Any]) -> str:
    """Return the sha256 of a configuration, whatever the order of its keys."""
    return hashlib.sha256(json.dumps(options, sort_keys=True).encode()).hexdigest()


@contextlib.contextmanager
def recorded(args: argparse.Namespace) -> Iterator[None]:
    """Write a record of a subcommand once it has ended well, if the environment asks for it.

    Parameters
    ----------
    args : argparse.Namespace
        Arguments of the subcommand; paths among them that exist before are inputs, and those that
        are new or changed afterwards are outputs, as are tables that were read or written.
    """
    folder = os.environ.get(RECORDS)
    if not folder:
        yield
        return
    records = Path(folder)
    named = _named_files(args)
    before = {path: _mark(path) for path in named}
    READ.clear()
    WRITTEN.clear()
    start = datetime.now(UTC)
    yield
    end = datetime.now(UTC)
    changed = {path for path in named if _mark(path) not in (None, before[path])}
    written = changed | {path for path in map(os.path.abspath, WRITTEN) if _mark(path)}
    outputs = sorted(path for path in written if not Path(path).is_relative_to(records))
    if not outputs:
        return
    read = {path for path in named if before[path]} | {os.path.abspath(path) for path in READ}
    inputs = sorted(path for path in read - set(outputs) if _mark(path))
    known = written_states(records) if len(inputs) > MANY else _sources(args, records)
    record = {
        "results": str(results_of(records)),
        "command": args.command,
        "room": args.run.__module__.split(".")[1],
        "options": _options(args),
        "seeds": _seeds(args),
        "inputs": [asdict(file_state(path, records, known)) for path in inputs],
        "outputs": [asdict(file_state(path, records)) for path in outputs],
        "models": _model_facts(outputs),
        "config_sha256": os.environ.get(CONFIG_DIGEST),
        "code": {"version": __version__, "sha256": package_digest()},
        "environment": _write_environment(records),
        "hardware": hardware(),
        "start": start.isoformat(),
        "end": end.isoformat(),
    }
    write_json(record, record_path(records, outputs[0]))


def results_of(records: Path) -> Path:
    """Return the folder of the results that a folder of records belongs to."""
    return Path(os.path.abspath(records)).parents[len(Path(FOLDER).parts) - 1]


def record_path(records: Path, first_output: str) -> Path:
    """Return where a job's record lies: at the place of its first output below the results."""
    below = os.path.relpath(first_output, results_of(records))
    if below.startswith(os.pardir):
        below = os.path.join("elsewhere", os.path.basename(first_output))
    return records / f"{below}.json"


def read_records(records: Path) -> list[dict[str, Any]]:
    """Return all records of a folder, in the order of their paths.

    A half-written file cannot be there, and one that someone damaged is left out.
    """
    found = []
    for folder, folders, names in os.walk(records):
        if Path(folder) == records:
            folders[:] = [name for name in folders if name not in (KEPT, ENVIRONMENTS, SOURCES)]
        folders.sort()
        for name in sorted(names):
            if name.startswith(".") or not name.endswith(".json"):
                continue
            with contextlib.suppress(OSError, ValueError):
                record = json.loads(Path(folder, name).read_text(encoding="utf-8"))
                found.append({**record, "record": os.path.join(folder, name)})
    return found


def written_states(records: Path) -> dict[str, FileRecord]:
    """Return the states of all files that recorded jobs wrote, by path."""
    return {
        output["path"]: FileRecord(**output)
        for record in read_records(records)
        for output in record["outputs"]
    }


def package_digest() -> str:
    """Return the sha256 of this package's source files, with their names."""
    digest = hashlib.sha256()
    for path in sorted(SOURCE.rglob("*.py")):
        digest.update(path.relative_to(SOURCE).as_posix().encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def installed_packages() -> list[str]:
    """Return ``name-version`` of every installed distribution, from the names of their folders."""
    found = set()
    for folder in sys.path:
        with contextlib.suppress(OSError):
            names = os.listdir(folder or ".")
            found |= {
                name.removesuffix(".dist-info") for name in names if name.endswith(".dist-info")
            }
    return sorted(found)


def hardware() -> dict[str, Any]:
    """Return what the job ran on: host, processor, memory, and GPU where torch was used."""
    facts: dict[str, Any] = {
        "host": platform.node(),
        "system": platform.platform(),
        "processor": _first_line("/proc/cpuinfo", "model name") or platform.machine(),
        "cores": os.cpu_count(),
        "memory": _first_line("/proc/meminfo", "MemTotal"),
        "gpu": None,
    }
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available():
        facts["gpu"] = torch.cuda.get_device_name()
    return facts


def _first_line(path: str, word: str) -> str | None:
    """Return what follows the colon in a file's first line that begins with a word."""
    with contextlib.suppress(OSError), open(path, encoding="utf-8") as lines:
        for line in lines:
            if line.startswith(word):
                return line.partition(":")[2].strip()
    return None


def _write_environment(records: Path) -> str:
    """Write the Python and package versions, once for each set of them, and return its name."""
    facts = {"python": platform.python_version(), "packages": installed_packages()}
    name = hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:12]
    path = records / ENVIRONMENTS / f"{name}.json"
    if not path.is_file():
        write_json(facts, path)
    return name


def _named_files(args: argparse.Namespace) -> set[str]:
    """Return the absolute paths that arguments may name: every text, and every text in JSON.

    Folders are none of them, for the tables tell what was read there; but a session may be a
    folder of pictures, which its row names.
    """
    found = set()
    for name, value in vars(args).items():
        if name in ("log", "command", "run", "root"):
            continue
        base = getattr(args, "root", None) or "." if name == "row" else "."
        for text in _texts(value):
            parts = _texts(_parsed(text)) if text.startswith(("{", "[")) else [text]
            paths = {_below(base, part) for part in parts}
            found |= {path for path in paths if name == "row" or not os.path.isdir(path)}
    return found


def _texts(value: Any) -> Iterator[str]:
    """Yield the strings and paths in an argument or in parsed JSON."""
    if isinstance(value, str | Path):
        if str(value):
            yield str(value)
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _texts(inner)


def _parsed(text: str) -> Any:
    """Return an argument parsed as JSON, or nothing if it is none."""
    try:
        return json.loads(text)
    except ValueError:
        return None


def _mark(path: str) -> tuple[int, int, int] | None:
    """Return what changes when a file is written anew, or nothing where there is no file."""
    try:
        stat = os.stat(path)
    except (OSError, ValueError):  # Some text that is no path.
        return None
    return stat.st_ino, stat.st_size, stat.st_mtime_ns


def _sources(args: argparse.Namespace, records: Path) -> dict[str, FileRecord]:
    """Return the records of a session's files, which were read for them when it was ingested."""
    row = _parsed(getattr(args, "row", None) or "{}")
    if not isinstance(row, dict) or not {"child_id", "session_id"} <= row.keys():
        return {}
    kept = read_sources(sources_path(results_of(records), row["child_id"], row["session_id"]))
    root = getattr(args, "root", None) or "."
    found = [replace(one, path=_below(root, one.path)) for one in (kept.files if kept else ())]
    return {one.path: one for one in found}


def _below(root: str | Path, name: str) -> str:
    """Return the absolute path of a name that is seen from a folder."""
    return os.path.abspath(os.path.join(root, name))


def _options(args: argparse.Namespace) -> dict[str, Any]:
    """Return the arguments as JSON values."""
    found = {}
    for name, value in vars(args).items():
        if name in ("run", "command", "quiet"):
            continue
        text = isinstance(value, str) and value.startswith(("{", "["))
        found[name] = (_parsed(value) or value) if text else value
    plain: dict[str, Any] = json.loads(json.dumps(found, default=str))
    return plain


def _seeds(args: argparse.Namespace) -> dict[str, int]:
    """Return every seed among the options, by the way to it."""
    found: dict[str, int] = {}

    def look(value: Any, way: str) -> None:
        if isinstance(value, Mapping):
            for name, inner in value.items():
                if name == "seed" and isinstance(inner, int):
                    found[f"{way}.{name}"] = inner
                look(inner, f"{way}.{name}")
        elif isinstance(value, list):
            for place, inner in enumerate(value):
                look(inner, f"{way}[{place}]")

    for name, value in _options(args).items():
        look({name: value} if name == "seed" else value, name)
    return found


def _model_facts(outputs: list[str]) -> dict[str, str]:
    """Return model, weights and preprocessing as the metadata of written vectors tell them."""
    for path in outputs:
        if is_arrow(path):
            facts = read_metadata(path)
            return {name: text for name, text in facts.items() if name != "egoalign_table"}
    return {}
