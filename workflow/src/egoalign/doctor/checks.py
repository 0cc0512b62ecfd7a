"""What is looked at before a long run: one finding a line, so that nothing is met after a night."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import re
import shutil
import stat
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from egoalign.config import Config, ModelOptions
from egoalign.corpus.files import missing_files
from egoalign.corpus.read import Corpus, open_corpus
from egoalign.doctor.cost import PER_SESSION, cost_of
from egoalign.doctor.lock import at_work, is_locked
from egoalign.log import UserError
from egoalign.privacy.forget import Forgotten, remains
from egoalign.provenance.digest import LOCK, PROJECT
from egoalign.provenance.files import changed_files, read_sources, sources_path
from egoalign.tables import read_metadata

SHOWN = 5
"""How many of a kind are named."""

Level = Literal["ok", "note", "problem"]


@dataclass(frozen=True)
class Finding:
    """One line of the report: how grave, on what, and what was found."""

    level: Level
    what: str
    text: str

    def __str__(self) -> str:
        return f"{self.level:<8} {self.what:<12} {self.text}"


@dataclass(frozen=True)
class Run:
    """The run that is looked at.

    Parameters
    ----------
    config : Config
        The configuration.
    config_path : str
        The file that it was read from.
    cores : int
        How many jobs, of one core each, run at once.
    forgotten : tuple of str
        Children, or recordings as child/session, of which nothing should be left.
    """

    config: Config
    config_path: str
    cores: int
    forgotten: tuple[str, ...] = ()

    @property
    def results(self) -> str:
        """The folder of the results."""
        return self.config.pathvars.get("results", "results")

    @property
    def models(self) -> list[ModelOptions]:
        """The models that encode."""
        return [model for model in self.config.encode.models if not model.scores]


def examine(run: Run) -> Iterator[Finding]:
    """Yield the findings on a run, in the order in which one would mend them."""
    for check in CHECKS:
        yield from check(run)
    try:
        corpus = open_corpus(run.config.corpus)
    except UserError as error:
        yield Finding("problem", "tables", str(error))
        return
    yield tables(corpus)
    yield from sources(run, corpus)
    yield from plan(run, corpus)


def environment(run: Run) -> Iterator[Finding]:
    """Look at Python and at the packages, held to the lock."""
    yield from compare_packages(LOCK, PROJECT / "pyproject.toml", _installed)


def compare_packages(
    lock: Path, project: Path, installed: Callable[[str], str | None]
) -> Iterator[Finding]:
    """Compare the packages that are there with those of the lock.

    Parameters
    ----------
    lock : Path
        Lines ``name==version``.
    project : Path
        ``pyproject.toml``, which names the packages that a run needs.
    installed : callable
        Returns the version of a package, None where it is not there.
    """
    python = f"Python {platform.python_version()}"
    if not lock.is_file():
        yield Finding("note", "environment", f"{python}; no lock file {lock} to compare with")
        return
    locked = dict(
        re.findall(r"^([A-Za-z0-9._-]+)==([^\s;]+)", lock.read_text(encoding="utf-8"), re.MULTILINE)
    )
    needed = tomllib.loads(project.read_text(encoding="utf-8"))["project"]["dependencies"]
    names = {_plain(re.split(r"[^A-Za-z0-9._-]", line)[0]) for line in needed if ";" not in line}
    found = {name: installed(name) for name in locked}
    lacking = sorted(name for name in locked if found[name] is None and _plain(name) in names)
    if lacking:
        yield Finding(
            "problem", "environment", f"not installed: {_some(lacking)}; pip install -r {lock}"
        )
    other = [
        f"{name} {found[name]} (locked: {version})"
        for name, version in locked.items()
        # A build of its own is the same version: torch 2.13.0+cpu.
        if found[name] and str(found[name]).partition("+")[0] != version.partition("+")[0]
    ]
    if other:
        yield Finding(
            "note",
            "environment",
            f"{python}; {len(other)} packages are not as locked: {_some(other)}; numbers may "
            f"differ; pip install -r {lock}",
        )
    elif not lacking:
        yield Finding("ok", "environment", f"{python}, {len(locked)} packages as locked")


def gpu(run: Run) -> Iterator[Finding]:
    """Look for a GPU where something is to be encoded."""
    if not run.models:
        return
    is_mac = sys.platform == "darwin"
    if is_mac or shutil.which("nvidia-smi"):
        from egoalign.encode.device import choose_device

        # Precision is checked below.
        name = choose_device().name
        if name != "cpu":
            yield Finding("ok", "gpu", f"{name}{_free_memory(name)}")
            return
    if run.config.encode.precision != "fp32":
        precision = run.config.encode.precision
        yield Finding(
            "problem",
            "gpu",
            f"none on this machine, and encode.precision: {precision} needs one; set fp32, or send "
            "the run to a cluster (workflow/profiles/slurm)",
        )
    else:
        yield Finding("note", "gpu", "none on this machine: encoding will run on its CPU")


def weights(run: Run) -> Iterator[Finding]:
    """Look for every model's weights on this machine, and at their digests."""
    for model in run.models:
        if not Path(model.name).is_file() and model.name.endswith(".json"):
            if not model.text_vectors:
                yield Finding("problem", "weights", f"{model.name}: no such model config")
            continue
        from egoalign.encode.weights import check_weights, find_weights

        try:
            path = find_weights(model.name, model.pretrained)
            digest = check_weights(path, model.name, model.sha256)
        except UserError as error:
            yield Finding("problem", "weights", str(error))
            continue
        used = _weights_of_results(run.results, model.model_id)
        if used not in (None, digest):
            yield Finding(
                "note",
                "weights",
                f"{path}: sha256 {digest[:12]}, but {model.model_id} in {run.results} was made "
                f"with {str(used)[:12]}; its sessions will be encoded again if the file is newer",
            )
        known = "as in the config" if model.sha256 else "not in the config; add it as 'sha256'"
        yield Finding("ok", "weights", f"{model.model_id}: {path}, sha256 {digest}, {known}")


