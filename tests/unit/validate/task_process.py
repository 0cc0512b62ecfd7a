"""A task's server as a process of its own, a bare page for it, and clients."""

from __future__ import annotations

import http.client
import json
import re
import signal
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Any

from egoalign.validate.task_folder import (
    LIST_CALL,
    STUDY_CALL,
    STUDY_FILE,
    list_file,
    write_script,
)

PROGRAM = (sys.executable, "-m", "egoalign")


class TaskProcess:
    """``egoalign serve-task`` for the time of a ``with`` block."""

    def __init__(
        self, task: Path, database: Path, port: int = 0, program: tuple[str, ...] = PROGRAM
    ) -> None:
        self.command = [*program, "serve-task", str(task), "--db", str(database)]
        self.command += ["--port", str(port)]

    def __enter__(self) -> TaskProcess:
        # Tests that run in the background of a shell begin with Ctrl-C ignored, and hand that on.
        self.process = subprocess.Popen(
            self.command,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )
        assert self.process.stderr is not None
        self.said = ""
        for line in self.process.stderr:
            self.said += line
            found = re.search(r"served at (http://127\.0\.0\.1:(\d+)/)", line)
            if found:
                self.address, self.port = found[1], int(found[2])
                return self
        raise AssertionError(self.said)

    def kill(self) -> None:
        """End it as by kill -9."""
        self.process.kill()
        self.process.wait()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.kill()

    def interrupt(self) -> tuple[int, str]:
        """Press Ctrl-C; return the exit code and what is said then."""
        assert self.process.stderr is not None
        self.process.send_signal(signal.SIGINT)
        code = self.process.wait(timeout=20)
        return code, self.process.stderr.read()

    def post(self, path: str, body: Any, **headers: str) -> tuple[int, Any]:
        """Send JSON; return the status and the reply."""
        return post(self.port, path, json.dumps(body).encode(), **headers)


def post(port: int, path: str, body: bytes, **headers: str) -> tuple[int, Any]:
    """Send bytes to a port of this computer; return the status and the reply."""
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return request(port, "POST", path, body, {"Content-Type": "application/json"} | names)


def request(
    port: int, method: str, path: str, body: bytes | None, headers: dict[str, str]
) -> tuple[int, Any]:
    """Return status and content of a request, as JSON where it is that."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request(method, path, body, headers)
        reply = connection.getresponse()
        content = reply.read()
        is_json = reply.headers.get_content_type() == "application/json"
        return reply.status, json.loads(content) if is_json else content
    finally:
        connection.close()


def bare_page(
    folder: Path, lists: list[list[str]], kind: str = "choose_utterance", study: str = "s1"
) -> Path:
    """Write a page's study and lists of items, without pictures."""
    write_script(
        {"study": study, "n_lists": len(lists), "scale": 5},
        STUDY_CALL,
        folder / STUDY_FILE,
    )
    for slot, items in enumerate(lists):
        trials = [{"item": item, "picture": "", "options": list("abcd")} for item in items]
        content = {"slot": slot, "kind": kind, "practice": [], "trials": trials}
        write_script(content, LIST_CALL, list_file(folder, slot))
    (folder / "index.html").write_text("<p>page</p>")
    return folder
