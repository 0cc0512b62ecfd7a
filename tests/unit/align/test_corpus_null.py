"""The step `draw-nulls`: the sessions' files in, one table out, and its rows beside the scores."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from scipy.stats import chisquare

from egoalign import cli
from egoalign.align.collect import gathered
from egoalign.align.corpus_null import (
    FEW_RUNS,
    NO_AGE,
    NO_LIKE_AGE,
    NO_OTHER_SESSION,
    NOBODY,
    text_code,
)
from egoalign.align.pool import Reservoir, cut_stretch, even_limit
from egoalign.tables import (
    ALIGNMENT,
    CORPUS_SCHEMES,
    NULLS,
    SESSIONS,
    conform,
    read_table,
    write_table,
)
from tests.unit.align.corpora import make_corpus
from tests.unit.align.made import Made, random_session
from tests.unit.align.test_null_schemes import pool_of
from tests.unit.align.test_session import odd_session

DRAWS = 40
AGES = {("ann", "a1"): 400.0, ("ann", "a2"): 410.0, ("bo", "b1"): 420.0, ("cy", "c1"): None}


def corpus() -> list[Made]:
    """Return four sessions of three children: the last is short, odd, and has no age."""
    made = [
        random_session(30 + i, planted=0.5, child_id=child, session_id=session, width=16)
        for i, (child, session) in enumerate(list(AGES)[:-1])
    ]
    return [*made, odd_session(child_id="cy", session_id="c1", undecoded=[12, 13, 14])]


def write(folder: Path, sessions: list[Made], **options: object) -> None:
    """Write the sessions' tables and align each."""
    for made in sessions:
        age = AGES.get((made.child_id, made.session_id))
        made.row |= {"age_days": age}
        paths = made.write(folder)
        words: list[object] = ["align-session", "--quiet", "--row", json.dumps(made.session_row())]
        for name, path in paths.items():
            words += [f"--{name.replace('_', '-')}", path]
        words += ["--model-id", "tiny", "--options", json.dumps({"nulls": {"draws": DRAWS}})]
        words += ["--out", folder / made.child_id / f"{made.session_id}.alignment.parquet"]
        assert cli.main([str(word) for word in words]) == 0
    rows = [
        {
            "child_id": made.child_id,
            "session_id": made.session_id,
            "age_days": AGES.get((made.child_id, made.session_id)),
            "exclude": False,
        }
        for made in sessions
    ]
    rows.append({"child_id": "ann", "session_id": "left_out", "age_days": 1.0, "exclude": True})
    write_table(SESSIONS, rows, folder / "sessions.parquet")


def draw(folder: Path, out: str = "nulls", **nulls: object) -> pa.Table:
    words: list[object] = ["draw-nulls", "--quiet", "--sessions", folder / "sessions.parquet"]
    for name in ("align", "encode", "video", "transcripts"):
        words += [f"--{name}-folder", folder]
    words += ["--model-id", "tiny", "--options", json.dumps({"nulls": {"draws": DRAWS} | nulls})]
    words += ["--out", folder / f"{out}.parquet"]
    assert cli.main([str(word) for word in words]) == 0
    return conform(NULLS, read_table(NULLS, folder / f"{out}.parquet"))


def collect(folder: Path, nulls: str) -> int:
    words = ["collect-alignment", "--quiet", "--sessions", folder / "sessions.parquet"]
    words += ["--folder", folder, "--nulls", folder / f"{nulls}.parquet"]
    words += ["--out", folder / "all.parquet", "--csv", folder / "all.csv"]
    return cli.main([str(word) for word in words])


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("nulls")
    write(folder, corpus())
    draw(folder)
    return folder


def test_every_scored_utterance_has_a_null_or_a_reason(drawn: Path) -> None:
    nulls = read_table(NULLS, drawn / "nulls.parquet").to_pylist()
    scores = [
        row
        for child, session in AGES
        for row in read_table(ALIGNMENT, drawn / child / f"{session}.alignment.parquet").to_pylist()
    ]
    assert [[row[name] for name in NULLS.key] for row in nulls] == [
        [row[name] for name in NULLS.key] for row in scores
    ]
    for row, own in zip(nulls, scores, strict=True):
        for scheme in CORPUS_SCHEMES:
            mean, reason = row[f"{scheme}_mean"], row[f"{scheme}_reason"]
            if own["score_max"] is None:
                assert mean is None
                assert reason is None
                continue
            assert (mean is None) == (reason is not None)
            if mean is not None:
                difference = own["score_max"] - mean
                assert row[f"{scheme}_difference"] == pytest.approx(difference, abs=1e-12)
                draws = 1 if scheme == "one_draw" else DRAWS
                assert row[f"{scheme}_draws"] == draws


