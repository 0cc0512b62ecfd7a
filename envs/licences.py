"""List the licence of every locked package in docs/licences.md.

Run in the environment that the lock describes:

    python envs/licences.py           write the page
    python envs/licences.py --check   say whether it names the packages of the lock (exit 1)
"""

from __future__ import annotations

import argparse
import importlib.metadata as metadata
import re
import sys
from pathlib import Path

from export import ROOT, read_lock

PAGE = ROOT / "docs" / "licences.md"

READ_IN_THEIR_FILES = {
    "conda-inject": "MIT",
    "locate": "MIT",
    "snakemake-interface-common": "MIT",
    "snakemake-interface-logger-plugins": "MIT",
    "snakemake-interface-report-plugins": "MIT",
    "snakemake-interface-scheduler-plugins": "MIT",
    "snakemake-interface-storage-plugins": "MIT",
    "torchvision": "BSD-3-Clause",
}
"""Packages whose metadata name no licence, or another than their licence file."""

HEAD = """# Licences of the packages

Made by `envs/licences.py` from what each package says of itself; not legal advice. None is part of
this project's files: they are installed from the lock. With a CUDA build, torch brings NVIDIA's
libraries, which are under NVIDIA's own terms. Weights have licences of their own, which their
publishers state.

`make audit` asks PyPI for known vulnerabilities of the locked versions (pip-audit, in an
environment of its own).

| package | version | licence |
| --- | --- | --- |
"""


def licence(name: str) -> str:
    """Return the licence of an installed package: expression, else classifiers, else free text."""
    if name in READ_IN_THEIR_FILES:
        return READ_IN_THEIR_FILES[name]
    found = metadata.metadata(name)
    if expression := found.get("License-Expression"):
        return str(expression)
    classifiers = found.get_all("Classifier") or []
    classes = [one.split("::")[-1].strip() for one in classifiers if one.startswith("License")]
    text = "; ".join(classes) or str(found.get("License") or "").split("\n")[0]
    if not text:
        raise LookupError(f"{name} names no licence: read its files and add it to this script")
    return text


def page(versions: dict[str, str]) -> str:
    """Return the page."""
    rows = [f"| {name} | {version} | {licence(name)} |" for name, version in versions.items()]
    return HEAD + "\n".join(rows) + "\n"


def named(text: str) -> dict[str, str]:
    """Return names and versions that a page lists."""
    return dict(re.findall(r"^\| ([a-z0-9.-]+) \| (\d[^| ]*) \| [^|]+ \|$", text, re.MULTILINE))


def main() -> int:
    """Write the page, or check it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing")
    if not parser.parse_args().check:
        PAGE.write_text(page(read_lock()), encoding="utf-8")
        return 0
    there = named(PAGE.read_text(encoding="utf-8")) if Path(PAGE).is_file() else {}
    if there != read_lock():
        print(f"{PAGE.relative_to(ROOT)} does not list the lock: python envs/licences.py")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
