"""Captioned pictures made for the tests, and the same pairs in every format."""

from __future__ import annotations

import csv
import io
import json
import tarfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

from egoalign.config import ReferenceSet

Pairs = list[tuple[str, str, bytes]]
"""Name without suffix, caption, and the bytes of a JPEG."""

NOUNS = ("cup", "shoe", "ball", "dog", "old brown hat", "tree")


def jpeg(seed: int, size: tuple[int, int] = (48, 40)) -> bytes:
    """Return a picture of random blocks."""
    blocks = np.random.default_rng(seed).integers(0, 255, (5, 6, 3)).astype(np.uint8)
    out = io.BytesIO()
    Image.fromarray(blocks).resize(size, Image.Resampling.NEAREST).save(out, "JPEG")
    return out.getvalue()


def random_pairs(n: int, seed: int = 2511) -> Pairs:
    """Return n pairs with captions of several lengths, some said of several pictures."""
    rng = np.random.default_rng(seed)
    names = [str(rng.choice(NOUNS)) for _ in range(n)]
    return [
        (f"{number:05d}", f"{'a ' if number % 2 else 'there is a '}{noun}", jpeg(number))
        for number, noun in enumerate(names)
    ]


def write_pictures(folder: Path, pairs: Pairs) -> None:
    """Write the pictures as ``<name>.jpg``."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, _, data in pairs:
        (folder / f"{name}.jpg").write_bytes(data)


def folder_set(folder: Path, pairs: Pairs, **more) -> ReferenceSet:
    """Write pictures and a CSV."""
    write_pictures(folder, pairs)
    with (folder / "captions.csv").open("w", newline="", encoding="utf-8") as stream:
        out = csv.writer(stream)
        out.writerow(["image", "caption"])
        out.writerows([f"{name}.jpg", caption] for name, caption, _ in pairs)
    return ReferenceSet(name="made", format="folder", path=str(folder), **more)


def coco_set(folder: Path, pairs: Pairs, **more) -> ReferenceSet:
    """Write pictures in a folder of their own, and a captions JSON."""
    write_pictures(folder / "pictures", pairs)
    content = {
        "info": {"year": 2026},
        "images": [
            {"id": 900 + number, "file_name": f"{name}.jpg", "height": 40, "width": 48}
            for number, (name, _, _) in enumerate(pairs)
        ],
        "annotations": [
            {"id": number, "image_id": 900 + number, "caption": caption}
            for number, (_, caption, _) in enumerate(pairs)
        ],
    }
    (folder / "captions.json").write_text(json.dumps(content))
    path, pictures = str(folder / "captions.json"), str(folder / "pictures")
    return ReferenceSet(name="made", format="coco", path=path, pictures=pictures, **more)


def add_member(shard: tarfile.TarFile, name: str, data: bytes) -> None:
    """Add a plain file to a shard."""
    member = tarfile.TarInfo(name)
    member.size = len(data)
    shard.addfile(member, io.BytesIO(data))


def webdataset_set(folder: Path, pairs: Pairs, shards: int = 1, **more) -> ReferenceSet:
    """Write tar shards in the manner of img2dataset: picture, JSON and text."""
    folder.mkdir(parents=True, exist_ok=True)
    for part in range(shards):
        with tarfile.open(folder / f"{part:05d}.tar", "w") as shard:
            for name, caption, data in pairs[part::shards]:
                add_member(shard, f"{name}.jpg", data)
                content = {"caption": caption, "key": name, "status": "success"}
                add_member(shard, f"{name}.json", json.dumps(content).encode())
                add_member(shard, f"{name}.txt", caption.encode())
    return ReferenceSet(name="made", format="webdataset", path=str(folder), **more)


def parquet_set(folder: Path, pairs: Pairs, kind: str = "bytes", **more) -> ReferenceSet:
    """Write one table; `kind` is bytes, struct or path."""
    folder.mkdir(parents=True, exist_ok=True)
    names, captions, data = (list(column) for column in zip(*pairs, strict=True))
    pictures = {
        "bytes": pa.array(data, pa.binary()),
        "struct": pa.array([{"bytes": one, "path": None} for one in data]),
        "path": pa.array([f"{name}.jpg" for name in names]),
    }[kind]
    if kind == "path":
        write_pictures(folder, pairs)
    table = pa.table({"key": names, "image": pictures, "caption": captions})
    pq.write_table(table, folder / "made.parquet", row_group_size=7)
    return ReferenceSet(name="made", format="parquet", path=str(folder), **more)


FORMATS = {
    "folder": folder_set,
    "coco": coco_set,
    "webdataset": webdataset_set,
    "parquet": parquet_set,
}
