"""Photographs as a source of objects, with looks for training and for the corpus kept apart."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from egoalign.demo.photo_index import read_index, read_word
from egoalign.demo.source import Split


class PhotoSource:
    """Cut-outs from a cache that `egoalign.demo.photo_fetch.fetch` has filled.

    Parameters
    ----------
    folder : Path
        The cache.

    Attributes
    ----------
    kinds : tuple of str
        Kinds with at least one picture for training and another for the corpus.

    Raises
    ------
    UserError
        Nothing has been fetched there.
    """

    name = "photo"

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._looks: dict[tuple[str, str], list[int]] = {}
        for row in read_index(folder):
            self._looks.setdefault((row["kind"], row["split"]), []).append(int(row["look"]))
        self.kinds: tuple[str, ...] = tuple(sorted({kind for kind, _ in self._looks}))
        self._pictures: dict[tuple[str, int], np.ndarray] = {}

    def looks(self, kind: str, split: Split) -> list[int]:
        """Return the look ids of a kind in a split; the two splits share none."""
        return list(self._looks[kind, split])

    def cutout(self, kind: str, look: int, size: int) -> np.ndarray:
        """Return a cut-out as uint8 RGBA of shape (h, w, 4), its longest side `size` pixels."""
        from PIL import Image

        picture = Image.fromarray(self._picture(kind, look))
        scale = size / max(picture.size)
        shape = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
        return np.asarray(picture.resize(shape, Image.Resampling.BICUBIC))

    def word_audio(self, kind: str) -> np.ndarray | None:
        """Return the spoken word as float32 mono samples in [-1, 1] at 16 kHz, or None."""
        return read_word(self._folder / "words" / f"{kind}.wav")

    def _picture(self, kind: str, look: int) -> np.ndarray:
        """Return a picture as stored, read from disk once."""
        from PIL import Image

        if (kind, look) not in self._pictures:
            with Image.open(self._folder / "pictures" / kind / f"{look}.png") as image:
                self._pictures[kind, look] = np.asarray(image.convert("RGBA"))
        return self._pictures[kind, look]
