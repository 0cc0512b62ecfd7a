"""Seeds, paths, the tiny corpus, and the list of tests that lacked their means."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.means import NOT_RUN
from tests.workflow.project import Project, copy_project, tiny_project

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
    project = tiny_project(tmp_path_factory.mktemp("tiny") / "project")
    done = project.run()
    assert done.returncode == 0, done.stdout + done.stderr
    return project


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The demo corpus, run to its end without a disturbance. Tests must leave it as it is."""
    folder = copy_project(tmp_path_factory.mktemp("demo") / "project")
    project = Project(folder, "config/demo/config.yaml")
    done = project.run()
    assert done.returncode == 0, done.stdout + done.stderr
    return project


@pytest.hookimpl(tryfirst=True)  # before pytest-xdist looks at the marks
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep together what shares a fixture when tests run on several cores, longest groups first.

    Tests of one file share its fixtures; those of the tiny corpus share its one run, and those of
    SLURM the one cluster that a machine can have.
    """
    for item in items:
        needed = {"tiny", "cluster"}.intersection(getattr(item, "fixturenames", ()))
        shares = needed and not _is_of_a_unit(item)
        group = "tiny" if shares else item.path.relative_to(ROOT).as_posix()
        item.add_marker(pytest.mark.xdist_group(group))
    items.sort(key=_is_of_a_unit)


def _is_of_a_unit(item: pytest.Item) -> bool:
    """Say whether a test runs no whole workflow, so that it may wait until the others began."""
    return item.path.is_relative_to(ROOT / "tests" / "unit")


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
    names = sorted({_name(report) for report in skipped})
    if names:
        terminalreporter.section("NOT RUN")
        for report in skipped:
            reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else ""
            terminalreporter.line(f"{_name(report)}: {reason.removeprefix(f'Skipped: {NOT_RUN}')}")
    path = os.environ.get("EGOALIGN_NOT_RUN")
    if path:
        Path(path).write_text("".join(f"{name}\n" for name in names), encoding="utf-8")


def _name(report: pytest.TestReport) -> str:
    """Return a test's name without the group that pytest-xdist adds to it."""
    return re.sub(r"@(tiny|tests/[^@]*)$", "", report.nodeid)