def test_reasons_say_what_is_lacking(drawn: Path) -> None:
    rows = read_table(NULLS, drawn / "nulls.parquet").to_pylist()
    by_child = {
        child: [row for row in rows if row["child_id"] == child] for child in ["ann", "bo", "cy"]
    }
    for row in by_child["bo"]:
        assert row["other_session_reason"] == NO_OTHER_SESSION
        assert row["like_age_reason"] is None
    assert {row["like_age_reason"] for row in by_child["cy"]} == {None, NO_AGE}
    assert {row["other_session_reason"] for row in by_child["ann"]} == {None}
    assert {row["anyone_reason"] for row in rows} == {None}


def test_nothing_to_draw_from_is_said(tmp_path: Path) -> None:
    write(tmp_path, corpus()[:1])
    (row, *_) = draw(tmp_path).to_pylist()
    assert row["anyone_reason"] == NOBODY
    assert row["other_session_reason"] == NO_OTHER_SESSION
    assert row["like_age_reason"] == NO_LIKE_AGE
    assert row["text_matched_mean"] is None or row["text_matched_draws"]
    assert row["one_draw_mean"] is not None


def test_what_is_planted_is_seen_by_every_scheme(drawn: Path) -> None:
    table = read_table(NULLS, drawn / "nulls.parquet").to_pandas()
    for scheme in CORPUS_SCHEMES:
        values = table[f"{scheme}_difference"].dropna()
        assert values.mean() > 3 * values.std() / len(values) ** 0.5 > 0, scheme


def test_a_scheme_left_out_is_empty_and_changes_no_other(drawn: Path) -> None:
    some = draw(drawn, "some", schemes=["shuffled", "anyone", "one_draw"])
    everything = read_table(NULLS, drawn / "nulls.parquet")
    for name in NULLS.schema.names[3:]:
        if name.startswith(("anyone", "one_draw")):
            assert some[name].equals(everything[name])
        else:
            assert some[name].null_count == some.num_rows
    assert some.equals(draw(drawn, "again", schemes=["shuffled", "anyone", "one_draw"]))


def test_no_scheme_gives_empty_columns(drawn: Path) -> None:
    none = draw(drawn, "none", schemes=["shuffled"])
    assert none.num_rows == read_table(NULLS, drawn / "nulls.parquet").num_rows
    assert all(none[name].null_count == none.num_rows for name in NULLS.schema.names[3:])


def test_nulls_stand_beside_the_scores(drawn: Path) -> None:
    assert collect(drawn, "nulls") == 0
    together = read_table(ALIGNMENT, drawn / "all.parquet")
    nulls = read_table(NULLS, drawn / "nulls.parquet")
    for name in NULLS.schema.names:
        assert together[name].combine_chunks().equals(nulls[name].combine_chunks()), name
    assert together["shift_mean"].null_count < together.num_rows


