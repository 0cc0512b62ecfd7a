"""The demo's captioned pictures: nearly all captions name what is shown, and it is known which."""

from __future__ import annotations

import numpy as np
import pyarrow.parquet as pq
import pytest

from egoalign.config import DemoOptions, ReferenceSet
from egoalign.demo.captioned import MATCHING, SEEN, _caption, captioned_pictures, make_captions
from egoalign.demo.drawn import DrawnSource
from egoalign.demo.kinds import PHOTO_KINDS, kind_named
from egoalign.reference.pictures import read_picture, read_pictures
from egoalign.reference.sample import READERS, sample

N = 100


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("captions")
    options = DemoOptions(captions=N)
    make_captions(options, folder / "raw" / "captions.tar", folder / "captions.parquet")
    return folder


def test_the_stated_share_of_captions_names_what_is_shown(made):
    rows = pq.read_table(made / "captions.parquet").to_pylist()
    assert len(rows) == N
    assert sum(row["matches"] for row in rows) == round(MATCHING * N) == 97
    for row in rows:
        assert kind_named(row["kind"]).name in row["caption"]
        assert row["share_crop"] >= SEEN if row["matches"] else row["share_picture"] == 0.0
    assert len({row["kind"] for row in rows}) > 20
    assert len({row["caption"] for row in rows}) > 50


def test_the_shard_is_read_as_any_other(made):
    path = str(made / "raw" / "captions.tar")
    options = ReferenceSet(name="photos", format="webdataset", path=path)
    rows, counts = sample(READERS["webdataset"](options), options, 1)
    truth = pq.read_table(made / "captions.parquet").to_pylist()
    assert counts["left_out"] == {}
    assert [row["key"] for row in rows] == [f"captions/{row['key']}" for row in truth]
    assert [row["caption"] for row in rows] == [row["caption"] for row in truth]
    shapes = {read_picture(data).shape for data in read_pictures(options, rows)}
    assert shapes == {(120, 160, 3)}


def test_the_same_seed_makes_the_same_bytes_and_another_another(made, tmp_path):
    for seed, same in ((20251118, True), (1, False)):
        make_captions(
            DemoOptions(captions=N, seed=seed), tmp_path / "a.tar", tmp_path / "a.parquet"
        )
        equal = (tmp_path / "a.tar").read_bytes() == (made / "raw/captions.tar").read_bytes()
        assert equal == same


def test_pictures_are_of_looks_that_the_model_never_saw():
    class Only(DrawnSource):
        def looks(self, kind, split):
            assert split == "corpus"
            return super().looks(kind, split)

    assert len(list(captioned_pictures(Only(), 1, 5))) == 5


def test_captions_agree_with_the_number_of_their_noun():
    rng = np.random.default_rng(1)
    for kind in (kind_named("pants"), *PHOTO_KINDS):
        texts = {_caption(rng, kind) for _ in range(60)}
        if kind.article == "some":
            assert not any("this" in text for text in texts)
        else:
            assert f"this is {kind.article} {kind.name}" in texts
