"""What is drawn depends on names, captions and seed, and on nothing else."""

from __future__ import annotations

import json
from collections import Counter

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chisquare

from egoalign.config import ReferenceSet
from egoalign.log import UserError
from egoalign.reference.entries import Entry, LeftOut
from egoalign.reference.sample import READERS, Sampler, sample, sample_reference
from tests.unit.reference.made import FORMATS, coco_set, folder_set, parquet_set, webdataset_set

ANY = ReferenceSet(name="made", format="folder", path="x")


def entries(n: int, captions: int = 1) -> list[Entry]:
    return [
        Entry(f"{k:04d}.jpg", f"caption {k} {c}", f"{k:04d}.jpg")
        for k in range(n)
        for c in range(captions)
    ]


def drawn(found: list[Entry], n: int, seed: int = 2511, captions: str = "one") -> list[Entry]:
    sampler = Sampler(n, seed, captions)
    for entry in found:
        sampler.add(entry)
    return sampler.drawn()


@given(st.permutations(range(30)), st.sampled_from(["one", "all"]))
def test_the_order_of_the_entries_does_not_matter(order, captions):
    whole = entries(15, 2)
    assert drawn([whole[i] for i in order], 8, 1, captions) == drawn(whole, 8, 1, captions)


@given(st.integers(1, 40), st.integers(0, 99))
def test_it_draws_as_many_as_asked_each_once_and_a_larger_draw_holds_a_smaller(n, seed):
    whole = entries(30)
    few, more = drawn(whole, n, seed), drawn(whole, n + 1, seed)
    assert len(few) == min(n, 30) == len({entry.key for entry in few})
    assert set(few) <= set(more)
    assert few == sorted(few, key=lambda entry: entry.key)


def test_every_entry_is_drawn_as_often_as_any_other():
    times = Counter(entry.key for seed in range(2000) for entry in drawn(entries(12), 3, seed))
    assert len(times) == 12
    assert chisquare(list(times.values())).pvalue > 0.001


def test_of_several_captions_each_is_drawn_as_often_and_all_means_each_is_a_pair():
    times = Counter(drawn(entries(1, 4), 5, seed)[0].caption for seed in range(2000))
    assert len(times) == 4
    assert chisquare(list(times.values())).pvalue > 0.001
    assert len(drawn(entries(3, 4), 100)) == 3
    assert drawn(entries(3, 4), 100, captions="all") == entries(3, 4)
    assert len(drawn(2 * entries(3, 4), 100, captions="all")) == 12


def test_memory_holds_the_sample_only():
    sampler = Sampler(5, 1, "one")
    for entry in entries(500):
        sampler.add(entry)
        assert len(sampler._kept) == len(sampler._latest) <= 5


def test_rows_number_pictures_and_captions_and_count_what_is_left_out():
    found = [
        Entry("b", "A  cup.\n", "b", 512, 9),
        Entry("a", "a cup.", "a"),
        Entry("c", "\ud800 dog", "c"),
        Entry("d", "...", "d"),
        LeftOut("no picture", "x.tar, e"),
        LeftOut("no picture", "x.tar, f"),
    ]
    rows, counts = sample(found, ANY, 2511)
    assert [row["key"] for row in rows] == ["a", "b", "c"]
    assert [row["pair_id"] for row in rows] == ["p000000", "p000001", "p000002"]
    assert [row["caption"] for row in rows] == ["a cup.", "A cup.", "\ufffd dog"]
    assert [row["caption_id"] for row in rows] == [0, 0, 1]
    assert [row["picture_id"] for row in rows] == [0, 1, 2]
    assert (rows[1]["place"], rows[1]["size"]) == (512, 9)
    assert counts == {
        "set": "made",
        "format": "folder",
        "captions_read": 3,
        "pairs_drawn": 3,
        "pictures_drawn": 3,
        "left_out": {"no picture": 2, "no caption": 1},
    }


def test_the_same_pairs_are_drawn_from_every_format_that_names_pictures_alike(pairs, tmp_path):
    makers = (folder_set, coco_set, lambda *args, **more: parquet_set(*args, kind="path", **more))
    found = []
    for number, make in enumerate(makers):
        options = make(tmp_path / str(number), pairs, n_pairs=9)
        rows, _ = sample(READERS[options.format](options), options, 3)
        found.append([(row["pair_id"], row["key"], row["caption"]) for row in rows])
    assert found[0] == found[1] == found[2]
    assert len(found[0]) == 9


def test_shards_may_be_many_and_the_order_of_rows_any(pairs, tmp_path):
    """A shard's name is part of a pair's, so the shards themselves must be the same."""
    options = webdataset_set(tmp_path / "a", pairs, 3, n_pairs=9)
    backwards = webdataset_set(
        tmp_path / "b", [pairs[i] for i in np.lexsort((-np.arange(24), np.arange(24) % 3))], 1
    )
    assert backwards.n_pairs == 5000
    first, _ = sample(READERS["webdataset"](options), options, 3)
    again, _ = sample(list(READERS["webdataset"](options))[::-1], options, 3)
    assert first == again
    assert len({row["file"] for row in first}) == 3


def test_the_sample_is_written_with_its_counts(pairs, tmp_path):
    options = FORMATS["coco"](tmp_path / "set", pairs, n_pairs=5)
    sample_reference(options, 2511, tmp_path / "s.parquet", tmp_path / "s.json")
    assert pq.read_metadata(tmp_path / "s.parquet").num_rows == 5
    counts = json.loads((tmp_path / "s.json").read_text())
    assert (counts["captions_read"], counts["pairs_drawn"]) == (24, 5)
    assert not any(caption in (tmp_path / "s.json").read_text() for _, caption, _ in pairs)


def test_a_set_without_a_pair_is_an_error(tmp_path):
    (tmp_path / "c.csv").write_text("image,caption\na.jpg,\n,a cup\n")
    options = ReferenceSet(name="made", format="folder", path=str(tmp_path / "c.csv"))
    with pytest.raises(UserError) as caught:
        sample_reference(options, 1, tmp_path / "s.parquet", tmp_path / "s.json")
    assert str(caught.value) == (
        f"{tmp_path / 'c.csv'}: no pair of picture and caption in reference set 'made' "
        "(no caption: 1; no picture named: 1); mend 'path', 'format' or 'columns'"
    )
    assert not (tmp_path / "s.parquet").exists()
