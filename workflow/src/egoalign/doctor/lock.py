"""Who works in a folder, and the lock that a killed run leaves behind."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
from pathlib import Path

from egoalign.log import UserError, logger
from egoalign.tables import atomic_path

LOCKS = Path(".snakemake", "locks")
NOTE = Path(".snakemake", "egoalign_run.json")
PROGRAMS = ("snakemake", "egoalign")


def note_run(folder: str | Path = ".") -> None:
    """Write down in a folder that this process runs the workflow there, and on which machine."""
    import psutil

    own = psutil.Process()
    note = {"host": socket.gethostname(), "pid": own.pid, "started": own.create_time()}
    with atomic_path(Path(folder) / NOTE) as partial:
        partial.write_text(json.dumps(note) + "\n", encoding="utf-8")


def host_of_run(folder: str | Path) -> str | None:
    """Return the machine on which the last run in a folder began, None where none is known."""
    try:
        return str(json.loads((Path(folder) / NOTE).read_text(encoding="utf-8"))["host"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def at_work(folder: str | Path) -> list[str]:
    """Return the processes of this machine and the SLURM jobs that work in a folder, one line each.

    These are runs and steps: also steps that a killed run has left to themselves.
    """
    return [*_processes(folder), *_slurm_jobs(folder)]


def _slurm_jobs(folder: str | Path) -> list[str]:
    """Return the user's SLURM jobs of a folder: they outlive the run that has sent them."""
    if not shutil.which("squeue"):
        return []
    asked = ["squeue", "--me", "--noheader", "--format=%i|%Z"]
    done = subprocess.run(asked, capture_output=True, text=True, check=False)
    jobs = (line.strip().partition("|") for line in done.stdout.splitlines() if "|" in line)
    return [
        f"SLURM job {number} (scancel {number})"
        for number, _, place in jobs
        if os.path.realpath(place) == os.path.realpath(folder)
    ]


def _processes(folder: str | Path) -> list[str]:
    import psutil

    own = psutil.Process()
    ours = {own.pid, *(parent.pid for parent in own.parents())}
    found = []
    for process in psutil.process_iter():
        try:
            words = process.cmdline()
            is_ours = any(name in word for word in words for name in PROGRAMS)
            if process.pid in ours or not is_ours or not os.path.samefile(process.cwd(), folder):
                continue
        except (psutil.Error, OSError):
            # It has just ended, or belongs to somebody else.
            continue
        found.append(f"process {process.pid} ({' '.join(words)[:80]})")
    return found


def is_locked(folder: str | Path) -> bool:
    """Say whether a run has locked its files in a folder."""
    return any((Path(folder) / LOCKS).glob("*.lock"))


def clear_lock(folder: str | Path = ".", ended_on: str | None = None) -> None:
    """Remove the lock of a run that was killed, having made sure that nothing works there.

    Parameters
    ----------
    folder : str or Path
        Where the workflow runs.
    ended_on : str, optional
        A machine of which the user says that the run there has ended.

    Raises
    ------
    UserError
        Something works in the folder, or may do so on another machine.
    """
    here = Path(folder).absolute()
    if not is_locked(folder):
        logger.info("%s: no lock here; nothing to do", here)
        return
    working = at_work(folder)
    if working:
        raise UserError(
            f"{here}: still at work: {'; '.join(working)}; wait until it has ended, or end "
            "it, and then give this command again"
        )
    host = host_of_run(folder)
    if host not in (None, socket.gethostname(), ended_on):
        raise UserError(
            f"{here}: the run was started on {host}, and this is {socket.gethostname()}; give this "
            f"command there, or, if nothing works there any more, add --ended-on {host}"
        )
    for path in (Path(folder) / LOCKS).glob("*.lock"):
        path.unlink()
    logger.info("%s: lock removed; now give the command of the run again", here)
