"""One merged token table, split by session: matching, scattered rows, bounded memory, faults."""

from __future__ import annotations

import csv
import logging
import random
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pytest

from egoalign.cli import main
from egoalign.config import TranscriptsOptions
from egoalign.log import UserError
from egoalign.transcripts import merged
from egoalign.transcripts.babyview_tokens import read_babyview_tokens
from egoalign.transcripts.merged import split_transcripts

CHILDREN = "child_id\tage_days\nC1\t300\nC2\t400\n"
SESSIONS = (
    "child_id\tsession_id\tvideo\tsource_name\texclude\texclude_reason\n"
    "C1\ts1\ta/one.mp4\tC1_2031-05-01_1_recAAAA\t\t\n"
    "C1\ts2\ta/GX010002.MP4\t\t\t\n"
    "C2\ts3\tb/three.mp4\t\t\t\n"
    "C2\ts4\tb/four_rotated.mp4\t\t\t\n"
    "C2\ts5\tb/five.mp4\tlong_name_5\tyes\tno consent\n"
)
RECORDINGS = {
    "C1_2031-05-01_1_recAAAA": ("C1", "s1"),
    "GX010002_processed": ("C1", "s2"),
    "four": ("C2", "s4"),
}


def token(video_id: str | None, utterance: int, word: int) -> dict:
    start = utterance + word / 4
    return {
        "": "index",
        "video_id": video_id,
        "utterance_id": utterance,
        "utterance": f'so, "{video_id}" says\n{utterance}',
        "token_num": word,
        "token_start_time": start,
        "token_end_time": start + 0.25,
        "speaker": "FEM",
        "score": 0.5,
        "spacy_token_text": f"w{word}",
        "spacy_pos": "NOUN",
        "spacy_is_alpha": True,
        "lemma": "w",
        "dep": "ROOT",
    }


def table(scattered: bool = True, n_utterances: int = 20) -> pa.Table:
    names = [*RECORDINGS, "long_name_5", "nobody", None]
    rows = [token(name, u, w) for name in names for u in range(n_utterances) for w in range(3)]
    if scattered:
        random.Random(7).shuffle(rows)
    return pa.Table.from_pylist(rows)


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    (tmp_path / "children.tsv").write_text(CHILDREN, encoding="utf-8")
    (tmp_path / "sessions.tsv").write_text(SESSIONS, encoding="utf-8")
    return tmp_path


def split(corpus: Path, file: str) -> merged.Split:
    return split_transcripts(
        corpus / file, corpus / "children.tsv", corpus / "sessions.tsv", corpus, corpus / "out"
    )


def words_of(path: Path) -> list[tuple]:
    """Return the utterances of a session's file, with its own reader."""
    text = path.read_bytes().decode()
    found = read_babyview_tokens(text, str(path), TranscriptsOptions())
    return sorted(
        (float(s.utterance_id or ""), s.start_s, s.end_s, s.text, [w.token for w in s.words])
        for s in found
    )


def written(corpus: Path, kind: str, data: pa.Table) -> str:
    if kind == "parquet":
        pq.write_table(data, corpus / "m.parquet", row_group_size=50)
    elif kind == "tsv":
        pa_csv.write_csv(data, corpus / "m.tsv", pa_csv.WriteOptions(delimiter="\t"))
    else:
        with (corpus / f"m.{kind}").open("w", encoding=kind if kind == "utf-16" else "utf-8-sig",
                                         newline="") as stream:  # fmt: skip
            writer = csv.DictWriter(stream, data.column_names)
            writer.writeheader()
            writer.writerows(data.to_pylist())
    return f"m.{kind}"


@pytest.mark.parametrize("kind", ["parquet", "csv", "tsv", "utf-16"])
def test_every_row_goes_to_its_session_or_is_counted(corpus, kind, caplog, monkeypatch):
    monkeypatch.setattr(merged, "BATCH_ROWS", 37)
    monkeypatch.setattr(merged, "BLOCK_BYTES", 4096)
    monkeypatch.setattr(merged, "BUFFER_BYTES", 2000)
    monkeypatch.setattr(logging.getLogger("egoalign"), "propagate", True)
    with caplog.at_level(logging.DEBUG, logger="egoalign"):
        found = split(corpus, written(corpus, kind, table()))
    assert found.placed == dict.fromkeys(RECORDINGS.values(), 60)
    assert found.excluded == 60
    assert found.unmatched == {"nobody": 60, "": 60}
    for name, (child_id, session_id) in RECORDINGS.items():
        assert words_of(corpus / "out" / child_id / f"{session_id}.csv") == [
            (u, float(u), u + 0.75, f'so, "{name}" says\n{u}', ["w0", "w1", "w2"])
            for u in range(20)
        ]
    for rest in ("C2/s3.csv", "C2/s5.csv"):
        assert words_of(corpus / "out" / rest) == []
    files = sorted(path.name for path in (corpus / "out").rglob("*") if path.is_file())
    assert files == ["s1.csv", "s2.csv", "s3.csv", "s4.csv", "s5.csv"]
    assert "120 rows of 2 recordings fit no session: '', 'nobody'" in caplog.text
    assert "video_id 'nobody' fits no session: 60 rows" in caplog.text


