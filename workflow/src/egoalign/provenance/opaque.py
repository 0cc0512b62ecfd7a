"""Opaque ids of children, sessions and annotators, in place of the lab's own."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from egoalign.tables import atomic_path

PAIR = " & "
"""Stands between two annotators."""


@dataclass(frozen=True)
class OpaqueIds:
    """Opaque ids that sort as the lab's own do, so that no sum is made in another order.

    Parameters
    ----------
    children : mapping
        By child_id.
    sessions : mapping
        By child_id and session_id.
    people : mapping
        By annotator_id.
    """

    children: Mapping[str, str]
    sessions: Mapping[tuple[str, str], str]
    people: Mapping[str, str]

    @classmethod
    def of(cls, sessions: Iterable[tuple[str, str]], people: Iterable[str]) -> OpaqueIds:
        """Return ids for these sessions, as (child_id, session_id), and annotators."""
        both = sorted(set(sessions))
        children = sorted({child for child, _ in both})
        numbered: dict[tuple[str, str], str] = {}
        for child in children:
            own = [key for key in both if key[0] == child]
            numbered |= dict(zip(own, _numbers("s", len(own)), strict=True))
        annotators = sorted(set(people))
        return cls(
            dict(zip(children, _numbers("c", len(children)), strict=True)),
            numbered,
            dict(zip(annotators, _numbers("r", len(annotators)), strict=True)),
        )

    def hide(self, data: pa.Table) -> pa.Table:
        """Return a table with opaque ids wherever its columns hold ids."""
        if {"child_id", "session_id"} <= {*data.column_names}:
            pairs = zip(data["child_id"].to_pylist(), data["session_id"].to_pylist(), strict=True)
            hidden = [None if None in pair else self.sessions[pair] for pair in pairs]
            data = _with(data, "session_id", hidden)
        columns: dict[str, Callable[[str], str]] = {
            "child_id": self.children.__getitem__,
            "annotator_id": self.people.__getitem__,
            "who": lambda text: PAIR.join(self.people.get(one, one) for one in text.split(PAIR)),
            "subset": self._subset,
            "distractors": self._distractors,
        }
        for name in columns.keys() & {*data.column_names}:
            values = data[name].to_pylist()
            data = _with(
                data, name, [None if one is None else columns[name](one) for one in values]
            )
        if {"group", "level"} <= {*data.column_names}:
            rows = zip(data["group"].to_pylist(), data["level"].to_pylist(), strict=True)
            data = _with(data, "level", [self._level(*row) for row in rows])
        if {"kind", "item"} <= {*data.column_names}:
            rows = zip(data["kind"].to_pylist(), data["item"].to_pylist(), strict=True)
            data = _with(data, "item", [self._left_out(*row) for row in rows])
        return data

    def write_key(self, path: Path) -> None:
        """Write which opaque id is whose. It stays in the lab."""
        lines = ["kind,child_id,id,opaque_id"]
        lines += [f"child,,{child},{opaque}" for child, opaque in self.children.items()]
        lines += [
            f"session,{child},{one},{opaque}" for (child, one), opaque in self.sessions.items()
        ]
        lines += [f"annotator,,{json.dumps(who)},{one}" for who, one in self.people.items()]
        with atomic_path(path) as partial:
            partial.write_text("\n".join(lines) + "\n", encoding="utf-8")

    def _subset(self, text: str) -> str:
        """Return a label such as ``child=A`` or ``session=A/s1``; others stay."""
        what, _, value = text.partition("=")
        if what == "child":
            return f"child={self.children[value]}"
        child, _, session = value.partition("/")
        if what == "session":
            return f"session={self.children[child]}/{self.sessions[child, session]}"
        return text

    def _level(self, group: str, level: str) -> str:
        """Return the level of a grouping factor that is a child, or a session within one."""
        if group == "child_id":
            return self.children[level]
        child, _, session = level.partition(":")
        if group == "child_id:session_id":
            return f"{self.children[child]}:{self.sessions[child, session]}"
        return level

    def _left_out(self, kind: str, item: str | None) -> str | None:
        """Return the child that a diagnostic was made without, if it was a child."""
        return self.children.get(item, item) if kind == "left_out" and item else item

    def _distractors(self, text: str) -> str:
        """Return a JSON list of [child, session, utterance or second]."""
        return json.dumps(
            [
                [self.children[child], self.sessions[child, session], item]
                for child, session, item in json.loads(text)
            ]
        )


def _numbers(letter: str, n: int) -> list[str]:
    """Return ids of equal length, which sort as their numbers do."""
    return [f"{letter}{number:0{max(len(str(n)), 2)}d}" for number in range(1, n + 1)]


def _with(data: pa.Table, name: str, values: list[str | None]) -> pa.Table:
    """Return a table with other values in one column of text."""
    place = data.schema.get_field_index(name)
    field = data.schema.field(place)
    return data.set_column(place, field, pa.array(values, field.type))
