"""The configuration as used, with every default, written beside the results."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from egoalign.tables import atomic_path


def write_config(values: dict[str, Any], path: str | Path) -> None:
    """Write the configuration as YAML.

    Parameters
    ----------
    values : dict
        What `egoalign.config.dump_config` gives.
    path : str or Path
        The file to make.
    """
    with atomic_path(path) as partial:
        text = yaml.safe_dump(values, sort_keys=False, allow_unicode=True)
        partial.write_text(
            f"# The configuration as used, every default filled in.\n{text}", "utf-8"
        )
