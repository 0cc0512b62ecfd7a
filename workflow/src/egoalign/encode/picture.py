"""How a picture becomes what a model takes: one square of it, or several tiles."""

from __future__ import annotations

import json
from dataclasses import asdict
from math import ceil
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from egoalign.config import PictureWay
from egoalign.log import UserError

if TYPE_CHECKING:
    import torch
    from PIL import Image

    from egoalign.encode.device import Device


RESIZE_MODES = {
    "pad": "longest",
    "stretch": "squash",
    "tiles_mean": "shortest",
    "tiles_max": "shortest",
}
"""How open_clip calls the resizing of each way; with ``crop`` the model keeps its own."""


class Preparation:
    """What is done to a picture before the forward pass; resizing and arithmetic are open_clip's.

    Pictures stay bytes until they are on the device, so that they are quick to hand on.

    Parameters
    ----------
    settings : dict
        The model's own ``preprocess_cfg``.
    way : str
        ``encode.picture`` of the config.

    Attributes
    ----------
    facts : dict of str
        The way and all settings, for the metadata of embeddings.

    Raises
    ------
    UserError
        Tiles are asked for and the model's pictures are not square.
    """

    def __init__(self, settings: dict[str, Any], way: PictureWay = "crop") -> None:
        from open_clip.transform import (
            PreprocessCfg,
            image_transform_v2,
            merge_preprocess_kwargs,
        )

        merged = merge_preprocess_kwargs(
            PreprocessCfg(**settings), resize_mode=RESIZE_MODES.get(way)
        )
        used = PreprocessCfg(**merged)
        self.way = way
        self.facts = {"picture": way, "preprocessing": json.dumps(asdict(used), sort_keys=True)}
        *self._to_size, _, self._normalise = image_transform_v2(used, is_train=False).transforms
        self._tiles = way.startswith("tiles")
        height, width = (used.size, used.size) if isinstance(used.size, int) else used.size
        self._side = height
        if self._tiles and height != width:
            raise UserError(
                f"encode.picture: {way} needs a model of square pictures, this one takes "
                f"{width} x {height}; set crop, pad or stretch"
            )

    def tiles(self, rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return a picture's tiles, which is one but with the ways that are called so.

        Parameters
        ----------
        rgb : ndarray of uint8, shape (height, width, 3)
            The picture.

        Returns
        -------
        ndarray of uint8, shape (tiles, model's height, model's width, 3)
        """
        from PIL import Image

        image = Image.fromarray(rgb)
        if self._tiles:
            tiles = self._squares(self._to_size[0](image), n_tiles(*image.size))
        else:
            for step in self._to_size:
                image = step(image)
            tiles = [image]
        return np.stack([np.asarray(tile) for tile in tiles])

    def batch(self, tiles: NDArray[np.uint8], device: Device) -> torch.Tensor:
        """Return tiles as the tensor that the model takes, on the device.

        Parameters
        ----------
        tiles : ndarray of uint8, shape (n, height, width, 3)
            Tiles of any pictures.
        device : Device
            Where the forward pass runs.
        """
        import torch

        pixels = torch.from_numpy(tiles).to(device.name).permute(0, 3, 1, 2).contiguous()
        return device.place(self._normalise(pixels.float().div(255)))

    def _squares(self, image: Image.Image, number: int) -> list[Image.Image]:
        """Cut `number` squares out of a picture whose shorter side is as long as theirs."""
        side, (width, height) = self._side, image.size
        corners = np.round(np.linspace(0, max(width, height) - side, number)).astype(int)
        return [
            image.crop((at, 0, at + side, side) if width > height else (0, at, side, at + side))
            for at in corners.tolist()
        ]


def n_tiles(width: int, height: int) -> int:
    """Return how many squares of the shorter side cover a picture."""
    return ceil(max(width, height) / min(width, height))
