"""The command `agreement` on tables of any kind: what it prints, and what it says of mistakes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from egoalign import cli
from egoalign.validate.measures import auc, average_precision, pearson, spearman


def table(n: int = 200, n_children: int = 20) -> pd.DataFrame:
    rng = np.random.default_rng(2511)
    score = rng.normal(0.23, 0.02, n).round(4)
    label = rng.random(n) < 1 / (1 + np.exp(-(score - 0.23) / 0.01))
    return pd.DataFrame(
        {
            "child_id": [f"c{k % n_children}" for k in range(n)],
            "score_max": score,
            "aligned": np.where(label, "yes", "no"),
            "rating": (1 + 4 * label + rng.normal(size=n)).round(2),
            "weight": 1.0 + np.arange(n) % 2,
        }
    )


def run(path: Path, *words: str) -> int:
    return cli.main(["agreement", str(path), "--bootstraps", "100", *words])


def printed(text: str) -> dict[str, list[str]]:
    """Return the words after the name of each measure."""
    names = ("AUC", "average precision", "Spearman", "Pearson")
    lines = [line for line in text.splitlines() if line.startswith(names)]
    return {next(n for n in names if line.startswith(n)): line.split("  ") for line in lines}


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_it_prints_the_measures(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], suffix: str
) -> None:
    rows = table()
    path = tmp_path / f"scores.{suffix}"
    rows.to_csv(path, index=False) if suffix == "csv" else rows.to_parquet(path)
    words = ["--score", "score_max", "--label", "aligned", "--group", "child_id"]
    assert run(path, *words) == 0
    said = capsys.readouterr().out
    x, y = rows["score_max"].to_numpy(), (rows["aligned"] == "yes").to_numpy().astype(float)
    for name, measure in (
        ("AUC", auc),
        ("average precision", average_precision),
        ("Spearman", spearman),
        ("Pearson", pearson),
    ):
        line = next(line for line in said.splitlines() if line.startswith(name))
        assert f" {measure(x, y):.3f} [" in line
        assert line.endswith(
            "expanded percentile bootstrap over 20 groups of child_id, 100 samples"
        )
    assert said.startswith("200 rows\n'aligned': ")
    assert "Caution" not in said


def test_columns_are_aligned(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table().to_csv(tmp_path / "t.csv", index=False)
    assert run(tmp_path / "t.csv", "--score", "score_max", "--label", "aligned") == 0
    lines = capsys.readouterr().out.splitlines()[3:8]
    assert len({line.index("[") for line in lines}) == 2, "the header's, and all others'"
    heads = ("chance", "interval by")
    for head in heads:
        start = lines[0].index(head)
        assert all(line[start - 1] == " " != line[start] for line in lines)
    assert "DeLong, 200 independent items" in lines[1]


def test_few_groups_have_a_t_interval_and_a_caution(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table(n_children=6).to_csv(tmp_path / "t.csv", index=False)
    words = ["--score", "score_max", "--label", "aligned", "--group", "child_id"]
    assert run(tmp_path / "t.csv", *words) == 0
    said = capsys.readouterr().out
    assert said.count("t(5) with the jackknife over 6 groups of child_id") == 4
    assert said.endswith("Caution: only 6 groups of child_id: the interval is rough.\n")


def test_ratings_have_correlations_only(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table().to_csv(tmp_path / "t.csv", index=False)
    assert run(tmp_path / "t.csv", "--score", "score_max", "--label", "rating") == 0
    said = capsys.readouterr().out
    assert "no yes or no, so neither AUC nor average precision" in said
    assert "\nAUC" not in said
    assert "\nSpearman" in said


def test_weights_are_used_and_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = table()
    rows.to_csv(tmp_path / "t.csv", index=False)
    words = ["--score", "score_max", "--label", "aligned", "--weight", "weight"]
    assert run(tmp_path / "t.csv", *words) == 0
    said = capsys.readouterr().out
    many = rows.loc[rows.index.repeat(rows["weight"].astype(int))]
    expected = auc(many["score_max"].to_numpy(), (many["aligned"] == "yes").to_numpy() * 1.0)
    assert f"AUC                {expected:.3f} [" in said
    assert "Weighted to the population." in said
    assert "DeLong" not in said


def test_rows_without_a_value_are_counted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = table().astype({"score_max": object})
    rows.loc[:4, "aligned"] = ["", "unsure", "NA", "", ""]
    rows.loc[3:9, "score_max"] = ""
    rows.to_csv(tmp_path / "t.csv", index=False)
    assert run(tmp_path / "t.csv", "--score", "score_max", "--label", "aligned") == 0
    said = capsys.readouterr().out
    assert said.startswith("190 rows; left out: 7 without 'score_max', 3 without 'aligned'\n")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--score", "score_mx", "--label", "aligned"], "no column 'score_mx'; did you mean"),
        (["--score", "zzz", "--label", "aligned"], "no column 'zzz'; found: child_id, score_max"),
        (
            ["--score", "child_id", "--label", "aligned"],
            "column 'child_id', row 1: 'c0' is no number; expected a number, yes, no or an empty",
        ),
        (["--score", "score_max", "--label", "one"], "column 'one' has one class only, 1 in all"),
        (["--score", "one", "--label", "aligned"], "column 'one' has one value only, 1 in all 200"),
        (["--score", "none", "--label", "aligned"], "no row has both 'none' and 'aligned'"),
        (
            ["--score", "score_max", "--label", "aligned", "--weight", "zero"],
            "column 'zero' holds 0; weights must be above 0",
        ),
        (
            ["--score", "score_max", "--label", "aligned", "--bootstraps", "9"],
            "--bootstraps 9: expected at least 100",
        ),
        (["--score", "inf", "--label", "aligned"], "column 'inf', row 1: 'inf' is not finite"),
    ],
)
def test_mistakes_are_named(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], words: list[str], message: str
) -> None:
    rows = table().assign(one=1, none="", zero=0, inf="inf")
    rows.to_csv(tmp_path / "t.csv", index=False)
    assert run(tmp_path / "t.csv", *words) == 2
    assert message in capfd.readouterr().err


def test_a_missing_or_foreign_file_is_named(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    words = ["--score", "a", "--label", "b"]
    assert run(tmp_path / "no.csv", *words) == 2
    assert "no.csv: cannot be read" in capfd.readouterr().err
    (tmp_path / "t.parquet").write_text("a,b\n")
    assert run(tmp_path / "t.parquet", *words) == 2
    assert "t.parquet: not a CSV or Parquet table" in capfd.readouterr().err
