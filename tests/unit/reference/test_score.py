"""From any format to the table of pairs, with a real model."""

from __future__ import annotations

import io

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image

from egoalign import cli
from egoalign.config import ReferenceSet
from egoalign.log import UserError
from egoalign.reference.sample import sample_reference
from egoalign.reference.score import score_reference
from egoalign.tables import REFERENCE_PAIRS, read_metadata, read_table
from tests.unit.reference.made import FORMATS, folder_set, webdataset_set


def scored(options: ReferenceSet, model, folder, **more) -> list[dict]:
    sample_reference(options, 2511, folder / "s.parquet", folder / "s.json")
    score_reference(folder / "s.parquet", options, model, folder / "p.parquet", draws=50, **more)
    return read_table(REFERENCE_PAIRS, folder / "p.parquet").to_pylist()


def test_scores_equal_those_of_open_clip_alone(tiny, pairs, tmp_path):
    """The same file, weights and words through open_clip's own functions."""
    import open_clip
    import torch

    rows = scored(folder_set(tmp_path, pairs), tiny, tmp_path)
    open_clip.add_model_config(tiny.name)
    network, preprocess = open_clip.create_model_from_pretrained(
        "tiny-test", pretrained=tiny.pretrained
    )
    network.eval()
    tokenizer = open_clip.get_tokenizer("tiny-test")
    pictures = [preprocess(Image.open(io.BytesIO(data)).convert("RGB")) for *_, data in pairs]
    with torch.inference_mode():
        image = network.encode_image(torch.stack(pictures), normalize=True).numpy()
        tokens = tokenizer([caption for _, caption, _ in pairs])
        text = network.encode_text(tokens, normalize=True).numpy()
    expected = (image * text).sum(axis=1)
    # float16 vectors of 24 numbers: a cosine is off by less than 2e-4.
    assert [row["score_max"] for row in rows] == pytest.approx(expected, abs=2e-4)
    assert np.std(expected) > 0.01
    assert [row["n_frames"] for row in rows] == 24 * [1]
    assert [row["n_words"] for row in rows] == [len(c.split()) for _, c, _ in pairs]
    assert [row["n_tokens"] for row in rows] == [len(c.split()) for _, c, _ in pairs]


def test_the_same_pairs_in_all_formats_give_the_same_table(tiny, pairs, tmp_path):
    tables = []
    for format_, make in FORMATS.items():
        folder = tmp_path / format_
        tables.append(scored(make(folder / "set", pairs), tiny, folder))
    assert tables[0] == tables[1] == tables[2] == tables[3]
    assert all(row["shuffled_z"] is not None for row in tables[0])
    assert all(row["reason"] is None for row in tables[0])


def test_the_table_has_no_words_and_says_which_model(tiny, pairs, tmp_path):
    scored(webdataset_set(tmp_path / "set", pairs), tiny, tmp_path)
    content = str(pq.read_table(tmp_path / "p.parquet").to_pydict())
    assert not any(caption in content for _, caption, _ in pairs)
    assert "jpg" not in content
    facts = read_metadata(tmp_path / "p.parquet")
    assert facts["model_id"] == "tiny"
    assert len(facts["weights_sha256"]) == 64
    assert facts["picture"] == "crop"


@pytest.mark.parametrize("picture", ["tiles_max", "pad"])
def test_pictures_are_prepared_as_the_corpus_is(picture, tiny, pairs, tmp_path):
    plain = scored(folder_set(tmp_path, pairs), tiny, tmp_path)
    other = scored(folder_set(tmp_path, pairs), tiny, tmp_path, picture=picture)
    assert read_metadata(tmp_path / "p.parquet")["picture"] == picture
    assert [row["score_max"] for row in plain] != [row["score_max"] for row in other]


