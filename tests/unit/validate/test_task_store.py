"""Slots and answers: nobody shares a list, and no answer is stored twice."""

from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from egoalign.log import UserError
from egoalign.validate.task_store import NoFreeList, Refused, Store, _transaction, read_answers

STUDY = {"study": "s1", "scale": 5}


def lists(*items: str, kind: str = "choose_image") -> dict[int, dict[str, Any]]:
    """Return a list a word, an item a letter."""
    return {
        slot: {"kind": kind, "trials": [{"item": item} for item in word]}
        for slot, word in enumerate(items)
    }


def answer(annotator: str, item: str, value: Any = 1, **more: Any) -> dict[str, Any]:
    return {"annotator": annotator, "item": item, "answer": value, "rt_ms": 900} | more


def test_lists_are_given_fewest_answers_first(tmp_path: Path) -> None:
    store = Store(tmp_path / "a.sqlite", STUDY, lists("ab", "ac", "de", "cd", "xy"))
    assert store.start("p1")["slot"] == 0
    # Nothing is answered, but list 0 is out, and list 1 shares an item with it.
    assert store.start("p2")["slot"] == 2
    assert store.start("p3")["slot"] == 4
    for annotator, items in (("p1", "ab"), ("p2", "de"), ("p3", "xy")):
        for item in items:
            store.store(answer(annotator, item))
    # Half of list 1 and half of list 3 are answered once: of equals the first.
    store.store(answer("p4" if store.start("p4")["slot"] == 1 else "", "a"))
    store.store(answer("p4", "c"))
    assert store.start("p5")["slot"] == 3
    with pytest.raises(NoFreeList, match="All lists have been given out"):
        store.start("p6")
    assert store.start("p2")["slot"] == 2


def test_who_returns_gets_the_same_list_with_its_answers(tmp_path: Path) -> None:
    store = Store(tmp_path / "a.sqlite", STUDY, lists("ab", "cd"))
    slot = store.start("p1")["slot"]
    store.store(answer("p1", "b", 3))
    again = Store(tmp_path / "a.sqlite", STUDY, lists("ab", "cd")).start("p1")
    assert again["slot"] == slot
    assert [(row["item_id"], row["answer"], row["trial_no"]) for row in again["answers"]] == [
        ("b", 3, 1)
    ]


def test_many_at_once_never_share_a_list(tmp_path: Path) -> None:
    words = ["abcde"] * 40
    stores = [Store(tmp_path / "a.sqlite", STUDY, lists(*words)) for _ in range(2)]

    def start(n: int) -> int | None:
        try:
            return stores[n % 2].start(f"p{n % 50}")["slot"]
        except NoFreeList:
            return None

    with ThreadPoolExecutor(24) as pool:
        given = list(pool.map(start, range(100)))
    # Each of 50 annotators asked twice, in both stores, and was told the same.
    by_annotator = [{given[n], given[n + 50]} for n in range(50)]
    assert all(len(slots) == 1 for slots in by_annotator)
    had = [slot for slots in by_annotator for slot in slots if slot is not None]
    assert sorted(had) == list(range(40))


def test_an_answer_sent_again_is_stored_once_and_the_first_stays(tmp_path: Path) -> None:
    store = Store(tmp_path / "a.sqlite", STUDY, lists("ab"))
    store.start("p1")
    for value in (2, 2, 4):
        store.store(answer("p1", "a", value))
    study, rows = read_answers(tmp_path / "a.sqlite")
    assert study == "s1"
    assert [(row["item_id"], row["answer"]) for row in rows] == [("a", 2.0)]
    assert store.count() == (1, 1)


def test_every_transaction_is_flushed_to_the_disk(tmp_path: Path) -> None:
    Store(tmp_path / "a.sqlite", STUDY, lists("ab"))
    with _transaction(tmp_path / "a.sqlite") as database:
        assert database.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert database.execute("PRAGMA synchronous").fetchone() == (2,)  # FULL
        assert database.in_transaction
    assert (tmp_path / "a.sqlite").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("kind", "value", "message"),
    [
        ("choose_image", 0, "expected one of 1, 2, 3, 4."),
        ("choose_image", 5, "expected one of 1, 2, 3, 4."),
        ("choose_image", None, "Answer null to a choose_image"),
        ("choose_image", True, "Answer true"),
        ("choose_image", "1", 'Answer "1"'),
        ("choose_image", 1.5, "Answer 1.5"),
        ("choose_image", [1], "Answer [1]"),
        ("rating", 6, "expected one of 1, 2, 3, 4, 5."),
        ("label", 2, "expected one of 0, 1, null."),
    ],
)
def test_an_answer_that_cannot_be_one(tmp_path: Path, kind: str, value: Any, message: str) -> None:
    store = Store(tmp_path / "a.sqlite", STUDY, lists("ab", kind=kind))
    store.start("p1")
    with pytest.raises(Refused) as refused:
        store.store(answer("p1", "a", value))
    assert message in str(refused.value)
    assert store.count() == (0, 0)


def test_unsure_is_an_answer(tmp_path: Path) -> None:
    store = Store(tmp_path / "a.sqlite", STUDY, lists("ab", kind="label"))
    store.start("p1")
    store.store(answer("p1", "a", None, rt_ms=-3))
    row = read_answers(tmp_path / "a.sqlite")[1][0]
    assert (row["answer"], row["rt_ms"]) == (None, None)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (answer("p2", "a"), "p2 has no list"),
        (answer("p1", "z"), "Item z is not in the list of p1."),
        (answer("", "a"), "The name must have"),
        (answer("p1'; --", "a"), "The name must have"),
        (answer("p1", None), "An answer needs an item"),  # type: ignore[arg-type]
        (answer("p1", "a", answered_at=3), "its time as text"),
        (answer("p1", "a", answered_at="x" * 50), "its time as text"),
    ],
)
def test_what_is_refused(tmp_path: Path, body: dict[str, Any], message: str) -> None:
    store = Store(tmp_path / "a.sqlite", STUDY, lists("ab"))
    store.start("p1")
    with pytest.raises(Refused) as refused:
        store.store(body)
    assert message in str(refused.value)


def test_files_of_another_kind_or_task(tmp_path: Path) -> None:
    path = tmp_path / "a.sqlite"
    Store(path, STUDY, lists("ab"))
    with pytest.raises(UserError) as error:
        Store(path, {"study": "s2", "scale": 5}, lists("ab"))
    assert "holds answers of another task (study s1, expected s2); give another --db" in str(
        error.value
    )
    (tmp_path / "text").write_text("no database, " * 100)
    with pytest.raises(UserError, match="cannot be used for answers"):
        Store(tmp_path / "text", STUDY, lists("ab"))
    with pytest.raises(UserError, match="not the answers of a task"):
        read_answers(tmp_path / "text")
    sqlite3.connect(tmp_path / "empty").close()
    with pytest.raises(UserError, match="not the answers of a task"):
        read_answers(tmp_path / "empty")
    with pytest.raises(UserError, match="no such file"):
        read_answers(tmp_path / "nothing")
