"""Fetching packages with their client, with clients of our own in place of the real ones."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image, ImageDraw

from egoalign.demo.photo import PhotoSource
from egoalign.demo.photo_fetch import SOURCE_COLUMNS, fetch
from egoalign.demo.photo_index import PICTURE_COLUMNS
from egoalign.log import UserError

APT = """#!/bin/sh
echo "$@" >> {log}
name=${{2%%=*}}
if [ ! -f {server}/$name.deb ]; then echo "E: no package $name" >&2; exit 100; fi
cp {server}/$name.deb $name.deb
"""
DPKG = """#!/usr/bin/env python3
import sys, zipfile
zipfile.ZipFile(sys.argv[2]).extractall(sys.argv[3])
"""
KINDS = {"one": "train", "two": "corpus", "three": "train"}


def archive(colour: str) -> bytes:
    """Return a zip file with a picture of a disc."""
    picture = Image.new("RGB", (60, 60), "white")
    ImageDraw.Draw(picture).ellipse((10, 10, 50, 50), fill=colour)
    data, png = io.BytesIO(), io.BytesIO()
    picture.save(png, "PNG")
    with zipfile.ZipFile(data, "w") as file:
        file.writestr(zipfile.ZipInfo("ball.png"), png.getvalue())
    return data.getvalue()


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Three packages, their tables, and package clients that serve them from a folder."""
    server, programs, tables = (tmp_path / name for name in ("server", "bin", "tables"))
    for folder in (server, programs, tables):
        folder.mkdir()
    sources, pictures = ["\t".join(SOURCE_COLUMNS)], ["\t".join(PICTURE_COLUMNS)]
    for name, colour in zip(KINDS, ("red", "blue", "green"), strict=True):
        data = archive(colour)
        (server / f"{name}-data.deb").write_bytes(data)
        digest = hashlib.sha256(data).hexdigest()
        row = (name, "pictures", "apt", f"{name}-data", "1.0", digest, "our own")
        sources.append("\t".join(row))
        pictures.append("\t".join(("ball", KINDS[name], "no", name, "ball.png")))
    (tables / "sources.tsv").write_text("\n".join(sources) + "\n")
    (tables / "pictures.tsv").write_text("\n".join(pictures) + "\n")
    log = tmp_path / "asked.log"
    programs_text = {"apt-get": APT.format(log=log, server=server), "dpkg-deb": DPKG}
    for name, text in programs_text.items():
        (programs / name).write_text(text)
        (programs / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    return tmp_path


@pytest.fixture
def fetched(shop: Path) -> Callable[[], dict[str, str]]:
    return lambda: fetch(shop / "cache", shop / "tables")


def test_all_are_had(shop: Path, fetched: Callable[[], dict[str, str]]) -> None:
    assert fetched() == {}
    source = PhotoSource(shop / "cache")
    assert source.looks("ball", "train") == [0, 2]
    assert source.looks("ball", "corpus") == [1]


def test_version_is_asked_for_and_once_only(
    shop: Path, fetched: Callable[[], dict[str, str]]
) -> None:
    fetched()
    fetched()
    asked = (shop / "asked.log").read_text().splitlines()
    assert asked == [f"download {name}-data=1.0" for name in KINDS]


def test_missing_source_is_named_and_left_out(
    shop: Path, fetched: Callable[[], dict[str, str]]
) -> None:
    (shop / "server" / "three-data.deb").unlink()
    assert fetched() == {"three": "apt-get: E: no package three-data"}
    assert PhotoSource(shop / "cache").looks("ball", "train") == [0]


def test_wrong_digest_is_left_out(shop: Path, fetched: Callable[[], dict[str, str]]) -> None:
    (shop / "server" / "three-data.deb").write_bytes(archive("black"))
    left_out = fetched()
    assert list(left_out) == ["three"]
    assert "sha256" in left_out["three"]
    assert not (shop / "cache" / "packages" / "three-data.deb").exists()
    assert not (shop / "cache" / "unpacked" / "three").exists()


def test_one_source_is_too_few(shop: Path, fetched: Callable[[], dict[str, str]]) -> None:
    for name in ("two", "three"):
        (shop / "server" / f"{name}-data.deb").unlink()
    with pytest.raises(UserError, match=r"one source of pictures.*no package two-data"):
        fetched()
    assert not (shop / "cache" / "index.tsv").exists()


def test_machine_without_the_client(
    shop: Path, fetched: Callable[[], dict[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(shop))
    with pytest.raises(UserError, match="apt-get is not on this machine"):
        fetched()


def test_files_put_there_by_hand_need_no_client(
    shop: Path, fetched: Callable[[], dict[str, str]]
) -> None:
    (shop / "bin" / "apt-get").unlink()
    packages = shop / "cache" / "packages"
    packages.mkdir(parents=True)
    for name in KINDS:
        (shop / "server" / f"{name}-data.deb").rename(packages / f"{name}.deb")
    assert fetched() == {}
    assert not (shop / "asked.log").exists()


def test_wheel_is_unpacked(shop: Path, fetched: Callable[[], dict[str, str]]) -> None:
    table = shop / "tables" / "sources.tsv"
    table.write_text(table.read_text().replace("pictures\tapt\ttwo", "pictures\tpip\ttwo"))
    packages = shop / "cache" / "packages"
    packages.mkdir(parents=True)
    (shop / "server" / "two-data.deb").rename(packages / "two.whl")
    assert fetched() == {}
    assert (shop / "cache" / "unpacked" / "two" / "ball.png").exists()
