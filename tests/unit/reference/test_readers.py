"""What each format may hold, and what is said of one that is damaged."""

from __future__ import annotations

import json
import re
import struct
import tarfile

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from egoalign.config import ReferenceSet
from egoalign.log import UserError
from egoalign.reference import webdataset
from egoalign.reference.entries import Entry, LeftOut
from egoalign.reference.sample import READERS
from tests.unit.reference.made import (
    FORMATS,
    add_member,
    coco_set,
    folder_set,
    jpeg,
    parquet_set,
    webdataset_set,
)


def read(format_: str, path, **more) -> list:
    options = ReferenceSet(name="made", format=format_, path=str(path), **more)
    return list(READERS[format_](options))


def error(format_: str, path, **more) -> str:
    with pytest.raises(UserError) as caught:
        read(format_, path, **more)
    text = str(caught.value)
    assert "\n" not in text
    return text.replace(str(path), "PATH")


@pytest.mark.parametrize("format_", FORMATS)
def test_every_format_gives_the_pairs(format_, pairs, tmp_path):
    options = FORMATS[format_](tmp_path, pairs)
    found = list(READERS[format_](options))
    assert [entry.caption for entry in found] == [caption for _, caption, _ in pairs]
    names = [entry.key.removeprefix("00000/").removeprefix("made/") for entry in found]
    expected = [name for name, _, _ in pairs]
    if format_ == "parquet":
        assert names == [f"{row:09d}" for row in range(24)]
    else:
        assert [name.removesuffix(".jpg") for name in names] == expected


@pytest.mark.parametrize("format_", FORMATS)
def test_a_path_that_is_not_there(format_, tmp_path):
    suffix = {"folder": ".csv or .tsv", "coco": ".json", "webdataset": ".tar"}.get(
        format_, ".parquet"
    )
    assert error(format_, tmp_path / "none") == (
        "PATH: no such file or folder; give in reference set 'made' as 'path' "
        f"a {suffix} file or the folder that holds it"
    )
    assert error(format_, tmp_path) == (
        f"PATH: the folder holds no {suffix} file; mend 'path' or 'format' of reference set 'made'"
    )


def test_several_tables_in_a_folder_must_be_told_apart(tmp_path):
    for name in ("a.json", "b.json"):
        (tmp_path / name).write_text("{}")
    assert error("coco", tmp_path) == (
        "PATH: the folder holds 2 .json files (a.json, b.json ...); give as 'path' the one to read"
    )


# A folder with a CSV


def test_csv_of_other_columns_quotes_marks_and_a_tsv(tmp_path):
    path = tmp_path / "c.csv"
    path.write_bytes('\ufefftext, file ,n\n"a, b\nc",x/1.jpg,1\n\n;é,2.png,2\n'.encode())
    columns = {"picture": "file", "caption": "text"}
    assert read("folder", path, columns=columns) == [
        Entry("x/1.jpg", "a, b\nc", "x/1.jpg"),
        Entry("2.png", ";é", "2.png"),
    ]
    (tmp_path / "c.tsv").write_text("image\tcaption\n1.jpg\ta, b\n")
    assert read("folder", tmp_path / "c.tsv") == [Entry("1.jpg", "a, b", "1.jpg")]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            b"imag,caption\n",
            "PATH: column 'image' is missing; did you mean 'imag'? columns found: imag, caption; "
            "name the right one in 'columns.picture'",
        ),
        (
            b"image,text\n",
            "PATH: column 'caption' is missing; columns found: image, text; "
            "name the right one in 'columns.caption'",
        ),
        (
            b"image,caption\na.jpg,a cup\nb.jpg,a cup, red\n",
            "PATH, line 3: 3 values, expected 2 as in the header; a caption that holds the "
            "delimiter must stand in quotation marks",
        ),
        (b"image,caption\na,\xff\n", "PATH: not UTF-8 after line 1; save it as UTF-8"),
        (b'image,caption\na,"b\n', "PATH, line 2: not CSV: unexpected end of data"),
        (b"", "PATH: column 'image' is missing; columns found: ; name the right one in "
              "'columns.picture'"),
    ],
)  # fmt: skip
def test_csv_that_is_wrong(content, message, tmp_path):
    (tmp_path / "c.csv").write_bytes(content)
    assert error("folder", tmp_path / "c.csv") == message


