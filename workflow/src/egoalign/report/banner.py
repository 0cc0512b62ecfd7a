"""What the workflow prints when it starts, ends well, or fails."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from egoalign import __version__
from egoalign.doctor.lock import note_run
from egoalign.log import unwritable
from egoalign.privacy.zone import make_private_zone

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
        """Return what is printed when every job has ended well."""
        return "\n".join(
            [
                LINE,
                "egoalign: done. What became of every session, the first page, the figures:",
                *(f"  {path}" for path in main_results(self.results)),
                LINE,
            ]
        )

    def error(self) -> str:
        """Return what is printed when a job has failed."""
        return "\n".join(
            [
                LINE,
                "egoalign: a step failed. Its message stands above; the whole log of every step is",
                f"  under {os.path.abspath(self.logs)}",
                "Mend the cause and give the same command again: finished work is kept.",
                "After a killed run: once with --unlock, then with --rerun-incomplete.",
                LINE,
            ]
        )


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
