"""The lag profile: by brute force, and with leads, trails and nothing planted."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from scipy.stats import binom, t

from egoalign.align.lag import (
    NOTHING_SCORED,
    ONLY_SPEECH,
    SWITCHED_OFF,
    TOO_SHORT,
    far_distance,
    lag_profile,
)
from egoalign.align.lag_summary import NO_PEAK, NO_PROFILE, WIDE, find_peak, summarise_profiles
from egoalign.align.session import match, move
from egoalign.config import AlignOptions
from egoalign.log import UserError
from egoalign.tables import LAG_PROFILE, LAGS, METRICS, SPEAKERS, conform
from egoalign.video.window import NO_TIMED_WORDS, Windows
from tests.unit.align.made import Made, random_session
from tests.unit.align.moved import moved_corpus, moved_session, profile_table

OPTIONS = AlignOptions()
SEED = 2511


def summary(tables: list[pa.Table]) -> tuple[list[dict], dict[str, dict]]:
    """Return the rows of the corpus in table LAGS, and its peak's rows by metric."""
    lags, peaks = summarise_profiles(tables, "tiny", OPTIONS)
    conform(LAGS, lags)
    conform(METRICS, peaks)
    return (
        [row for row in lags if row["subset"] == "all"],
        {row["metric"]: row for row in peaks if row["subset"] == "all"},
    )


def by_hand(session, present: np.ndarray, near: int) -> dict[tuple[int, int], tuple[float, float]]:
    """Return score and difference of (utterance, shift from 0), by loops."""
    size = len(present)
    found = {}
    for i in range(len(session.texts)):
        own = session.windows.points[session.windows.offsets[i] : session.windows.offsets[i + 1]]
        scores = {}
        for shift in range(size):
            begin = (own[0] + shift) % size
            run = range(begin, begin + len(own))
            if run[-1] < size and all(present[k] for k in run):
                cosines = [float(session.pictures[k].astype(float) @ session.texts[i]) for k in run]
                scores[shift] = max(cosines)
        for shift, score in scores.items():
            far = [
                value
                for other, value in scores.items()
                if near <= (other - shift) % size <= size - near
            ]
            if len(far) >= 20:
                found[i, shift] = (score, score - sum(far) / len(far))
    return found


def test_every_lag_and_far_shift_is_what_loops_give() -> None:
    rng = np.random.default_rng(SEED)
    session = moved_session(rng, 2.0, 0.5, seconds=75, n_utterances=12)
    present = np.ones(75, dtype=bool)
    present[[3, 30, 31, 70]] = False
    groups = np.array([np.arange(12) % 2 == 0, np.ones(12, dtype=bool)])
    seen = session.seen
    pictures = type(seen)(seen.vectors[present], np.arange(present.sum()))
    profile = lag_profile(
        session.texts, pictures, present, session.windows, groups, 1.0, 30, 200, rng
    )
    assert profile is not None
    assert profile.lags.tolist() == list(range(-30, 31))
    assert profile.far.tolist() == list(range(25, 51))
    expected = by_hand(session, present, 25)
    begins = session.windows.points[session.windows.offsets[:-1]]
    for kind, shifts in (("lag", profile.lags), ("far", profile.far)):
        for group, members in enumerate(groups):
            for place, shift in enumerate(shifts):
                who = [
                    i
                    for i in np.flatnonzero(members)
                    if (i, shift % 75) in expected
                    and (kind == "far" or 0 <= begins[i] + shift < 75)
                ]
                assert profile.count[kind][group, place] == len(who)
                for place_of, total in enumerate((profile.score, profile.difference)):
                    hand = sum(expected[i, shift % 75][place_of] for i in who)
                    assert total[kind][group, place] == pytest.approx(hand, abs=2e-5)
    assert profile.count["lag"][1].min() < profile.count["lag"][1].max() <= 12


def test_far_shifts_are_60_s_or_a_third_of_the_recording() -> None:
    assert far_distance(600, 1.0) == 60
    assert far_distance(600, 2.0) == 120
    assert far_distance(300, 2.0) == 100
    assert far_distance(90, 1.0) == 30
    assert far_distance(1, 1.0) == 1


def test_a_run_of_word_points_is_moved_as_a_run() -> None:
    """Points 10, 12 and 17 become the three about their middle; three in a row stay."""
    rng = np.random.default_rng(SEED)
    session = moved_session(rng, 0.0, 0.0, seconds=200, n_utterances=2)
    tables = [
        profile_table(
            type(session)(
                session.texts,
                session.pictures,
                Windows(np.array(points), np.array([0, 3, 3]), np.zeros(2, dtype=bool)),
            ),
            "c",
            "s",
            np.random.default_rng(1),
        )
        for points in ([10, 12, 17], [12, 13, 14], [12, 13, 15])
    ]
    assert tables[0].equals(tables[1])
    assert tables[2].equals(tables[1])


