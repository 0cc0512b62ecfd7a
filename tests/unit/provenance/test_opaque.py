"""Opaque ids stand wherever a table holds an id, sort as the lab's own, and nowhere else."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from egoalign.provenance.opaque import OpaqueIds

IDS = OpaqueIds.of(
    [("B", "s1"), ("A", "x.y"), ("A", "s1")],
    [("A", "s1", "u9"), ("A", "s1", "anna-1"), ("B", "s1", "9")],
    ["zoe", "ann"],
    ["q2", "q1"],
)


def hidden(**columns: list[str | None]) -> dict[str, list[str | None]]:
    return IDS.hide(pa.table(columns)).to_pydict()


def test_ids_sort_as_before() -> None:
    assert IDS.children == {"A": "c01", "B": "c02"}
    assert IDS.sessions == {("A", "s1"): "s01", ("A", "x.y"): "s02", ("B", "s1"): "s01"}
    assert IDS.people == {"ann": "r01", "zoe": "r02"}
    many = OpaqueIds.of([(f"A{n:03d}", "s") for n in range(150)])
    assert sorted(many.children.values()) == list(many.children.values())


@pytest.mark.parametrize(
    ("columns", "name", "expected"),
    [
        ({"child_id": ["B", "A"], "session_id": ["s1", "x.y"]}, "session_id", ["s01", "s02"]),
        ({"child_id": ["B", "A"], "session_id": ["s1", "x.y"]}, "child_id", ["c02", "c01"]),
        ({"annotator_id": ["zoe", None]}, "annotator_id", ["r02", None]),
        ({"who": ["all", "ann", "ann & zoe"]}, "who", ["all", "r01", "r01 & r02"]),
        (
            {"subset": ["all", "child=A", "session=A/x.y", "location=A"]},
            "subset",
            ["all", "child=c01", "session=c01/s02", "location=A"],
        ),
        (
            {
                "group": ["child_id", "child_id:session_id", "lemma_id"],
                "level": ["A", "A:x.y", "A"],
            },
            "level",
            ["c01", "c01:s02", "A"],
        ),
        ({"kind": ["left_out", "residual_quantile"], "item": ["A", "A"]}, "item", ["c01", "A"]),
        (
            {"distractors": ['[["A", "s1", "u9"], ["B", "s1", 2.0]]']},
            "distractors",
            ['[["c01", "s01", "u02"], ["c02", "s01", 2.0]]'],
        ),
        ({"item_id": ["q2", "q1"]}, "item_id", ["i02", "i01"]),
        (
            {"child_id": ["A", "B"], "session_id": ["s1", "s1"], "utterance_id": ["anna-1", None]},
            "utterance_id",
            ["u01", None],
        ),
        ({"note": ["A"]}, "note", ["A"]),
    ],
)
def test_ids_are_hidden_where_they_stand(columns, name, expected) -> None:
    assert hidden(**columns)[name] == expected


def test_the_key_leads_back(tmp_path: Path) -> None:
    IDS.write_key(tmp_path / "key.csv")
    lines = (tmp_path / "key.csv").read_text().splitlines()
    assert lines[0] == "kind,within,id,opaque_id"
    assert "session,A,x.y,s02" in lines
    assert 'annotator,,"zoe",r02' in lines
