"""Numbers to quote: all there, in one order, and in LaTeX under names of letters."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from egoalign import cli
from egoalign.log import UserError
from egoalign.report.values import QUOTED, latex_number, macro_name, macros
from egoalign.tables import (
    METRICS,
    MODEL_COMPONENTS,
    MODEL_EFFECTS,
    MODEL_FITS,
    RELIABILITY,
    SESSIONS,
    SESSIONS_STATUS,
    write_table,
)
from tests.unit.report.test_summary import session_rows, status_rows

KEY = {"name": "main", "model_id": "tiny", "response": "score_max"}
ROWS = {
    MODEL_FITS: [KEY | {"formula": "score_max ~ 1", "family": "gaussian", "n": 123,
                        "converged": True, "aic": -1234.56789}],
    MODEL_EFFECTS: [
        KEY | {"term": "speaker", "effect": f"speaker[{who}]", "estimate": -0.0123456789,
               "se": 0.001, "p": 1e-12, "low": -0.0143, "high": -0.0103}
        for who in ("male_adult", "key_child")
    ],
    MODEL_COMPONENTS: [KEY | {"kind": "sd", "group": "child_id", "column": "(Intercept)",
                              "estimate": 0.25, "low": 0.1, "high": 0.4}],
}  # fmt: skip
METRIC = {"model_id": "tiny", "metric": "share_above_0.24", "subset": "all", "estimate": 1 / 3}
AGREE = {"kind": "rating", "measure": "icc_2_1", "estimate": 0.5, "n_items": 9, "n_answers": 40,
         "n_annotators": 5}  # fmt: skip


def written(folder: Path) -> tuple[str, str]:
    """Write the tables and return both files' texts."""
    write_table(SESSIONS, session_rows(), folder / "sessions.parquet")
    write_table(SESSIONS_STATUS, status_rows(), folder / "status.parquet")
    write_table(METRICS, [METRIC | {"n": 10}], folder / "models.parquet")
    agree = [AGREE | {"who": "all"}, AGREE | {"who": "R01", "estimate": 0.9}]
    write_table(RELIABILITY, agree, folder / "reliability.parquet")
    for table in QUOTED:
        file = folder / "vary" / f"{table.name.removeprefix('model_')}.parquet"
        write_table(table, ROWS.get(table, []), file)
    words = ["write-values", "--quiet", "--vary-folders", str(folder / "vary")]
    for name in ("sessions", "status", "models", "reliability"):
        words += [f"--{name}", str(folder / f"{name}.parquet")]
    words += ["--json", str(folder / "values.json"), "--tex", str(folder / "values.tex")]
    assert cli.main(words) == 0
    return (folder / "values.json").read_text(), (folder / "values.tex").read_text()


def test_every_number_of_the_tables_is_in_the_json_in_full(tmp_path: Path) -> None:
    values = json.loads(written(tmp_path)[0])
    model = values["models"]["tiny"]["main"]["score_max"]
    assert model["fits"]["n"] == 123
    assert model["effects"]["speaker[male_adult]"]["estimate"] == -0.0123456789
    assert model["effects"]["speaker[key_child]"]["p"] == 1e-12
    assert model["components"]["sd"]["child_id"]["(Intercept)"]["high"] == 0.4
    assert values["metrics"]["tiny"]["share_above_0.24"]["all"]["estimate"] == 1 / 3
    assert values["reliability"]["rating"]["icc_2_1"]["estimate"] == 0.5
    assert (values["corpus"]["n_sessions"], values["corpus"]["n_sessions_ok"]) == (5, 2)
    assert values["corpus"]["hours"] == 1.0


def test_macros_have_names_of_letters_and_rounded_numbers(tmp_path: Path) -> None:
    text = written(tmp_path)[1]
    lines = [line for line in text.splitlines() if not line.startswith("%")]
    pattern = re.compile(r"\\newcommand\{\\([A-Za-z]+)\}\{(.*)\}")
    found = dict(pattern.fullmatch(line).groups() for line in lines)
    assert len(found) == len(lines)
    assert found["egoModelsTinyMainScoreMaxFitsN"] == "123"
    effect = "egoModelsTinyMainScoreMaxEffectsSpeakerLevelMaleAdult"
    assert found[f"{effect}Estimate"] == r"\ensuremath{-0.01235}"
    assert found[f"{effect}P"] == r"\ensuremath{<}.001"
    assert found["egoMetricsTinyShareAboveZeroPointTwoFourAllEstimate"] == "0.3333"


def test_the_order_does_not_depend_on_that_of_the_rows(tmp_path: Path, monkeypatch) -> None:
    one = written(tmp_path / "one")
    monkeypatch.setitem(ROWS, MODEL_EFFECTS, ROWS[MODEL_EFFECTS][::-1])
    assert written(tmp_path / "two") == one


@pytest.mark.parametrize(
    ("value", "column", "text"),
    [
        (1234567, "n", "1234567"),
        (0.25, "estimate", "0.25"),
        (123.456, "aic", "123.5"),
        (0.0421, "p", "0.042"),
        (1.5e-7, "estimate", r"\ensuremath{1.5\times 10^{-7}}"),
        (-123456.7, "criterion", r"\ensuremath{-1.235\times 10^{5}}"),
    ],
)
def test_latex_numbers(value: float, column: str, text: str) -> None:
    assert latex_number(value, column) == text


def test_names_that_would_be_the_same_are_refused() -> None:
    assert macro_name(("a", "b_2")) == "egoABTwo"
    with pytest.raises(UserError, match="a b / x and a_b / x would both be"):
        macros({"a_b": {"x": 1.0}, "a b": {"x": 2.0}})
