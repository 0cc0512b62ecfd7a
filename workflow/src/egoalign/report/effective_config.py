"""The configuration as used, with every default, written beside the results."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from egoalign.config import Config, dump_config
from egoalign.privacy.shared_config import shared_config
from egoalign.tables import atomic_path


def write_config(config: Config, path: str | Path, shared: str | Path) -> None:
    """Write the configuration as YAML: whole, and what may leave the lab.

    Parameters
    ----------
    config : Config
        The configuration as used.
    path : str or Path
        The whole, within the private zone since it names files and labels of the lab.
    shared : str or Path
        The same without them.
    """
    whole = "The configuration as used, every default filled in."
    _write(dump_config(config), whole, path)
    _write(shared_config(config), f"{whole} What names the lab's files is left out.", shared)


def _write(values: dict[str, Any], title: str, path: str | Path) -> None:
    """Write one YAML file under a line that says what it is."""
    text = yaml.safe_dump(values, sort_keys=False, allow_unicode=True)
    with atomic_path(path) as partial:
        partial.write_text(f"# {title}\n{text}", "utf-8")
