"""What is told of failed steps, and how a first page is marked and unmarked."""

from __future__ import annotations

import os
from types import SimpleNamespace

from egoalign.report.failed import (
    Failure,
    failures,
    last_error,
    mark_first_page,
    note_unmade,
    read_unmade,
    told,
    unmark_first_page,
    wanted_again,
)


def job(rule: str, log: str, **wildcards: str) -> SimpleNamespace:
    return SimpleNamespace(
        rule=SimpleNamespace(name=rule), wildcards_dict=wildcards, log=[log], output=[]
    )


def test_jobs_of_groups_are_told_one_by_one():
    group = SimpleNamespace(jobs=[job("encode_session", "b.log", child="k", session="b")])
    single = job("align_session", "a.log", model="m", child="k", session="a")
    assert failures([group, single, job("plot_age", "p.log", model="m")]) == [
        Failure("align_session", "m k a", "a.log", ("k", "a")),
        Failure("encode_session", "k b", "b.log", ("k", "b")),
        Failure("plot_age", "m", "p.log", None),
    ]


def test_the_last_error_of_the_log_says_why(tmp_path):
    log = tmp_path / "a.log"
    assert last_error(log) is None
    log.write_text("2026-01-01 10:00:00,1 INFO ERROR is a word\n")
    assert last_error(log) is None
    log.write_text(
        "2026-01-01 10:00:00,1 ERROR first\n2026-01-01 10:00:01,1 ERROR egoalign x: bad\n  more\n"
    )
    assert last_error(log) == "egoalign x: bad"
    assert told([Failure("plot_age", "m", str(log))]) == [
        "  plot_age m",
        "    egoalign x: bad",
        f"    log: {log}",
    ]


def test_a_step_that_was_killed_and_many_failures_are_told(tmp_path):
    log = str(tmp_path / "none.log")
    lines = told([Failure("encode_session", f"k s{at:02}", log) for at in range(12)])
    assert lines[1] == "    ended without a word: it was killed, or its machine was lost"
    assert lines[-1] == "  ... and 2 more"
    assert len(lines) == 3 * 10 + 1


def test_a_first_page_is_marked_once_and_comes_back_as_it_was(tmp_path):
    page = tmp_path / "summary.html"
    mark_first_page(page, "nothing here")
    assert not page.exists()
    html = "<html><body><h1>a</h1></body></html>\n"
    page.write_text(html)
    os.utime(page, ns=(10**18, 10**18))
    mark_first_page(page, "1 session failed")
    mark_first_page(page, "2 sessions failed: <k/a>")
    marked = page.read_text()
    assert marked.count("failed") == 1
    assert (
        '<body><!-- unfinished run --><p role="alert"><strong>2 sessions failed: &lt;k/a' in marked
    )
    assert page.stat().st_mtime_ns == 10**18
    unmark_first_page(page)
    assert page.read_text() == html
    assert page.stat().st_mtime_ns == 10**18


def failed_job(output, **wildcards):
    return SimpleNamespace(wildcards_dict=wildcards, output=[str(output)])


def test_what_was_not_made_is_wanted_again_until_it_is_there(tmp_path):
    note, alignment, nulls = (tmp_path / name for name in ("unmade.json", "a", "nulls"))
    jobs = [
        failed_job(alignment, model="m", child="k", session="a"),
        failed_job(nulls, model="m"),
    ]
    note_unmade(note, jobs, "config")
    note_unmade(note, jobs, "config")
    found = read_unmade(note)
    assert len(found) == 2
    assert wanted_again(found, {("k", "a")}, ["m"], "config") == [str(alignment), str(nulls)]
    assert wanted_again(found, {("k", "a")}, ["m"], "other") == [str(alignment)]
    assert wanted_again(found, {("k", "b")}, ["m"], "other") == []
    assert wanted_again(found, {("k", "a")}, ["n"], "config") == []
    alignment.touch()
    assert wanted_again(read_unmade(note), {("k", "a")}, ["m"], "config") == [str(nulls)]
    nulls.touch()
    note_unmade(note, [], "config")
    assert not note.exists()
    assert read_unmade(note) == []
