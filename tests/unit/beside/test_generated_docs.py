from __future__ import annotations

from egoalign.generated_docs import column_tables, option_table, schema_text

HINT = "run: egoalign write-docs"


def test_the_schema_is_that_of_the_code(root):
    assert (root / "workflow/schemas/config.schema.json").read_text() == schema_text(), HINT


def test_the_option_table_is_that_of_the_code(root):
    assert option_table() in (root / "config/README.md").read_text(), HINT


def test_the_columns_are_those_of_the_code(root):
    assert column_tables() in (root / "docs/outputs.md").read_text(), HINT
