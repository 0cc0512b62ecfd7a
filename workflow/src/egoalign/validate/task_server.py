"""The step `serve-task`: a task's page and its answers on this computer, and for it alone."""

from __future__ import annotations

import json
import mimetypes
import sys
from collections.abc import Callable, Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from egoalign.log import UserError, logger
from egoalign.validate.task_folder import page_folder, read_lists
from egoalign.validate.task_store import NoFreeList, Refused, Store

LOOPBACK = "127.0.0.1"
MAX_BODY = 16 * 1024
SILENCE_S = 60.0
"""A connection that says nothing for so long is closed."""

HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self' "
    "'unsafe-inline'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def files_of(page: Path) -> dict[str, Path]:
    """Return what may be served: the address of each file below a folder, and of its page.

    Nothing else is ever opened, whatever an address says.
    """
    found = {
        f"/{path.relative_to(page).as_posix()}": path
        for path in sorted(page.rglob("*"))
        if path.is_file() and not path.is_symlink()
    }
    return found | {"/": page / "index.html"}


class TaskServer(ThreadingHTTPServer):
    """Serves one task on the loopback address.

    Parameters
    ----------
    page : Path
        The page's folder.
    store : Store
        Takes the answers.
    port : int
        0 for any that is free.
    """

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, page: Path, store: Store, port: int) -> None:
        super().__init__((LOOPBACK, port), TaskHandler)
        self.files = files_of(page)
        self.store = store
        self.hosts = {f"{name}:{self.server_port}" for name in (LOOPBACK, "localhost")}

    @property
    def address(self) -> str:
        """Where a browser finds the task."""
        return f"http://{LOOPBACK}:{self.server_port}/"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Log what went wrong; a browser that goes away in mid-answer is nothing wrong."""
        if not isinstance(sys.exc_info()[1], ConnectionError | TimeoutError):
            logger.error("a request failed", exc_info=True)


class TaskHandler(BaseHTTPRequestHandler):
    """Answers one browser."""

    server: TaskServer
    protocol_version = "HTTP/1.1"
    server_version = "egoalign"
    sys_version = ""
    timeout = SILENCE_S

    def do_GET(self) -> None:
        """Send a file of the page."""
        if not self._is_for_us():
            return
        path = self.server.files.get(self.path.partition("?")[0])
        if path is None:
            self._send_json({"error": "no such file"}, HTTPStatus.NOT_FOUND)
            return
        kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        if kind.startswith("text/"):
            kind += "; charset=utf-8"
        self._send(path.read_bytes(), kind)

    def do_POST(self) -> None:
        """Give out a list, or store an answer."""
        if not self._is_for_us():
            return
        ways: Mapping[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
            "/api/start": lambda body: self.server.store.start(body.get("annotator")),
            "/api/answer": self._store,
        }
        way = ways.get(self.path)
        body = self._body()
        if body is None:
            return
        if way is None:
            self._send_json({"error": "no such address"}, HTTPStatus.NOT_FOUND)
            return
        try:
            self._send_json(way(body))
        except NoFreeList as error:
            self._send_json({"error": str(error)}, HTTPStatus.CONFLICT)
        except Refused as error:
            self._send_json({"error": str(error)}, HTTPStatus.BAD_REQUEST)

    def _store(self, body: Mapping[str, Any]) -> dict[str, Any]:
        self.server.store.store(body)
        return {"stored": body["item"]}

    def _is_for_us(self) -> bool:
        """Refuse what another site made a browser send: a name of its own, or its own page's."""
        host, origin = self.headers.get("Host"), self.headers.get("Origin")
        if host in self.server.hosts and (origin is None or origin == f"http://{host}"):
            return True
        self._send_json({"error": "not for this server"}, HTTPStatus.FORBIDDEN, close=True)
        return False

    def _body(self) -> dict[str, Any] | None:
        """Return the JSON object that was sent, or say what is wrong with it."""
        length = self.headers.get("Content-Length", "")
        # isdigit alone would take other scripts' digits too.
        if not (length.isascii() and length.isdigit()):
            self._send_json({"error": "length missing"}, HTTPStatus.LENGTH_REQUIRED, close=True)
        elif int(length) > MAX_BODY:
            error = {"error": f"more than {MAX_BODY} bytes"}
            self._send_json(error, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, close=True)
        elif self.headers.get_content_type() != "application/json":
            error = {"error": "expected application/json"}
            self._send_json(error, HTTPStatus.UNSUPPORTED_MEDIA_TYPE, close=True)
        else:
            try:
                body = json.loads(self.rfile.read(int(length)))
            except (ValueError, RecursionError):
                body = None
            if isinstance(body, dict):
                return body
            self._send_json({"error": "expected a JSON object"}, HTTPStatus.BAD_REQUEST)
        return None

    def _send_json(
        self, values: Any, status: HTTPStatus = HTTPStatus.OK, close: bool = False
    ) -> None:
        self._send(json.dumps(values).encode(), "application/json", status, close)

    def _send(
        self, body: bytes, kind: str, status: HTTPStatus = HTTPStatus.OK, close: bool = False
    ) -> None:
        self.send_response(status)
        for name, value in HEADERS.items():
            self.send_header(name, value)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        if close:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Keep the terminal for people: requests go to the log file."""
        logger.debug(format, *args)


def serve_task(folder: Path, database: Path, port: int) -> None:
    """Serve a task until Ctrl-C.

    Parameters
    ----------
    folder : Path
        What ``make-task`` wrote, or its ``page``.
    database : Path
        SQLite file of the answers; it is made where there is none.
    port : int
        Port on the loopback address; 0 for any that is free.

    Raises
    ------
    UserError
        The folder holds no task, the file holds another task's answers, or the port is in use.
    """
    page = page_folder(folder)
    study, lists = read_lists(page)
    store = Store(database, study, lists)
    try:
        server = TaskServer(page, store, port)
    except (OSError, OverflowError) as error:
        raise UserError(
            f"--port {port}: cannot be used on {LOOPBACK} ({error}); give another, or 0 for any"
        ) from error
    with server:
        logger.info("The task is served at %s on this computer only.", server.address)
        logger.info("Answers are stored in %s. Ctrl-C ends.", database)
        try:
            server.serve_forever(poll_interval=0.2)
        except KeyboardInterrupt:
            answers, annotators = store.count()
            logger.info("\nEnded: %d answers of %d annotators.", answers, annotators)
            logger.info("Next: egoalign export-task --db %s --out FILE.csv", database)
