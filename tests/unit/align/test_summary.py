"""The sessions together, and their numbers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pytest

from egoalign import cli
from egoalign.align.groups import groups
from egoalign.align.summary import summarise
from egoalign.config import AlignOptions, NullOptions
from egoalign.log import UserError
from egoalign.resample import auc
from egoalign.tables import (
    ALIGNMENT,
    METRICS,
    SCHEMES,
    SESSIONS,
    conform,
    read_table,
    write_table,
)
from tests.unit.align.made import random_session
from tests.unit.align.test_session import OPTIONS, odd_session, table_of

IDS = [("ann", "b1"), ("ann", "b2"), ("bo", "b1"), ("cy", "x")]


def session_tables(planted: float = 0.5) -> list[pa.Table]:
    tables = [
        table_of(random_session(20 + i, planted=planted, child_id=child, session_id=session))
        for i, (child, session) in enumerate(IDS[:-1])
    ]
    return [*tables, table_of(odd_session(child_id="cy", session_id="x"))]


def sessions_table(**further: list) -> pa.Table:
    """Return table sessions of `IDS`, with further columns of the lab's."""
    rows = [{"child_id": c, "session_id": s, "exclude": False} for c, s in IDS]
    table = conform(SESSIONS, rows)
    for name, values in further.items():
        table = table.append_column(name, pa.array(values))
    return table


def summary_of(table: pa.Table, options: AlignOptions = OPTIONS) -> list[dict]:
    return summarise(table, sessions_table(), options)[0]


def rows_by_name(rows: list[dict]) -> dict[tuple[str, str], dict]:
    return {(row["metric"], row["subset"]): row for row in rows}


def write_sessions(folder: Path, tables: list[pa.Table]) -> Path:
    for (child, session), table in zip(IDS, tables, strict=True):
        write_table(ALIGNMENT, table, folder / child / f"{session}.alignment.parquet")
    rows = [{"child_id": c, "session_id": s, "exclude": False} for c, s in IDS]
    # An excluded session is never aligned, so it has no file.
    rows.append({"child_id": "bo", "session_id": "b2", "exclude": True})
    write_table(SESSIONS, rows, folder / "sessions.parquet")
    return folder / "sessions.parquet"


def collect(folder: Path, sessions: Path) -> int:
    out, csv = folder / "all.parquet", folder / "all.csv"
    words = ["collect-alignment", "--quiet", "--sessions", sessions, "--folder", folder]
    return cli.main([str(word) for word in [*words, "--out", out, "--csv", csv]])


def test_all_sessions_in_order_and_nothing_lost(tmp_path: Path) -> None:
    tables = session_tables()
    assert collect(tmp_path, write_sessions(tmp_path, tables)) == 0
    together = read_table(ALIGNMENT, tmp_path / "all.parquet")
    assert together.equals(pa.concat_tables(tables))
    assert pq.read_schema(tmp_path / "all.parquet").metadata[b"egoalign_table"] == b"alignment"
    text = pa_csv.read_csv(tmp_path / "all.csv")
    assert text.num_rows == together.num_rows
    assert text.column_names == together.column_names