def test_csv_rows_without_a_caption_or_picture_are_counted(tmp_path):
    (tmp_path / "c.csv").write_text("image,caption\na.jpg, \n,a cup\n")
    assert read("folder", tmp_path / "c.csv") == [
        LeftOut("no caption", f"{tmp_path / 'c.csv'}, line 2"),
        LeftOut("no picture named", f"{tmp_path / 'c.csv'}, line 3"),
    ]


# COCO

SHAPE = (
    "expected COCO captions: {'images': [{'id', 'file_name'}], "
    "'annotations': [{'image_id', 'caption'}]}"
)
IMAGES = '"images": [{"id": 7, "file_name": "7.jpg"}]'


def test_several_captions_of_an_image(tmp_path):
    annotations = [{"image_id": 7, "caption": text} for text in ("a cup", "a red cup")]
    annotations += [{"image_id": 8, "caption": "x"}, {"image_id": 7, "caption": None}]
    text = f'{{{IMAGES}, "annotations": {json.dumps(annotations)}}}'
    (tmp_path / "c.json").write_text(text)
    where = f"{tmp_path / 'c.json'}, annotations"
    assert read("coco", tmp_path / "c.json") == [
        Entry("7.jpg", "a cup", "7.jpg"),
        Entry("7.jpg", "a red cup", "7.jpg"),
        LeftOut("image_id of no image", f"{where}[2]"),
        LeftOut("no caption", f"{where}[3]"),
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[1]", f"PATH: found a list at the top; {SHAPE}"),
        ('{"a": 1}', f"PATH: no list 'images', keys found: a; {SHAPE}"),
        (f"{{{IMAGES}}}", f"PATH: no list 'annotations', keys found: images; {SHAPE}"),
        ('{"images": {}}', f"PATH: no list 'images', keys found: images; {SHAPE}"),
        ('{"images": [3]}', f"PATH, images[0]: no 'id'; {SHAPE}"),
        (
            '{"images": [{"id": 7, "file_name": null}]}',
            "PATH, images[0]: file_name is None, expected the name of a file",
        ),
        (
            '{"images": [{"id": 7, "file_name": "a"}, {"id": 7, "file_name": "b"}]}',
            "PATH, images[1]: id 7 stands there twice, for 'b' too",
        ),
        (
            f'{{{IMAGES}, "annotations": [{{"image_id": 7, "bbox": [1]}}]}}',
            "PATH, annotations[0]: no 'caption'; is this captions_*.json and not instances_*.json?",
        ),
        ('{"images": [\n1,]}', f"PATH, line 2: not JSON (expecting value); {SHAPE}"),
        ("[" * 100_000, f"PATH: not JSON (RecursionError); {SHAPE}"),
    ],
)
def test_json_of_another_shape(text, message, tmp_path):
    (tmp_path / "c.json").write_text(text)
    found = error("coco", tmp_path / "c.json")
    assert found == message


# WebDataset


def test_a_shard_gives_first_byte_and_size(pairs, tmp_path):
    webdataset_set(tmp_path, pairs)
    data = (tmp_path / "00000.tar").read_bytes()
    for entry, (name, caption, picture) in zip(read("webdataset", tmp_path), pairs, strict=True):
        assert entry.key == f"00000/{name}"
        assert entry.caption == caption
        assert entry.file == "00000.tar"
        assert data[entry.place : entry.place + entry.size] == picture


def shard_of(path, members) -> None:
    with tarfile.open(path, "w") as shard:
        for name, data in members:
            add_member(shard, name, data)


def test_members_of_a_shard(tmp_path):
    path = tmp_path / "s.tar"
    shard_of(
        path,
        [
            ("d/./a.JPG", b"1"), ("d/./a.txt", b"a cup"), ("d/./a.json", b'{"caption": "other"}'),
            ("b.png", b"2"), ("b.json", b'{"caption": "a dog", "x": 1}'),
            ("c.jpg", b"3"),
            ("d.txt", b"a hat"),
            ("e.jpg", b"4"), ("e.json", b'{"caption": 5}'),
            ("f.jpg", b"5"), ("f.json", b"[1"),
            ("g.jpg", b"6"), ("g.txt", b"\xff\xfe"),
            ("h.cls", b"7"),
            ("i.jpg", b"8"), ("i.txt", b" \n"),
            ("j.seg.png", b"9"), ("j.webp", b"0"), ("j.txt", "é".encode()),
            ("README", b"hello"),
        ],
    )  # fmt: skip
    found = read("webdataset", path)
    assert [(e.key, e.caption) for e in found if isinstance(e, Entry)] == [
        ("s/d/a", "a cup"),
        ("s/b", "a dog"),
        ("s/j", "é"),
    ]
    assert [(e.where[-1], e.reason) for e in found if isinstance(e, LeftOut)] == [
        ("c", "no caption"),
        ("d", "no picture"),
        ("e", "no caption"),
        ("f", "caption is not JSON"),
        ("g", "caption is not UTF-8"),
        ("i", "no caption"),
    ]


