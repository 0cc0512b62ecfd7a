"""What may leave, by config section `privacy`, and what may stand outside the private zone."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from egoalign.config import Config, PrivacyOptions, parse_section
from egoalign.log import UserError
from egoalign.privacy.blur import blurred
from egoalign.privacy.gate import BLUR_POINTS, Gate
from egoalign.privacy.zone import make_private_zone
from egoalign.tables import (
    CONTENT_WORDS,
    LEMMAS,
    PRIVATE_ZONE,
    SESSIONS,
    TABLES,
    UTTERANCES,
    Holds,
    write_table,
)

SPOKEN = {
    "utterance_id": "u1", "text": "look at Anna", "text_encoded": "look at Anna",
    "speaker": "unknown", "speaker_as_read": "Berta", "text_id": "0", "n_words": 3,
    "source_format": "csv",
}  # fmt: skip


def gate(**options: str) -> Gate:
    return Gate(PrivacyOptions(**options))


def test_every_table_that_says_it_is_private_holds_what_must_be_and_no_other():
    told = {name for name, table in TABLES.items() if "(private)" in table.meaning}
    # What a task shows is private by its place; made-up speech is nobody's.
    assert {name for name, table in TABLES.items() if table.is_private} == told - {"task_trials"}


@pytest.mark.parametrize("name", ["text", "caption", "utterance", "token", "lemma", "log", "file"])
def test_columns_of_such_a_name_are_marked(name):
    for table in TABLES.values():
        for column in table.columns:
            if column.name == name and column.type == pa.string() and "demo" not in table.name:
                assert column.holds != Holds.FACT, (table.name, name)


@pytest.mark.parametrize(
    ("options", "left"),
    [
        ({}, {"utterance_id", "word_no"}),
        ({"text": "lemmas"}, {"utterance_id", "word_no", "lemma"}),
        ({"text": "full"}, {"utterance_id", "word_no", "lemma", "token"}),
    ],
)
def test_words_leave_as_far_as_the_config_says(options, left):
    data = pa.table({"utterance_id": ["u"], "word_no": [0], "token": ["balls"], "lemma": ["ball"]})
    assert set(gate(**options).filtered(CONTENT_WORDS, data).column_names) == left


def test_names_never_leave():
    data = pa.table({"utterance_id": ["u"], "speaker_as_read": ["Berta"]})
    assert gate(text="full").filtered(UTTERANCES, data).column_names == ["utterance_id"]


def test_of_the_labs_columns_those_leave_that_the_config_names():
    config = parse_section(Config, {"vary": {"predictors": {"session_columns": ["place"]}}}, "c")
    data = pa.table({"child_id": ["a"], "place": ["home"], "street": ["x"], "exclude_reason": [""]})
    assert Gate.of(config).filtered(TABLES["sessions"], data).column_names == ["child_id", "place"]


def test_norms_of_words_leave_with_lemmas_only():
    norms = [{"path": "n.csv", "word": "w", "columns": {"imageability": "i"}}]
    data = pa.table({"word_no": [0], "imageability": [1.0], "concreteness": [1.0]})
    for text, left in (("none", ["word_no"]), ("lemmas", data.column_names)):
        values = {"vary": {"predictors": {"norms": norms}}, "privacy": {"text": text}}
        found = Gate.of(parse_section(Config, values, "c")).filtered(
            TABLES["word_predictors"], data
        )
        assert found.column_names == left


@pytest.mark.parametrize(
    ("path", "may"),
    [
        ("figures/m/null.pdf", True),
        ("align/m/alignment.parquet", True),
        ("private/lemmas/m.parquet", True),
        ("private/scores/m.csv", False),
        ("private/logs/corpus/prepare_corpus.log", False),
        ("private/config.yaml", False),
        ("raw/transcripts/a/s.csv", False),
        ("report/frame.jpg", False),
        ("report/frame.webm", False),
    ],
)
def test_files_may_leave_by_place_and_kind(path, may):
    assert (Gate.of(Config()).refusal(path) is None) is may


def test_a_copied_table_has_lost_what_may_not_leave(tmp_path):
    write_table(
        UTTERANCES, [SPOKEN], tmp_path / "private/u.parquet", csv=tmp_path / "private/u.csv"
    )
    copy = tmp_path / "out/u.parquet"
    assert gate().copy(tmp_path / "private/u.parquet", copy, tmp_path) is None
    names = pq.read_table(copy).column_names
    assert "n_words" in names
    assert not {"text", "text_encoded", "speaker_as_read"} & set(names)
    assert b"Anna" not in copy.read_bytes()
    refused = gate().copy(tmp_path / "private/u.csv", tmp_path / "out/u.csv", tmp_path)
    assert refused == "it lies in the private zone"
    assert not (tmp_path / "out/u.csv").exists()


def test_a_csv_is_written_anew_from_its_table(tmp_path):
    rows = [{"child_id": "a", "session_id": "b", "exclude": True, "exclude_reason": "Anna is ill"}]
    write_table(SESSIONS, rows, tmp_path / "s.parquet", csv=tmp_path / "s.csv")
    assert gate().copy(tmp_path / "s.csv", tmp_path / "out.csv", tmp_path) is None
    assert (tmp_path / "out.csv").read_text().splitlines()[0] == (
        '"child_id","session_id","age_days","sex","exclude"'
    )


def test_a_picture_leaves_blurred_or_not_at_all(tmp_path):
    picture = Image.effect_noise((64, 48), 80).convert("RGB")
    with pytest.raises(UserError, match="a picture may not leave"):
        gate().picture(picture)
    assert gate(frames="full").picture(picture) is picture
    path, copy = tmp_path / "private/task/p.jpg", tmp_path / "copy.jpg"
    path.parent.mkdir(parents=True)
    facts = Image.Exif()
    facts[0x010E] = "Anna at home"
    picture.save(path, exif=facts)
    assert gate().copy(path, copy, tmp_path) == "no picture may leave"
    assert not copy.exists()
    assert gate(frames="blurred").copy(path, copy, tmp_path) is None
    with Image.open(copy) as left:
        smooth = np.abs(np.diff(np.asarray(left, float), axis=0)).mean()
        assert smooth < 0.2 * np.abs(np.diff(np.asarray(picture, float), axis=0)).mean()
        assert "exif" not in left.info
    found = gate(frames="blurred").picture(picture)
    assert found == blurred(picture, BLUR_POINTS)
    assert found.size == picture.size


@pytest.mark.parametrize(
    "path",
    ["results/align/u.parquet", "results/private/../u.parquet", "results/privates/u.parquet"],
)
def test_words_are_not_written_outside_the_private_zone(tmp_path, path):
    zone = make_private_zone(tmp_path / "results")
    with pytest.raises(ValueError, match=f"utterances holds words or names.*must lie in {zone}"):
        write_table(UTTERANCES, [SPOKEN], tmp_path / path)
    with pytest.raises(ValueError, match="lemmas holds words or names"):
        write_table(LEMMAS, [], zone / "l.parquet", csv=tmp_path / "results/l.csv")
    assert list((tmp_path / "results").iterdir()) == [zone]
    write_table(UTTERANCES, [SPOKEN], zone / "deep/u.parquet")
    write_table(UTTERANCES, [SPOKEN], tmp_path / "elsewhere/u.parquet")
    inner = make_private_zone(tmp_path / "results" / "demo")
    write_table(UTTERANCES, [SPOKEN], inner / "u.parquet")
    with pytest.raises(ValueError, match=f"must lie in {inner}"):
        write_table(UTTERANCES, [SPOKEN], tmp_path / "results/demo/u.parquet")
    assert zone.name == PRIVATE_ZONE
