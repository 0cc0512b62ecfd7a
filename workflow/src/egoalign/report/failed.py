"""What failed in a run that did not come to its end: for the terminal and the first page."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from html import escape
from pathlib import Path
from typing import Any, Protocol

from egoalign.tables import atomic_path

BEGIN, END = "<!-- unfinished run -->", "<!-- /unfinished run -->"
SHOWN = 10
"""How many failed steps are named."""


class Job(Protocol):
    """What is used of a job of Snakemake's."""

    rule: Any
    wildcards_dict: Mapping[str, str]
    log: Sequence[str]
    output: Sequence[str]


@dataclass(frozen=True, order=True)
class Failure:
    """A step that failed: its rule, what it was about, and its log."""

    rule: str
    about: str
    log: str | None
    session: tuple[str, str] | None = None


def failures(jobs: Iterable[Any]) -> list[Failure]:
    """Return the failed steps among Snakemake's jobs, those of groups one by one."""
    return sorted(map(_failure, _single(jobs)))


def _single(jobs: Iterable[Any]) -> list[Job]:
    """Return jobs with groups taken apart."""
    return [job for one in jobs for job in getattr(one, "jobs", [one])]


def _session(words: Mapping[str, str]) -> tuple[str, str] | None:
    return (words["child"], words["session"]) if {"child", "session"} <= set(words) else None


def _failure(job: Job) -> Failure:
    words = dict(job.wildcards_dict)
    return Failure(
        job.rule.name,
        " ".join(str(value) for value in words.values()),
        str(job.log[0]) if job.log else None,
        _session(words),
    )


def last_error(log: str | Path) -> str | None:
    """Return the last error of a step's log, None where it ended without a word."""
    try:
        lines = Path(log).read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return None
    found = [line for line in lines if re.match(r"\S+ \S+ ERROR ", line)]
    return found[-1].split(" ERROR ", 1)[1] if found else None


@dataclass(frozen=True)
class Unmade:
    """What a failed step should have made, and what must still be so for it to be wanted.

    Snakemake deletes the outputs of a failed step and notes the step as done. Where all that comes
    after is there from an earlier run, it would then find nothing to do.
    """

    files: tuple[str, ...]
    session: tuple[str, str] | None
    model: str | None
    options: str


def read_unmade(path: str | Path) -> list[Unmade]:
    """Return what earlier runs have failed to make and what is still not there."""
    try:
        rows = json.loads(Path(path).read_text(encoding="utf-8"))
        found = [
            Unmade(
                tuple(row["files"]),
                tuple(row["session"]) if row["session"] else None,
                row["model"],
                row["options"],
            )
            for row in rows
        ]
    except (OSError, ValueError, KeyError, TypeError):
        return []
    return [one for one in found if not all(map(os.path.exists, one.files))]


def note_unmade(path: str | Path, jobs: Iterable[Any], options: str) -> None:
    """Keep in mind what failed jobs of Snakemake's should have made, and drop what is there.

    Parameters
    ----------
    path : str or Path
        Where earlier notes are; the file is deleted where nothing is left to be noted.
    jobs : iterable
        The jobs that failed.
    options : str
        A digest of the config.
    """
    found = read_unmade(path)
    for job in _single(jobs):
        words = dict(job.wildcards_dict)
        files = tuple(str(file) for file in job.output)
        found.append(Unmade(files, _session(words), words.get("model"), options))
    found = list(dict.fromkeys(one for one in found if one.files))
    if found:
        with atomic_path(path) as partial:
            partial.write_text(json.dumps([asdict(one) for one in found]), encoding="utf-8")
    else:
        Path(path).unlink(missing_ok=True)


def wanted_again(
    unmade: Iterable[Unmade],
    sessions: Collection[tuple[str, str]],
    models: Collection[str],
    options: str,
) -> list[str]:
    """Return the files that are to be made although what comes after them is there.

    Files of a session are wanted while the session and the model are; others only with the same
    config, for another may not know how to make them.
    """
    return [
        file
        for one in unmade
        if (one.session in sessions if one.session else one.options == options)
        and (one.model is None or one.model in models)
        for file in one.files
    ]


def told(found: Sequence[Failure]) -> list[str]:
    """Return lines for the terminal: each failed step, why, and its log."""
    lines = []
    for failure in found[:SHOWN]:
        why = last_error(failure.log) if failure.log else None
        lines += [
            f"  {failure.rule} {failure.about}".rstrip(),
            f"    {why or 'ended without a word: it was killed, or its machine was lost'}",
            *([f"    log: {os.path.abspath(failure.log)}"] if failure.log else []),
        ]
    if len(found) > SHOWN:
        lines.append(f"  ... and {len(found) - SHOWN} more")
    return lines


def mark_first_page(page: str | Path, text: str) -> None:
    """Say at the top of an earlier run's first page that it is not up to date.

    Its time stays, so that nothing is planned because of it.
    """
    if os.path.isfile(page):
        note = f'{BEGIN}<p role="alert"><strong>{escape(text)}</strong></p>{END}'
        _rewrite(page, lambda html: _unmarked(html).replace("<body>", f"<body>{note}", 1))


def unmark_first_page(page: str | Path) -> None:
    """Take away what `mark_first_page` has put there."""
    if os.path.isfile(page):
        _rewrite(page, _unmarked)


def _unmarked(html: str) -> str:
    return re.sub(f"{BEGIN}.*?{END}", "", html, flags=re.DOTALL)


def _rewrite(page: str | Path, change: Callable[[str], str]) -> None:
    before = os.stat(page)
    html = Path(page).read_text(encoding="utf-8")
    changed = change(html)
    if changed != html:
        with atomic_path(page) as partial:
            partial.write_text(changed, encoding="utf-8")
            os.utime(partial, ns=(before.st_atime_ns, before.st_mtime_ns))