@pytest.mark.parametrize("lag_s", [-6.0, -2.3, 0.0, 0.6, 3.4, 12.0])
def test_planted_leads_and_trails_are_found(lag_s: float) -> None:
    rows, peaks = summary(moved_corpus(SEED, lag_s, 0.5))
    assert peaks["lag_peak_s"]["estimate"] == pytest.approx(lag_s, abs=0.5)
    top = max(rows, key=lambda row: row["difference"])
    assert top["difference"] > top["all_high"]
    assert peaks["lag_peak_height"]["estimate"] == top["difference"]
    assert 1.5 < peaks["lag_width_s"]["estimate"] < 5
    asymmetry = peaks["lag_asymmetry"]
    if abs(lag_s) > 2:
        assert np.sign(lag_s) == np.sign(asymmetry["ci_low"]) == np.sign(asymmetry["ci_high"])
    elif lag_s == 0:
        assert asymmetry["ci_low"] < 0 < asymmetry["ci_high"]
    assert peaks["lag_peak_s"]["interval"] == "percentile bootstrap over 6 children, 1000 samples"
    assert rows[30]["lag_s"] == 0
    assert peaks["lag_zero"]["estimate"] == rows[30]["difference"]


@pytest.mark.full
def test_intervals_of_the_peak_cover_what_was_planted() -> None:
    """Of 60 corpora of ten children, not fewer than the 99 % binomial bound about the nominal.

    A percentile interval of a mean of k clusters is as wide as 1.96 standard errors with k in the
    place of k - 1: it covers as often as Student's t with k - 1 degrees of freedom is that near 0.
    """
    children = 10
    nominal = 2 * t.cdf(1.96 * np.sqrt(1 - 1 / children), children - 1) - 1
    covered, errors = 0, []
    for lag_s in (-6.0, -2.3, 0.0, 0.6, 3.4, 12.0):
        for seed in range(SEED, SEED + 10):
            peak = summary(moved_corpus(seed, lag_s, 0.5, children))[1]["lag_peak_s"]
            errors.append(abs(peak["estimate"] - lag_s))
            covered += peak["ci_low"] <= lag_s <= peak["ci_high"]
    assert max(errors) < 0.5
    assert covered >= binom.ppf(0.01, 60, nominal)


def outside(corpora: range) -> tuple[float, int]:
    """Return the share of lags outside their band, and how many corpora show a peak."""
    lags, peaks = [], 0
    for seed in corpora:
        rows, found = summary(moved_corpus(seed, 0.0, 0.0, children=3))
        lags += [not row["null_low"] <= row["difference"] <= row["null_high"] for row in rows]
        peaks += found["lag_peak_s"]["estimate"] is not None
        if found["lag_peak_s"]["estimate"] is None:
            assert NO_PEAK in found["lag_peak_s"]["note"]
            assert found["lag_width_s"]["estimate"] is None
    return float(np.mean(lags)), peaks


def test_without_alignment_no_peak_stands_out_more_often_than_the_band_says() -> None:
    share, peaks = outside(range(SEED, SEED + 20))
    assert share < 0.12
    assert peaks <= binom.ppf(0.99, 20, 0.025)


@pytest.mark.full
def test_without_alignment_the_bands_hold_what_they_say() -> None:
    share, peaks = outside(range(SEED, SEED + 200))
    assert 0.03 < share < 0.07
    assert peaks <= binom.ppf(0.99, 200, 0.025)


def test_a_peak_is_described_by_what_stands_above_half_its_height() -> None:
    lags = np.arange(-5.0, 6.0)
    triangle = np.maximum(0, 1 - np.abs(lags - 1) / 3)
    peak = find_peak(lags, triangle)
    assert (peak.lag_s, peak.height, peak.width_s) == pytest.approx((1, 1, 3))
    box = np.where((lags >= -2) & (lags <= 1), 0.4, 0.0)
    peak = find_peak(lags, box)
    assert (peak.lag_s, peak.width_s) == pytest.approx((-0.5, 4))
    assert peak.asymmetry == pytest.approx(0.4 / 5 - 0.8 / 5)
    peak = find_peak(lags, np.exp(-((lags - 5) ** 2) / 50))
    assert np.isnan(peak.width_s)
    assert np.isnan(find_peak(lags, np.full(11, np.nan)).height)
    one_side = np.where(lags > 2, np.nan, triangle)
    assert find_peak(lags, one_side).asymmetry == pytest.approx(
        one_side[6:8].mean() - one_side[3:5].mean()
    )


def test_a_peak_without_an_end_says_so() -> None:
    tables = moved_corpus(SEED, 0.0, 0.5, children=2)
    cut = [
        table.filter(
            pa.array(
                [
                    kind == "far" or abs(lag) <= 1
                    for kind, lag in zip(
                        table["kind"].to_pylist(), table["lag_s"].to_pylist(), strict=True
                    )
                ]
            )
        )
        for table in tables
    ]
    _, peaks = summary(cut)
    assert peaks["lag_width_s"]["estimate"] is None
    assert WIDE in peaks["lag_width_s"]["note"]


