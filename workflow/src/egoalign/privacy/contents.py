"""What a file holds, taken apart for a scan: texts, columns, and pictures, also packed ones."""

from __future__ import annotations

import base64
import binascii
import gzip
import hashlib
import html
import io
import json
import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
from PIL import Image

from egoalign.tables import read_columns

MOST_BYTES = 1 << 28
"""Packed content beyond this is not unpacked but reported."""

MOST_MEMBERS = 10_000
MOST_LEVELS = 4

PICTURES = {
    b"\x89PNG\r\n\x1a\n": "PNG",
    b"\xff\xd8\xff": "JPEG",
    b"GIF8": "GIF",
    b"II*\x00": "TIFF",
    b"MM\x00*": "TIFF",
}
MOVIES = {4: (b"ftyp",), 0: (b"\x1aE\xdf\xa3", b"OggS")}
BASE64 = re.compile(r"[A-Za-z0-9+/]{64,}={0,2}")
PDF_STREAM = re.compile(rb"stream\r?\n(.*?)\r?\nendstream", re.DOTALL)
PDF_SHOWN = re.compile(rb"((?:\((?:\\.|[^\\)])*\)[^()\]]*)+)\]?\s*T[jJ]", re.DOTALL)
PDF_PIECE = re.compile(rb"\(((?:\\.|[^\\)])*)\)", re.DOTALL)
PDF_ESCAPE = re.compile(rb"\\([0-7]{1,3}|.)", re.DOTALL)


@dataclass(frozen=True)
class Text:
    """A text and where it stands in its file."""

    place: str
    text: str


@dataclass(frozen=True)
class Values:
    """The distinct texts of a column."""

    place: str
    values: list[str]


@dataclass(frozen=True)
class Picture:
    """A picture, film or other heap of bytes; `digest` is that of a PNG file."""

    place: str
    what: str
    digest: str = ""


Piece = Text | Values | Picture


def pieces_of(path: Path) -> Iterator[Piece]:
    """Yield what a file holds.

    Parameters
    ----------
    path : Path
        The file, in any format; tables by their suffix, all else by its first bytes.
    """
    if path.suffix in (".parquet", ".arrow"):
        yield from _table_pieces(read_columns(path))
    elif path.suffix in (".csv", ".tsv"):
        yield from _csv_pieces(path)
    elif path.stat().st_size > MOST_BYTES:
        yield Picture("", f"{path.stat().st_size} bytes, too many to look into")
    else:
        yield from _pieces(path.read_bytes(), "", 0)


def _table_pieces(table: pa.Table) -> Iterator[Piece]:
    """Yield the texts of a table's columns and metadata."""
    for key, value in (table.schema.metadata or {}).items():
        if key != b"ARROW:schema":
            yield Text("metadata", f"{_text(key)} {_text(value)}")
    for field in table.schema:
        yield Text("name of a column", field.name)
        yield Text("metadata of a column", str(field.metadata or ""))
        column = table[field.name]
        if pa.types.is_dictionary(field.type):
            column = column.cast(field.type.value_type)
        if pa.types.is_temporal(field.type):
            column = column.cast(pa.string())
        kind = column.type
        inner = kind.value_type if pa.types.is_list(kind) else kind
        if pa.types.is_string(kind) or pa.types.is_large_string(kind):
            yield Values(f"column {field.name}", pc.unique(column.drop_null()).to_pylist())
        elif pa.types.is_binary(inner) or pa.types.is_large_binary(inner) or _is_bytes(inner, kind):
            yield Picture(f"column {field.name}", "a column of bytes")
        elif pa.types.is_nested(kind) and not pa.types.is_floating(inner):
            yield Text(f"column {field.name}", json.dumps(column.to_pylist(), default=str))


def _is_bytes(inner: pa.DataType, kind: pa.DataType) -> bool:
    return pa.types.is_fixed_size_binary(kind) or (
        inner is not kind and (pa.types.is_uint8(inner) or pa.types.is_int8(inner))
    )


def _csv_pieces(path: Path) -> Iterator[Piece]:
    """Yield the texts of a CSV's columns, or the whole where it is no regular table."""
    parse = pa_csv.ParseOptions(
        delimiter="\t" if path.suffix == ".tsv" else ",", newlines_in_values=True
    )
    try:
        table = pa_csv.read_csv(path, parse_options=parse)
        # What looks like whole numbers and days may be names: as they are written.
        wanted = {
            field.name: pa.string()
            for field in table.schema
            if pa.types.is_integer(field.type) or pa.types.is_temporal(field.type)
        }
        if wanted:
            convert = pa_csv.ConvertOptions(column_types=wanted)
            table = pa_csv.read_csv(path, parse_options=parse, convert_options=convert)
    except pa.ArrowInvalid:
        yield Text("", _text(path.read_bytes()))
        return
    yield from _table_pieces(table)


