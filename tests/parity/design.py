"""Make `design_table.csv`: factors and numbers with every coding that the tests ask for."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
from pyarrow import csv

SEED = 20260501


def main() -> None:
    """Write the table."""
    rng = np.random.default_rng(SEED)
    n = 36
    table = pa.table(
        {
            "y": rng.normal(size=n).round(6),
            "x": rng.uniform(0.1, 3, n).round(6),
            "z": rng.normal(size=n).round(6),
            "f": np.resize(["ball", "cup", "dog"], n),
            "h": np.repeat(["home", "park"], n // 2),
            "s": np.resize(["a", "a", "b", "c"], n),
            "g": np.repeat(["c1", "c2", "c3", "c4"], n // 4),
        }
    )
    csv.write_csv(table, Path(__file__).with_name("design_table.csv"))


if __name__ == "__main__":
    main()
