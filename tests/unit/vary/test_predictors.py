"""Predictors of utterances and words, from the tables of a corpus to those of models."""

from __future__ import annotations

import json
import math

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from egoalign.config import PredictorsOptions, StatisticalModel, VaryOptions
from egoalign.log import UserError
from egoalign.tables import (
    ALIGNMENT,
    PREDICTORS_DESCRIBED,
    UTTERANCE_PREDICTORS,
    UTTERANCE_TABLE,
    WORD_ALIGNMENT,
    WORD_PREDICTORS,
    WORD_TABLE,
    conform,
    read_table,
    write_table,
)
from egoalign.vary.gather import gather_given_predictors, gather_predictors
from egoalign.vary.models import unit_table
from egoalign.vary.predictors import clock_hours, mean_ages
from egoalign.vary.table import (
    ALIGNMENT_COLUMNS,
    WORD_COLUMNS,
    read_word_alignment,
    utterance_table,
    word_table,
)
from tests.unit.vary.spoken import Said, Spoken, write_corpus

DAYS = 30.4375
PLACE = {"began_at": "23:30", "room": "kitchen", "light": 3}

SESSIONS = (
    Spoken(
        "A",
        "s1",
        10 * DAYS,
        (
            Said(10.0, 12.0, ["ball", "want"], 4),
            Said(50.0, 51.0, ["ball", None]),
            Said(None, None, [], 1),
            Said(120.0, 121.0, ["moon"], 2, flags="other_language"),
        ),
        columns=PLACE,
    ),
    Spoken(
        "A", "s2", 14 * DAYS, (Said(1.0, 2.0, ["ball"]),), None, columns={**PLACE, "light": None}
    ),
    Spoken("A", "s3", 90 * DAYS, (Said(1.0, 2.0, ["ball"] * 9),), exclude=True, columns=PLACE),
    Spoken("B", "s1", None, (Said(0.0, 3.0, ["dog"], 5),), columns={**PLACE, "began_at": None}),
)


@pytest.fixture(autouse=True)
def beside(tmp_path):
    """Norms and clips in the folder of the test."""
    (tmp_path / "norms.csv").write_text(
        "word,concreteness,familiarity\nball,5,7\nwant,2,\ndog,4,6\n"
    )
    (tmp_path / "clips.csv").write_text(
        "child_id,session_id,start_s,end_s,room\nA,s1,0,20,hall\nA,s2,50,60,hall\n"
    )


def options_of(tmp_path, **changed):
    norms = {"concreteness": "concreteness", "familiarity": "familiarity"}
    values = {
        "session_columns": ["room", "light"],
        "time_of_day": "began_at",
        "context": {"path": str(tmp_path / "clips.csv"), "columns": ["room"]},
        "norms": [{"path": str(tmp_path / "norms.csv"), "word": "word", "columns": norms}],
        "general_frequency": None,
    }
    return json.dumps(values | changed)


def gather(tmp_path, sessions=SESSIONS, **changed):
    """Return tables utterance_predictors, word_predictors and predictors_described."""
    paths = write_corpus(tmp_path, sessions)
    out = {name: tmp_path / f"{name}.parquet" for name in ("utterances", "words", "described")}
    gather_predictors(
        paths["sessions"],
        paths["transcripts"],
        paths["video"],
        options_of(tmp_path, **changed),
        out["utterances"],
        out["words"],
        (out["described"], tmp_path / "described.csv"),
    )
    return (
        read_table(UTTERANCE_PREDICTORS, out["utterances"]),
        read_table(WORD_PREDICTORS, out["words"]),
        read_table(PREDICTORS_DESCRIBED, out["described"]),
    )


def test_utterances_have_their_session_and_time(tmp_path):
    rows = gather(tmp_path)[0].to_pylist()
    assert [(row["child_id"], row["session_id"], row["utterance_id"]) for row in rows] == [
        *(("A", "s1", f"u0000{k}") for k in range(4)),
        ("A", "s2", "u00000"),
        ("B", "s1", "u00000"),
    ]
    first = rows[0]
    # The excluded session does not count: (10 + 14) / 2, each session once.
    assert first["age_months"] == pytest.approx(10)
    assert first["age_between"] == pytest.approx(12)
    assert first["age_within"] == pytest.approx(-2)
    assert rows[4]["age_within"] == pytest.approx(2)
    assert rows[5]["age_between"] is None
    assert rows[5]["age_within"] is None
    assert (first["duration_s"], first["n_words"], first["speaker"]) == (2.0, 4, "female_adult")
    assert (first["position"], first["minutes"]) == (0.1, pytest.approx(10 / 60))
    assert first["time_of_day_h"] == pytest.approx(23.5 + 10 / 3600)
    untimed, outside, lengthless = rows[2], rows[3], rows[4]
    timed = ("duration_s", "position", "minutes", "time_of_day_h")
    assert all(untimed[name] is None for name in timed)
    assert outside["position"] is None
    assert outside["minutes"] == 2.0
    assert lengthless["position"] is None
    assert rows[5]["time_of_day_h"] is None


