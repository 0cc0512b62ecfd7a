"""Pictures of drawn pairs: found where they stand, or a reason; never a crash."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from egoalign.config import ReferenceSet
from egoalign.log import UserError
from egoalign.reference import pictures
from egoalign.reference.pictures import read_picture, read_pictures, reading_order
from egoalign.reference.sample import READERS, sample
from tests.unit.reference.made import FORMATS, jpeg, parquet_set, webdataset_set, write_pictures


def rows_of(options: ReferenceSet) -> list[dict]:
    rows, _ = sample(READERS[options.format](options), options, 2511)
    return rows


def in_order(options: ReferenceSet, rows: list[dict]) -> list:
    """Return the pictures of rows in the order of the rows."""
    order = reading_order(rows)
    found = [b""] * len(rows)
    for place, data in zip(order, read_pictures(options, [rows[i] for i in order]), strict=True):
        found[place] = data
    return found


@pytest.mark.parametrize("format_", FORMATS)
@pytest.mark.parametrize("n_pairs", [24, 7])
def test_every_format_gives_the_bytes_of_the_drawn_pictures(format_, n_pairs, pairs, tmp_path):
    options = FORMATS[format_](tmp_path, pairs, n_pairs=n_pairs)
    rows = rows_of(options)
    found = in_order(options, rows)
    by_number = {name: data for name, _, data in pairs}
    for row, data in zip(rows, found, strict=True):
        number = int("".join(filter(str.isdigit, row["key"].rpartition("/")[2])))
        assert data == by_number[f"{number:05d}"]
    assert len(found) == n_pairs


@pytest.mark.parametrize("kind", ["bytes", "struct", "path"])
def test_every_kind_of_parquet_and_a_single_file(kind, pairs, tmp_path):
    options = parquet_set(tmp_path, pairs, kind)
    one = options.model_copy(update={"path": str(tmp_path / "made.parquet")})
    for given in (options, one):
        assert in_order(given, rows_of(given)) == [data for _, _, data in pairs]


def test_rows_of_several_tables_and_shards(pairs, tmp_path):
    folder = tmp_path / "tables"
    folder.mkdir()
    for part in range(3):
        own = pairs[part::3]
        table = pa.table({"image": [p[2] for p in own], "caption": [p[1] for p in own]})
        pq.write_table(table, folder / f"{part}.parquet", row_group_size=3)
    tables = ReferenceSet(name="made", format="parquet", path=str(folder), n_pairs=11)
    shards = webdataset_set(tmp_path / "shards", pairs, 3, n_pairs=11)
    for options in (tables, shards):
        rows = rows_of(options)
        assert len({row["file"] for row in rows}) == 3
        captions = {data: caption for _, caption, data in pairs}
        found = in_order(options, rows)
        assert [captions[data] for data in found] == [row["caption"] for row in rows]


def bare(file: str) -> dict:
    return {"file": file, "place": None, "size": None}


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("none.jpg", "no such picture file"),
        (".", "no such picture file"),
        ("../secret.jpg", "path leads out of the folder of pictures"),
        ("a/../../secret.jpg", "path leads out of the folder of pictures"),
        ("..\\secret.jpg", "path leads out of the folder of pictures"),
        ("/etc/passwd", "path leads out of the folder of pictures"),
        ("https://example.org/a.jpg", "a URL; pictures are not fetched from the network"),
        ("s3://bucket/a.jpg", "a URL; pictures are not fetched from the network"),
        ("a\0.jpg", "no such picture file"),
        ("a" * 300 + ".jpg", "picture file cannot be read (File name too long)"),
    ],
)
def test_a_name_that_gives_no_picture_gives_its_reason(name, reason, tmp_path):
    write_pictures(tmp_path / "in", [("ok", "", jpeg(1))])
    (tmp_path / "secret.jpg").write_bytes(jpeg(2))
    options = ReferenceSet(
        name="made", format="folder", path="c.csv", pictures=str(tmp_path / "in")
    )
    found = list(read_pictures(options, [bare(name), bare("ok.jpg")]))
    assert found[0] == reason
    assert found[1] == jpeg(1)


def test_a_file_or_member_that_is_too_large_is_not_read(pairs, tmp_path, monkeypatch):
    monkeypatch.setattr(pictures, "MAX_BYTES", 5)
    for format_, make in FORMATS.items():
        options = make(tmp_path / format_, pairs[:2])
        assert in_order(options, rows_of(options)) == 2 * [pictures.TOO_LARGE], format_


def png_that_claims(width: int, height: int) -> bytes:
    """Return the beginning of a PNG of any size."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        end = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + end

    size = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", size) + chunk(b"IDAT", zlib.compress(b"0"))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "picture is empty"),
        (b"hello", "picture is broken or of another format"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "picture is broken or of another format"),
        (jpeg(1)[:300], "picture is broken or of another format"),
        (png_that_claims(40, 40), "picture is broken or of another format"),
        (png_that_claims(12_000, 9_000), "picture of more than 100,000,000 pixels"),
        (png_that_claims(60_000, 60_000), "picture of more than 100,000,000 pixels"),
    ],
)
def test_bytes_that_are_no_picture(data, reason):
    assert read_picture(data) == reason


def test_pictures_are_upright_and_of_three_colours():
    image = Image.fromarray(np.arange(12, dtype=np.uint8).reshape(2, 6))
    exif = Image.Exif()
    exif[0x0112] = 6
    out = io.BytesIO()
    image.save(out, "PNG", exif=exif)
    found = read_picture(out.getvalue())
    assert found.shape == (6, 2, 3)
    assert found[:, 1, 0].tolist() == [0, 1, 2, 3, 4, 5]
    for format_ in ("JPEG", "PNG", "WEBP"):
        out = io.BytesIO()
        Image.new("RGB", (5, 4), (250, 0, 0)).save(out, format_)
        assert read_picture(out.getvalue()).shape == (4, 5, 3)


def test_missing_bytes_in_parquet(tmp_path):
    write_pictures(tmp_path, [("x", "", jpeg(3))])
    cells = [{"bytes": None, "path": "x.jpg"}, {"bytes": None, "path": None}, {"bytes": b"1"}]
    kind = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    table = pa.table({"image": pa.array(cells, kind), "caption": ["a", "b", "c"]})
    pq.write_table(table, tmp_path / "p.parquet")
    options = ReferenceSet(name="made", format="parquet", path=str(tmp_path))
    assert in_order(options, rows_of(options)) == [jpeg(3), "picture is empty", b"1"]


def test_a_set_that_changed_since_it_was_drawn_from(pairs, tmp_path):
    options = webdataset_set(tmp_path / "w", pairs)
    rows = rows_of(options)
    shard = tmp_path / "w" / "00000.tar"
    shard.write_bytes(shard.read_bytes()[:3000])
    with pytest.raises(UserError) as caught:
        in_order(options, rows)
    assert "it changed since pairs were drawn from it: delete the sample" in str(caught.value)
    options = parquet_set(tmp_path / "p", pairs)
    rows = rows_of(options)
    parquet_set(tmp_path / "p", pairs[:3])
    with pytest.raises(UserError) as caught:
        in_order(options, rows)
    assert str(caught.value).startswith(f"{tmp_path / 'p' / 'made.parquet'}: has no row 23; it ch")
