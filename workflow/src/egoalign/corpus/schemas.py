"""The step `make-table-schemas`: the reader's columns as JSON schemas, for people and editors."""

from __future__ import annotations

from pathlib import Path

import yaml

from egoalign.corpus.columns import INPUT_TABLES, InputTable, json_schema
from egoalign.tables import atomic_path

HEADER = "# Made by 'egoalign make-table-schemas' from corpus/columns.py; do not edit.\n"


def schema_text(table: InputTable) -> str:
    """Return the schema file of one table."""
    return HEADER + yaml.safe_dump(json_schema(table), sort_keys=False, width=96)


def write_schemas(folder: str | Path) -> None:
    """Write ``<table>.schema.yaml`` of both corpus tables."""
    for table in INPUT_TABLES:
        with atomic_path(Path(folder) / f"{table.name}.schema.yaml") as partial:
            partial.write_text(schema_text(table), encoding="utf-8")