def _pieces(data: bytes, place: str, level: int) -> Iterator[Piece]:
    """Yield what some bytes hold, whatever they are; `level` counts how deep they were packed."""
    if level > MOST_LEVELS:
        yield Picture(place, "packed too often to look into")
        return
    here = f"{place} > " if place else ""
    kind = _picture_kind(data)
    if kind == "PNG":
        yield Picture(place, "a picture (PNG)", hashlib.sha256(data).hexdigest())
        yield from _png_texts(data, place)
    elif kind:
        yield Picture(place, f"a picture ({kind})" if kind != "film" else "a film")
    elif data[:2] == b"\x1f\x8b":
        yield from _gzip_pieces(data, f"{here}gzip", level)
    elif data[:4] == b"PK\x03\x04":
        yield from _zip_pieces(data, here, level)
    elif data[:5] == b"%PDF-":
        yield from _pdf_pieces(data, here)
    else:
        yield from _text_pieces(_text(data), place, level)


def _picture_kind(data: bytes) -> str | None:
    """Return the format of a picture, or ``"film"``, by its first bytes."""
    for magic, name in PICTURES.items():
        if data.startswith(magic):
            return name
    if data[:2] == b"BM" and int.from_bytes(data[2:6], "little") == len(data):
        return "BMP"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WebP"
    if any(data[at:].startswith(magics) for at, magics in MOVIES.items()):
        return "film"
    return None


def _png_texts(data: bytes, place: str) -> Iterator[Piece]:
    """Yield the texts of a PNG's chunks."""
    try:
        with Image.open(io.BytesIO(data)) as picture:
            picture.load()
            for key, value in picture.info.items():
                if isinstance(value, str | bytes):
                    text = value if isinstance(value, str) else _text(value)
                    yield Text(f"{place} text of the picture".strip(), f"{key} {text}")
    except (OSError, SyntaxError, ValueError) as error:
        yield Picture(place, f"a broken picture ({error})")


def _zip_pieces(data: bytes, here: str, level: int) -> Iterator[Piece]:
    """Yield what the members of a zip hold."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = archive.infolist()
            if len(members) > MOST_MEMBERS or sum(one.file_size for one in members) > MOST_BYTES:
                yield Picture(f"{here}zip", "too much to look into")
                return
            for member in members:
                yield Text(f"{here}zip", member.filename)
                yield from _pieces(archive.read(member), f"{here}{member.filename}", level + 1)
    except (zipfile.BadZipFile, RuntimeError, zlib.error) as error:
        yield Picture(f"{here}zip", f"a zip that cannot be read ({error})")


def _gzip_pieces(data: bytes, place: str, level: int) -> Iterator[Piece]:
    """Yield what a gzip holds."""
    try:
        with gzip.open(io.BytesIO(data)) as file:
            unpacked = file.read(MOST_BYTES + 1)
    except (OSError, EOFError, zlib.error) as error:
        yield Picture(place, f"a gzip that cannot be read ({error})")
        return
    if len(unpacked) > MOST_BYTES:
        yield Picture(place, "too much to look into")
        return
    yield from _pieces(unpacked, place, level + 1)


def _pdf_pieces(data: bytes, here: str) -> Iterator[Piece]:
    """Yield the texts of a PDF, its packed streams unpacked, and pictures in it."""
    yield Text(f"{here}PDF", data.decode("latin-1"))
    if b"/DCTDecode" in data or b"/JPXDecode" in data:
        yield Picture(f"{here}PDF", "a picture (JPEG)")
    for number, match in enumerate(PDF_STREAM.finditer(data), start=1):
        try:
            stream = zlib.decompressobj().decompress(match[1], MOST_BYTES)
        except zlib.error:
            continue
        text = "\n".join([stream.decode("latin-1"), *_shown(stream)])
        yield Text(f"{here}PDF stream {number}", text)


def _shown(stream: bytes) -> Iterator[str]:
    """Yield the lines that a page shows; its letters stand apart, in one byte each or in two."""
    for line in PDF_SHOWN.finditer(stream):
        shown = PDF_ESCAPE.sub(_unescaped, b"".join(PDF_PIECE.findall(line[1])))
        yield shown.decode("latin-1")
        yield shown.decode("utf-16-be", "replace")


def _unescaped(match: re.Match[bytes]) -> bytes:
    """Return the byte that an escape in a PDF's string stands for."""
    octal = match[1].isdigit()
    return bytes([int(match[1], 8) & 255]) if octal else match[1]


def _text_pieces(text: str, place: str, level: int) -> Iterator[Piece]:
    """Yield a text, as it stands and as JSON or HTML reads it, and what it packs as base64."""
    try:
        text = json.dumps(json.loads(text), ensure_ascii=False)
    except (ValueError, RecursionError):
        text = html.unescape(text)
    for number, match in enumerate(BASE64.finditer(text), start=1):
        try:
            data = base64.b64decode(match[0] + "=" * (-len(match[0]) % 4), validate=True)
        except (binascii.Error, ValueError):
            continue
        yield from _pieces(data, f"{place} base64 {number}".strip(), level + 1)
    yield Text(place, text)


def _text(data: bytes) -> str:
    """Return bytes as text, whatever cannot be read replaced."""
    return data.decode("utf-8", "replace")