def test_clock_goes_round_at_midnight(tmp_path):
    late = Spoken("A", "s1", 1.0, (Said(3600.0, 3601.0),), 7200.0, columns=PLACE)
    assert gather(tmp_path, [late])[0]["time_of_day_h"].to_pylist() == [pytest.approx(0.5)]


def test_a_clip_goes_before_the_session(tmp_path):
    table = gather(tmp_path)[0]
    assert table["room"].to_pylist() == ["hall", *["kitchen"] * 5]
    assert table["light"].to_pylist() == [3, 3, 3, 3, None, 3]
    assert table.schema.field("light").type == pa.int64()


def test_a_clip_of_another_type_makes_text_or_numbers_of_both(tmp_path):
    (tmp_path / "clips.csv").write_text(
        "child_id,session_id,start_s,end_s,room,light\nA,s1,0,20,7,0.5\n"
    )
    context = {"path": str(tmp_path / "clips.csv"), "columns": ["room", "light"]}
    table = gather(tmp_path, context=context)[0]
    assert table["room"].to_pylist()[:2] == ["7", "kitchen"]
    assert table["light"].to_pylist()[:2] == [0.5, 3.0]


def test_words_have_numbers_and_no_words(tmp_path):
    words = gather(tmp_path)[1]
    rows = words.to_pylist()
    # ball 3 times; dog, moon and want once each, by alphabet.
    ids = ["l00000", "l00003", "l00000", None, "l00002", "l00000", "l00001"]
    assert words["lemma_id"].to_pylist() == ids
    assert words["concreteness"].to_pylist() == [5, 2, 5, None, None, 5, 4]
    assert words["familiarity"].to_pylist() == [7, None, 7, None, None, 7, 6]
    # The words of the utterance in another language are not of the corpus: 4 + 3 + 1 + 3 + 5.
    assert rows[0]["log_freq"] == pytest.approx(math.log10(4 / (16 + 4)) + 9)
    assert rows[0]["log_freq_others"] == pytest.approx(math.log10(1 / (5 + 1)) + 9)
    assert rows[6]["log_freq_others"] == pytest.approx(math.log10(1 / (11 + 3)) + 9)
    assert rows[3]["part_of_speech"] is None
    assert rows[0]["part_of_speech"] == "NOUN"
    texts = str(words.to_pydict())
    assert not any(word in texts for word in ("ball", "dog", "want", "moon", "secret"))


@pytest.mark.parametrize(
    ("missing", "familiarity"),
    [("skip", [7, 7, None, None, 7, 6]), ("missing", [None, 7, None, None, 7, 6])],
)
def test_means_are_over_the_words_that_have_a_value(tmp_path, missing, familiarity):
    table = gather(tmp_path, missing_norms=missing)[0]
    assert table["n_content_words"].to_pylist() == [2, 1, 0, 1, 1, 1]
    assert table["mean_concreteness"].to_pylist() == [3.5, 5, None, None, 5, 4]
    assert table["n_concreteness"].to_pylist() == [2, 1, 0, 0, 1, 1]
    assert table["mean_familiarity"].to_pylist() == familiarity
    assert table["n_general_log_freq"].to_pylist() == [0] * 6


def test_every_predictor_is_described(tmp_path):
    utterances, words, described = gather(tmp_path)
    rows = {(row["unit"], row["name"]): row for row in described.to_pylist()}
    names = [("utterance", n) for n in utterances.column_names if n not in ALIGNMENT.key]
    names += [("word", n) for n in words.column_names if n not in WORD_PREDICTORS.key]
    assert list(rows) == names
    assert all(row["meaning"] and row["transformation"] and row["source"] for row in rows.values())
    for (unit, name), row in rows.items():
        column = (utterances if unit == "utterance" else words)[name]
        assert (row["n"], row["n_missing"]) == (len(column) - column.null_count, column.null_count)
        assert row["n_missing"] == 0 or row["missing_means"]
        if row["n"] and not pa.types.is_string(column.type):
            values = column.drop_null().cast(pa.float64()).to_numpy()
            assert row["mean"] == pytest.approx(values.mean())
            assert row["sd"] == pytest.approx(values.std(ddof=1) if len(values) > 1 else None)
            assert (row["least"], row["greatest"]) == (values.min(), values.max())
    assert rows["utterance", "room"]["levels"] == "kitchen (5); hall (1)"
    assert rows["word", "lemma_id"]["n_levels"] == 4
    csv = (tmp_path / "described.csv").read_text()
    assert not any(word in csv for word in ("ball", "dog", "want", "secret"))


