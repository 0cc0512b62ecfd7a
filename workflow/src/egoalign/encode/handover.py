"""Hand a job over to a process that has its model loaded already, and wait for it there.

Importing torch and open_clip and loading a model takes seconds, more than a short session's own
work. So `encode-session`, called by a Snakemake that runs many of them, is a thin client: it takes
a worker (`egoalign.encode.worker`) that is free, or starts one, and gives it the arguments, the
folder and its own standard output and error. A worker serves one client at a time, and ends some
seconds after its last job, or with its Snakemake. Clients and workers meet in a folder that only
their user may open; a worker serves those only who have the same code and the same environment.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import socket
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Any

COMMAND = "encode-session"
VARIABLE = "EGOALIGN_WORKER"
"""Set by the workflow: process id of the Snakemake, and seconds that a worker waits for a job."""

WORKERS = 256
"""Workers of one kind at most; a client beyond them does its work itself."""

PLACE = 100
"""Bytes that the path of a socket may have."""

START_S = 120.0
"""Seconds that a worker may take until it listens; it imports little before."""

OTHER_JOBS = (
    *("--row", "--media", "--frames", "--utterances", "--content-words", "--sources", "--log"),
    *("--frame-embeddings", "--text-embeddings", "--word-embeddings"),
)
"""Options that differ from session to session; the others say which model, and how it runs."""


def offer_workers(keep_s: float, runs_many: bool) -> None:
    """Let the jobs of this process use workers, or not.

    Parameters
    ----------
    keep_s : float
        Seconds that a worker waits for its next job; 0 for no workers.
    runs_many : bool
        Whether this is the Snakemake that runs all jobs, and not one that was started for one.
    """
    os.environ.pop(VARIABLE, None)
    if keep_s > 0 and runs_many and hasattr(socket, "AF_UNIX"):
        os.environ[VARIABLE] = f"{os.getpid()} {keep_s:g}"


def hand_over(arguments: Sequence[str]) -> int | None:
    """Have a worker run a command, and return its exit code; None where this process is to run it.

    Parameters
    ----------
    arguments : sequence of str
        Those of the command line, without the program's name.
    """
    offer = os.environ.get(VARIABLE)
    if not offer or list(arguments[:1]) != [COMMAND]:
        return None
    try:
        folder = meeting_place()
    except OSError as error:
        _by_itself(str(error))
        return None
    with _own_place(folder / f"{offer.split()[0]}-{kind(arguments)}") as lock:
        place = lock.with_suffix(".sock") if lock else None
        if lock is None or place is None or len(os.fsencode(place)) > PLACE:
            return None
        connection = _reach(place, offer)
        if connection is None:
            return None
        with connection:
            code = _ask(connection, arguments)
        if code:
            # The worker has ended, or was killed and left its socket.
            place.unlink(missing_ok=True)
            lock.unlink(missing_ok=True)
        return code


def _by_itself(reason: str) -> None:
    """Say why a job uses no worker."""
    print(f"egoalign {COMMAND}: {reason}; the job loads its model itself", file=sys.stderr)


def kind(arguments: Sequence[str]) -> str:
    """Return a digest of all that must be the same for a worker to stand for a process of its own.

    That is the code, the environment, the model, and how it runs.
    """
    package = Path(__file__).resolve().parents[1]
    code = sorted(
        (str(path), found.st_size, found.st_mtime_ns)
        for path in package.rglob("*.py")
        for found in [path.stat()]
    )
    options, left = [], iter(arguments[1:])
    for name in left:
        if name in OTHER_JOBS:
            next(left, None)
        else:
            options.append(name)
    facts = [sys.executable, code, sorted(os.environ.items()), options]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:16]


def meeting_place() -> Path:
    """Return the folder of sockets, made if need be: nobody else can open it.

    Raises
    ------
    PermissionError
        There is something of that name that somebody else may open or change.
    """
    folder = Path(tempfile.gettempdir()) / f"egoalign-{os.getuid()}"
    with contextlib.suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise PermissionError(
            f"{folder}: found something that others may open, expected a folder of mode 0700 of "
            "your own (delete it, or set TMPDIR to another folder)"
        )
    return folder


@contextlib.contextmanager
def _own_place(stem: Path) -> Iterator[Path | None]:
    """Hold the first place that no other client holds: a lock, and the socket of a worker."""
    for number in range(WORKERS):
        place = stem.with_name(f"{stem.name}-{number}.lock")
        lock = hold(place)
        if lock is not None:
            with lock:
                yield place
            return
    yield None


def hold(path: Path) -> IO[str] | None:
    """Return the open lock file if nobody else holds it. It is let go when it is closed."""
    while True:
        lock = path.open("a", encoding="utf-8")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.close()
            return None
        # A worker that ended may have deleted the file in between: then lock the new one.
        with contextlib.suppress(FileNotFoundError):
            if os.fstat(lock.fileno()).st_ino == path.stat().st_ino:
                return lock
        lock.close()


def _reach(path: Path, offer: str) -> socket.socket | None:
    """Return a connection to the worker that listens here, or to one that is started now."""
    connection = _connect(path)
    if connection is not None:
        return connection
    path.unlink(missing_ok=True)
    complaint = path.with_suffix(".err")
    with complaint.open("w", encoding="utf-8") as stream:
        worker = subprocess.Popen(
            [sys.executable, "-m", "egoalign.encode.worker", str(path), *offer.split()],
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=stream,
            start_new_session=True,
        )
    end = time.monotonic() + START_S
    while worker.poll() is None and time.monotonic() < end:
        connection = _connect(path)
        if connection is not None:
            complaint.unlink(missing_ok=True)
            return connection
        time.sleep(0.01)
    worker.kill()
    reason = complaint.read_text(encoding="utf-8", errors="replace").strip()
    _by_itself(f"no process to keep the model could be started ({reason or 'no reason given'})")
    complaint.unlink(missing_ok=True)
    return None


def _connect(path: Path) -> socket.socket | None:
    """Return a connection whose worker has said that it is free, or None."""
    connection = socket.socket(socket.AF_UNIX)
    try:
        connection.connect(str(path))
        if receive(connection) == {"free": True}:
            return connection
    except OSError:
        pass
    connection.close()
    return None


def _ask(connection: socket.socket, arguments: Sequence[str]) -> int:
    """Give a worker the job, and return the exit code that it answers."""
    job = {"arguments": list(arguments), "folder": os.getcwd()}
    try:
        socket.send_fds(connection, [b"\0"], [1, 2])
        send(connection, job)
        answer = receive(connection)
    except OSError:
        answer = None
    except KeyboardInterrupt:
        return 130
    if answer is None:
        print(
            f"egoalign {COMMAND}: the process that had the model loaded ended before the job did; "
            "it may have been killed for want of memory. Run the workflow again: it goes on here",
            file=sys.stderr,
        )
        return 1
    return int(answer["code"])


def send(connection: socket.socket, message: dict[str, Any]) -> None:
    """Send a message: its length, then JSON."""
    text = json.dumps(message).encode()
    connection.sendall(len(text).to_bytes(4, "big") + text)


def receive(connection: socket.socket) -> dict[str, Any] | None:
    """Return the next message, None where the other side has gone."""
    head = _exactly(connection, 4)
    body = _exactly(connection, int.from_bytes(head, "big")) if head else b""
    return json.loads(body) if body else None


def _exactly(connection: socket.socket, count: int) -> bytes:
    """Return so many bytes, or none where the other side has gone."""
    parts = b""
    while len(parts) < count:
        part = connection.recv(count - len(parts))
        if not part:
            return b""
        parts += part
    return parts