def test_names_that_lead_out_links_and_folders_are_never_followed(tmp_path):
    path = tmp_path / "s.tar"
    with tarfile.open(path, "w") as shard:
        add_member(shard, "../../evil.jpg", b"1")
        add_member(shard, "../../evil.txt", b"words")
        add_member(shard, "/etc/evil.jpg", b"1")
        for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE, tarfile.FIFOTYPE):
            member = tarfile.TarInfo("link.jpg")
            member.type, member.linkname = kind, "/etc/passwd"
            shard.addfile(member)
        add_member(shard, "link.txt", b"words")
        add_member(shard, "good.jpg", b"1")
        add_member(shard, "good.txt", b"words")
    before = sorted(tmp_path.parent.rglob("*"))
    found = read("webdataset", path)
    assert found[:2] == [
        LeftOut("name leads out of the shard", f"{path}, ../../evil.jpg"),
        LeftOut("name leads out of the shard", f"{path}, ../../evil.txt"),
    ]
    assert found[2] == LeftOut("name leads out of the shard", f"{path}, /etc/evil.jpg")
    assert found[3] == LeftOut("no picture", f"{path}, link")
    assert [entry.key for entry in found[4:]] == ["s/good"]
    assert sorted(tmp_path.parent.rglob("*")) == before


@given(st.integers(0, 10_240 - 1))
def test_a_shard_that_is_cut_off_anywhere_is_refused_in_one_line(tmp_path_factory, length):
    folder = tmp_path_factory.getbasetemp() / "cut"
    if not (folder / "00000.tar").is_file():
        webdataset_set(folder, [("a", "a cup", jpeg(1)), ("b", "a dog", jpeg(2))])
    whole = (folder / "00000.tar").read_bytes()
    end = len(whole.rstrip(b"\0"))
    path = folder.parent / "part.tar"
    path.write_bytes(whole[:length])
    # The mark of the end is one block of zeros; what follows it is padding.
    if length >= -(-end // 512) * 512 + 512:
        assert len(read("webdataset", path)) == 2
        return
    text = error("webdataset", path)
    assert re.fullmatch(
        r"PATH(: not a whole tar file \(.+\)|: cut off at byte \d+|"
        r", byte \d+: a member of [\d,]+ bytes, which the shard does not hold)"
        r"; fetch the shard again",
        text,
    ), text


def header(name: str, size: bytes, kind: bytes = b"0") -> bytes:
    """Return a member's header with any 12 bytes for its size, and a right checksum."""
    block = bytearray(tarfile.TarInfo(name).tobuf(tarfile.USTAR_FORMAT)[:512])
    block[124:136], block[156:157] = size, kind
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


HUGE = b"\x80" + (10**15).to_bytes(11, "big")
NEGATIVE = (-1024).to_bytes(12, "big", signed=True)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "PATH: not a whole tar file (empty file); fetch the shard again"),
        (b"no tar " * 200, "PATH: not a whole tar file (invalid header); fetch the shard again"),
        (b"\x1f\x8b" + bytes(600), "PATH: a compressed file; unpack it to a plain .tar"),
        (
            header("a.jpg", HUGE) + bytes(1024),
            "PATH, byte 0: a member of 1,000,000,000,000,000 bytes, which the shard does not hold; "
            "fetch the shard again",
        ),
        (
            header("a.jpg", HUGE, b"x") + bytes(1024),
            "PATH, byte 512: a header of 1,000,000,000,000,000 bytes, expected 1,048,576 at most; "
            "the shard is damaged or made to do harm",
        ),
        (
            header("a.jpg", HUGE, b"L") + bytes(1024),
            "PATH, byte 512: a header of 1,000,000,000,000,000 bytes, expected 1,048,576 at most; "
            "the shard is damaged or made to do harm",
        ),
        (
            header("a.jpg", b"00000000001\0") + b"1" + bytes(511) + b"rubbish " * 64,
            "PATH, byte 1024: found no member there and no end; fetch the shard again",
        ),
    ],
)
def test_a_damaged_or_hostile_shard(content, message, tmp_path):
    (tmp_path / "s.tar").write_bytes(content)
    found = error("webdataset", tmp_path / "s.tar")
    assert re.sub(r"1,000,000,000,000,\d{3}", "1,000,000,000,000,000", found) == message