def test_free_text_is_not_listed(tmp_path):
    said = (Said(0.0, 1.0),)
    sessions = [
        Spoken("A", f"s{k}", 1.0, said, columns={**PLACE, "room": f"free text {k}"})
        for k in range(21)
    ]
    rows = gather(tmp_path, sessions, context=None)[2].to_pylist()
    [room] = [row for row in rows if row["name"] == "room"]
    assert (room["n_levels"], room["levels"]) == (21, None)


def test_rows_are_written_whole_across_many_sessions(tmp_path, monkeypatch):
    monkeypatch.setattr("egoalign.vary.gather.ROWS_TOGETHER", 5)
    together = gather(tmp_path)[0]
    assert pq.ParquetFile(tmp_path / "utterances.parquet").num_row_groups == 2
    monkeypatch.undo()
    assert gather(tmp_path)[0].equals(together)


def test_a_corpus_without_speech_gives_empty_tables(tmp_path):
    utterances, words, _ = gather(tmp_path, [Spoken("A", "s1", 1.0, (), columns=PLACE)])
    assert utterances.num_rows == words.num_rows == 0
    assert "room" in utterances.column_names


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"session_columns": ["romm"]}, "session_columns: the table of sessions has no column "
         "'romm'; did you mean 'room'?"),
        ({"time_of_day": "begun"}, "time_of_day: the table of sessions has no column 'begun'; did "
         "you mean 'began_at'?"),
        ({"time_of_day": "room"}, "session A/s1, column 'room': found 'kitchen', expected a time "
         "of day such as 14:05"),
        ({"session_columns": ["age_days"]}, "'age_days' is the name of another predictor"),
        ({"norms": [{"path": "NORMS", "word": "word", "columns": {"words": "familiarity"}}]},
         "norms: 'words' is the name of another predictor"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_in_one_line(tmp_path, changed, message):
    for table in changed.get("norms", []):
        table["path"] = str(tmp_path / "norms.csv")
    with pytest.raises(UserError) as caught:
        gather(tmp_path, **changed)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_predictor_named_twice_is_refused():
    with pytest.raises(ValueError, match="session_columns: room stands there twice"):
        PredictorsOptions(session_columns=["room", "room"])


def test_times_of_day():
    assert clock_hours("09:30", "") == 9.5
    assert clock_hours("9:30:36", "") == pytest.approx(9.51)
    assert clock_hours(None, "") is None
    for wrong in ("24:00", "12.30", "2024-01-01 12:00", "930"):
        with pytest.raises(UserError, match="expected a time of day"):
            clock_hours(wrong, "x")


def test_sessions_count_once_in_a_mean_age():
    assert mean_ages("AAB", [DAYS, 3 * DAYS, None]) == {"A": pytest.approx(2)}


def alignment_of(predictors: pa.Table, **columns) -> pa.Table:
    """Return table alignment of the utterances of a table of predictors."""
    n = predictors.num_rows
    given = {name: predictors[name] for name in (*ALIGNMENT.key, "speaker", "n_words")}
    flat = {"model_id": pa.array(["m"] * n), **columns}
    return conform(ALIGNMENT, pa.table(given | {k: pa.array(v) for k, v in flat.items()}))


def test_the_utterance_table_joins_by_ids_in_the_order_of_the_scores(tmp_path):
    predictors = gather(tmp_path)[0]
    alignment = alignment_of(
        predictors,
        score_max=[0.1, 0.2, None, 0.4, 0.5, 0.6],
        shuffled_percentile=[0.96, 0.95, None, 0.1, 0.951, None],
        n_frames=[2, 1, 0, 3, 4, 5],
    )
    backwards = alignment.take(list(range(5, -1, -1)))
    table = utterance_table(backwards.select(ALIGNMENT_COLUMNS), predictors)
    assert table["score_max"].to_pylist() == [0.6, 0.5, 0.4, None, 0.2, 0.1]
    assert table["aligned"].to_pylist() == [None, 1, 0, None, 0, 1]
    assert table["room"].to_pylist() == predictors["room"].to_pylist()[::-1]
    assert table["age_within"].to_pylist() == predictors["age_within"].to_pylist()[::-1]
    expected = [math.log(n) if n else None for n in (5, 4, 3, 0, 1, 2)]
    assert table["log_n_frames"].to_pylist() == pytest.approx(expected)
    assert table["log_n_words"][-1].as_py() == pytest.approx(math.log(4))
    assert conform(UTTERANCE_TABLE, table).column_names == table.column_names


def test_scores_without_predictors_are_refused(tmp_path):
    predictors = gather(tmp_path)[0]
    alignment = alignment_of(predictors)
    with pytest.raises(UserError, match=r"1 of 6 rows .* the first A/s1/u00000; it is of another"):
        utterance_table(alignment, predictors.slice(1))


def word_alignment_of(words: pa.Table, session: tuple[str, str]) -> pa.Table:
    rows = [row for row in words.to_pylist() if (row["child_id"], row["session_id"]) == session]
    kept = ("child_id", "session_id", "utterance_id", "word_no")
    return conform(
        WORD_ALIGNMENT,
        [
            {name: row[name] for name in kept}
            | {"model_id": "m", "speaker": "unknown", "lemma_id": "w00000", "n_frames": 2}
            | {"score_max": k / 10, "shifted_percentile": 0.97, "shifted_difference": 0.1}
            for k, row in enumerate(rows)
        ],
    )


def test_the_word_table_has_a_row_a_token_and_no_means_over_words(tmp_path):
    utterances, words, _ = gather(tmp_path)
    sessions = [("A", "s1"), ("A", "s2"), ("B", "s1")]
    for key in sessions:
        path = tmp_path / "align" / key[0] / f"{key[1]}.word_alignment.parquet"
        write_table(WORD_ALIGNMENT, word_alignment_of(words, key), path)
    scored = read_word_alignment(tmp_path / "sessions.parquet", tmp_path / "align")
    assert scored.column_names == WORD_COLUMNS
    table = word_table(scored, words, utterances)
    assert table.num_rows == words.num_rows
    assert table["lemma_id"].to_pylist() == words["lemma_id"].to_pylist()
    assert table["word_score"].to_pylist() == [0, 0.1, 0.2, 0.3, 0.4, 0, 0]
    assert table["word_aligned"].to_pylist() == [1] * 7
    assert table["n_words"].to_pylist() == [4, 4, 3, 3, 2, 3, 5]
    assert table["age_within"].to_pylist()[:2] == [pytest.approx(-2)] * 2
    assert table["familiarity"].to_pylist() == words["familiarity"].to_pylist()
    assert not [name for name in table.column_names if name.startswith("mean_")]
    assert conform(WORD_TABLE, table).column_names == table.column_names
    used = {"name": "own", "unit": "words", "responses": ["word_score"], "formula": "log_freq"}
    options = VaryOptions(models=[StatisticalModel.model_validate(used)])
    less = unit_table("words", word_table, [scored, words, utterances], options)
    assert less.num_rows == table.num_rows
    assert {"log_freq", "word_difference", "part_of_speech", "n_words"} <= {*less.column_names}
    assert {"minutes", "familiarity", "log_freq_others"}.isdisjoint(less.column_names)
    for name in less.column_names:
        assert less[name].to_pylist() == table[name].to_pylist()


def test_ids_are_told_apart_where_there_are_too_many_for_one_number(tmp_path, monkeypatch):
    monkeypatch.setattr("egoalign.vary.table.LARGEST_KEY", 3)
    predictors = gather(tmp_path)[0]
    alignment = alignment_of(predictors).take([3, 1, 0, 2, 5, 4]).select(ALIGNMENT_COLUMNS)
    table = utterance_table(alignment, predictors)
    expected = predictors["n_words"].take([3, 1, 0, 2, 5, 4])
    assert table["n_words"].to_pylist() == expected.to_pylist()


def test_given_scores_have_the_predictors_of_their_own_rows(tmp_path):
    predictors = gather(tmp_path)[0]
    alignment = alignment_of(predictors, start_s=[1.0, 2, 3, 4, 5, 6], end_s=[2.0, 3, 4, 5, 6, 7])
    # A lab's table need not have the rows of a session together.
    mixed = alignment.take([5, 0, 4, 1, 2, 3])
    write_table(ALIGNMENT, mixed, tmp_path / "alignment.parquet")
    gather_given_predictors(
        tmp_path / "alignment.parquet",
        tmp_path / "sessions.parquet",
        options_of(tmp_path),
        tmp_path / "given.parquet",
        (tmp_path / "given_described.parquet", tmp_path / "given.csv"),
    )
    given = read_table(UTTERANCE_PREDICTORS, tmp_path / "given.parquet")
    table = utterance_table(mixed, given)
    assert table["minutes"].to_pylist() == pytest.approx(np.array([6, 1, 5, 2, 3, 4]) / 60)
    between = [None, *[pytest.approx(12)] * 5]
    assert table["age_between"].to_pylist() == between
    assert table["position"].null_count == 6
    assert table["n_content_words"].to_pylist() == [0] * 6
