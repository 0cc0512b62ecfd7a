"""The process that keeps a model loaded and runs jobs that `egoalign.encode.handover` gives it.

It ends when it had no job for some seconds, with its Snakemake, and after a job that did not end
well: what such a job left in memory serves nobody.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import sys
import threading
import time
from pathlib import Path

from egoalign.cli import main
from egoalign.encode.handover import hold, receive, send
from egoalign.encode.models import keep_loaded

LOOK_S = 0.5
"""Seconds between two looks at whether the Snakemake is still there."""


def serve(path: Path, snakemake: int, keep_s: float) -> None:
    """Run jobs until there are no more.

    Parameters
    ----------
    path : Path
        The socket to listen at; beside it lies the lock of the client that it serves.
    snakemake : int
        Process id of the Snakemake.
    keep_s : float
        Seconds to wait for the next job.
    """
    keep_loaded()
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))
        listening.listen(1)
        last, code = time.monotonic(), 0
        while code == 0:
            if select.select([listening], [], [], LOOK_S)[0]:
                connection, _ = listening.accept()
                with connection:
                    code = run_job(connection)
                    if code:
                        # Before the client hears of it, and the next one starts another worker.
                        path.unlink(missing_ok=True)
                    with contextlib.suppress(OSError):
                        send(connection, {"code": code})
                last = time.monotonic()
            elif (time.monotonic() - last > keep_s or not is_there(snakemake)) and _closed(path):
                return


def run_job(connection: socket.socket) -> int:
    """Run one client's job with its output and errors, and return the exit code."""
    try:
        send(connection, {"free": True})
        _, streams, _, _ = socket.recv_fds(connection, 1, 2)
        job = receive(connection)
    except OSError:
        return 0
    if job is None or len(streams) != 2:
        return 0
    kept = [os.dup(1), os.dup(2)]
    for own, its in zip((1, 2), streams, strict=True):
        os.dup2(its, own)
        os.close(its)
    os.chdir(job["folder"])
    ended, end = socket.socketpair()
    watch = threading.Thread(target=_watch, args=(connection, ended), daemon=True)
    watch.start()
    try:
        code = main(job["arguments"])
    except SystemExit as error:
        # How argparse ends on arguments that it does not know.
        code = error.code if isinstance(error.code, int) else 1
    except KeyboardInterrupt:
        code = 130
    finally:
        end.close()
        watch.join()
        ended.close()
        sys.stdout.flush()
        sys.stderr.flush()
        for own, before in zip((1, 2), kept, strict=True):
            os.dup2(before, own)
            os.close(before)
    return code


def is_there(process: int) -> bool:
    """Say whether a process lives."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def _watch(connection: socket.socket, ended: socket.socket) -> None:
    """Interrupt the job when its client has gone, so that nothing half-made is left behind."""
    # A client sends nothing while it waits: what can be read from it is its end.
    if ended not in select.select([connection, ended], [], [])[0]:
        os.kill(os.getpid(), signal.SIGINT)


def _closed(path: Path) -> bool:
    """Delete socket and lock, unless a client is about to use them; say whether that was done."""
    lock = hold(path.with_suffix(".lock"))
    if lock is None:
        return False
    with lock:
        path.unlink(missing_ok=True)
        path.with_suffix(".lock").unlink(missing_ok=True)
    return True


if __name__ == "__main__":
    serve(Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]))
