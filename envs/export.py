"""Make the lock, the conda file and the Apptainer definition from pyproject.toml.

Run in the environment whose versions shall be locked:

    python envs/export.py           write the three files
    python envs/export.py --check   say whether they are as this script would write them (exit 1)

`--check` keeps the versions of the lock and so works in any environment.
"""

from __future__ import annotations

import argparse
import importlib.metadata as metadata
import re
import sys
import tomllib
from pathlib import Path

from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
LOCK, CONDA, APPTAINER = (
    HERE / "requirements.lock.txt",
    HERE / "egoalign.yaml",
    HERE / "apptainer.def",
)

# torch names exact versions of its CUDA libraries itself. Left out of the lock, they follow the
# torch that is installed: all of them with the CUDA build, none with the CPU build.
TORCHS_OWN = re.compile(r"^(nvidia-|cuda-|triton$)")


def declared() -> list[Requirement]:
    """Return the requirements of pyproject.toml with all its extras."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    texts = list(project["dependencies"])
    for extra in project["optional-dependencies"].values():
        texts += extra
    return [Requirement(text) for text in texts]


def closure(requirements: list[Requirement]) -> dict[str, str]:
    """Return name and version of every installed distribution that the requirements lead to."""
    found: dict[str, str] = {}
    seen: set[tuple[str, tuple[str, ...]]] = set()
    waiting = list(requirements)
    while waiting:
        requirement = waiting.pop()
        name = canonicalize_name(requirement.name)
        key = (name, tuple(sorted(requirement.extras)))
        if key in seen or TORCHS_OWN.match(name) or not _applies(requirement.marker, ""):
            continue
        seen.add(key)
        distribution = metadata.distribution(requirement.name)
        # The public version: a build's local tag ("+cpu") is no part of the lock.
        found[name] = distribution.version.split("+")[0]
        for text in distribution.requires or []:
            inner = Requirement(text)
            wanted = ["", *requirement.extras]
            if any(_applies(inner.marker, extra) for extra in wanted):
                inner.marker = None
                waiting.append(inner)
    return dict(sorted(found.items()))


def _applies(marker: Marker | None, extra: str) -> bool:
    """Say whether a requirement holds on this platform with this extra."""
    return marker is None or marker.evaluate({"extra": extra})


def read_lock() -> dict[str, str]:
    """Return the versions that stand in the lock."""
    lines = [line.split(";")[0].strip() for line in LOCK.read_text().splitlines()]
    return dict(line.split("==") for line in lines if line and not line.startswith("#"))


def lock_text(versions: dict[str, str]) -> str:
    """Return the lock: exact public versions, with markers where pyproject.toml has them."""
    markers: dict[str, list[str]] = {}
    for requirement in declared():
        if requirement.marker:
            markers.setdefault(canonicalize_name(requirement.name), []).append(
                str(requirement.marker).replace('"', "'")
            )
    lines = [
        "# Made by envs/export.py from pyproject.toml; do not edit.",
        "# torch brings its CUDA libraries (nvidia-*, cuda-*, triton), or none in its CPU build.",
    ]
    for name, version in versions.items():
        marker = " or ".join(f"({text})" for text in markers.get(name, []))
        lines.append(f"{name}=={version}" + (f" ; {marker}" if marker else ""))
    return "\n".join(lines) + "\n"


def conda_text(versions: dict[str, str]) -> str:
    """Return the conda file: Python from conda, the rest by pip from the same lock."""
    del versions
    return (
        "# Made by envs/export.py from pyproject.toml; do not edit.\n"
        "name: egoalign\n"
        "channels: [conda-forge]\n"
        "dependencies:\n"
        "  - python=3.11\n"
        "  - pip\n"
        "  - pip:\n"
        "      - -r requirements.lock.txt\n"
    )


def apptainer_text(versions: dict[str, str]) -> str:
    """Return the Apptainer definition: a slim Python image with the lock and the package."""
    return (
        "# Made by envs/export.py from pyproject.toml; do not edit.\n"
        "# Build at the root of a clone: apptainer build egoalign.sif envs/apptainer.def\n"
        "Bootstrap: docker\n"
        "From: python:3.11-slim\n"
        "\n"
        "%files\n"
        "    envs/requirements.lock.txt /opt/egoalign/requirements.lock.txt\n"
        "    pyproject.toml /opt/egoalign/pyproject.toml\n"
        "    README.md /opt/egoalign/README.md\n"
        "    LICENSE /opt/egoalign/LICENSE\n"
        "    workflow/src /opt/egoalign/workflow/src\n"
        "\n"
        "%post\n"
        "    python -m pip install --no-cache-dir -r /opt/egoalign/requirements.lock.txt\n"
        "    python -m pip install --no-cache-dir --no-deps --no-build-isolation /opt/egoalign\n"
        "\n"
        "%runscript\n"
        '    exec egoalign "$@"\n'
        "\n"
        "%labels\n"
        f"    torch {versions['torch']}\n"
        f"    snakemake {versions['snakemake']}\n"
    )


def unsatisfied(versions: dict[str, str]) -> list[str]:
    """Return the requirements of pyproject.toml that the lock does not satisfy."""
    return [
        str(requirement)
        for requirement in declared()
        if not requirement.specifier.contains(
            versions.get(canonicalize_name(requirement.name), "0"), prereleases=True
        )
    ]


def main() -> int:
    """Write the files, or check them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--check", action="store_true", help="write nothing; exit 1 on a difference"
    )
    check = parser.parse_args().check
    versions = read_lock() if check else closure(declared())
    problems = [f"the lock does not satisfy {text}" for text in unsatisfied(versions)]
    for path, make in ((LOCK, lock_text), (CONDA, conda_text), (APPTAINER, apptainer_text)):
        text = make(versions)
        if not check:
            path.write_text(text)
        elif path.read_text() != text:
            problems.append(f"{path.name} is not what envs/export.py writes; run it")
    print("\n".join(problems) or f"{len(versions)} pinned packages; the files agree")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