@pytest.mark.parametrize("kind", [b"0", b"x", b"L"])
def test_a_member_of_negative_size_ends_the_reading(kind, tmp_path):
    first = header("a.jpg", b"00000000001\0") + b"1" + bytes(511)
    (tmp_path / "s.tar").write_bytes(first + header("b.jpg", NEGATIVE, kind) + bytes(2048))
    assert error("webdataset", tmp_path / "s.tar").startswith("PATH")


def test_too_many_members(tmp_path, monkeypatch):
    monkeypatch.setattr(webdataset, "MAX_MEMBERS", 3)
    shard_of(tmp_path / "s.tar", [(f"{k}.cls", b"") for k in range(4)])
    assert error("webdataset", tmp_path / "s.tar") == (
        "PATH: more than 3 members; split it into several shards"
    )


def test_a_caption_file_that_is_too_long_is_not_read(tmp_path, monkeypatch):
    monkeypatch.setattr(webdataset, "MAX_CAPTION", 10)
    shard_of(tmp_path / "s.tar", [("a.jpg", b"1"), ("a.txt", b"x" * 11)])
    assert [found.reason for found in read("webdataset", tmp_path / "s.tar")] == [
        "caption file of more than 10 bytes"
    ]


# Parquet


@pytest.mark.parametrize("kind", ["bytes", "struct", "path"])
def test_pictures_as_bytes_struct_or_path(kind, pairs, tmp_path):
    options = parquet_set(tmp_path, pairs, kind)
    found = list(READERS["parquet"](options))
    assert [entry.caption for entry in found] == [caption for _, caption, _ in pairs]
    if kind == "path":
        assert found[3] == Entry("00003.jpg", pairs[3][1], "00003.jpg")
    else:
        assert found[3] == Entry("made/000000003", pairs[3][1], "made.parquet", 3)
        keyed = parquet_set(tmp_path, pairs, kind, columns={"key": "key"})
        assert next(READERS["parquet"](keyed)).key == "00000"


def test_lists_of_captions_and_missing_ones(tmp_path):
    table = pa.table(
        {
            "image": pa.array([b"1", b"2", b"3"]),
            "caption": pa.array([["a", "b"], None, [None, " "]], pa.list_(pa.string())),
        }
    )
    pq.write_table(table, tmp_path / "p.parquet")
    found = read("parquet", tmp_path / "p.parquet")
    assert [e.caption for e in found if isinstance(e, Entry)] == ["a", "b"]
    assert [e.where[-5:] for e in found if isinstance(e, LeftOut)] == ["row 1", "row 2", "row 2"]


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        (
            {"jpg": [b"1"], "caption": ["a"]},
            "PATH: column 'image' is missing; columns found: jpg, caption; "
            "name the right one in 'columns.picture'",
        ),
        (
            {"image": [b"1"], "caption": [3]},
            "PATH: column 'caption' holds int64, expected text or lists of text",
        ),
        (
            {"image": [3], "caption": ["a"]},
            "PATH: column 'image' holds int64, expected bytes, paths, or a struct of 'bytes' and "
            "'path'",
        ),
    ],
)
def test_parquet_of_other_columns(columns, message, tmp_path):
    pq.write_table(pa.table(columns), tmp_path / "p.parquet")
    assert error("parquet", tmp_path / "p.parquet") == message


def test_parquet_that_is_none_or_damaged(pairs, tmp_path):
    parquet_set(tmp_path, pairs)
    path = tmp_path / "made.parquet"
    data = path.read_bytes()
    path.write_bytes(data[:-20])
    assert re.fullmatch(r"PATH: not a Parquet file \(.+\); make it again", error("parquet", path))
    spoilt = bytearray(data)
    footer = struct.unpack("<i", data[-8:-4])[0]
    middle = np.random.default_rng(1).integers(0, 255, len(data) - footer - 200).astype(np.uint8)
    spoilt[100 : 100 + len(middle)] = middle.tobytes()
    path.write_bytes(bytes(spoilt))
    assert re.fullmatch(r"PATH: damaged \(.+\); fetch or make it again", error("parquet", path))


@pytest.mark.parametrize("make", [folder_set, coco_set])
def test_a_folder_is_as_good_as_its_only_file(make, pairs, tmp_path):
    options = make(tmp_path, pairs)
    folder = options.model_copy(update={"path": str(tmp_path)})
    read = READERS[options.format]
    assert list(read(folder)) == list(read(options))