def test_missing_sessions_are_named(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    sessions = write_sessions(tmp_path, session_tables())
    (tmp_path / "bo" / "b1.alignment.parquet").unlink()
    assert collect(tmp_path, sessions) == 2
    message = capfd.readouterr().err
    assert "1 of 4 tables 'alignment' are missing" in message
    assert "bo/b1.alignment.parquet" in message.replace("\\", "/")
    assert not (tmp_path / "all.parquet").exists()


def test_summary_equals_its_definitions() -> None:
    table = pa.concat_tables(session_tables())
    options = AlignOptions(nulls=NullOptions(draws=OPTIONS.nulls.draws), cutoffs=[0.1, 0.25])
    rows = summary_of(table, options)
    conform(METRICS, rows)
    by_name = rows_by_name(rows)
    frame = table.to_pandas()
    for subset, part in (("all", frame), *frame.groupby("speaker")):
        name = subset if subset == "all" else f"speaker={subset}"
        score, draw = part["score_max"].dropna(), part["shuffled_draw"].dropna()
        paired = part.loc[draw.index]
        draws = options.nulls.draws
        own_auc = (paired["shuffled_percentile"] * (draws + 1) - 0.5) / draws
        expected = {
            "share_scored": part["score_max"].notna().mean(),
            "score_mean": score.mean(),
            "score_sd": score.std(),
            "null_mean": paired["shuffled_mean"].mean(),
            "difference": (paired["score_max"] - paired["shuffled_mean"]).mean(),
            "auc_within": own_auc.mean(),
            "auc_null": auc(paired["score_max"].to_numpy(), draw.to_numpy()),
            "share_above_0.1": (score > 0.1).mean(),
            "share_above_0.25": (score > 0.25).mean(),
            "null_share_above_0.1": (draw > 0.1).mean(),
            "share_above_null_p95": (paired["shuffled_percentile"] > 0.95).mean(),
        }
        for metric, value in expected.items():
            row = by_name[metric, name]
            assert row["estimate"] == pytest.approx(value, abs=1e-9), metric
            assert row["ci_low"] - 1e-9 <= value <= row["ci_high"] + 1e-9, metric
    assert by_name["score_mean", "all"]["n"] == frame["score_max"].notna().sum()
    assert by_name["null_mean", "all"]["n"] == frame["shuffled_mean"].notna().sum()
    assert "over 3 children" in by_name["score_mean", "all"]["interval"]
    # The third child has too few utterances for a null.
    assert "over 2 children" in by_name["auc_null", "all"]["interval"]


def test_what_is_planted_shows_and_what_is_not_does_not() -> None:
    with_truth = rows_by_name(summary_of(pa.concat_tables(session_tables(0.8))))
    without = rows_by_name(summary_of(pa.concat_tables(session_tables(0.0))))
    for metric in ("auc_null", "auc_within", "difference"):
        assert with_truth[metric, "all"]["ci_low"] > with_truth[metric, "all"]["chance"]
    assert abs(without["auc_within", "all"]["estimate"] - 0.5) < 0.08
    assert abs(without["share_above_null_p95", "all"]["estimate"] - 0.05) < 0.05


def test_one_child_is_resampled_by_session_and_one_session_by_utterance() -> None:
    tables = session_tables()
    two_sessions = rows_by_name(summary_of(pa.concat_tables(tables[:2])))
    assert "over 2 sessions" in two_sessions["score_mean", "all"]["interval"]
    one_session = rows_by_name(summary_of(tables[0]))
    assert "over 60 utterances" in one_session["score_mean", "all"]["interval"]


def test_nothing_scored_is_said_in_words(tmp_path: Path) -> None:
    made = odd_session()
    made.row["exclude"] = True
    table = table_of(made)
    write_table(ALIGNMENT, table, tmp_path / "a.parquet")
    words = ["summarise-alignment", "--quiet", "--alignment", tmp_path / "a.parquet"]
    write_table(SESSIONS, sessions_table(), tmp_path / "sessions.parquet")
    words += ["--sessions", tmp_path / "sessions.parquet"]
    words += ["--out", tmp_path / "s.parquet", "--csv", tmp_path / "s.csv"]
    words += ["--groups", tmp_path / "g.parquet", "--groups-csv", tmp_path / "g.csv"]
    assert cli.main([str(word) for word in words]) == 0
    rows = rows_by_name(read_table(METRICS, tmp_path / "s.parquet").to_pylist())
    read_table(METRICS, tmp_path / "g.parquet")
    assert rows["share_scored", "all"]["estimate"] == 0
    assert rows["score_mean", "all"]["estimate"] is None
    assert rows["score_mean", "all"]["note"] == "nothing to compute from"
    assert np.isnan(auc(np.zeros(0), np.ones(3)))


def test_every_scheme_is_summarised_by_its_definitions() -> None:
    """Columns of the corpus's schemes stand in for what draw-nulls gives."""
    frame = pa.concat_tables(session_tables()).to_pandas()
    rng = np.random.default_rng(2511)
    for number, scheme in enumerate(SCHEMES[1:]):
        has = frame["score_max"].notna() & (rng.random(len(frame)) < 0.8)
        frame[f"{scheme}_draw"] = rng.normal(0.01 * number, 0.1, len(frame))
        frame[f"{scheme}_mean"] = frame[f"{scheme}_draw"] / 2
        frame[f"{scheme}_difference"] = frame["score_max"] - frame[f"{scheme}_mean"]
        frame[f"{scheme}_percentile"] = rng.random(len(frame))
        columns = [c for c in frame if c.startswith(scheme) and not c.endswith("reason")]
        frame.loc[~has, columns] = np.nan
    table = conform(ALIGNMENT, pa.Table.from_pandas(frame, preserve_index=False))
    summary, by_group = summarise(table, sessions_table(), OPTIONS)
    conform(METRICS, summary)
    conform(METRICS, by_group)
    found = rows_by_name([*summary, *by_group])
    subsets = {"all": frame} | {
        f"session={child}/{session}": part
        for (child, session), part in frame.groupby(["child_id", "session_id"])
    }
    subsets |= {f"child={child}": part for child, part in frame.groupby("child_id")}
    for subset, part in subsets.items():
        for scheme in SCHEMES[1:]:
            pairs = part[part[f"{scheme}_draw"].notna()]
            expected = {
                "difference": pairs[f"{scheme}_difference"].mean(),
                "auc_null": auc(pairs["score_max"].to_numpy(), pairs[f"{scheme}_draw"].to_numpy()),
                "share_above_null_p95": (pairs[f"{scheme}_percentile"] > 0.95).mean(),
            }
            if scheme == "one_draw":
                del expected["share_above_null_p95"]
                assert ("one_draw_share_above_null_p95", subset) not in found
            for metric, value in expected.items():
                row = found[f"{scheme}_{metric}", subset]
                assert row["estimate"] == pytest.approx(value, abs=1e-9)
                assert row["n"] == len(pairs)
            assert f"{scheme}_jsd", subset in found
    row = found["shift_difference", "session=ann/b1"]
    assert (row["ci_low"], row["interval"]) == (None, None)
    assert row["note"] == "one session: its utterances are not independent, so no interval"
    assert "over 2 sessions" in found["shift_difference", "child=ann"]["interval"]


def test_schemes_that_were_never_tried_have_no_rows() -> None:
    table = session_tables()[0]
    metrics = {row["metric"] for row in summary_of(table)}
    assert "shift_difference" in metrics
    assert not any(name.startswith(("anyone", "one_draw")) for name in metrics)
    options = AlignOptions(nulls=NullOptions(schemes=["shuffled"]))
    assert not any(row["metric"].startswith("shift") for row in summary_of(table, options))


def test_few_children_are_said_to_be_few() -> None:
    (row, *_) = summary_of(pa.concat_tables(session_tables()))
    assert row["note"] == "only 3 children: the interval is likely too narrow"


def test_groups_hold_every_utterance_once() -> None:
    table = pa.concat_tables(session_tables())
    n = table.num_rows
    ages = table["age_days"].to_numpy().copy()
    ages[:60], ages[60:70] = 13 * 30.4375, np.nan
    place = table.schema.get_field_index("age_days")
    table = table.set_column(place, "age_days", pa.array(ages, from_pandas=True))
    sessions = sessions_table(room=["kitchen", None, "kitchen", "hall"], visit=[1, 2, 2, 1])
    names = ["child", "session", "age", "room", "visit"]
    found = dict(groups(table, sessions, names, [6.0, 12.0, 13.0, 13.1]))
    for name in ("child", "session", "age_months", "room", "visit"):
        rows = np.concatenate([r for label, r in found.items() if label.startswith(f"{name}=")])
        assert np.array_equal(np.sort(rows), np.arange(n)), name
    assert list(found) == [
        *("child=ann", "child=bo", "child=cy"),
        *("session=ann/b1", "session=ann/b2", "session=bo/b1", "session=cy/x"),
        *("age_months=13-13.1", "age_months=>=13.1", "age_months=unknown"),
        *("room=hall", "room=kitchen", "room=unknown", "visit=1", "visit=2"),
    ]
    assert np.array_equal(found["age_months=13-13.1"], np.arange(60))
    assert found["age_months=unknown"].size == 10
    assert set(table.take(found["room=kitchen"])["session_id"].to_pylist()) == {"b1"}
    assert found["room=unknown"].size == 60
    with pytest.raises(UserError) as error:
        list(groups(table, sessions, ["rooms"], [6.0]))
    assert str(error.value) == (
        "align.groups: no column 'rooms' in the corpus tables; expected child, session, age or one "
        "of age_days, sex, exclude, exclude_reason, room, visit"
    )
