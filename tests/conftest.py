"""Seeds, paths, the tiny corpus, and the list of tests that lacked their means."""

from __future__ import annotations

import json
import logging
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from filelock import FileLock
from hypothesis import settings

from tests.means import NOT_RUN
from tests.workflow.project import Project, demo_project, tiny_project

ROOT = Path(__file__).resolve().parents[1]

# The same examples everywhere: a failure in one place is a failure in all.
settings.register_profile("fixed", derandomize=True, deadline=None, print_blob=True)
settings.load_profile("fixed")


@pytest.fixture(scope="session")
def root() -> Path:
    """The project's root folder."""
    return ROOT


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The tiny corpus, run to its end without a disturbance. Tests must leave it as it is."""
    return _run_once(tmp_path_factory, "tiny", tiny_project)


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The demo corpus, run to its end without a disturbance. Tests must leave it as it is."""
    return _run_once(tmp_path_factory, "demo", demo_project)


def _run_once(
    tmp_path_factory: pytest.TempPathFactory, name: str, lay_out: Callable[[Path], Project]
) -> Project:
    """Return a project that was run to its end: once for all processes of the tests, then copied.

    Each process has a copy of its own, for some tests change it for a moment.
    """
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / name
    finished = folder / "project.json"
    with FileLock(f"{folder}.lock"):
        if not finished.is_file():
            project = lay_out(folder / "project")
            done = project.run()
            assert done.returncode == 0, done.stdout + done.stderr
            finished.write_text(json.dumps(project.config))
    own = base / name / "project"
    if own != folder / "project":
        shutil.copytree(folder / "project", own, symlinks=True)
    return Project(own, json.loads(finished.read_text()))


LONGEST = (
    *("slurm/test_slurm.py", "workflow/test_other_corpora.py", "workflow/test_retrain.py"),
    *("unit/vary/test_recovery.py", "workflow/test_demo.py", "workflow/test_tiny.py"),
    *("workflow/test_faults.py", "workflow/test_kills.py", "workflow/test_ways_in.py"),
    "unit/vary/test_simulate.py",
)
"""Files that take minutes, the first three needing nothing that another makes."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest, so that processes end together; end with what is short."""
    items.sort(key=_place_in_line)


def _place_in_line(item: pytest.Item) -> int:
    """Return where a test's file stands: the longest, then other whole workflows, then units."""
    name = item.path.relative_to(ROOT / "tests").as_posix()
    if name in LONGEST:
        return LONGEST.index(name)
    return len(LONGEST) + name.startswith("unit/")


LOGGER = logging.getLogger("egoalign")
LOG_AT_FIRST = (LOGGER.propagate, LOGGER.level, tuple(LOGGER.handlers))


@pytest.fixture(autouse=True)
def _log_as_at_first() -> Iterator[None]:
    """Undo what commands do to the log, in tests and in fixtures that serve several of them."""
    _restore_log()
    yield
    _restore_log()


def _restore_log() -> None:
    LOGGER.propagate, LOGGER.level, handlers = LOG_AT_FIRST
    LOGGER.handlers = list(handlers)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Name every test that was not run, and write the names where EGOALIGN_NOT_RUN says."""
    skipped = terminalreporter.stats.get("skipped", [])
    names = sorted({report.nodeid for report in skipped})
    if names:
        terminalreporter.section("NOT RUN")
        for report in skipped:
            reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else ""
            terminalreporter.line(f"{report.nodeid}: {reason.removeprefix(f'Skipped: {NOT_RUN}')}")
    path = os.environ.get("EGOALIGN_NOT_RUN")
    if path:
        Path(path).write_text("".join(f"{name}\n" for name in names), encoding="utf-8")
