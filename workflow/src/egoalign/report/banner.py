"""What the workflow prints when it starts, ends well, or fails."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from egoalign import __version__
from egoalign.config import dump_config
from egoalign.doctor.lock import note_run
from egoalign.log import unwritable
from egoalign.privacy.zone import make_private_zone
from egoalign.provenance.record import config_digest
from egoalign.report.failed import (
    SHOWN,
    failures,
    mark_first_page,
    note_unmade,
    read_unmade,
    told,
    unmark_first_page,
    wanted_again,
)
from egoalign.tables import PRIVATE_ZONE
from egoalign.wording import counted

if TYPE_CHECKING:
    from egoalign.config import Config
    from egoalign.corpus.read import Corpus

LINE = "=" * 78


@dataclass(frozen=True)
class Banner:
    """The workflow's first and last words.

    Parameters
    ----------
    config : Config
        The configuration as used.
    corpus : Corpus
        The corpus as read.
    results : str
        The folder of the results.
    logs : str
        The folder of the logs.
    missing : list of str
        Files that the sessions table names and that are not there.
    """

    config: Config
    corpus: Corpus
    results: str
    logs: str
    missing: list[str]

    def begin(self) -> str:
        """Make the private zone, note who works here, and return `start`.

        Where the results cannot be written, the run ends with exit code 2 before its first job.
        """
        try:
            make_private_zone(self.results)
            note_run()
        except OSError as error:
            print(f"egoalign: {unwritable(self.results, error)}", file=sys.stderr)
            sys.exit(2)
        return self.start()

    def start(self) -> str:
        """Return what is printed before the first job."""
        sessions = self.corpus.sessions
        excluded = sum(row.exclude for row in sessions)
        children = len({row.child_id for row in sessions})
        models = ", ".join(model.model_id for model in self.config.encode.models)
        lines = [
            LINE,
            f"egoalign {__version__}: {self.config.report.title}",
            f"  corpus   {children} children, {len(sessions)} sessions ({excluded} excluded)",
            f"  models   {models}",
            f"  results  {os.path.abspath(self.results)}",
            f"  logs     {os.path.abspath(self.logs)}",
        ]
        made = os.path.join(self.results, "raw", "")
        missing = [line for line in self.missing if made not in line]
        if missing:
            shown = [f"  MISSING  {line}" for line in missing[:10]]
            rest = len(missing) - len(shown)
            lines += shown + ([f"  MISSING  ... and {rest} more"] if rest > 0 else [])
            lines.append("           these sessions end as 'failed' in sessions_status.csv")
        return "\n".join([*lines, LINE])

    def end(self) -> str:
        """Take away what earlier failures left, and return what is printed when all went well."""
        self._tidy()
        return "\n".join(
            [
                LINE,
                "egoalign: done. What became of every session, the first page, the figures:",
                *(f"  {path}" for path in main_results(self.results)),
                LINE,
            ]
        )

    def error(self, jobs: Iterable[Any]) -> str:
        """Return what is printed when jobs of Snakemake's have failed.

        What became of every session so far is written beside the report, and a first page that an
        earlier run has left is marked.

        Parameters
        ----------
        jobs : iterable
            The jobs that failed.
        """
        jobs = list(jobs)
        note_unmade(self._unmade, jobs, self._options)
        found = failures(jobs)
        sessions = sorted({failure.session for failure in found if failure.session})
        lines = [f"egoalign: {counted(len(found), 'step')} failed:", *told(found)]
        if sessions:
            n_all = sum(not row.exclude for row in self.corpus.sessions)
            text = f"{counted(len(sessions), 'session')} of {n_all} failed"
            lines.append(f"{text}; what became of every session so far:")
            lines.append(f"  {self._write_status()}")
            names = ", ".join("/".join(session) for session in sessions[:SHOWN])
            text += f" in the last run ({names}{', ...' if len(sessions) > SHOWN else ''})"
        else:
            text = f"{counted(len(found), 'step')} of the last run failed"
        mark_first_page(
            self._report("summary.html"),
            f"{text}. This page is of an earlier run; mend the cause and run again.",
        )
        return "\n".join(
            [
                LINE,
                *lines,
                f"The whole log of every step is under {os.path.abspath(self.logs)}",
                "Mend the cause and give the same command again: finished work is kept.",
                f"  {shlex.join(['snakemake', *sys.argv[1:]])}",
                LINE,
            ]
        )

    def unmade(self) -> list[str]:
        """Return what earlier runs have failed to make, so that this one makes it."""
        # Files may have appeared late: then there is nothing to do, and no run that would tidy up.
        with suppress(OSError):
            self._tidy()
        sessions = {
            (row.child_id, row.session_id) for row in self.corpus.sessions if not row.exclude
        }
        models = [model.model_id for model in self.config.encode.models]
        return wanted_again(read_unmade(self._unmade), sessions, models, self._options)

    def _tidy(self) -> None:
        """Take away what is said of failures, where all is made by now."""
        if not os.path.exists(self._unmade):
            return
        note_unmade(self._unmade, [], self._options)
        if not os.path.exists(self._unmade):
            unmark_first_page(self._report("summary.html"))
            for path in self._unfinished:
                Path(path).unlink(missing_ok=True)

    @property
    def _unmade(self) -> str:
        return os.path.join(self.results, PRIVATE_ZONE, "unmade.json")

    @property
    def _options(self) -> str:
        """A digest of the config."""
        return config_digest(dump_config(self.config))

    def _report(self, name: str) -> str:
        return os.path.join(self.results, "report", name)

    @property
    def _unfinished(self) -> tuple[str, str]:
        """The table of a run that did not come to its end, and its CSV."""
        name = "sessions_status.unfinished"
        return self._report(f"{name}.parquet"), self._report(f"{name}.csv")

    def _write_status(self) -> str:
        """Write what became of every session so far, and return the path of the CSV."""
        from egoalign.corpus.status import collect_status

        corpus, model_id = self.config.corpus, self.config.encode.models[0].model_id
        table, csv = self._unfinished
        collect_status(
            corpus.children,
            corpus.sessions,
            corpus.root,
            os.path.join(self.results, "video"),
            os.path.join(self.results, "align", model_id),
            os.path.join(self.results, "encode", model_id),
            os.path.join(self.results, PRIVATE_ZONE, "transcripts"),
            self.logs,
            table,
            csv,
        )
        return os.path.abspath(csv)


def main_results(results: str) -> list[str]:
    """Return the paths that a person opens first, those of them that exist.

    Parameters
    ----------
    results : str
        The folder of the results.
    """
    wanted = [
        os.path.join(results, "report", name)
        for name in ("report.html", "summary.html", "sessions_status.csv")
    ]
    figures = os.path.join(results, "figures")
    for folder, _, names in sorted(os.walk(figures)):
        wanted += [os.path.join(folder, name) for name in sorted(names) if name.endswith(".pdf")]
    return [path for path in wanted if os.path.isfile(path)]
