"""How many pictures or texts go through a model at once: half as many where memory is short."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from egoalign.log import UserError, logger

if TYPE_CHECKING:
    import torch

NOTE = "batch_size_used"
"""Key of an embedding table's metadata: the batch size that fitted, where the one asked did not."""


class Batches:
    """Forward passes of at most `size` rows; one that finds no memory is halved, and so stays.

    Parameters
    ----------
    size : int
        Rows in a forward pass, as asked for.
    """

    def __init__(self, size: int) -> None:
        self.asked = self.size = size

    @property
    def facts(self) -> dict[str, str]:
        """What the metadata of a table of vectors says of the batches."""
        halved = {} if self.size == self.asked else {NOTE: str(self.size)}
        return {"batch_size": str(self.asked), **halved}

    def run(self, forward: Callable[[slice], torch.Tensor], n_rows: int) -> NDArray[np.float32]:
        """Return the results of all rows, one forward pass after the other.

        Parameters
        ----------
        forward : callable
            Takes a stretch of rows and returns their vectors.
        n_rows : int
            How many rows there are, at least one.

        Raises
        ------
        UserError
            The memory does not hold a single row.
        """
        import torch

        parts: list[NDArray[np.float32]] = []
        start = 0
        while start < n_rows:
            stop = min(start + self.size, n_rows)
            try:
                with torch.inference_mode():
                    parts.append(forward(slice(start, stop)).float().cpu().numpy())
            except torch.OutOfMemoryError as error:
                self._halve(stop - start, error)
                continue
            start = stop
        return np.concatenate(parts)

    def _halve(self, tried: int, error: Exception) -> None:
        import torch

        if tried == 1:
            raise UserError(
                f"the GPU has no memory for a single picture or text ({_first_line(error)}); "
                "free it of other programs, set encode.precision: fp16, or take a smaller model"
            ) from error
        self.size = tried // 2
        logger.warning(
            "the GPU has no memory for %d at once; going on with %d (encode.batch_size: %d)",
            *(tried, self.size, self.asked),
        )
        if torch.cuda.is_available():
            torch.cuda.empty_cache()


def _first_line(error: Exception) -> str:
    lines: Sequence[str] = str(error).splitlines()
    return lines[0] if lines else type(error).__name__
