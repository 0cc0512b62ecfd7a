"""The server: what it sends and refuses, and that kill -9 loses nothing that it acknowledged."""

from __future__ import annotations

import random
import socket
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from egoalign import cli
from egoalign.validate.task_server import MAX_BODY
from egoalign.validate.task_store import read_answers
from tests.unit.validate.task_process import PROGRAM, TaskProcess, bare_page, post, request

ITEMS = [f"i{n:04d}" for n in range(400)]


@pytest.fixture
def page(tmp_path: Path) -> Path:
    folder = bare_page(tmp_path / "task" / "page", [ITEMS[:5], ITEMS[5:10]])
    (tmp_path / "task" / "key").mkdir()
    (tmp_path / "task" / "key" / "task.json").write_text("{}")
    return folder


@pytest.fixture
def server(page: Path, tmp_path: Path):
    with TaskProcess(page, tmp_path / "answers.sqlite") as process:
        yield process


def test_it_listens_on_loopback_only_and_says_where_answers_lie(
    server: TaskProcess, tmp_path: Path
) -> None:
    assert f"http://127.0.0.1:{server.port}/ on this computer only" in server.said
    others = {info[4][0] for info in socket.getaddrinfo(socket.gethostname(), None)}
    for address in others - {"127.0.0.1", "::1"}:
        with pytest.raises(OSError, match=r"refused|unreachable|timed out"):
            socket.create_connection((address, server.port), timeout=2).close()
    server.post("/api/start", {"annotator": "p1"})
    server.post("/api/answer", {"annotator": "p1", "item": ITEMS[0], "answer": 2, "rt_ms": 5})
    code, said = server.interrupt()
    assert code == 0
    assert f"Answers are stored in {tmp_path / 'answers.sqlite'}. Ctrl-C ends." in said
    assert "Ended: 1 answers of 1 annotators." in said
    assert "Traceback" not in said


def test_a_page_is_sent_and_kept_by_no_cache(server: TaskProcess) -> None:
    host = {"Host": f"127.0.0.1:{server.port}"}
    status, content = request(server.port, "GET", "/?annotator=x", None, host)
    assert (status, content) == (200, b"<p>page</p>")
    status, content = request(server.port, "GET", "/lists/1.js", None, host)
    assert status == 200
    assert b"egoalignList(" in content


OUTSIDE = (
    "/../key/task.json",
    "/lists/../../key/task.json",
    "/%2e%2e/key/task.json",
    "/lists/..%2f..%2fkey/task.json",
    "//etc/passwd",
    "/etc/passwd",
    "/lists/",
    "/lists/1.js/",
    "/index.html%00",
    "\\..\\key\\task.json",
)


def test_no_path_leads_out_of_the_page(server: TaskProcess) -> None:
    for path in OUTSIDE:
        host = {"Host": f"127.0.0.1:{server.port}"}
        found = request(server.port, "GET", path, None, host)
        assert found == (404, {"error": "no such file"}), path


def test_a_link_leads_nowhere(page: Path, tmp_path: Path) -> None:
    (page / "link.json").symlink_to(page.parent / "key" / "task.json")
    with TaskProcess(page.parent, tmp_path / "answers.sqlite") as server:
        assert request(server.port, "GET", "/link.json", None, {})[0] == 404


def test_requests_that_are_not_ours(server: TaskProcess) -> None:
    body = {"annotator": "p1"}
    evil = {"Host": f"evil.example:{server.port}"}
    assert server.post("/api/start", body, **evil) == (403, {"error": "not for this server"})
    assert request(server.port, "GET", "/", None, evil)[0] == 403
    assert server.post("/api/start", body, Origin="http://evil.example")[0] == 403
    assert server.post("/api/start", body, Origin="null")[0] == 403
    assert server.post("/api/start", body, Content_Type="text/plain")[0] == 415
    assert server.post("/api/none", body)[0] == 404
    assert post(server.port, "/api/start", b"{")[0] == 400
    assert post(server.port, "/api/start", b"[1]")[0] == 400
    assert post(server.port, "/api/start", b"[" * 5000)[0] == 400
    status, reply = post(server.port, "/api/start", b" " * (MAX_BODY + 1))
    assert (status, reply) == (413, {"error": f"more than {MAX_BODY} bytes"})
    for length in ("", "-1", "ten", "٣"):
        with socket.create_connection(("127.0.0.1", server.port), timeout=10) as raw:
            head = f"POST /api/start HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n"
            raw.sendall(f"{head}Content-Length: {length}\r\n\r\n".encode())
            assert b" 411 " in raw.recv(1000)
    assert server.post("/api/start", body, Origin=f"http://127.0.0.1:{server.port}")[0] == 200
    assert server.post("/api/start", {"annotator": "p2"}, Host=f"localhost:{server.port}")[0] == 200
    assert server.post("/api/start", {"annotator": "p3"})[0] == 409
    assert server.post("/api/answer", {"annotator": "p1", "item": "zz", "answer": 1})[0] == 400


