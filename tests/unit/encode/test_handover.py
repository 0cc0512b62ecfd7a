"""Jobs run by a process that keeps the model loaded, and what happens when it or they end."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from egoalign.encode import handover
from egoalign.encode.models import keep_loaded, load_model
from egoalign.tables import FRAMES, MEDIA, UTTERANCES, write_table
from egoalign.video.grid import frames_table
from egoalign.video.probe import probe

TABLES = ("frame_embeddings.arrow", "text_embeddings.arrow")


class Place:
    """A session's tables, and how its job is run with workers or without."""

    def __init__(self, folder: Path, clip: Path, tiny) -> None:
        self.folder = folder
        self.temporary = folder / "t"
        self.temporary.mkdir()
        found = probe(clip)
        write_table(MEDIA, [found.media_row("c1", "s1")], folder / "media.parquet")
        write_table(FRAMES, frames_table(found, 1.0), folder / "frames.parquet")
        said = {"utterance_id": "u0", "text": "a dog", "text_encoded": "a dog", "text_id": "t0"}
        said |= {"speaker": "unknown", "n_words": 2, "source_format": "csv"}
        write_table(UTTERANCES, [said], folder / "utterances.parquet")
        self.row = {"child_id": "c1", "session_id": "s1", "video": [clip.name]}
        self.clip, self.model = clip, tiny.model_dump(exclude_none=True)

    def arguments(self, out: str, **changed: object) -> list[str]:
        """Return the job's arguments; it writes below `out`."""
        named = {
            "row": json.dumps(self.row), "root": self.clip.parent, "device": "cpu",
            "media": self.folder / "media.parquet", "frames": self.folder / "frames.parquet",
            "utterances": self.folder / "utterances.parquet", "model": json.dumps(self.model),
            "frame_embeddings": self.folder / out / TABLES[0],
            "text_embeddings": self.folder / out / TABLES[1],
            "log": self.folder / out / "log",
        } | changed  # fmt: skip
        pairs = [(f"--{name.replace('_', '-')}", str(value)) for name, value in named.items()]
        return ["encode-session", *(part for pair in pairs for part in pair)]

    def start(self, out: str, keep_s: float = 60, snakemake: int | None = None, **changed):
        """Start the job as Snakemake does; `keep_s` 0 for no workers."""
        environment = os.environ | {"TMPDIR": str(self.temporary)}
        environment.pop(handover.VARIABLE, None)
        if keep_s:
            environment[handover.VARIABLE] = f"{snakemake or os.getpid()} {keep_s:g}"
        return subprocess.Popen(
            [sys.executable, "-m", "egoalign", *self.arguments(out, **changed)],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, out: str, **how) -> tuple[int, str]:
        """Run the job to its end; return its exit code and what it said."""
        job = self.start(out, **how)
        _, said = job.communicate(timeout=120)
        return job.returncode, said

    def workers(self) -> list[int]:
        """Return the process ids of the workers that live."""
        found = []
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                command = path.read_bytes().decode().split("\0")
            except OSError:
                continue
            if "egoalign.encode.worker" in command and str(self.temporary) in command[-4]:
                found.append(int(path.parent.name))
        return found

    def left(self) -> list[str]:
        """Return the names that workers and clients left behind."""
        return sorted(path.name for path in self.temporary.rglob("*") if path.is_file())

    def wait(self, until, seconds: float = 20) -> None:
        """Wait until something holds."""
        end = time.monotonic() + seconds
        while not until():
            assert time.monotonic() < end, "waited too long"
            time.sleep(0.05)


@pytest.fixture
def place(clip, tiny):
    """A session in a folder with a short name, as sockets want it."""
    import tempfile

    with tempfile.TemporaryDirectory(prefix="ego") as name:
        one = Place(Path(name), clip, tiny)
        yield one
        for worker in one.workers():
            os.kill(worker, signal.SIGKILL)


def same(place: Place, one: str, other: str) -> bool:
    return all(
        (place.folder / one / name).read_bytes() == (place.folder / other / name).read_bytes()
        for name in TABLES
    )


def test_a_worker_serves_one_job_after_the_other_with_the_same_bytes(place):
    plain, first, second = (
        place.run("plain", keep_s=0), place.run("first"), place.run("second"),
    )  # fmt: skip
    assert plain[0] == first[0] == second[0] == 0, plain[1] + first[1] + second[1]
    assert first[1] == second[1] == plain[1]
    assert "7 of 7 pictures" in plain[1] or "pictures and 1 texts embedded by tiny" in plain[1]
    assert same(place, "plain", "first")
    assert same(place, "plain", "second")
    assert "embedded by tiny" in (place.folder / "second" / "log").read_text()
    assert len(place.workers()) == 1
    assert place.temporary.joinpath(f"egoalign-{os.getuid()}").stat().st_mode & 0o777 == 0o700


