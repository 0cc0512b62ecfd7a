"""One transcript by hand: to the screen, to a table, and errors as one line."""

from __future__ import annotations

import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pytest

from egoalign.cli import main


@pytest.fixture
def transcript(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text('start_time,end_time,text,speaker\n0,1,"a ball, see",MOT\n2,3,yes,KID\n')
    return path


def test_the_table_goes_to_the_screen(transcript, capfdbinary):
    options = '{"speakers": {"MOT": "female_adult"}}'
    assert main(["read-transcript", str(transcript), "--options", options]) == 0
    lines = capfdbinary.readouterr().out.decode().splitlines()
    assert lines[0].startswith('"utterance_id","start_s","end_s","text","text_encoded","speaker"')
    assert lines[1].startswith('"u00000",0,1,"a ball, see","a ball, see","female_adult","MOT"')
    assert len(lines) == 3


@pytest.mark.parametrize(("suffix", "read"), [("parquet", pq.read_table), ("csv", pa_csv.read_csv)])
def test_the_table_goes_to_a_file(transcript, tmp_path, suffix, read):
    out = tmp_path / f"out.{suffix}"
    assert main(["read-transcript", str(transcript), "--out", str(out)]) == 0
    assert read(out)["text"].to_pylist() == ["a ball, see", "yes"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["gone.csv"], "egoalign read-transcript: gone.csv: no such file"),
        (["t.csv", "--out", "t.xls"], "--out t.xls: found suffix '.xls', expected .parquet or"),
        (
            ["t.csv", "--options", '{"fromat": "csv"}'],
            "fromat: unknown key; did you mean 'format'?",
        ),
    ],
)
def test_mistakes_are_one_line_and_exit_code_2(arguments, message, capsys):
    assert main(["read-transcript", *arguments]) == 2
    assert message in capsys.readouterr().err
