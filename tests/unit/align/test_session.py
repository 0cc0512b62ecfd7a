"""A session's table: every utterance ends with a score or a reason."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from egoalign import cli
from egoalign.align.null import TOO_FEW
from egoalign.align.session import align, session_seed
from egoalign.config import AlignOptions, NullOptions
from egoalign.tables import ALIGNMENT, TEXT_EMBEDDINGS, WORDS, conform, read_table, write_table
from tests.unit.align.made import Made, random_session, unit

OPTIONS = AlignOptions(nulls=NullOptions(draws=50))
MODEL = "tiny"


def table_of(made: Made, fps: float = 1.0, options: AlignOptions = OPTIONS) -> pa.Table:
    parts = {name: data for name, (_, data) in made.tables().items()}
    media = parts.pop("media").to_pylist()[0]
    row = made.session_row()
    table = align(row, media, **parts, model_id=MODEL, fps=fps, options=options)
    return conform(ALIGNMENT, table)


def odd_session(**more: object) -> Made:
    """Return a session of 20 s, one utterance of every kind."""
    rng = np.random.default_rng(11)
    utterances = [
        (1.0, 3.2, 0),
        (5.4, 5.6, 1),
        (None, 2.0, 2),
        (2.0, None, 2),
        (6.0, 5.0, 3),
        (7.0, 8.0, None),
        (30.0, 31.0, 4),
        (-5.0, -3.0, 4),
        (12.2, 13.8, 5),
        (18.5, 26.0, 6),
        (10.5, 12.5, 7),
    ]
    vectors = unit(rng.normal(size=(20, 16))), unit(rng.normal(size=(8, 16)))
    return Made(utterances, *vectors, row={"exclude_intervals": [[12.0, 14.0]]}, **more)


def test_every_kind_of_utterance_has_its_score_or_reason() -> None:
    made = odd_session(undecoded=[12, 13, 14])
    rows = table_of(made).to_pylist()
    assert [row["reason"] for row in rows] == [
        None,
        None,
        "no time given",
        "no time given",
        "utterance ends before it starts",
        "no words left to encode",
        "utterance lies beyond the video's end",
        "utterance lies before the video's start",
        "excluded interval",
        None,
        None,
    ]
    assert [row["n_frames"] for row in rows] == [3, 1, 0, 0, 0, 0, 0, 0, 0, 1, 1]
    assert [row["nearest_frame"] for row in rows] == [False, True] + [False] * 9
    assert rows[1]["argmax_s"] == 5.0
    assert rows[9]["argmax_s"] == 19.0
    assert rows[10]["argmax_s"] == 11.0
    for row in rows:
        assert (row["score_max"] is None) == (row["reason"] is not None)
        assert row["null_reason"] == (None if row["reason"] else TOO_FEW)


def simple_session(utterances: list, seconds: int = 20, **more: object) -> Made:
    """Return a session of one text and `seconds` pictures, of which picture k scores k / 100."""
    cosine = np.arange(seconds) / 100
    pictures = np.column_stack([cosine, np.sqrt(1 - cosine**2)])
    return Made([(*times, 0) for times in utterances], pictures, np.array([[1.0, 0.0]]), **more)


@pytest.mark.parametrize(
    ("times", "n_frames", "best", "reason"),
    [
        ((3.0, 6.0), 2, 4, None),
        ((2.5, 7.5), 3, 7, None),
        ((4.6, 5.4), 0, None, "excluded interval"),
        ((4.5, 6.5), 0, None, "excluded interval"),
        ((5.1, 5.3), 0, None, "excluded interval"),
        ((4.2, 4.4), 0, None, "excluded interval"),
        ((4.1, 4.3), 1, 4, None),
        ((6.6, 6.8), 1, 7, None),
        ((9.0, 9.0), 0, None, "excluded interval"),
        ((8.6, 8.7), 0, None, "excluded interval"),
    ],
)
def test_excluded_seconds_are_never_used(
    times: tuple, n_frames: int, best: int | None, reason: str | None
) -> None:
    """Even where vectors of them were given; and none outside stands in for one inside."""
    made = simple_session([times], row={"exclude_intervals": [[4.2, 6.0], [9.0, 10.0]]})
    (row,) = table_of(made).to_pylist()
    assert (row["n_frames"], row["argmax_s"], row["reason"]) == (n_frames, best, reason)


def test_utterances_in_a_language_left_out_have_no_score() -> None:
    made = simple_session([(1.0, 3.0), (5.0, 6.0), (7.0, 8.0), (None, 9.0)])
    parts = {name: data for name, (_, data) in made.tables().items()}
    flags = [None, "unknown_speaker;other_language", "other_language_too", "other_language"]
    column = parts["utterances"].schema.get_field_index("flags")
    parts["utterances"] = parts["utterances"].set_column(column, "flags", pa.array(flags))
    media = parts.pop("media").to_pylist()[0]
    rows = align(
        made.session_row(), media, **parts, model_id=MODEL, fps=1.0, options=OPTIONS
    ).to_pylist()
    assert [row["reason"] for row in rows] == [None, "language left out", None, "no time given"]
    assert [row["score_max"] is None for row in rows] == [False, True, False, True]


@pytest.mark.parametrize(
    ("window", "n_frames", "best"),
    [
        ({}, [3, 1], [6, 9]),
        ({"before_s": 1.0, "after_s": 2.0}, [6, 4], [8, 11]),
        ({"points": "number", "number": 5}, [5, 5], [7, 11]),
    ],
)
def test_the_window_is_the_configs(window: dict, n_frames: list, best: list) -> None:
    options = AlignOptions.model_validate({"window": window})
    rows = table_of(simple_session([(4.0, 6.0), (8.6, 9.2)]), options=options).to_pylist()
    assert [row["n_frames"] for row in rows] == n_frames
    assert [row["argmax_s"] for row in rows] == best
    assert [row["nearest_frame"] for row in rows] == [False, False]


def test_a_picture_of_several_tiles_is_one_picture() -> None:
    plain, tiled = random_session(2), random_session(2)
    tiled.pictures = np.stack([random_session(8).pictures, plain.pictures], axis=1)
    tiled.pictures[:, 0] = -tiled.pictures[:, 1]
    for row, other in zip(table_of(tiled).to_pylist(), table_of(plain).to_pylist(), strict=True):
        # The second tile is the plain picture and the first its opposite: |cosine| is the best.
        assert row["n_frames"] == other["n_frames"]
        assert row["score_max"] == pytest.approx(
            max(abs(other["score_max"]), abs(other["score_min"])), abs=1e-6
        )
        assert row["score_min"] >= 0


def test_pictures_that_cannot_be_had_give_reasons() -> None:
    rows = table_of(odd_session(undecoded=[4, 5, 6, 7])).to_pylist()
    assert rows[1]["reason"] == "no picture near the utterance"
    rows = table_of(odd_session(undecoded=range(20))).to_pylist()
    assert rows[0]["reason"] == "no picture could be decoded"
    assert rows[4]["reason"] == "utterance ends before it starts"


def test_what_holds_for_the_whole_session_is_the_reason_of_every_utterance() -> None:
    excluded = odd_session()
    excluded.row["exclude"] = True
    assert set(table_of(excluded)["reason"].to_pylist()) == {"session excluded"}
    media = {"readable": False, "reason": "video missing", "duration_s": None}
    missing = odd_session(media=media)
    missing.pictures = missing.pictures[:0]
    table = table_of(missing)
    assert set(table["reason"].to_pylist()) == {"video missing"}
    assert table["utterance_id"].to_pylist() == [f"u{i:05d}" for i in range(11)]
    assert table["n_tokens"].to_pylist()[:2] == [1, 2]


def test_a_session_without_utterances_gives_an_empty_table() -> None:
    made = random_session(1)
    made.utterances = []
    assert table_of(made).num_rows == 0


def test_scores_are_those_of_the_pictures_heard_meanwhile() -> None:
    made = random_session(2)
    for row, (start, end, text) in zip(table_of(made).to_pylist(), made.utterances, strict=True):
        seconds = np.arange(np.ceil(start), np.floor(end) + 1).astype(int)
        if not seconds.size:
            assert row["nearest_frame"]
            seconds = np.array([int(np.ceil((start + end) / 2 - 0.5))])
        cosine = made.pictures[seconds].astype(float) @ made.texts[text].astype(float)
        got = [row["score_min"], row["score_mean"], row["score_max"]]
        assert got == pytest.approx([cosine.min(), cosine.mean(), cosine.max()], abs=1e-3)
        assert row["n_frames"] == seconds.size
        assert row["argmax_s"] == seconds[np.argmax(cosine)]


def test_draws_depend_on_the_ids_and_the_seed_alone() -> None:
    seeds = {
        tuple(session_seed(seed, child, session, model))
        for seed in (1, 2)
        for child, session in (("a", "bc"), ("ab", "c"), ("a", "b"))
        for model in ("m", "n")
    }
    assert len(seeds) == 12
    assert table_of(random_session(4)).equals(table_of(random_session(4)))
    other = table_of(random_session(4, session_id="day2"))
    assert other["score_max"].equals(table_of(random_session(4))["score_max"])
    assert not other["shuffled_draw"].equals(table_of(random_session(4))["shuffled_draw"])


def command(made: Made, folder: Path, out: Path, **changes: object) -> list[str]:
    paths = made.write(folder)
    words = ["align-session", "--quiet", "--row", json.dumps(made.session_row())]
    for name in ("media", "utterances", "frames", "frame_embeddings", "text_embeddings"):
        words += [f"--{name.replace('_', '-')}", str(changes.get(name, paths[name]))]
    words += ["--model-id", MODEL, "--fps", "1", "--out", str(out)]
    return [*words, "--options", str(changes.get("options", '{"nulls": {"draws": 50}}'))]


def test_the_command_writes_what_the_function_returns(tmp_path: Path) -> None:
    out = tmp_path / "out" / "day1.alignment.parquet"
    made = random_session(6, planted=0.5)
    assert cli.main(command(made, tmp_path, out)) == 0
    assert read_table(ALIGNMENT, out).equals(table_of(made))
    assert [path.name for path in out.parent.iterdir()] == [out.name]


def test_words_choose_the_pictures(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    made = simple_session([(2.0, 9.0), (11.0, 13.0)])
    out, words = tmp_path / "out.parquet", tmp_path / "words.parquet"
    rows = [
        {"utterance_id": "u00000", "word_no": k, "token": "ball", "start_s": t, "end_s": t + 0.4}
        for k, t in enumerate([2.1, 2.6, 4.9, 7.9])
    ]
    write_table(WORDS, rows, words)
    call = command(made, tmp_path, out, options='{"window": {"points": "words"}}')
    assert cli.main(call) == 2
    assert "--words: missing" in capfd.readouterr().err
    assert cli.main([*call, "--words", str(words)]) == 0
    found = read_table(ALIGNMENT, out).to_pylist()
    assert [row["n_frames"] for row in found] == [4, 3]
    assert [row["argmax_s"] for row in found] == [8.0, 13.0]
    assert found[0]["score_mean"] == pytest.approx((2 + 3 + 5 + 8) / 400, abs=1e-4)


def test_a_users_mistake_is_one_line_and_leaves_no_file(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out.parquet"
    made = random_session(6)
    assert cli.main(command(made, tmp_path, out, frames=tmp_path / "none.parquet")) == 2
    assert "none.parquet: no such file" in capfd.readouterr().err
    assert cli.main(command(made, tmp_path, out, options='{"sead": 1}')) == 2
    assert "did you mean 'seed'" in capfd.readouterr().err
    words = command(made, tmp_path, out)
    words[words.index("--row") + 1] = "[]"
    assert cli.main(words) == 2
    assert "--row: expected a JSON object" in capfd.readouterr().err
    assert not out.exists()


def test_words_without_a_vector_are_no_score() -> None:
    made = random_session(5, n_utterances=12)
    parts = {name: data for name, (_, data) in made.tables().items()}
    texts = parts["text_embeddings"].to_pylist()
    for row in texts:
        if row["text_id"] in ("t2", "t7"):
            row["embedding"] = row["n_tokens"] = row["truncated"] = None
    parts["text_embeddings"] = conform(TEXT_EMBEDDINGS, texts)
    media = parts.pop("media").to_pylist()[0]
    table = align(made.session_row(), media, **parts, model_id=MODEL, fps=1.0, options=OPTIONS)
    rows = conform(ALIGNMENT, table).to_pylist()
    without = [row["utterance_id"] for row in rows if row["reason"] == "no vector for its text"]
    assert without == ["u00002", "u00007"]
    assert all((row["score_max"] is None) == (row["reason"] is not None) for row in rows)
