"""The chain from a result back to videos, transcripts and weights, by the records of the jobs."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from egoalign.log import UserError
from egoalign.provenance.file_states import file_state
from egoalign.provenance.files import FOLDER, FileRecord
from egoalign.provenance.record import read_records
from egoalign.wording import counted

Record = Mapping[str, Any]
SHOWN = 12
"""Sources that are listed of each step, unless all are asked for."""


@dataclass
class Chain:
    """What made a result.

    Parameters
    ----------
    result : FileRecord
        The result as it is now.
    jobs : list of mapping
        Records of all jobs behind it, the last job first.
    sources : dict
        Files that no recorded job made, by path.
    problems : list of str
        What does not fit together: files that changed after they were made or read.
    """

    result: FileRecord
    jobs: list[Record] = field(default_factory=list)
    sources: dict[str, FileRecord] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


def records_above(result: str | Path) -> Path:
    """Return the folder of the records that a result belongs to.

    Raises
    ------
    UserError
        The result is not there, or no folder above it holds records.
    """
    path = Path(os.path.abspath(result))
    if not path.is_file():
        raise UserError(f"{result}: no such file; expected a file that the workflow made")
    for folder in path.parents:
        if (folder / FOLDER).is_dir():
            return folder / FOLDER
    raise UserError(
        f"{result}: no folder above it has {FOLDER}; expected a file below the results of a run"
    )


def find_chain(result: str | Path) -> Chain:
    """Follow the records from a result back to the files that no job made.

    Parameters
    ----------
    result : str or Path
        A file below the results. The folder of the results may have been moved since.

    Raises
    ------
    UserError
        No recorded job made the file.
    """
    records = records_above(result)
    results = str(records.parents[len(Path(FOLDER).parts) - 1])
    makers: dict[str, Record] = {}
    made: dict[str, FileRecord] = {}
    jobs = [_moved(record, results) for record in read_records(records)]
    for job in sorted(jobs, key=lambda job: str(job["end"])):
        for state in job["outputs"]:
            makers[state.path], made[state.path] = job, state
    path = os.path.abspath(result)
    if path not in makers:
        raise UserError(
            f"{result}: no job's record names it; expected an output of the workflow. Results of "
            "a version without records get one when they are made again"
        )
    chain = Chain(file_state(path, records))
    if chain.result.sha256 != made[path].sha256:
        chain.problems.append(f"{result} was changed after it was made")
    waiting, seen = [path], {path}
    told: set[str] = set()
    while waiting:
        now = waiting.pop(0)
        job = makers[now]
        if job["record"] in told:
            continue
        told.add(job["record"])
        chain.jobs.append(job)
        for state in job["inputs"]:
            if state.path not in makers:
                chain.sources[state.path] = state
                continue
            if state.sha256 != made[state.path].sha256:
                chain.problems.append(
                    f"{job['command']} read another {os.path.relpath(state.path, results)} than "
                    f"{makers[state.path]['command']} last wrote: run the workflow again"
                )
            if state.path not in seen:
                seen.add(state.path)
                waiting.append(state.path)
    return chain


def chain_lines(chain: Chain, every: bool = False) -> Iterator[str]:
    """Yield the chain as text: the result, the steps from it back, the sources, the weights.

    Parameters
    ----------
    chain : Chain
        By `find_chain`.
    every : bool
        List all sources; otherwise the first of each step.
    """
    last = chain.jobs[0]
    yield f"{chain.result.path}"
    yield f"  sha256    {chain.result.sha256}"
    yield f"  egoalign  {last['code']['version']}, source {last['code']['sha256'][:12]}"
    yield f"  config    {_short(last['config_sha256'])}"
    yield f"  packages  environments/{last['environment']}.json beside the records"
    yield f"  machine   {_machine(last)}"
    for problem in chain.problems:
        yield f"  CHANGED   {problem}"
    yield "Steps, from the result back:"
    steps: dict[str, list[Record]] = {}
    for job in chain.jobs:
        steps.setdefault(job["command"], []).append(job)
    for command, jobs in steps.items():
        codes = {job["code"]["sha256"][:12] for job in jobs}
        start, end = min(job["start"] for job in jobs), max(job["end"] for job in jobs)
        hosts = sorted({job["hardware"]["host"] for job in jobs})
        yield (
            f"  {command}: {counted(len(jobs), 'job')}, {start[:19]} to {end[:19]} UTC, "
            f"on {', '.join(hosts)}, source {', '.join(sorted(codes))}"
        )
        seeds = {f"{way} {seed}" for job in jobs for way, seed in job["seeds"].items()}
        if seeds:
            yield f"    seeds: {', '.join(sorted(seeds))}"
        yield from _sources(chain, jobs, every)
    weights = {
        f"  {job['models'].get('model_id')}: {job['models']['weights_sha256']}"
        for job in chain.jobs
        if "weights_sha256" in job["models"]
    }
    if weights:
        yield "Weights, by sha256:"
        yield from sorted(weights)


def _sources(chain: Chain, jobs: list[Record], every: bool) -> Iterator[str]:
    """Yield the files that these jobs read and no job made."""
    read = {state.path for job in jobs for state in job["inputs"]} & chain.sources.keys()
    shown = sorted(read)[: None if every else SHOWN]
    for path in shown:
        state = chain.sources[path]
        yield f"    {state.sha256}  {state.size:>12,} B  {path}"
    if len(read) > len(shown):
        yield f"    and {len(read) - len(shown)} more; --all lists them"


def _moved(record: Record, results: str) -> Record:
    """Return a record with file states whose paths are those of today's folder of results."""
    before = os.path.join(record["results"], "")

    def states(kind: str) -> list[FileRecord]:
        found = []
        for one in record[kind]:
            path: str = one["path"]
            if path.startswith(before):
                path = os.path.join(results, path.removeprefix(before))
            found.append(FileRecord(**{**one, "path": path}))
        return found

    return {**record, "inputs": states("inputs"), "outputs": states("outputs")}


def _machine(record: Record) -> str:
    """Return what a job ran on, in a line."""
    facts = record["hardware"]
    gpu = f", GPU {facts['gpu']}" if facts["gpu"] else ""
    return f"{facts['host']}: {facts['processor']}, {counted(facts['cores'], 'core')}{gpu}"


def _short(digest: str | None) -> str:
    """Return the first digits of a digest, or that there is none."""
    return digest[:12] if digest else "unknown"
