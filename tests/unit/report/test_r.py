"""The page on R names columns that the tables have."""

from __future__ import annotations

import re

from egoalign.tables import ALIGNMENT, FRAME_EMBEDDINGS, SESSIONS
from tests.conftest import ROOT

MADE_ON_THE_PAGE = {"age_months", "age_centred", "by_session"}
FUNCTIONS = {"read_parquet", "read_csv", "left_join", "group_by", "file_path", "list_of"}


def test_columns_named_on_the_page_exist() -> None:
    text = (ROOT / "docs" / "r.md").read_text(encoding="utf-8")
    code = "\n".join(re.findall(r"```r\n(.*?)```", text, flags=re.S))
    code = re.sub(r'"[^"]*"', "", code)
    named = set(re.findall(r"\b[a-z]+(?:_[a-z]+)+\b(?!\s*\(|\s*=)", code))
    columns = {
        column.name for table in (ALIGNMENT, SESSIONS, FRAME_EMBEDDINGS) for column in table.columns
    }
    assert {"score_max", "shuffled_percentile", "n_frames"} <= named
    assert named - MADE_ON_THE_PAGE - FUNCTIONS <= columns
