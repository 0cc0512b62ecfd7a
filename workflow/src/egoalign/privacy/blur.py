"""Pictures that nobody is known in: the whole of them blurred, not faces alone."""

from __future__ import annotations

from PIL import Image


def blurred(picture: Image.Image, points: int) -> Image.Image:
    """Return the whole picture as a smooth one made of so many points along its shorter side.

    What is finer is averaged away before the picture is made large again, so that nothing in the
    result can bring it back.
    """
    share = points / min(picture.size)
    few = [max(round(side * share), 1) for side in picture.size]
    coarse = picture.resize((few[0], few[1]), Image.Resampling.BOX)
    return coarse.resize(picture.size, Image.Resampling.BICUBIC)