def test_pictures_that_cannot_be_read_keep_their_row(tiny, pairs, tmp_path, caplog):
    options = folder_set(tmp_path, pairs)
    (tmp_path / "00003.jpg").write_bytes(b"rubbish")
    (tmp_path / "00005.jpg").unlink()
    caplog.set_level("WARNING", "egoalign")
    rows = scored(options, tiny, tmp_path)
    assert rows[3]["reason"] == "picture is broken or of another format"
    assert rows[5]["reason"] == "no such picture file"
    assert (rows[3]["n_frames"], rows[3]["score_max"], rows[3]["null_reason"]) == (0, None, None)
    assert sum(row["score_max"] is not None for row in rows) == 22
    assert caplog.messages == [
        "made: pictures that could not be read: "
        "picture is broken or of another format: 1; no such picture file: 1"
    ]
    whole = [pair for pair in pairs if pair[0] not in ("00003", "00005")]
    again = scored(webdataset_set(tmp_path / "whole", whole), tiny, tmp_path)
    names = ("score_max", "shuffled_mean", "text_matched_mean", "null_reason")
    kept = [row for row in rows if row["reason"] is None]
    assert [[row[k] for k in names] for row in kept] == [[row[k] for k in names] for row in again]


def test_a_bad_picture_stops_where_that_is_asked(tiny, pairs, tmp_path):
    options = folder_set(tmp_path, pairs)
    (tmp_path / "00003.jpg").write_bytes(b"rubbish")
    with pytest.raises(UserError) as caught:
        scored(options, tiny, tmp_path, on_bad_picture="fail")
    assert str(caught.value) == (
        f"{tmp_path}: picture '00003.jpg' of reference set 'made': picture is broken or of "
        "another format; mend it, or set reference.on_bad_picture: skip"
    )
    assert not (tmp_path / "p.parquet").exists()


def test_a_set_without_any_picture_is_an_error(tiny, pairs, tmp_path):
    options = folder_set(tmp_path, pairs[:3], pictures=str(tmp_path / "elsewhere"))
    with pytest.raises(UserError) as caught:
        scored(options, tiny, tmp_path)
    assert str(caught.value) == (
        f"{tmp_path}: none of the 3 pictures of reference set 'made' could be read "
        "(no such picture file: 3), the first is '00000.jpg'; mend 'path' or 'pictures'"
    )


def test_too_few_pairs_have_scores_and_a_reason_for_no_null(tiny, pairs, tmp_path):
    rows = scored(folder_set(tmp_path, pairs[:4]), tiny, tmp_path)
    assert all(row["score_max"] is not None and row["shuffled_mean"] is None for row in rows)
    assert {row["null_reason"] for row in rows} == {
        "fewer than 5 other pairs in the set; fewer than 5 other captions of as many tokens"
    }


def test_captions_that_are_too_long_are_cut_and_said_so(tiny, pairs, tmp_path):
    long = [("00000", "cup " * 40, pairs[0][2]), *pairs[1:8]]
    rows = scored(folder_set(tmp_path, long), tiny, tmp_path)
    assert (rows[0]["n_tokens"], rows[0]["truncated"]) == (40, True)
    assert not rows[1]["truncated"]


def test_the_commands_run_from_set_to_summary(tiny, pairs, tmp_path, capsys):
    options = webdataset_set(tmp_path / "set", pairs, n_pairs=20).model_dump_json()
    sample, table = tmp_path / "s.parquet", tmp_path / "p.parquet"

    def run(*arguments: object) -> int:
        return cli.main([str(argument) for argument in arguments])

    assert run("sample-reference", "--set", options, "--out", sample,
               "--counts", tmp_path / "s.json") == 0  # fmt: skip
    assert run("score-reference", "--set", options, "--sample", sample, "--draws", 20,
               "--model", tiny.model_dump_json(), "--out", table) == 0  # fmt: skip
    assert run("summarise-reference", "--pairs", table, "--cutoffs", 0.1, "--draws", 20,
               "--out", tmp_path / "m.parquet", "--csv", tmp_path / "m.csv") == 0  # fmt: skip
    assert len((tmp_path / "m.csv").read_text().splitlines()) == 16
    assert run("sample-reference", "--set", '{"name": "a", "format": "coc", "path": "x"}',
               "--out", sample, "--counts", tmp_path / "s.json") == 2  # fmt: skip
    told = "format: found 'coc', allowed: folder, coco, webdataset, parquet; did you mean 'coco'?"
    assert told in capsys.readouterr().err