def test_messages_for_who_starts_it(
    page: Path, tmp_path: Path, server: TaskProcess, capfd: pytest.CaptureFixture[str]
) -> None:
    def serve(folder: Path, *flags: str) -> str:
        words = ["serve-task", str(folder), "--db", str(tmp_path / "b.sqlite"), *flags]
        assert cli.main(words) == 2
        return capfd.readouterr().err

    assert "no page/study.js; give the folder that 'egoalign make-task' wrote" in serve(tmp_path)
    said = serve(page, "--port", str(server.port))
    assert f"--port {server.port}: cannot be used on 127.0.0.1" in said
    assert "give another, or 0 for any" in said
    assert "cannot be used" in serve(page, "--port", "70000")
    (page / "lists" / "1.js").write_text("egoalignList({")
    assert "1.js: not a file of a task" in serve(page)


def test_many_browsers_never_share_a_list(tmp_path: Path) -> None:
    """Two servers on one file, and more annotators at once than there are lists."""
    page = bare_page(tmp_path / "page", [ITEMS[n : n + 6] for n in range(30)])
    database = tmp_path / "answers.sqlite"
    with TaskProcess(page, database) as one, TaskProcess(page, database) as other:
        servers = (one, other)

        def start(n: int) -> tuple[int, int | None]:
            status, reply = servers[n % 2].post("/api/start", {"annotator": f"p{n}"})
            return status, reply.get("slot")

        with ThreadPoolExecutor(20) as pool:
            given = list(pool.map(start, range(45)))
        again = [start(n) for n in range(45)]
    assert given == again
    assert sorted(slot for _, slot in given if slot is not None) == list(range(30))
    assert sorted(status for status, _ in given) == [200] * 30 + [409] * 15


class Client(threading.Thread):
    """Answers a list as fast as it can, and keeps what was acknowledged."""

    def __init__(self, port: int, annotator: str, done: dict[str, int]) -> None:
        super().__init__()
        self.port, self.annotator, self.done = port, annotator, done

    def run(self) -> None:
        place = random.Random(self.annotator)
        while True:
            item, answer = place.choice(ITEMS), place.randint(1, 4)
            if item in self.done:
                # Sent again: the first answer has to stay.
                answer = 1 + self.done[item] % 4
            body = f'{{"annotator":"{self.annotator}","item":"{item}","answer":{answer}}}'
            try:
                status, _ = post(self.port, "/api/answer", body.encode())
            except (OSError, ValueError):
                return  # the server is dead
            except Exception:
                return
            assert status == 200
            self.done.setdefault(item, answer)


def kill_and_compare(
    folder: Path, rounds: int, program: tuple[str, ...] = PROGRAM
) -> tuple[int, int]:
    """Kill a server `rounds` times while 4 clients answer.

    Returns
    -------
    int
        Answers that were acknowledged.
    int
        Of these, how many are not in the file, or are other ones.
    """
    page = bare_page(folder / "page", [ITEMS] * 4)
    database = folder / "answers.sqlite"
    done: dict[str, dict[str, int]] = {f"p{n}": {} for n in range(4)}
    rng = random.Random(2511)
    lost = 0
    for _ in range(rounds):
        with TaskProcess(page, database, program=program) as server:
            for annotator in done:
                assert server.post("/api/start", {"annotator": annotator})[0] == 200
            clients = [Client(server.port, name, answers) for name, answers in done.items()]
            for client in clients:
                client.start()
            wanted = sum(map(len, done.values())) + rng.randint(5, 20)
            while sum(map(len, done.values())) < wanted:
                time.sleep(0.002)
            server.kill()
            for client in clients:
                client.join()
        stored = {
            (row["annotator_id"], row["item_id"]): row["answer"]
            for row in read_answers(database)[1]
        }
        lost += sum(
            stored.get((name, item)) != answer
            for name, answers in done.items()
            for item, answer in answers.items()
        )
        # What was stored without an acknowledgement counts as given, as a page that resumes does.
        for (name, item), answer in stored.items():
            done[name][item] = int(answer)
    return sum(map(len, done.values())), lost


def test_kill_9_loses_no_acknowledged_answer(tmp_path: Path) -> None:
    acknowledged, lost = kill_and_compare(tmp_path, rounds=3)
    assert acknowledged >= 3 * 5
    assert lost == 0


@pytest.mark.full
def test_kill_9_many_times(tmp_path: Path) -> None:
    acknowledged, lost = kill_and_compare(tmp_path, rounds=40)
    assert acknowledged >= 40 * 5
    assert lost == 0


HASTY = """
import sys, threading
from egoalign import cli
from egoalign.validate.task_store import Store

stores = Store.store
def store(self, answer):
    threading.Timer(0.2, stores, (self, answer)).start()
Store.store = store
sys.exit(cli.main())
"""


def test_the_test_finds_a_server_that_acknowledges_too_early(tmp_path: Path) -> None:
    _, lost = kill_and_compare(tmp_path, rounds=1, program=(sys.executable, "-c", HASTY))
    assert lost > 0