def test_the_client_does_not_import_torch(place):
    code = (
        "import sys; from egoalign.encode.handover import hand_over; "
        "assert hand_over(['encode-session']) is None; "
        "print([name for name in ('torch', 'numpy', 'pyarrow') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_two_jobs_at_once_have_a_worker_each_and_later_ones_share_them(place):
    jobs = [place.start("a"), place.start("b")]
    assert [job.communicate(timeout=120) and job.returncode for job in jobs] == [0, 0]
    assert len(place.workers()) == 2
    assert place.run("c")[0] == 0
    assert len(place.workers()) == 2
    assert same(place, "a", "b")
    assert same(place, "a", "c")


def test_a_users_mistake_is_told_with_its_exit_code_and_the_next_job_goes_well(place):
    code, said = place.run("wrong", model='{"name": "no-such-model"}')
    assert code == 2
    assert "no-such-model" in said
    assert "internal error" not in said
    assert "no-such-model" in (place.folder / "wrong" / "log").read_text()
    code, said = place.run("wrong", no_such="option")
    assert code == 2
    assert "unrecognized arguments: --no-such option" in said
    assert place.run("right")[0] == 0


def test_a_worker_ends_when_it_had_no_job_for_so_long(place):
    assert place.run("a", keep_s=0.5)[0] == 0
    place.wait(lambda: not place.workers())
    assert place.left() == []


def test_a_worker_ends_with_its_snakemake(place):
    snakemake = subprocess.Popen(["sleep", "600"])
    try:
        assert place.run("a", keep_s=600, snakemake=snakemake.pid)[0] == 0
        assert len(place.workers()) == 1
    finally:
        snakemake.kill()
        snakemake.wait()
    place.wait(lambda: not place.workers())
    assert place.left() == []


def test_the_job_of_a_worker_that_is_killed_fails_and_its_repetition_goes_well(place):
    assert place.run("before")[0] == 0
    (worker,) = place.workers()
    os.kill(worker, signal.SIGSTOP)
    job = place.start("a")
    time.sleep(1)
    os.kill(worker, signal.SIGKILL)
    _, said = job.communicate(timeout=120)
    # Killed before it took the job, it is replaced; afterwards the job has failed and says so.
    assert job.returncode in (0, 1)
    assert (job.returncode == 0) == ("embedded by tiny" in said)
    assert place.run("again")[0] == 0
    assert same(place, "before", "again")


def test_a_worker_killed_at_work_is_told_of(place, monkeypatch, capfd):
    import socket
    import threading

    near, far = socket.socketpair()

    def dies():
        handover.receive(far)
        far.close()

    threading.Thread(target=dies).start()
    assert handover._ask(near, ["encode-session"]) == 1
    assert (
        "egoalign encode-session: the process that had the model loaded ended before the job did; "
        "it may have been killed for want of memory. Run the workflow again: it goes on here"
    ) in capfd.readouterr().err


def test_when_the_client_is_killed_the_worker_stops_and_leaves_nothing_half_made(place):
    assert place.run("before")[0] == 0
    job = place.start("a")
    time.sleep(0.4)
    job.kill()
    job.communicate()
    assert place.run("again")[0] == 0
    assert same(place, "before", "again")
    assert not list(place.folder.rglob("*.partial*"))


def test_a_folder_that_others_may_open_is_not_used(place):
    shared = place.temporary / f"egoalign-{os.getuid()}"
    shared.mkdir(mode=0o755)
    code, said = place.run("a")
    assert code == 0
    assert f"{shared}: found something that others may open, expected a folder of mode 0700" in said
    assert place.workers() == []


def test_a_worker_serves_no_one_with_another_environment_model_or_code(monkeypatch):
    asked = ["encode-session", "--row", "{}", "--model", "a", "--threads", "1"]
    one = handover.kind(asked)
    assert handover.kind(["encode-session", "--row", "other", *asked[3:]]) == one
    assert handover.kind([*asked[:3], "--model", "b", "--threads", "1"]) != one
    assert handover.kind([*asked[:5], "--threads", "2"]) != one
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    assert handover.kind(asked) != one


def test_workers_are_offered_by_the_snakemake_that_runs_many_jobs_only(monkeypatch):
    monkeypatch.setenv(handover.VARIABLE, "1 60")
    handover.offer_workers(60, False)
    assert handover.VARIABLE not in os.environ
    handover.offer_workers(0, True)
    assert handover.VARIABLE not in os.environ
    handover.offer_workers(2.5, True)
    assert os.environ[handover.VARIABLE] == f"{os.getpid()} 2.5"
    assert handover.hand_over(["align-session"]) is None


def test_a_model_that_is_kept_is_loaded_again_when_its_weights_change(tiny, tmp_path, monkeypatch):
    import shutil

    from egoalign.encode import models
    from egoalign.encode.device import choose_device

    monkeypatch.setattr(models, "_kept", None)
    keep_loaded()
    weights = shutil.copy(str(tiny.pretrained), tmp_path / "w.safetensors")
    options = tiny.model_copy(update={"pretrained": str(weights)})
    first = load_model(options, choose_device("cpu"))
    assert load_model(options, choose_device("cpu")) is first
    os.utime(weights, ns=(1, 1))
    again = load_model(options, choose_device("cpu"))
    assert again is not first
    assert load_model(options, choose_device("cpu"), "pad") is not again
