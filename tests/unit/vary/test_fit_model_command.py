"""The command fit-model: what it prints and writes, and one clear line for each bad input."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pytest

from egoalign import cli
from egoalign.tables import read_table
from egoalign.vary.results import RESULT_TABLES
from tests.unit.vary.mixed_table import LOGISTIC, MIXED, mixed_table


def write(path: Path, table: pa.Table) -> str:
    """Write a table as its name ends, and return the path."""
    if path.suffix == ".parquet":
        pq.write_table(table, path)
    else:
        sign = "\t" if path.suffix == ".tsv" else ","
        pa_csv.write_csv(table, path, pa_csv.WriteOptions(delimiter=sign))
    return str(path)


def run(path: str, formula: str, *more: str) -> int:
    """Run the command."""
    return cli.main(["fit-model", path, "--formula", formula, "--quiet", *more])


@pytest.mark.parametrize("ending", ["csv", "tsv", "parquet"])
def test_it_prints_a_summary_of_any_table(
    ending: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(tmp_path / f"t.{ending}", mixed_table())
    assert run(path, "y ~ x + (1 | child)") == 0
    text = capsys.readouterr().out
    assert text.startswith("Linear mixed model fit by REML")
    assert "Number of obs: 500, groups: child, 10" in text
    assert [item.name for item in tmp_path.iterdir()] == [f"t.{ending}"]


def test_it_writes_the_tables_and_the_summary(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(tmp_path / "t.csv", mixed_table())
    options = ["--scale", "x=standardize", "--contrasts", "f=b", "--also", "softer"]
    checks = ["--checks", "likelihood-ratio", "left-out", "robustness", "--draws", "5"]
    out = tmp_path / "out"
    assert run(path, "y ~ x + f + (1 | child)", "--out", str(out), *options, *checks) == 0
    names = {f"{table.name}.{ending}" for table in RESULT_TABLES for ending in ("parquet", "csv")}
    assert {item.name for item in out.iterdir()} == names | {"summary.txt"}
    assert (out / "summary.txt").read_text() == capsys.readouterr().out
    for table in RESULT_TABLES:
        assert read_table(table, out / f"{table.name}.parquet").num_rows > 0
    effects = read_table(RESULT_TABLES[1], out / "model_effects.parquet")
    assert effects["effect"].to_pylist() == ["(Intercept)", "x", "f[a]", "f[c]"]


def test_ml_and_binomial_are_asked_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path / "t.parquet", mixed_table())
    assert run(path, MIXED, "--ml") == 0
    assert "fit by maximum likelihood; t tests" in capsys.readouterr().out
    assert run(path, LOGISTIC, "--family", "binomial") == 0
    assert "Logistic mixed model fit by maximum likelihood (Laplace" in capsys.readouterr().out


def bad() -> pa.Table:
    """Return a table with everything that a model cannot use."""
    n = 60
    rng = np.random.default_rng(5)
    x = rng.normal(size=n)
    return pa.table(
        {
            "y": rng.normal(size=n),
            "x": x,
            "double": 2 * x + 1,
            "one_level": ["same"] * n,
            "constant": [3.0] * n,
            "empty": pa.nulls(n, pa.float64()),
            "age_within": rng.normal(size=n),
            "child": ["only"] * n,
            "g": np.resize(np.arange(6), n),
            "row": [f"r{i}" for i in range(n)],
            "kind": np.resize(["u", "v", "w"], n),
        }
    )


@pytest.mark.parametrize(
    ("formula", "more", "message"),
    [
        ("y ~ one_level", [], "predictor one_level has one value (same) in all rows used"),
        ("y ~ constant + (1 | g)", [], "predictor constant has one value (3) in all rows used"),
        ("y ~ empty", [], "column 'empty' is missing in all 60 rows"),
        ("y ~ x + double", [], "predictor double is a combination of (Intercept) and x"),
        ("y ~ x + (1 | child)", [], "group child has one member (only)"),
        ("y ~ x + (1 | row)", [], "60 members of row for 60 rows"),
        ("y ~ age_wihtin", [], "no column 'age_wihtin'; did you mean 'age_within'?"),
        ("y ~ x + (1 | gg)", [], "no column 'gg'; did you mean 'g'?"),
        ("y ~ x + (1 |", [], "position 13: found the end, expected the column of a group"),
        ("y ~ 0", [], "formula 'y ~ 0' has no effect: expected at least an intercept, 1"),
        ("y ~ exec(x)", [], "expected a function that is known"),
        ("kind ~ x", [], "response kind holds u, v, w: expected numbers"),
        ("constant ~ x", [], "response constant is 3 in all 60 rows used"),
        ("y ~ x", ["--family", "binomial"], "of a binomial model holds"),
        ("y ~ x", ["--scale", "x=double"], "--scale x=double: expected center or standardize"),
        ("y ~ x", ["--scale", "x"], "--scale x: expected NAME=VALUE"),
        ("y ~ x", ["--scale", "x=center", "x=center"], "--scale: x is given twice"),
        ("y ~ kind", ["--contrasts", "kind=x"], "no row used has level 'x'"),
        ("y ~ kind", ["--contrasts", "kin=u"], "did you mean 'kind'?"),
        ("y ~ x + (1 | g)", ["--clusters", "h"], "no random term has the group 'h'"),
        ("y ~ x", ["--also", "yy"], "--also yy: the table has no such column;"),
        ("y ~ x", ["--also", "kind"], "--also kind: it holds u, v, w: expected numbers"),
        ("y ~ x", ["--draws", "1"], "--draws 1: expected 2 or more"),
        ("y ~ x", ["--family", "binomial", "--reml"], "a binomial model is fitted by maximum"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_bad_input_is_one_line_and_exit_code_2(
    formula: str,
    more: list[str],
    message: str,
    ending: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = write(tmp_path / f"t.{ending}", bad())
    assert run(path, formula, "--out", str(tmp_path / "out"), *more) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert message in captured.err
    assert captured.err.count("\n") == 1
    assert captured.err.startswith("egoalign fit-model: ")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("absent.csv", None, "absent.csv: no such file"),
        ("t.xlsx", "y,x\n", "expected a table that ends in .csv, .tsv or .parquet"),
        ("t.parquet", "y,x\n1,2\n", "t.parquet: not a parquet table ("),
        ("t.csv", "", "t.csv: not a csv table ("),
        ("t.csv", "y,x\n1,2\n3\n", "t.csv: not a csv table ("),
        ("t.csv", "y,y\n1,2\n3,4\n", "two columns are called 'y'"),
        ("t.csv", "y,x\n", "the table has no rows"),
    ],
)
def test_a_file_that_is_no_table_is_one_line(
    name: str, content: str | None, message: str, tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    path = tmp_path / name
    if content is not None:
        path.write_text(content)
    assert run(str(path), "y ~ x") == 2
    captured = capsys.readouterr()
    assert message in captured.err
    assert captured.err.count("\n") == 1


def test_missing_cells_of_a_csv_are_left_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "t.csv"
    cells = "\n".join(f"{i % 7},{i},{'ab'[i % 2]}" for i in range(20))
    path.write_text(f"y,x,f\n{cells}\nNA,1,a\n1,,b\n2,3,NA\n")
    assert run(str(path), "y ~ x + f") == 0
    assert "Note: 3 of 23 rows are left out" in capsys.readouterr().out
