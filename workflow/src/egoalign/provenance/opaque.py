"""Opaque ids of children, sessions, utterances, annotators and items, in place of the lab's."""

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
    utterances : mapping
        By utterance_id, of each child_id and session_id.
    people, items : mapping
        By annotator_id and by item_id, which the lab named.
    """

    children: Mapping[str, str]
    sessions: Mapping[tuple[str, str], str]
    utterances: Mapping[tuple[str, str], Mapping[str, str]]
    people: Mapping[str, str]
    items: Mapping[str, str]

    @classmethod
    def of(
        cls,
        sessions: Iterable[tuple[str, str]],
        utterances: Iterable[tuple[str, str, str]] = (),
        people: Iterable[str] = (),
        items: Iterable[str] = (),
    ) -> OpaqueIds:
        """Return ids for sessions (child_id, session_id), their utterances, people and items."""
        of_child: dict[str, list[str]] = {}
        of_session: dict[tuple[str, str], list[str]] = {}
        for child, session in sorted(set(sessions)):
            of_child.setdefault(child, []).append(session)
        for child, session, utterance in utterances:
            of_session.setdefault((child, session), []).append(utterance)
        return cls(
            _numbered("c", of_child),
            {
                (child, session): opaque
                for child, own in of_child.items()
                for session, opaque in _numbered("s", own).items()
            },
            {key: _numbered("u", own) for key, own in of_session.items()},
            _numbered("r", people),
            _numbered("i", items),
        )

    def hide(self, data: pa.Table) -> pa.Table:
        """Return a table with opaque ids wherever its columns hold ids."""
        names = {*data.column_names}
        if {"child_id", "session_id"} <= names:
            both = (data[name].to_pylist() for name in ("child_id", "session_id"))
            sessions = list(zip(*both, strict=True))
            if "utterance_id" in names:
                said = zip(sessions, data["utterance_id"].to_pylist(), strict=True)
                hidden = [None if one is None else self.utterances[key][one] for key, one in said]
                data = _with(data, "utterance_id", hidden)
            own = [None if None in key else self.sessions[key] for key in sessions]
            data = _with(data, "session_id", own)
        columns: dict[str, Callable[[str], str]] = {
            "child_id": self.children.__getitem__,
            "annotator_id": self.people.__getitem__,
            "item_id": self.items.__getitem__,
            "who": lambda text: PAIR.join(self.people.get(one, one) for one in text.split(PAIR)),
            "subset": self._subset,
            "distractors": self._distractors,
        }
        for name in columns.keys() & names:
            values = data[name].to_pylist()
            data = _with(
                data, name, [None if one is None else columns[name](one) for one in values]
            )
        if {"group", "level"} <= names:
            rows = zip(data["group"].to_pylist(), data["level"].to_pylist(), strict=True)
            data = _with(data, "level", [self._level(*row) for row in rows])
        if {"kind", "item"} <= names:
            rows = zip(data["kind"].to_pylist(), data["item"].to_pylist(), strict=True)
            data = _with(data, "item", [self._left_out(*row) for row in rows])
        return data

    def write_key(self, path: Path) -> None:
        """Write which opaque id is whose. It stays in the lab."""
        lines = ["kind,within,id,opaque_id"]
        lines += [f"child,,{child},{opaque}" for child, opaque in self.children.items()]
        lines += [
            f"session,{child},{one},{opaque}" for (child, one), opaque in self.sessions.items()
        ]
        lines += [
            f"utterance,{child}/{session},{json.dumps(one)},{new}"
            for (child, session), own in self.utterances.items()
            for one, new in own.items()
        ]
        for kind, ids in (("annotator", self.people), ("item", self.items)):
            lines += [f"{kind},,{json.dumps(one)},{opaque}" for one, opaque in ids.items()]
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
        hidden = []
        for child, session, item in json.loads(text):
            known = self.utterances.get((child, session), {})
            hidden.append(
                [
                    self.children[child],
                    self.sessions[child, session],
                    known[item] if isinstance(item, str) else item,
                ]
            )
        return json.dumps(hidden)


def _numbered(letter: str, ids: Iterable[str]) -> dict[str, str]:
    """Return an opaque id for each id: of equal length, so that they sort as the ids do."""
    both = sorted(set(ids))
    digits = max(len(str(len(both))), 2)
    return {one: f"{letter}{number:0{digits}d}" for number, one in enumerate(both, start=1)}


def _with(data: pa.Table, name: str, values: list[str | None]) -> pa.Table:
    """Return a table with other values in one column of text."""
    place = data.schema.get_field_index(name)
    field = data.schema.field(place)
    return data.set_column(place, field, pa.array(values, field.type))
