"""Where the objects of a scene come from: what drawn and photographed objects share."""

from __future__ import annotations

from typing import Literal, Protocol

import numpy as np

Split = Literal["train", "corpus"]


class Source(Protocol):
    """A supply of cut-outs of objects; looks for training and for the corpus are kept apart."""

    name: str
    kinds: tuple[str, ...]

    def looks(self, kind: str, split: Split) -> list[int]:
        """Return the look ids of a kind in a split; the two splits share none."""
        ...

    def cutout(self, kind: str, look: int, size: int) -> np.ndarray:
        """Return a cut-out as uint8 RGBA of shape (h, w, 4), its longest side `size` pixels."""
        ...