def permissions(run: Run) -> Iterator[Finding]:
    """Look whether the results can be written and the private zone is closed to others."""
    there = _existing(run.results)
    if not os.access(there, os.W_OK | os.X_OK):
        yield Finding(
            "problem", "permissions", f"{there} cannot be written; change who may, or the folder"
        )
    else:
        yield Finding("ok", "permissions", f"{there} can be written")
    zone = Path(run.results) / "private"
    if not zone.is_dir():
        return
    mode = stat.S_IMODE(zone.stat().st_mode)
    if mode & 0o077:
        yield Finding(
            "problem", "permissions", f"{zone} is open to others (mode {mode:o}); chmod 700 {zone}"
        )


def lock(run: Run) -> Iterator[Finding]:
    """Look whether a run works here, or has left its lock."""
    here = Path.cwd()
    working = at_work(here)
    if working:
        yield Finding("problem", "lock", f"a run works in {here}: {_some(working)}")
    elif is_locked(here):
        yield Finding("problem", "lock", f"{here}: left by a killed run; egoalign clear-lock")
    else:
        yield Finding("ok", "lock", f"nothing works in {here}")


def forgotten(run: Run) -> Iterator[Finding]:
    """Look whether anything is left of who has been forgotten."""
    for name in run.forgotten:
        child, _, session = name.partition("/")
        left = remains(run.results, Forgotten(child, session or None))
        if left:
            yield Finding(
                "problem",
                "forgotten",
                f"{name} stands in {len(left)} files; egoalign forget {name}: {_some(left)}",
            )
        else:
            yield Finding("ok", "forgotten", f"nothing of {name} is left in {run.results}")


CHECKS: tuple[Callable[[Run], Iterator[Finding]], ...] = (
    environment,
    gpu,
    weights,
    permissions,
    lock,
    forgotten,
)
"""Checks that need no corpus."""


def tables(corpus: Corpus) -> Finding:
    """Say how many children and sessions there are."""
    excluded = sum(row.exclude for row in corpus.sessions)
    return Finding(
        "ok",
        "tables",
        f"{len(corpus.children)} children, {len(corpus.sessions)} sessions ({excluded} excluded)",
    )


