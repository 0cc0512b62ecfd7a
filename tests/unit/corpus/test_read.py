"""The corpus tables: what is read, and every message about what is wrong."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from egoalign.config import CorpusOptions
from egoalign.corpus.files import missing_files
from egoalign.corpus.read import (
    ROW_KEYS,
    join_paths,
    open_corpus,
    parse_row,
    read_corpus,
    split_paths,
)
from egoalign.log import UserError

CHILDREN = "child_id\tbirth_date\tsex\nK01\t2023-01-01\tfemale\nK02\t\tmale\n"
SESSIONS = "child_id\tsession_id\tvideo\nK01\ta\tv/a.mp4\n"


@pytest.fixture
def read(tmp_path: Path):
    def read_texts(sessions: str | bytes = SESSIONS, children: str | bytes = CHILDREN):
        for name, text in (("children.tsv", children), ("sessions.tsv", sessions)):
            data = text.encode() if isinstance(text, str) else text
            (tmp_path / name).write_bytes(data)
        return read_corpus(tmp_path / "children.tsv", tmp_path / "sessions.tsv", tmp_path)

    return read_texts


@pytest.fixture
def problems(read, tmp_path: Path):
    def problems_of(*args: str | bytes, **kwargs: str | bytes) -> list[str]:
        with pytest.raises(UserError) as caught:
            read(*args, **kwargs)
        lines = str(caught.value).replace(f"{tmp_path}/", "").split("\n  ")
        count = len(lines) - 1
        assert lines[0] == (
            f"children.tsv, sessions.tsv: {count} problem{'s' if count > 1 else ''}"
        )
        return lines[1:]

    return problems_of


def test_a_session_becomes_the_row_of_its_jobs(read):
    corpus = read(
        "child_id\tsession_id\tvideo\ttranscript\ttranscript_offset_s\trecording_date\texclude\t"
        "exclude_reason\texclude_intervals\tsource_name\troom\n"
        "# a comment\n"
        "\n"
        "K01\ta.1\tv/a.mp4;v/b.mp4\tt/a.csv\t-0.5\t2024-01-01\tYes\tbroken\t12-30;95.5-100\tA: 1\t"
        "kitchen\n"
        "K02\tb\tv/c.mp4\n"
    )
    first, second = corpus.sessions
    assert first.row() == {
        "child_id": "K01",
        "session_id": "a.1",
        "video": ["v/a.mp4", "v/b.mp4"],
        "transcript": "t/a.csv",
        "rttm": None,
        "transcript_offset_s": -0.5,
        "age_days": 365.0,
        "exclude": True,
        "exclude_reason": "broken",
        "exclude_intervals": [[12.0, 30.0], [95.5, 100.0]],
        "source_name": "A: 1",
    }
    assert first.recording_date == date(2024, 1, 1)
    assert first.extra == {"room": "kitchen"}
    assert first.files() == ("v/a.mp4", "v/b.mp4", "t/a.csv")
    assert second.row() == {
        "child_id": "K02",
        "session_id": "b",
        "video": ["v/c.mp4"],
        "transcript": None,
        "rttm": None,
        "transcript_offset_s": 0.0,
        "age_days": None,
        "exclude": False,
        "exclude_reason": None,
        "exclude_intervals": [],
        "source_name": None,
    }
    assert second.extra == {"room": ""}


def test_ages_come_from_the_session_the_dates_or_the_child(read):
    corpus = read(
        "child_id\tsession_id\tvideo\tage_days\trecording_date\n"
        "K01\ta\ta.mp4\t\t2024-01-01\nK01\tb\tb.mp4\t500.5\t\nK02\tc\tc.mp4\tNA\t2024-01-01\n",
        "child_id\tbirth_date\tage_days\nK01\t2023-01-01\t\nK02\t\t200\n",
    )
    assert [session.age_days for session in corpus.sessions] == [365.0, 500.5, 200.0]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_byte_order_mark_line_ends_and_quotes_are_read(read, end):
    text = '\ufeff"child_id"\t"session_id"\t"video"\nK01\ta\t"v ""1"".mp4"\n'.replace("\n", end)
    assert read(text).sessions[0].videos == ('v "1".mp4',)


@pytest.mark.parametrize(
    "paths", [("a.mp4",), ("a;b.mp4", "c.mp4"), ("x: 5;19pm.MP4", "two\nlines.mp4")]
)
def test_paths_survive_their_cell(paths):
    assert split_paths(join_paths(paths)) == paths


def test_tables_without_rows_are_read(read):
    assert read("child_id\tsession_id\tvideo\n", "child_id\n").sessions == []


@pytest.mark.parametrize(
    ("sessions", "message"),
    [
        (
            "",
            "sessions.tsv: empty; expected a first line with the columns child_id, session_id,"
            " video",
        ),
        (
            "child_id,session_id,video\n",
            "sessions.tsv, line 1: columns are parted by commas, expected tabs; save it as TSV",
        ),
        (
            "child_id\tsession_id\n",
            "sessions.tsv, line 1: column 'video' is missing; columns found: child_id, session_id",
        ),
        (
            "child_id\tsesion_id\tvideo\n",
            "sessions.tsv, line 1: sesion_id: did you mean session_id?",
        ),
        (
            "child_id\tsession_id\tvideo\ttranscripts\n",
            "sessions.tsv, line 1: transcripts: did you mean transcript?",
        ),
        ("child_id\tsession_id\tvideo\t\n", "sessions.tsv, line 1: a column has no name"),
        (
            "child_id\tsession_id\tvideo\tvideo\n",
            "sessions.tsv, line 1: column 'video' stands there twice",
        ),
        (
            "child_id\tsession_id\tvideo\tsex\nK01\ta\ta.mp4\tf\n",
            "sessions.tsv, line 2: column 'sex' is a column of the table of children too; "
            "rename it or drop it",
        ),
    ],
)
def test_wrong_headers_are_named(problems, sessions, message):
    assert problems(sessions) == [message]


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("child_id", "K03", "child_id 'K03' is not in the table of children; did you mean 'K02'?"),
        (
            "child_id",
            "zebra",
            "child_id 'zebra' is not in the table of children; add it to the table of children",
        ),
        ("session_id", "", "session_id '' is empty; give an id"),
        (
            "session_id",
            "a b",
            "session_id 'a b' is no id: use letters A-Z a-z, digits, '.', '_' "
            "and '-', beginning with a letter or digit and not ending in '.'; the lab's own name "
            "may stand in source_name",
        ),
        ("session_id", "a.CSV", "session_id 'a.CSV' ends like a table; leave out '.CSV'"),
        (
            "session_id",
            "a" * 101,
            f"session_id {'a' * 101!r} has 101 characters; at most 100 are allowed",
        ),
        (
            "transcript_offset_s",
            "1,5",
            "transcript_offset_s: found '1,5', expected a number such as 412.5",
        ),
        ("age_days", "nan", "age_days: found 'nan', expected a number such as 412.5"),
        ("age_days", "-3", "an age of -3 days; expected 0 to 7305 (20 years), in days"),
        ("age_days", "9000", "an age of 9000 days; expected 0 to 7305 (20 years), in days"),
        (
            "recording_date",
            "2024-02-30",
            "recording_date: found '2024-02-30', expected a day such as 2024-01-31",
        ),
        (
            "recording_date",
            "20240105",
            "recording_date: found '20240105', expected a day such as 2024-01-31",
        ),
        (
            "recording_date",
            "2022-12-31",
            "recording_date 2022-12-31 lies before the child's birth_date 2023-01-01",
        ),
        ("exclude", "maybe", "exclude: found 'maybe', expected yes or no"),
        ("exclude", "yes", "exclude is yes, but exclude_reason is empty; say why"),
        (
            "exclude_reason",
            "dark",
            "exclude_reason is given, but exclude is not yes; write yes or delete it",
        ),
        (
            "exclude_intervals",
            "12:30",
            "exclude_intervals: found '12:30', expected seconds as in 12-30;95.5-100",
        ),
        ("exclude_intervals", "1-2;30-12", "exclude_intervals: '30-12' ends before it starts"),
    ],
)
def test_each_wrong_cell_is_named(problems, column, value, message):
    row = {"child_id": "K01", "session_id": "a", "video": "a.mp4", column: value}
    text = "\t".join(row) + "\n" + "\t".join(row.values()) + "\n"
    assert problems(text) == [f"sessions.tsv, line 2: {message}"]


def test_contradictory_ages_are_named(problems):
    assert problems(
        "child_id\tsession_id\tvideo\trecording_date\tage_days\n"
        "K01\ta\ta.mp4\t2024-01-01\t300\n"
        "K02\tb\tb.mp4\t2024-02-01\t400\n"
        "K02\tc\tc.mp4\t2024-01-01\t420\n"
    ) == [
        "sessions.tsv, line 2: age_days is 300, but birth_date and recording_date give 365; mend "
        "one or leave age_days empty",
        "sessions.tsv, line 3: age_days 400 on 2024-02-01 is less than 420 on 2024-01-01 "
        "(sessions.tsv, line 4); ages of one child must rise with recording_date",
    ]


def test_all_problems_of_both_tables_come_at_once(problems):
    assert problems(
        SESSIONS + "K01\ta\tx.mp4\nK01\tA\ty.mp4\nK02\ta\tz.mp4\tmore\n",
        "child_id\tbirth_date\tvideo\nK01\t2023-13-01\t\nk01\t\t\nK01\t\t\n",
    ) == [
        "sessions.tsv, line 5: 4 cells, expected 3 as in the header",
        "children.tsv, line 2: birth_date: found '2023-13-01', expected a day such as 2024-01-31",
        "children.tsv, line 3: child_id 'k01' differs from 'K01' (children.tsv, line 2) in upper "
        "and lower case only; some file systems cannot tell them apart",
        "children.tsv, line 4: child_id 'K01' stands there twice, first in children.tsv, line 2",
        "sessions.tsv, line 3: session_id 'a' stands there twice, first in sessions.tsv, line 2",
        "sessions.tsv, line 4: session_id 'A' differs from 'a' (sessions.tsv, line 2) in upper "
        "and lower case only; some file systems cannot tell them apart",
        "children.tsv, line 2: column 'video' belongs in the table of sessions",
    ]


def test_an_open_quotation_mark_is_named(problems):
    assert problems(SESSIONS + 'K01\tb\t"b.mp4\nK01\tc\tc.mp4\n') == [
        "sessions.tsv, line 3: a quotation mark is opened and not closed in its cell"
    ]


def test_a_table_that_cannot_be_read_is_named(read, tmp_path):
    with pytest.raises(
        UserError, match=r"sessions.tsv, line 2: not UTF-8; save the table as UTF-8"
    ):
        read(b"child_id\tsession_id\tvideo\nK01\ta\t\xe9.mp4\n")
    with pytest.raises(UserError, match=r"none.tsv: cannot be read \(No such file or directory\)"):
        read_corpus(tmp_path / "none.tsv", tmp_path / "sessions.tsv")


def test_missing_files_are_listed_but_those_of_excluded_sessions(read, tmp_path):
    (tmp_path / "there.mp4").touch()
    corpus = read(
        "child_id\tsession_id\tvideo\ttranscript\texclude\texclude_reason\n"
        "K01\ta\tthere.mp4\tgone.csv\nK01\tb\tgone.mp4\t\tyes\tdark\nK02\tc\tgone.mp4\n"
    )
    assert missing_files(corpus) == [
        "K01/a: 'gone.csv' is not there",
        "K02/c: 'gone.mp4' is not there",
    ]


def test_a_row_comes_back_from_its_json():
    row = dict.fromkeys(ROW_KEYS)
    assert parse_row(json.dumps(row)) == row


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "--row: not JSON"),
        ("[]", r"--row: found '\[\]', expected an object with child_id"),
        ('{"child_id": "a"}', "--row: session_id, video, transcript, .* missing"),
    ],
)
def test_a_row_given_by_hand_is_checked(text, message):
    with pytest.raises(UserError, match=message):
        parse_row(text)


def test_the_keys_of_a_row_are_those_that_sessions_have(tmp_path):
    (tmp_path / "c.tsv").write_text("child_id\nK1\n")
    (tmp_path / "s.tsv").write_text("child_id\tsession_id\tvideo\nK1\ts1\ta.mp4\n")
    corpus = read_corpus(tmp_path / "c.tsv", tmp_path / "s.tsv", tmp_path)
    assert tuple(corpus.sessions[0].row()) == ROW_KEYS


@pytest.mark.parametrize("cell", ["", "NA", ";"])
def test_a_session_may_have_no_video(tmp_path, cell):
    (tmp_path / "c.tsv").write_text("child_id\nK1\n")
    (tmp_path / "s.tsv").write_text(f"child_id\tsession_id\tvideo\nK1\ts1\t{cell}\n")
    corpus = read_corpus(tmp_path / "c.tsv", tmp_path / "s.tsv", tmp_path)
    assert corpus.sessions[0].videos == ()
    assert corpus.sessions[0].row()["video"] == []
    assert missing_files(corpus) == []


def test_embeddings_are_looked_for_once_a_model(tmp_path):
    (tmp_path / "c.tsv").write_text("child_id\nK1\n")
    (tmp_path / "s.tsv").write_text("child_id\tsession_id\tvideo\nK1\ts1\t{model}/a.npy\n")
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "a.npy").touch()
    corpus = read_corpus(tmp_path / "c.tsv", tmp_path / "s.tsv", tmp_path)
    assert corpus.sessions[0].files(["b", "c"]) == ("b/a.npy", "c/a.npy")
    assert missing_files(corpus, ["b", "c"]) == ["K1/s1: 'c/a.npy' is not there"]


@pytest.fixture
def outside(tmp_path: Path):
    """A root with one video in it, and what open_corpus says of a session with some other path."""
    root = tmp_path / "root"
    (root / "v").mkdir(parents=True)
    (root / "v/a.mp4").touch()
    (tmp_path / "secret.mp4").touch()
    (root / "v/link.mp4").symlink_to(tmp_path / "secret.mp4")
    (root / "v/inner.mp4").symlink_to("a.mp4")
    (root / "up").symlink_to(tmp_path)
    (tmp_path / "roots").mkdir()
    (tmp_path / "children.tsv").write_text(CHILDREN)

    def opened(video: str, column: str = "video", **options: bool):
        cells = {"video": "v/a.mp4", "transcript": "", "rttm": ""} | {column: video}
        (tmp_path / "sessions.tsv").write_text(
            "\t".join(["child_id", "session_id", *cells]) + "\n"
            + "\t".join(["K01", "a", *cells.values()]) + "\n"
        )  # fmt: skip
        tables = {name: str(tmp_path / f"{name}.tsv") for name in ("children", "sessions")}
        return open_corpus(CorpusOptions(**tables, root=str(root), **options))

    return opened


@pytest.mark.parametrize("column", ["video", "transcript", "rttm"])
@pytest.mark.parametrize(
    "name", ["../secret.mp4", "{tmp}/secret.mp4", "v/link.mp4", "up/secret.mp4", "..", "../roots/x"]
)
def test_paths_outside_the_root_are_refused_unless_allowed(outside, tmp_path, column, name):
    name = name.replace("{tmp}", str(tmp_path))
    with pytest.raises(UserError) as caught:
        outside(name, column)
    first, second = str(caught.value).split("\n  ")
    assert first == (
        f"{tmp_path}/sessions.tsv: paths outside corpus.root ({tmp_path}/root); set corpus.root to "
        "a folder that holds them, or corpus.allow_outside_root: true"
    )
    assert second.startswith(f"K01/a: {name!r} is '{tmp_path}")
    assert outside(name, column, allow_outside_root=True).sessions


@pytest.mark.parametrize(
    "name", ["v/a.mp4", "v/gone.mp4", "v/inner.mp4", "{tmp}/root/v/a.mp4", "v/../v/a.mp4", "v/..x"]
)
def test_paths_that_end_within_the_root_are_taken(outside, tmp_path, name):
    assert outside(name.replace("{tmp}", str(tmp_path))).sessions


def test_a_message_names_ten_paths_outside_at_most(outside):
    with pytest.raises(UserError) as caught:
        outside(";".join(f"../{k}.mp4" for k in range(12)))
    lines = str(caught.value).split("\n  ")
    assert len(lines) == 12
    assert lines[-1] == "... and 2 more"
