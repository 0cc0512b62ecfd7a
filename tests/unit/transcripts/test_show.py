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
    options = '{"speakers": {"MOT": "female_adult", "*": "unknown"}}'
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


def test_it_says_how_the_transcript_was_understood(transcript, tmp_path, capfd):
    rttm = tmp_path / "all.rttm"
    rttm.write_text(
        "SPEAKER t 1 0.0 1.5 <NA> <NA> FEM <NA> <NA>\nSPEAKER u 1 2 1 <NA> <NA> MAL <NA> <NA>\n"
    )
    assert main(["read-transcript", str(transcript)]) == 0
    assert capfd.readouterr().err == (
        f"{transcript}: format csv, 2 utterances, 0 words of their own; speakers: "
        "'KID = unknown' (1), 'MOT = unknown' (1); flags: 'unknown_speaker' (2)\n"
    )
    assert main(["read-transcript", str(transcript), "--rttm", str(rttm)]) == 0
    found = capfd.readouterr()
    assert "speakers: 'FEM = female_adult' (1); flags: 'no_speaker_turn' (1)" in found.err
    assert '"female_adult","FEM"' in found.out


def test_the_format_can_be_named(tmp_path, capfd):
    path = tmp_path / "t.csv"
    path.write_text("1\n00:00:01,000 --> 00:00:02,000\nlook\n")
    assert main(["read-transcript", str(path), "--format", "srt"]) == 0
    assert "format srt, 1 utterances" in capfd.readouterr().err
    assert main(["read-transcript", str(path), "--format", "csv"]) == 2
    assert "line 1: column 'start_time' is missing" in capfd.readouterr().err
    assert main(["read-transcript", str(path), "--format", "strt"]) == 2
    assert "format: found 'strt', allowed: auto, csv" in capfd.readouterr().err


def test_an_empty_transcript_is_said_to_be_empty(tmp_path, capfd):
    path = tmp_path / "t.srt"
    path.write_text(" \n")
    assert main(["read-transcript", str(path)]) == 0
    assert "t.srt: transcript empty" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["gone.csv"], "egoalign read-transcript: gone.csv: no such file"),
        (["gone.csv", "--rttm", "gone.rttm"], "gone.rttm: cannot be read; No such file"),
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