def test_nulls_of_other_sessions_are_refused(
    drawn: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    nulls = read_table(NULLS, drawn / "nulls.parquet")
    for number, wrong in enumerate((nulls.slice(1), nulls.slice(0, 70))):
        write_table(NULLS, wrong, drawn / f"wrong{number}.parquet")
        (drawn / "all.parquet").unlink(missing_ok=True)
        assert collect(drawn, f"wrong{number}") == 2
        assert "its rows are not those of the sessions' alignment" in capfd.readouterr().err
        assert not (drawn / "all.parquet").exists()


def test_rows_gather_in_order() -> None:
    parts = [pa.table({"a": list(range(k, k + 30_000))}) for k in range(0, 150_000, 30_000)]
    together = list(gathered(parts))
    assert [table.num_rows for table in together] == [90_000, 60_000]
    assert pa.concat_tables(together).equals(pa.concat_tables(parts).combine_chunks())
    assert list(gathered([parts[0].slice(0, 0)])) == []


def test_texts_are_told_apart_by_their_encoded_words() -> None:
    assert text_code("look at the ball") == text_code("look at the ball")
    assert len({text_code(f"sentence {k}") for k in range(10_000)}) == 10_000


def test_an_even_limit_uses_what_there_may_be() -> None:
    assert even_limit([5, 100, 100], 105) == 50
    assert even_limit([5, 10], 1000) == 10
    assert even_limit([7] * 10, 3) == 1
    assert even_limit([], 10) == 1
    sizes = np.random.default_rng(2511).integers(1, 500, 40).tolist()
    limit = even_limit(sizes, 3000)
    assert sum(min(size, limit) for size in sizes) <= 3000
    assert sum(min(size, limit + 1) for size in sizes) > 3000


def test_a_stretch_is_a_piece_of_the_session_with_what_is_said_over_it() -> None:
    (material, *_) = make_corpus(3, missing=0.1)
    whole = cut_stretch(material, 10**6, np.random.default_rng(1))
    assert np.array_equal(whole.vectors[:, 0], material.pictures.vectors.astype(np.float16))
    assert whole.weight == 1.0
    wrapped = 0
    for seed in range(100):
        piece = cut_stretch(material, 30, np.random.default_rng(seed))
        where = [np.flatnonzero((whole.vectors == v).all(axis=(1, 2)))[0] for v in piece.vectors]
        places = material.places[where]
        around = np.flatnonzero(np.diff(places) > 30)
        wrapped += around.size
        span = (
            places[-1] - places[0]
            if not around.size
            else places[around[0]] + 90 - places[around[0] + 1]
        )
        assert span < 30
        assert piece.weight == pytest.approx(material.places.size / places.size)
        for k in range(places.size):
            run = 1
            while k + run < places.size and places[k + run] == places[k] + run:
                run += 1
            assert piece.ahead[k] == run
        for code in np.unique(material.codes):
            heard = {
                int(place)
                for j in np.flatnonzero(material.codes == code)
                for place in places
                if material.first[j] <= place <= material.last[j]
            }
            own = piece.codes == code
            found = {
                int(place)
                for low, high in zip(piece.first[own], piece.last[own], strict=True)
                for place in places[low : high + 1]
            }
            assert found == heard
    assert 10 < wrapped < 60


def test_all_moments_are_as_likely_though_only_a_stretch_is_held() -> None:
    sessions = make_corpus(11, children=1, sessions=1, missing=0.0)
    whole = sessions[0].pictures.vectors.astype(np.float16)
    counts = np.zeros(88)
    for seed in range(1500):
        pool = pool_of(sessions, 30, seed)
        (start,) = pool.pictures.draw(np.array([True]), 3, 1, np.random.default_rng(seed))
        vector = pool.pictures._vectors[start, 0]
        counts[np.flatnonzero((whole == vector).all(axis=1))[0]] += 1
    assert chisquare(counts).pvalue > 0.001


def test_a_reservoir_is_an_even_sample_however_the_rows_are_parted() -> None:
    counts = np.zeros(50)
    for seed in range(2000):
        rng = np.random.default_rng(seed)
        keys, values = rng.random(50), np.arange(50)
        one, many = Reservoir(10), Reservoir(10)
        one.add(keys, values)
        for k in range(0, 50, 7):
            many.add(keys[k : k + 7], values[k : k + 7])
        (kept,) = one.columns()
        assert np.array_equal(kept, many.columns()[0])
        assert kept.size == 10
        counts[kept] += 1
    assert abs(counts - 400).max() < 5 * np.sqrt(400 * 0.8)
    assert Reservoir(3).columns() == ()


def test_long_utterances_have_a_reason_where_no_stretch_is_as_long(tmp_path: Path) -> None:
    made = corpus()[:3]
    made[0].utterances = [(0.0, 60.0, 0), *list(made[0].utterances)[1:]]
    write(tmp_path, made)
    # 16 numbers of two bytes: 33 vectors a session would be 1 kB; the least is a megabyte.
    rows = draw(tmp_path, pool_mb=1).to_pylist()
    assert rows[0]["anyone_reason"] is None
    made[0].utterances = [(0.0, 299.0, 0), *list(made[0].utterances)[1:]]
    write(tmp_path, made)
    rows = draw(tmp_path).to_pylist()
    assert rows[0]["other_session_reason"] == FEW_RUNS
    assert rows[1]["other_session_reason"] is None


@pytest.mark.parametrize("others", [0, 2])
def test_sessions_without_pictures_or_speech_are_no_trouble(tmp_path: Path, others: int) -> None:
    """A video that cannot be read, a silent one, and nothing else or two usual sessions."""
    blind = Made(
        [(1.0, 2.0, 0)],
        np.zeros((0, 16)),
        corpus()[0].texts,
        child_id="bo",
        session_id="b1",
        media={"readable": False, "reason": "damaged", "duration_s": None},
    )
    silent = random_session(8, n_utterances=0, child_id="cy", session_id="c1", width=16)
    silent.texts = corpus()[0].texts
    write(tmp_path, [*corpus()[:others], blind, silent])
    nulls = draw(tmp_path)
    assert nulls["child_id"].to_pylist().count("bo") == 1
    assert "cy" not in nulls["child_id"].to_pylist()
    row = nulls.to_pylist()[-1]
    assert {row[name] for name in NULLS.schema.names[3:]} == {None}
    assert collect(tmp_path, "nulls") == 0
