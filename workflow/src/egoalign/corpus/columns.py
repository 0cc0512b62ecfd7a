"""The columns of `children.tsv` and `sessions.tsv`: one source for the reader and the schemas."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from egoalign.tables import ID_PATTERN

DATE_PATTERN = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
MISSING = "NA"
"""What a cell may say instead of being empty, as R writes it."""

YES_NO_PATTERN = "[Yy]es|YES|[Nn]o|NO|[Tt]rue|TRUE|[Ff]alse|FALSE|1|0"
NUMBER_PATTERN = r"-?[0-9]+(?:\.[0-9]+)?"
INTERVAL_PATTERN = r"([0-9]+(?:\.[0-9]+)?)-([0-9]+(?:\.[0-9]+)?)"


@dataclass(frozen=True)
class InputColumn:
    """One column that a lab writes: name, meaning, form, and whether it must be there.

    The pattern is a regular expression that a cell must match as a whole. Cells may be empty,
    but not where a column that must be there has a pattern.
    """

    name: str
    meaning: str
    pattern: str | None = None
    required: bool = False


@dataclass(frozen=True)
class InputTable:
    """A table that a lab writes: name, meaning and known columns; further columns are kept."""

    name: str
    meaning: str
    columns: tuple[InputColumn, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the known columns."""
        return tuple(column.name for column in self.columns)


CHILDREN = InputTable(
    "children",
    "One row a child. Further columns are kept and may serve as predictors.",
    (
        InputColumn("child_id", "the child; stands alone as a folder name", ID_PATTERN, True),
        InputColumn("birth_date", "date of birth, as 2023-04-30; stays private", DATE_PATTERN),
        InputColumn(
            "age_days",
            "age in days in all sessions of this child that give no age themselves",
            NUMBER_PATTERN,
        ),
        InputColumn("sex", "as the lab writes it"),
        InputColumn("languages", "languages heard, as the lab writes them"),
    ),
)

SESSIONS = InputTable(
    "sessions",
    "One row a recording. Further columns are kept and may serve as predictors.",
    (
        InputColumn("child_id", "the child, as in children.tsv", ID_PATTERN, True),
        InputColumn(
            "session_id", "the recording, unique within the child; a file name", ID_PATTERN, True
        ),
        InputColumn(
            "video",
            "path from corpus.root of the video (several parts in order are parted by ';'; a ';' "
            r"inside a name is written '\;'), of a folder of numbered pictures, or of a .npy, "
            ".parquet or .arrow file of embeddings; empty where only scores are given",
            required=True,
        ),
        InputColumn("transcript", "path of the transcript from corpus.root"),
        InputColumn("rttm", "path of an RTTM file from corpus.root that says who speaks when"),
        InputColumn(
            "transcript_offset_s",
            "seconds added to the transcript's times; 0 where empty",
            NUMBER_PATTERN,
        ),
        InputColumn(
            "recording_date", "day of recording, as 2024-01-05; stays private", DATE_PATTERN
        ),
        InputColumn(
            "age_days", "age at recording in days; otherwise from the two dates", NUMBER_PATTERN
        ),
        InputColumn("exclude", "yes leaves the session out of every result", YES_NO_PATTERN),
        InputColumn("exclude_reason", "why it is left out; needed where exclude is yes"),
        InputColumn(
            "exclude_intervals",
            "stretches of the video in seconds that are never looked at, as 12-30;95.5-100",
            f"{INTERVAL_PATTERN}(?:;{INTERVAL_PATTERN})*",
        ),
        InputColumn("source_name", "the recording's own name in the lab; stays private"),
    ),
)

INPUT_TABLES = (CHILDREN, SESSIONS)


def json_schema(table: InputTable) -> dict[str, Any]:
    """Return the JSON schema (draft 2020-12) of one row of a table, every cell being text."""
    properties: dict[str, Any] = {}
    for column in table.columns:
        entry: dict[str, Any] = {"type": "string", "description": column.meaning}
        if column.pattern is not None:
            form = column.pattern if column.required else f"{column.pattern}|{MISSING}|"
            entry["pattern"] = f"^(?:{form})$"
        properties[column.name] = entry
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"{table.name}.tsv",
        "description": table.meaning,
        "type": "object",
        "properties": properties,
        "required": [column.name for column in table.columns if column.required],
        "additionalProperties": {"type": "string"},
    }
