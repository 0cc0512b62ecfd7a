"""What the docs hold that the code says already: options, their JSON schema, columns of tables."""

from __future__ import annotations

import json
import types
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel

from egoalign.config import Config
from egoalign.tables import TABLES, atomic_path

BEGIN, END = "<!-- generated: begin -->", "<!-- generated: end -->"


def schema_text() -> str:
    """Return the JSON schema of the configuration file."""
    return json.dumps(Config.model_json_schema(by_alias=True), indent=2, sort_keys=True) + "\n"


def option_table() -> str:
    """Return a Markdown table of every option: key, type, default, meaning."""
    rows = ["| option | type | default | meaning |", "| --- | --- | --- | --- |"]
    rows += _rows(Config, "")
    return "\n".join(rows)


def column_tables() -> str:
    """Return Markdown that explains every table and column of `tables.py`."""
    parts = []
    for table in TABLES.values():
        key = ", ".join(f"`{name}`" for name in table.key) or "none, rows may repeat"
        extra = " Further columns of yours are kept." if table.extra else ""
        parts += [
            f"### {table.name}",
            "",
            f"{table.meaning[0].upper()}{table.meaning[1:]}. Key: {key}.{extra}",
            "",
            "| column | type | unit | may be missing | meaning |",
            "| --- | --- | --- | --- | --- |",
        ]
        parts += [
            f"| `{column.name}` | {column.type} | {column.unit} | "
            f"{'yes' if column.nullable else 'no'} | {column.meaning} |"
            for column in table.columns
        ]
        parts.append("")
    return "\n".join(parts).strip()


def write_docs(root: str | Path) -> None:
    """Write the JSON schema, the option table and the column tables into the project's docs.

    Parameters
    ----------
    root : str or Path
        The project's folder.
    """
    root = Path(root)
    with atomic_path(root / "workflow" / "schemas" / "config.schema.json") as partial:
        partial.write_text(schema_text(), encoding="utf-8")
    for name, text in (
        ("config/README.md", option_table()),
        ("docs/outputs.md", column_tables()),
    ):
        page = root / name
        before, rest = page.read_text(encoding="utf-8").split(BEGIN)
        after = rest.split(END)[1]
        with atomic_path(page) as partial:
            partial.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}", encoding="utf-8")


def _rows(section: type[BaseModel], prefix: str) -> list[str]:
    """Return the rows of one section and of those inside it."""
    rows = []
    for name, field in section.model_fields.items():
        key = f"{prefix}{field.alias or name}"
        inner = _inner_section(field.annotation)
        if inner is not None and get_origin(field.annotation) is not list:
            rows += _rows(inner, f"{key}.")
            continue
        default = (
            "must be given"
            if field.is_required()
            else f"`{json.dumps(_plain(field.get_default(call_default_factory=True)))}`"
        )
        rows.append(f"| `{key}` | {_type(field.annotation)} | {default} | {field.description} |")
        if inner is not None:
            rows += _rows(inner, f"{key}[].")
    return rows


def _inner_section(annotation: Any) -> type[BaseModel] | None:
    """Return the section that an option holds, if it holds one."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    found = [_inner_section(inner) for inner in get_args(annotation)]
    return next((section for section in found if section), None)


def _plain(value: Any) -> Any:
    """Return a default as plain JSON values."""
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", exclude_none=True)
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value


def _type(annotation: Any) -> str:
    """Return a type in words that a reader of YAML knows."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return ", ".join(str(value) for value in inner)
    if origin in (Union, types.UnionType):
        return " or ".join("none" if part is type(None) else _type(part) for part in inner)
    if origin is list:
        return f"list of {_type(inner[0])}"
    if origin is tuple:
        return f"two of {_type(inner[0])}"
    if origin is dict:
        return f"mapping of {_type(inner[0])} to {_type(inner[1])}"
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return "section"
    return {str: "text", int: "whole number", float: "number", bool: "yes or no"}.get(
        annotation, str(annotation)
    )