def test_clock_times_in_csv_stay_as_written(corpus):
    (corpus / "m.csv").write_text(
        "video_id,utterance_id,utterance,token,token_start_time,token_end_time\n"
        "three,0,hi,hi,00:01:47,00:01:48\n",
        encoding="utf-8",
    )
    split(corpus, "m.csv")
    assert words_of(corpus / "out/C2/s3.csv") == [(0.0, 107.0, 108.0, "hi", ["hi"])]


def test_no_more_rows_wait_in_memory_than_allowed(monkeypatch):
    monkeypatch.setattr(merged, "BUFFER_BYTES", 1000)
    taken = 0

    def parts():
        nonlocal taken
        for index in range(500):
            taken += 100
            yield ("c", f"s{index % 7}"), b"x" * 100

    given = 0
    for _, rows in merged._buffered(parts()):
        given += len(rows)
        assert taken - given <= 1000
    assert given == taken == 50_000


def sessions_error(corpus: Path, sessions: str, *names: str) -> str:
    (corpus / "sessions.tsv").write_text(sessions, encoding="utf-8")
    pq.write_table(
        pa.Table.from_pylist([token(name, 0, 0) for name in names]), corpus / "m.parquet"
    )
    with pytest.raises(UserError) as caught:
        split(corpus, "m.parquet")
    assert not list((corpus / "out").rglob("*.csv"))
    return str(caught.value)


def test_a_name_that_fits_several_sessions_is_refused(corpus):
    sessions = "child_id\tsession_id\tvideo\nC1\tday1\ta.mp4\nC2\tday1\tb.mp4\n"
    assert sessions_error(corpus, sessions, "a", "day1") == (
        "video_id 'day1' fits several sessions (C1/day1, C2/day1); give each its own source_name "
        "in sessions.tsv"
    )


def test_two_recordings_for_one_session_are_refused(corpus):
    assert sessions_error(corpus, SESSIONS, "three", "three_processed") == (
        "video_id 'three' and 'three_processed' both fit session C2/s3; keep the rows of one in "
        "the merged table"
    )


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"video_id,utterance_id,utterance,token_start_time\n",
         "m: column 'token_end_time' is missing; columns found: "),
        (b"video_id,utterance_id,utterance,token_start_time,token_end_time,video_id\n",
         "m: column 'video_id' stands there twice"),
        (b"video_id,utterance_id,utterance,token_start_time,token_end_time\nv,0,a,1,2\nv,0,a\n",
         "m: cannot be read; "),
        (b"video_id,utterance_id,utterance,token_start_time,token_end_time\nv,0,\xff\xe9,1,2\n",
         "m: cannot be read; "),
        (b"PAR1 and nothing more", "m: cannot be read; "),
        (b"", "m: column 'video_id' is missing; "),
    ],
)  # fmt: skip
def test_a_malformed_table_is_named_and_nothing_is_written(corpus, content, message):
    (corpus / "m").write_bytes(content)
    with pytest.raises(UserError) as caught:
        split(corpus, "m")
    assert str(caught.value).startswith(f"{corpus}/{message}")
    assert "\n" not in str(caught.value)
    assert not (corpus / "out").exists() or not any(p.is_file() for p in corpus.glob("out/**/*"))


def test_a_table_that_is_cut_off_gives_one_line(corpus):
    name = written(corpus, "parquet", table())
    whole = (corpus / name).read_bytes()
    for length in range(4, len(whole), len(whole) // 20):
        (corpus / name).write_bytes(whole[:length])
        with pytest.raises(UserError, match="cannot be read"):
            split(corpus, name)


def test_the_command_writes_the_files(corpus, capsys):
    pq.write_table(table(), corpus / "m.parquet")
    options = {"merged": "m.parquet", "children": "children.tsv", "sessions": "sessions.tsv",
               "root": ".", "out": "out"}  # fmt: skip
    arguments = [part for name, file in options.items() for part in (f"--{name}", corpus / file)]
    assert main(["split-transcripts", *map(str, arguments)]) in (0, None)
    assert len(words_of(corpus / "out/C1/s1.csv")) == 20
    assert "fit no session" in capsys.readouterr().err
