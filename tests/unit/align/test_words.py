"""Single words against pictures: their windows, their null, and what was planted."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from egoalign.align.lag import ONLY_SPEECH, TOO_SHORT
from egoalign.align.session import NO_PICTURE_NEAR, hear_words, match, move_words, score_words
from egoalign.align.word_summary import COLUMNS, lemmas, summarise_words, with_lemmas, word_classes
from egoalign.align.words import NO_WORD_VECTOR
from egoalign.config import AlignOptions
from egoalign.tables import (
    CONTENT_WORDS,
    LAG_PROFILE,
    LEMMA_NUMBERS,
    LEMMAS,
    METRICS,
    SESSIONS,
    WORD_ALIGNMENT,
    WORD_EMBEDDINGS,
    conform,
    read_table,
    write_table,
)
from tests.unit.align.made import Made, unit

SEED = 2511
OPTIONS = AlignOptions()
PARTS = {"ball": "NOUN", "cup": "NOUN", "run": "VERB", "red": "ADJ"}


def spoken_session(
    rng: np.random.Generator,
    planted: dict[str, float],
    lag_s: float = 0.0,
    seconds: int = 240,
    n: int = 40,
    **more: object,
) -> tuple[Made, list[dict], np.ndarray]:
    """Return a session that says one of four words in each utterance, and their vectors.

    `planted` is the share of a word's utterances with its meaning in view, `lag_s` later.
    """
    vectors = np.random.default_rng(77).normal(size=(4, 32))
    start = np.sort(rng.uniform(0, seconds - 6, n))
    length = rng.choice([0.3, 1.5, 3.0, 5.0], n)
    pictures = rng.normal(size=(seconds, 32))
    words = []
    for i, lemma in enumerate(rng.choice(list(PARTS), n)):
        kind = list(PARTS).index(lemma)
        second = round(start[i] + length[i] / 2 + lag_s)
        if rng.random() < planted.get(lemma, 0.0) and 0 <= second < seconds:
            pictures[second] += 2 * vectors[kind]
        words.append(
            {
                "utterance_id": f"u{i:05d}",
                "word_no": 2,
                "token": lemma,
                "lemma": lemma,
                "lemma_id": f"w{kind}",
                "part_of_speech": PARTS[lemma],
                "pos_source": "tagger",
                "start_s": float(start[i]),
                "end_s": float(start[i] + length[i]),
                "own_time": False,
                "reason": None,
            }
        )
    utterances = [(float(s), float(s + d), 0) for s, d in zip(start, length, strict=True)]
    return Made(utterances, unit(pictures), unit(vectors[:1]), **more), words, unit(vectors)


def aligned(
    made: Made,
    words: list[dict],
    vectors: np.ndarray,
    options: AlignOptions = OPTIONS,
    only_speech: bool = False,
):
    """Return the rows of tables WORD_ALIGNMENT and LAG_PROFILE."""
    parts = {name: data for name, (_, data) in made.tables().items()}
    if only_speech:
        place = parts["frames"].schema.get_field_index("reason")
        reasons = ["no speech"] + [None] * (parts["frames"].num_rows - 1)
        parts["frames"] = parts["frames"].set_column(place, "reason", pa.array(reasons))
    media, row = parts.pop("media").to_pylist()[0], made.session_row()
    matched = match(row, media, **parts, fps=1.0, options=options)
    spoken = conform(CONTENT_WORDS, words)
    embeddings = conform(
        WORD_EMBEDDINGS,
        [{"lemma_id": f"w{k}", "embedding": v} for k, v in enumerate(vectors.tolist())],
    )
    heard = hear_words(matched, parts["utterances"], spoken, embeddings, 1.0, options)
    table = score_words(heard, spoken, matched, row, parts["utterances"], "tiny", 1.0, options)
    moved = move_words(heard, spoken, matched, row, "tiny", 1.0, options)
    conform(LAG_PROFILE, moved)
    return conform(WORD_ALIGNMENT, table).to_pylist(), moved


def test_scores_and_null_are_those_of_loops() -> None:
    made, words, vectors = spoken_session(np.random.default_rng(SEED), {"ball": 0.5}, seconds=100)
    rows, _ = aligned(made, words, vectors)
    near = 34
    for row, word, (start, end, _) in zip(rows, words, made.utterances, strict=True):
        vector = vectors[int(word["lemma_id"][1:])].astype(float)
        cosine = made.pictures.astype(float) @ vector
        own = [k for k in range(100) if start <= k <= end] or [round((start + end) / 2)]
        assert row["n_frames"] == len(own)
        assert row["score_max"] == pytest.approx(cosine[own].max(), abs=2e-3)
        null = []
        for shift in range(near, 100 - near + 1):
            begin = (own[0] + shift) % 100
            if begin + len(own) <= 100:
                null.append(cosine[begin : begin + len(own)].max())
        assert row["shifted_mean"] == pytest.approx(np.mean(null), abs=2e-3)
        assert row["shifted_sd"] == pytest.approx(np.std(null, ddof=1), abs=2e-3)
        below = np.sum(np.array(null) < row["score_max"] - 1e-3)
        assert row["shifted_percentile"] == pytest.approx((below + 0.5) / (len(null) + 1), abs=0.04)
        assert min(null) - 2e-3 <= row["shifted_draw"] <= max(null) + 2e-3
        assert row["shifted_difference"] == pytest.approx(row["score_max"] - row["shifted_mean"])
        assert (row["reason"], row["null_reason"]) == (None, None)


@pytest.mark.parametrize(
    ("window_s", "own_start", "own_end", "n_frames", "argmax"),
    [
        (None, 4.6, 4.8, 4, 7.0),
        (0.0, 4.6, 4.8, 1, 5.0),
        (0.0, 4.2, 6.1, 2, 6.0),
        (1.5, 4.6, 4.8, 3, 6.0),
    ],
)
def test_a_word_has_its_utterances_pictures_or_those_around_its_own_time(
    window_s: float | None, own_start: float, own_end: float, n_frames: int, argmax: float
) -> None:
    """Picture k has cosine k / 100."""
    cosine = np.arange(40) / 100
    pictures = np.column_stack([cosine, np.sqrt(1 - cosine**2)])
    made = Made([(4.0, 7.0, 0)], pictures, np.array([[1.0, 0.0]]))
    _, words, _ = spoken_session(np.random.default_rng(1), {}, n=1)
    words[0] |= {"start_s": own_start, "end_s": own_end, "own_time": True, "lemma_id": "w0"}
    options = AlignOptions.model_validate({"words": {"window_s": window_s}})
    (row,), _ = aligned(made, words, np.array([[1.0, 0.0]]), options)
    assert (row["n_frames"], row["argmax_s"]) == (n_frames, argmax)
    assert row["null_reason"] == TOO_SHORT


def test_every_word_without_a_score_has_a_reason() -> None:
    made, words, vectors = spoken_session(np.random.default_rng(SEED), {}, n=5)
    made.utterances = [(None, 2.0, 0)] + [(30.0 * k, 30.0 * k + 1, 0) for k in range(1, 5)]
    made.undecoded = [30, 31]
    words[2] |= {"lemma": None, "lemma_id": None, "part_of_speech": None, "pos_source": None}
    words[2]["reason"] = "no tagger for language 'spa'"
    words[3]["lemma_id"] = "w9"
    rows, _ = aligned(made, words, vectors)
    reasons = [row["reason"] for row in rows]
    assert reasons[:4] == [
        "no time given",
        NO_PICTURE_NEAR,
        "no tagger for language 'spa'",
        NO_WORD_VECTOR,
    ]
    assert all((row["score_max"] is None) == (row["reason"] is not None) for row in rows)
    assert all(row["null_reason"] is None for row in rows if row["reason"])


def test_with_pictures_of_speech_alone_words_have_no_null() -> None:
    made, words, vectors = spoken_session(np.random.default_rng(SEED), {}, n=30)
    rows, _ = aligned(made, words, vectors, only_speech=True)
    plain, _ = aligned(made, words, vectors)
    assert {row["null_reason"] for row in rows if row["reason"] is None} == {ONLY_SPEECH}
    assert all(row["shifted_mean"] is None for row in rows)
    assert [row["score_max"] for row in rows] == [row["score_max"] for row in plain]


def test_without_any_vector_no_word_has_a_score() -> None:
    made, words, _ = spoken_session(np.random.default_rng(SEED), {}, n=6)
    rows, moved = aligned(made, words, np.zeros((0, 32)))
    assert {row["reason"] for row in rows} == {NO_WORD_VECTOR}
    assert moved == []


def corpus(seed: int, planted: dict[str, float], children: int = 6) -> pd.DataFrame:
    """Return the words of a corpus with their lemmas."""
    rng = np.random.default_rng(seed)
    pairs = []
    for child in range(children):
        for session in range(2):
            made, words, vectors = spoken_session(
                rng, planted, child_id=f"c{child}", session_id=f"s{session}"
            )
            rows, _ = aligned(made, words, vectors)
            pairs.append(
                (
                    pd.DataFrame(rows)[COLUMNS],
                    pd.DataFrame(words)[["utterance_id", "word_no", "lemma"]],
                )
            )
    return with_lemmas(pairs)


def test_the_planted_lemmas_and_class_are_found_and_no_others() -> None:
    words = corpus(SEED, {"ball": 0.6, "red": 0.3})
    table = {row["lemma"]: row for row in lemmas(words, "tiny", SEED)}
    conform(LEMMAS, list(table.values()))
    for lemma in PARTS:
        row = table[lemma]
        assert row["n"] == row["n_null"] == (words["lemma"] == lemma).sum()
        assert row["n_children"] == 6
        if lemma in ("ball", "red"):
            assert row["ci_low"] > 0
            assert row["percentile"] > 0.6
        else:
            assert row["ci_low"] < 0 < row["ci_high"]
            assert abs(row["percentile"] - 0.5) < 0.1
    assert table["ball"]["difference"] > table["red"]["difference"]
    by_class = {(row["subset"], row["metric"]): row for row in word_classes(words, "tiny", SEED)}
    conform(METRICS, list(by_class.values()))
    assert by_class["word_class=adjective", "word_difference"]["ci_low"] > 0
    verbs = by_class["word_class=verb", "word_difference"]
    assert verbs["ci_low"] < 0 < verbs["ci_high"]
    assert by_class["all", "word_share_scored"]["estimate"] == 1
    assert by_class["all", "word_difference"]["n"] == len(words)
    own = words.loc[words["word_class"] == "noun", "shifted_difference"]
    assert by_class["word_class=noun", "word_difference"]["estimate"] == pytest.approx(own.mean())


def test_lemmas_are_numbered_by_frequency_then_by_letters() -> None:
    rows = [("c", "s", "b")] * 2 + [("c", "s", "a")] * 2 + [("c", "s", "z")] * 3
    words = pd.DataFrame(rows, columns=["child_id", "session_id", "lemma"])
    words["utterance_id"] = [f"u{i}" for i in range(len(words))]
    words["word_class"] = "noun"
    for name in ("score_max", "shifted_mean", "shifted_difference", "shifted_percentile"):
        words[name] = np.nan
    table = lemmas(words, "tiny", SEED)
    assert [(row["lemma_id"], row["lemma"]) for row in table] == [
        ("l00000", "z"),
        ("l00001", "a"),
        ("l00002", "b"),
    ]
    assert table[0]["note"] == "nothing to compute from"


def test_words_of_a_class_have_a_lag_profile_of_their_own() -> None:
    made, words, vectors = spoken_session(
        np.random.default_rng(SEED), {"ball": 1.0, "cup": 1.0}, lag_s=4.0, n=60
    )
    _, moved = aligned(made, words, vectors)
    names = ["word_class=noun", "word_class=verb", "word_class=adjective"]
    assert list(dict.fromkeys(row["subset"] for row in moved)) == names
    tops = {
        name: max(
            (row for row in moved if row["subset"] == name and row["kind"] == "lag"),
            key=lambda row: row["difference_mean"],
        )
        for name in names
    }
    assert tops["word_class=noun"]["lag_s"] == 4
    assert tops["word_class=noun"]["difference_mean"] > 2 * max(
        tops[name]["difference_mean"] for name in names[1:]
    )


def test_the_step_keeps_lemmas_private(tmp_path: Path) -> None:
    made, words, vectors = spoken_session(np.random.default_rng(SEED), {"ball": 1.0})
    rows, _ = aligned(made, words, vectors)
    write_table(CONTENT_WORDS, words, tmp_path / "p" / "kim" / "day1.content_words.parquet")
    write_table(WORD_ALIGNMENT, rows, tmp_path / "a" / "kim" / "day1.word_alignment.parquet")
    session = {"child_id": "kim", "session_id": "day1", "exclude": False}
    write_table(SESSIONS, [session], tmp_path / "sessions.parquet")
    pairs = [(tmp_path / f"{name}.parquet", tmp_path / f"{name}.csv") for name in ("w", "l", "n")]
    summarise_words(
        tmp_path / "sessions.parquet", tmp_path / "a", tmp_path / "p", "tiny", "{}", *pairs
    )
    private, public = read_table(LEMMAS, pairs[1][0]), read_table(LEMMA_NUMBERS, pairs[2][0])
    assert sorted(private["lemma"].to_pylist()) == sorted(PARTS)
    assert public.equals(private.drop_columns(["lemma"]).cast(public.schema))
    shown = (pairs[0][1].read_text(), pairs[2][1].read_text())
    assert not any(lemma in text for lemma in ("ball", "cup") for text in shown)
