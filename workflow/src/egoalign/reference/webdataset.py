"""Tar shards in the manner of WebDataset, as img2dataset writes them, read where they stand.

Nothing is unpacked: names in a shard never become paths, and a picture is its first byte and size.
"""

from __future__ import annotations

import json
import tarfile
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path, PurePosixPath
from typing import IO, NamedTuple

from egoalign.config import ReferenceSet
from egoalign.log import UserError, progress
from egoalign.reference.entries import NO_CAPTION, Entry, Found, LeftOut, files_of

PICTURES = ("jpg", "jpeg", "png", "webp")
CAPTIONS = ("txt", "json")
MAX_MEMBERS = 1_000_000
"""Members that a shard has at most; img2dataset writes 10,000 pairs of two or three members."""

MAX_CAPTION = 1 << 20
"""Bytes of a caption file at most."""

MAX_HEADER = 1 << 20
"""Bytes of a member's header and long name at most."""


class Member(NamedTuple):
    """A file in a shard: its key, its suffix in small letters, first byte and size.

    The suffix is None where the name leads out of the shard.
    """

    key: str
    suffix: str | None
    place: int
    size: int


class Headers:
    """A file as `tarfile` sees it: nothing but headers is ever read, and they are small."""

    def __init__(self, file: IO[bytes], path: Path) -> None:
        self.file, self.path = file, path
        self.seek, self.tell = file.seek, file.tell

    def read(self, size: int = -1) -> bytes:
        """Read a header, or a long name that stands as a member of its own."""
        if not 0 <= size <= MAX_HEADER:
            raise UserError(
                f"{self.path}, byte {self.tell()}: a header of {size:,} bytes, expected "
                f"{MAX_HEADER:,} at most; the shard is damaged or made to do harm"
            )
        return self.file.read(size)


def webdataset_entries(options: ReferenceSet) -> Iterator[Found]:
    """Yield the pairs of all shards; a pair's members stand one after the other.

    The key is the shard's name and the member's name up to its first dot. The caption is that of
    ``.txt`` or else ``.json``.

    Raises
    ------
    UserError
        A shard is no tar file, is compressed, cut off, damaged, or holds too many members.
    """
    shards = files_of(options, (".tar",))
    for shard in progress(shards, "shards", len(shards)):
        try:
            with shard.open("rb") as file:
                for key, members in groupby(members_of(file, shard), key=lambda m: m.key):
                    found: dict[str | None, Member] = {}
                    for member in members:
                        found.setdefault(member.suffix, member)
                    yield from _pair(file, shard, key, found, options.columns.caption)
        except OSError as error:
            raise UserError(f"{shard}: cannot be read ({error.strerror})") from error


def members_of(file: IO[bytes], path: Path) -> Iterator[Member]:
    """Yield the plain files of a shard, and all names that lead out; links and folders are none.

    Raises
    ------
    UserError
        As `webdataset_entries`.
    """
    try:
        with tarfile.TarFile(fileobj=Headers(file, path), mode="r", errors="replace") as archive:  # type: ignore[arg-type]
            for count, member in enumerate(_headers(archive, path), start=1):
                if count > MAX_MEMBERS:
                    raise UserError(
                        f"{path}: more than {MAX_MEMBERS:,} members; split it into several shards"
                    )
                name = PurePosixPath(member.name)
                base, dot, suffix = name.name.partition(".")
                if name.is_absolute() or ".." in name.parts:
                    yield Member(str(name), None, member.offset_data, member.size)
                elif member.isreg() and not member.issparse() and base and dot:
                    key = str(name.with_name(base))
                    yield Member(key, suffix.lower(), member.offset_data, member.size)
            _check_end(file, path, archive.offset)
    except tarfile.TarError as error:
        file.seek(0)
        compressed = file.read(6).startswith(
            (b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"\x28\xb5\x2f\xfd")
        )
        why = (
            "a compressed file; unpack it to a plain .tar"
            if compressed
            else f"not a whole tar file ({error}); fetch the shard again"
        )
        raise UserError(f"{path}: {why}") from error


def _headers(archive: tarfile.TarFile, path: Path) -> Iterator[tarfile.TarInfo]:
    """Yield the members, and keep none of them."""
    offset, end = -1, path.stat().st_size
    while (member := archive.next()) is not None:
        if not offset < archive.offset <= end:
            raise UserError(
                f"{path}, byte {member.offset}: a member of {member.size:,} bytes, which the shard "
                "does not hold; fetch the shard again"
            )
        offset = archive.offset
        archive.members = []  # type: ignore[attr-defined]
        yield member


def _check_end(file: IO[bytes], path: Path, offset: int) -> None:
    """Refuse a shard in which something else than the mark of its end follows the last member."""
    file.seek(offset)
    block = file.read(tarfile.BLOCKSIZE)
    if len(block) < tarfile.BLOCKSIZE:
        raise UserError(f"{path}: cut off at byte {offset + len(block)}; fetch the shard again")
    if any(block):
        raise UserError(
            f"{path}, byte {offset}: found no member there and no end; fetch the shard again"
        )


def _pair(
    file: IO[bytes], shard: Path, key: str, members: dict[str | None, Member], field: str
) -> Iterator[Found]:
    """Yield the pair of one key, unless its members belong to none."""
    where = f"{shard}, {key}"
    if None in members:
        yield LeftOut("name leads out of the shard", where)
        return
    picture = next((members[suffix] for suffix in PICTURES if suffix in members), None)
    text = next((members[suffix] for suffix in CAPTIONS if suffix in members), None)
    if picture is None:
        if text is not None:
            yield LeftOut("no picture", where)
        return
    caption = LeftOut(NO_CAPTION, where) if text is None else _caption(file, text, field, where)
    if isinstance(caption, LeftOut):
        yield caption
        return
    yield Entry(f"{shard.stem}/{key}", caption, shard.name, picture.place, picture.size)


def _caption(file: IO[bytes], member: Member, field: str, where: str) -> str | LeftOut:
    """Return a caption, or why there is none."""
    if member.size > MAX_CAPTION:
        return LeftOut(f"caption file of more than {MAX_CAPTION:,} bytes", where)
    file.seek(member.place)
    data = file.read(member.size)
    if len(data) < member.size:
        raise UserError(f"{where}: cut off at byte {file.tell()}; fetch the shard again")
    try:
        caption: object = data.decode("utf-8-sig")
        if member.suffix == "json":
            content = json.loads(data)
            caption = content.get(field) if isinstance(content, dict) else None
    except (ValueError, RecursionError):
        kind = "JSON" if member.suffix == "json" else "UTF-8"
        return LeftOut(f"caption is not {kind}", where)
    if not isinstance(caption, str) or not caption.strip():
        return LeftOut(NO_CAPTION, where)
    return caption
