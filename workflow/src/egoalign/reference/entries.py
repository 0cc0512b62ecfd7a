"""What a reader of an image-caption set finds: pairs, and what is none."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from egoalign.config import ReferenceSet
from egoalign.log import UserError

NO_CAPTION = "no caption"


@dataclass(frozen=True)
class Entry:
    """A caption and where its picture is; nothing of the picture has been read.

    Attributes
    ----------
    key : str
        Name of the picture, unique in the set; two captions of one picture share it.
    caption : str
        As read.
    file : str
        Picture, shard or table, from the set's folder.
    place : int or None
        First byte of the picture in a shard, or its row in a table.
    size : int or None
        Bytes of the picture in a shard.
    """

    key: str
    caption: str
    file: str
    place: int | None = None
    size: int | None = None


@dataclass(frozen=True)
class LeftOut:
    """What is no pair: why, and where it stands."""

    reason: str
    where: str


Found = Entry | LeftOut


def files_of(options: ReferenceSet, suffixes: Sequence[str]) -> list[Path]:
    """Return the file that `path` names, or the files of these suffixes in that folder, by name.

    Raises
    ------
    UserError
        There is no such file or folder, or none of these in it.
    """
    path = Path(options.path)
    if path.is_file():
        return [path]
    what = " or ".join(suffixes)
    if not path.is_dir():
        raise UserError(
            f"{path}: no such file or folder; give in reference set '{options.name}' as 'path' "
            f"a {what} file or the folder that holds it"
        )
    found = sorted(file for file in path.iterdir() if file.suffix.lower() in suffixes)
    if not found:
        raise UserError(
            f"{path}: the folder holds no {what} file; "
            f"mend 'path' or 'format' of reference set '{options.name}'"
        )
    return found


def only_file_of(options: ReferenceSet, suffixes: Sequence[str]) -> Path:
    """Return the file that `path` names, or the only one of these suffixes in that folder.

    Raises
    ------
    UserError
        There is none, or there are several.
    """
    found = files_of(options, suffixes)
    if len(found) > 1:
        raise UserError(
            f"{options.path}: the folder holds {len(found)} {' or '.join(suffixes)} files "
            f"({found[0].name}, {found[1].name} ...); give as 'path' the one to read"
        )
    return found[0]


def folder_of(options: ReferenceSet) -> Path:
    """Return the folder from which the files of a set's entries are reckoned."""
    if options.pictures is not None:
        return Path(options.pictures)
    path = Path(options.path)
    return path if path.is_dir() else path.parent


def check_column(path: Path, column: str, option: str, found: Sequence[str]) -> None:
    """Refuse a table that lacks a column.

    Raises
    ------
    UserError
        With the nearest name, or all names that there are.
    """
    if column not in found:
        near = difflib.get_close_matches(column, found, n=1)
        hint = f"did you mean '{near[0]}'? " if near else ""
        raise UserError(
            f"{path}: column '{column}' is missing; {hint}columns found: {', '.join(found)}; "
            f"name the right one in 'columns.{option}'"
        )