def test_profiles_of_sessions_add_up_by_utterances() -> None:
    tables = moved_corpus(SEED, 2.0, 0.5, children=2)
    rows, _ = summary(tables)
    for row in rows[::7]:
        own = [
            one
            for table in tables
            for one in table.to_pylist()
            if one["kind"] == "lag" and one["lag_s"] == row["lag_s"]
        ]
        n = sum(one["n"] for one in own)
        assert row["n"] == n
        for mine, theirs in (("difference", "difference_mean"), ("score_mean", "score_mean")):
            assert row[mine] == pytest.approx(sum(one["n"] * one[theirs] for one in own) / n)
    lags, _ = summarise_profiles(tables, "tiny", OPTIONS)
    assert list(dict.fromkeys(row["subset"] for row in lags)) == ["all", "child=c0", "child=c1"]
    child = next(row for row in lags if row["subset"] == "child=c0")
    assert child["interval"] == "percentile bootstrap over 2 sessions, 1000 samples"


def test_ids_make_no_difference() -> None:
    tables = moved_corpus(SEED, 2.0, 0.5, children=2)
    renamed = []
    for table in tables:
        for name in ("child_id", "session_id"):
            values = pa.array([f"x{value}" for value in table[name].to_pylist()])
            table = table.set_column(table.column_names.index(name), name, values)
        renamed.append(table)
    assert summary(renamed) == summary(tables)


def test_one_session_has_a_null_but_no_interval() -> None:
    rows, peaks = summary(moved_corpus(SEED, 2.0, 0.5, children=1, sessions=1))
    assert rows[0]["ci_low"] is None
    assert rows[0]["null_low"] < 0 < rows[0]["null_high"]
    assert rows[0]["note"] == "one of sessions only: no interval"
    assert peaks["lag_peak_s"]["ci_low"] is None


def test_lags_of_other_options_are_refused() -> None:
    rng = np.random.default_rng(SEED)
    tables = [
        profile_table(moved_session(rng, 0.0, 0.0), "kim", name, rng, reach)
        for name, reach in (("day1", 30.0), ("day2", 20.0))
    ]
    with pytest.raises(UserError) as error:
        summarise_profiles(tables, "tiny", OPTIONS)
    assert str(error.value) == (
        "lag profile of kim day2: lags to 20 s, expected 30 s; delete it and run the workflow again"
    )


def moved(made: Made, options: AlignOptions = OPTIONS, reason: str | None = None) -> list[dict]:
    """Return a made session's rows of table LAG_PROFILE."""
    parts = {name: data for name, (_, data) in made.tables().items()}
    media = parts.pop("media").to_pylist()[0]
    row = made.session_row()
    if reason:
        place = parts["frames"].schema.get_field_index("reason")
        reasons = pa.array([reason] * parts["frames"].num_rows)
        parts["frames"] = parts["frames"].set_column(place, "reason", reasons)
    matched = match(row, media, **parts, fps=1.0, options=options, words=NO_TIMED_WORDS)
    rows = move(matched, row, parts["utterances"], "tiny", 1.0, options)
    return conform(LAG_PROFILE, rows).to_pylist()


def test_a_session_has_rows_for_all_and_for_each_speaker_who_speaks() -> None:
    rows = moved(random_session(SEED))
    assert list(dict.fromkeys(row["subset"] for row in rows)) == [
        "all",
        *(f"speaker={name}" for name in SPEAKERS if name in ("key_child", "female_adult")),
    ]
    assert {row["kind"]: row["reason"] for row in rows} == {"lag": None, "far": None}
    for subset, n in (("all", 60), ("speaker=key_child", 30)):
        own = [row for row in rows if row["subset"] == subset]
        assert next(r["n"] for r in own if r["kind"] == "lag" and r["lag_s"] == 0) == n
        assert sum(row["kind"] == "far" for row in own) == min(200, 300 - 2 * 60 + 1)
    assert rows == moved(random_session(SEED))


@pytest.mark.parametrize(
    ("made", "changes", "frames_reason", "reason"),
    [
        (random_session(1, seconds=40), {}, None, TOO_SHORT),
        (random_session(1), {"lags": {"profile": False}}, None, SWITCHED_OFF),
        (random_session(1), {}, "no speech", ONLY_SPEECH),
        (random_session(1, row={"exclude": True}), {}, None, "session excluded"),
        (Made([], np.zeros((0, 4)), np.eye(4)), {}, None, NOTHING_SCORED),
    ],
)
def test_a_session_without_a_profile_says_why(
    made: Made, changes: dict, frames_reason: str | None, reason: str
) -> None:
    (row,) = moved(made, AlignOptions.model_validate(changes), frames_reason)
    assert (row["subset"], row["n"], row["reason"]) == ("all", 0, reason)
    table = conform(LAG_PROFILE, [row])
    lags, peaks = summarise_profiles([table], "tiny", OPTIONS)
    note = f"{NO_PROFILE}: {reason} (1)"
    assert lags == [{"model_id": "tiny", "subset": "all", "n": 0, "note": note, "lag_s": 0.0}]
    assert peaks[0]["note"] == note
    conform(LAGS, lags)
    conform(METRICS, peaks)