def sources(run: Run, corpus: Corpus) -> Iterator[Finding]:
    """Look for the files that sessions name, and whether they are those that were read."""
    made = os.path.join(run.results, "")
    models = [model.model_id for model in run.models]
    missing = [line for line in missing_files(corpus, models) if f"'{made}" not in line]
    if missing and models:
        yield Finding(
            "problem",
            "sources",
            f"{len(missing)} files are missing, and their sessions will end as failed: "
            f"{_some(missing)}",
        )
    changed = []
    for row in corpus.sessions:
        kept = read_sources(sources_path(run.results, row.child_id, row.session_id))
        if kept is not None and not row.exclude:
            found = changed_files(kept, corpus.root).changed
            changed += [f"{row.child_id}/{row.session_id}: '{record.path}'" for record in found]
    if changed:
        yield Finding(
            "note",
            "sources",
            f"{len(changed)} files have changed since they were read, and their sessions will be "
            f"read again: {_some(changed)}",
        )
    if not missing and not changed:
        yield Finding("ok", "sources", "every file is there, and as it was when it was read")


def plan(run: Run, corpus: Corpus) -> Iterator[Finding]:
    """Say what will be run, how long and how large."""
    jobs = planned_jobs(run.config_path)
    if isinstance(jobs, str):
        yield Finding("problem", "plan", jobs)
        return
    if not jobs:
        yield Finding("ok", "plan", "nothing to do: the results are complete")
        return
    of_sessions = ", ".join(f"{jobs[rule]} {rule}" for rule in PER_SESSION if rule in jobs)
    text = f"{sum(jobs.values())} jobs" + (f", of them {of_sessions}" if of_sessions else "")
    yield Finding("ok", "plan", text)
    cost = cost_of(jobs, run.results, corpus)
    total = sum(cost.seconds.values())
    how = "by earlier sessions" if cost.measured else "by docs/performance.md, on a CPU"
    yield Finding(
        "ok",
        "time",
        f"about {_duration(total)} of work for the sessions, {_duration(total / run.cores)} on "
        f"{run.cores} cores ({how}; sessions of {_duration(cost.hours * 3600)}); then the "
        "corpus-level steps",
    )
    free = shutil.disk_usage(_existing(run.results)).free
    size = f"about {_size(cost.n_bytes)} will be written, {_size(free)} are free"
    if cost.n_bytes > free:
        yield Finding("problem", "disk", f"{size}; free some space or change `pathvars`")
    else:
        yield Finding("note" if 2 * cost.n_bytes > free else "ok", "disk", size)


def planned_jobs(config_path: str) -> dict[str, int] | str:
    """Return how many jobs of each rule a dry run plans, or why it plans none."""
    command = [sys.executable, "-m", "snakemake", "--dry-run", "--cores", "1", "--quiet", "rules"]
    done = subprocess.run(
        [*command, "--configfile", config_path], capture_output=True, text=True, check=False
    )
    said = done.stdout + done.stderr
    if done.returncode:
        lines = [line for line in said.splitlines() if line.strip()]
        return f"snakemake --dry-run ends with {done.returncode}: {lines[-1] if lines else ''}"
    rows = re.findall(r"^(\w+) +(\d+)$", said.partition("Job stats:")[2], flags=re.MULTILINE)
    return {rule: int(number) for rule, number in rows if rule not in ("total", "all")}


def _installed(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _some(items: list[str]) -> str:
    """Return the first of many."""
    more = f" and {len(items) - SHOWN} more" if len(items) > SHOWN else ""
    return ", ".join(items[:SHOWN]) + more


def _free_memory(device: str) -> str:
    if device != "cuda":
        return ""
    import torch

    free, total = torch.cuda.mem_get_info()
    return f" ({torch.cuda.get_device_name()}), {_size(free)} of {_size(total)} free"


def _weights_of_results(results: str, model_id: str) -> str | None:
    """Return the digest of the weights that made a model's vectors, None where there are none."""
    for path in (Path(results) / "encode" / model_id).glob("*/*.frame_embeddings.arrow"):
        facts: Mapping[str, str] = read_metadata(path)
        return facts.get("weights_sha256")
    return None


def _existing(path: str) -> Path:
    there = Path(path).absolute()
    while not there.exists():
        there = there.parent
    return there


def _duration(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def _size(n_bytes: float) -> str:
    return f"{n_bytes / 1e9:.1f} GB" if n_bytes >= 1e9 else f"{n_bytes / 1e6:.1f} MB"
