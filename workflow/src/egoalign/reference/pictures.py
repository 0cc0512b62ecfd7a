"""The pictures of drawn pairs, read one by one from files, shards and tables."""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path, PurePosixPath
from typing import IO, Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from egoalign.config import ReferenceSet
from egoalign.log import UserError
from egoalign.reference.entries import folder_of
from egoalign.reference.parquet import check_columns, open_parquet, read_batches

FORMATS = ("JPEG", "PNG", "WEBP")
MAX_BYTES = 1 << 26
"""Bytes of a picture's file at most."""

MAX_PIXELS = 100_000_000
"""Pixels of a picture at most; a small file can claim to hold any number."""

ROWS = 64
"""Rows of a table whose pictures are held at a time."""

NO_FILE = "no such picture file"
URL = "a URL; pictures are not fetched from the network"
LEADS_OUT = "path leads out of the folder of pictures"
EMPTY = "picture is empty"
TOO_LARGE = f"picture file of more than {MAX_BYTES:,} bytes"
TOO_MANY_PIXELS = f"picture of more than {MAX_PIXELS:,} pixels"
BROKEN = "picture is broken or of another format"

Row = Mapping[str, Any]


def read_picture(data: bytes) -> NDArray[np.uint8] | str:
    """Return a picture upright as uint8 (height, width, 3), or why there is none.

    Parameters
    ----------
    data : bytes
        A JPEG, PNG or WebP file.
    """
    from PIL import Image, ImageOps

    if not data:
        return EMPTY
    try:
        with warnings.catch_warnings():
            # Sizes that Pillow warns of are refused below.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(data), formats=FORMATS) as image:
                if image.width * image.height > MAX_PIXELS:
                    return TOO_MANY_PIXELS
                return np.array(ImageOps.exif_transpose(image).convert("RGB"))
    except Image.DecompressionBombError:
        return TOO_MANY_PIXELS
    except Exception:
        # Which exception a damaged file raises depends on its format and on where the damage is.
        return BROKEN


def reading_order(rows: Sequence[Row]) -> list[int]:
    """Return the numbers of the rows in the order in which `read_pictures` is to have them."""
    return sorted(range(len(rows)), key=lambda i: (rows[i]["file"], rows[i]["place"] or 0))


def read_pictures(options: ReferenceSet, rows: Sequence[Row]) -> Iterator[bytes | str]:
    """Yield each row's picture as the bytes of its file, or why there is none.

    Parameters
    ----------
    options : ReferenceSet
        The set.
    rows : sequence of mapping
        Rows of table REFERENCE_SAMPLE, those of a file together and by place.

    Raises
    ------
    UserError
        A shard or table is not there, or not the one that the sample was drawn from.
    """
    folder = folder_of(options)
    for name, group in groupby(rows, key=lambda row: row["file"]):
        of_file = list(group)
        if of_file[0]["size"] is not None:
            yield from _from_shard(_source(options, name), of_file)
        elif of_file[0]["place"] is not None:
            places = [row["place"] for row in of_file]
            yield from _from_table(_source(options, name), options, folder, places)
        else:
            picture = _from_file(folder, name)
            yield from (picture for _ in of_file)


def _source(options: ReferenceSet, name: str) -> Path:
    """Return the shard or table of this name."""
    path = Path(options.path)
    return path / name if path.is_dir() else path


def _from_file(folder: Path, name: str) -> bytes | str:
    if re.match(r"[A-Za-z][A-Za-z0-9+.-]+://", name):
        return URL
    parts = PurePosixPath(name.replace("\\", "/"))
    if parts.is_absolute() or ".." in parts.parts:
        return LEADS_OUT
    try:
        path = folder / name
        if not path.is_file():
            return NO_FILE
        if path.stat().st_size > MAX_BYTES:
            return TOO_LARGE
        return path.read_bytes()
    except (OSError, ValueError) as error:
        return f"picture file cannot be read ({getattr(error, 'strerror', None) or error})"


def _from_shard(path: Path, rows: Sequence[Row]) -> Iterator[bytes | str]:
    try:
        with path.open("rb") as file:
            for row in rows:
                yield _stretch(file, path, row["place"], row["size"])
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror})") from error


def _stretch(file: IO[bytes], path: Path, place: int, size: int) -> bytes | str:
    if size > MAX_BYTES:
        return TOO_LARGE
    file.seek(place)
    data = file.read(size)
    if len(data) < size:
        raise UserError(
            f"{path}: ends before byte {place + size}; it changed since pairs were drawn from it: "
            "delete the sample and run the workflow again"
        )
    return data


def _from_table(
    path: Path, options: ReferenceSet, folder: Path, places: Sequence[int]
) -> Iterator[bytes | str]:
    """Yield the pictures of some rows, which ascend; only their row groups are read."""
    table = open_parquet(path)
    check_columns(path, table.schema_arrow, options.columns)
    if max(places) >= table.metadata.num_rows:
        raise UserError(
            f"{path}: has no row {max(places)}; it changed since pairs were drawn from it: "
            "delete the sample and run the workflow again"
        )
    sizes = [table.metadata.row_group(i).num_rows for i in range(table.num_row_groups)]
    first = 0
    for group, size in enumerate(sizes):
        wanted = [place - first for place in places if first <= place < first + size]
        first += size
        if wanted:
            yield from _from_group(path, table, group, options.columns.picture, folder, wanted)


def _from_group(
    path: Path, table: Any, group: int, column: str, folder: Path, wanted: Sequence[int]
) -> Iterator[bytes | str]:
    first = 0
    for batch in read_batches(path, table, row_groups=[group], columns=[column], batch_size=ROWS):
        inside = [place - first for place in wanted if first <= place < first + batch.num_rows]
        first += batch.num_rows
        for cell in batch.column(0).take(pa.array(inside, pa.int64())).to_pylist():
            yield _of_cell(cell, folder)


def _of_cell(cell: Any, folder: Path) -> bytes | str:
    """Return the picture of a cell: bytes, or a struct of bytes and path."""
    if isinstance(cell, dict):
        if cell["bytes"] is None and cell.get("path"):
            return _from_file(folder, cell["path"])
        cell = cell["bytes"]
    if cell is None:
        return EMPTY
    return TOO_LARGE if len(cell) > MAX_BYTES else bytes(cell)
