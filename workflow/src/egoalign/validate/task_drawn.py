"""Drawn pictures with sentences that fit them beyond doubt: practice and catch trials."""

from __future__ import annotations

import math
from collections.abc import Callable

from PIL import Image, ImageDraw

WIDTH, HEIGHT = 480, 360
SKY, GRASS = (226, 236, 245), (196, 214, 176)

Draw = ImageDraw.ImageDraw


def _ball(draw: Draw) -> None:
    draw.ellipse((150, 110, 330, 290), fill=(208, 40, 40))
    draw.ellipse((185, 140, 225, 175), fill=(240, 140, 130))


def _star(draw: Draw) -> None:
    corners = [
        (240 + r * math.sin(k * math.pi / 5), 190 - r * math.cos(k * math.pi / 5))
        for k, r in enumerate([120, 48] * 5)
    ]
    draw.polygon(corners, fill=(244, 196, 20))


def _tree(draw: Draw) -> None:
    draw.rectangle((222, 210, 258, 320), fill=(120, 80, 45))
    draw.ellipse((140, 50, 340, 240), fill=(40, 130, 60))


def _house(draw: Draw) -> None:
    draw.rectangle((140, 170, 340, 310), fill=(60, 100, 190))
    draw.polygon([(120, 170), (240, 70), (360, 170)], fill=(120, 50, 45))
    draw.rectangle((220, 230, 262, 310), fill=(240, 225, 190))


def _fish(draw: Draw) -> None:
    draw.rectangle((0, 0, WIDTH, HEIGHT), fill=(150, 205, 225))
    draw.polygon([(315, 180), (405, 110), (405, 250)], fill=(236, 120, 30))
    draw.ellipse((100, 110, 340, 250), fill=(245, 140, 40))
    draw.ellipse((145, 150, 167, 172), fill=(20, 20, 20))


def _flower(draw: Draw) -> None:
    draw.rectangle((234, 190, 246, 330), fill=(50, 130, 60))
    for k in range(6):
        x, y = 240 + 55 * math.cos(k * math.pi / 3), 150 + 55 * math.sin(k * math.pi / 3)
        draw.ellipse((x - 38, y - 38, x + 38, y + 38), fill=(150, 70, 170))
    draw.ellipse((208, 118, 272, 182), fill=(250, 210, 60))


def _moon(draw: Draw) -> None:
    draw.rectangle((0, 0, WIDTH, HEIGHT), fill=(22, 28, 66))
    draw.ellipse((150, 80, 330, 260), fill=(245, 240, 205))
    draw.ellipse((200, 60, 370, 230), fill=(22, 28, 66))


def _car(draw: Draw) -> None:
    draw.rectangle((160, 140, 320, 210), fill=(25, 130, 120))
    draw.rectangle((90, 195, 390, 265), fill=(30, 150, 140))
    for x in (150, 330):
        draw.ellipse((x - 34, 235, x + 34, 303), fill=(35, 35, 40))


def _cup(draw: Draw) -> None:
    draw.ellipse((290, 150, 390, 250), outline=(190, 60, 120), width=22)
    draw.polygon([(140, 120), (330, 120), (305, 300), (165, 300)], fill=(225, 90, 150))


def _snowman(draw: Draw) -> None:
    for y, r in ((260, 72), (155, 50), (80, 34)):
        draw.ellipse(
            (240 - r, y - r, 240 + r, y + r), fill=(252, 252, 255), outline=(120, 130, 150)
        )
    draw.polygon([(240, 78), (300, 88), (240, 94)], fill=(240, 130, 30))


SCENES: tuple[tuple[str, Callable[[Draw], None]], ...] = (
    ("Look at the big red ball.", _ball),
    ("There is a yellow star.", _star),
    ("What a nice green tree.", _tree),
    ("This is the blue house.", _house),
    ("Can you see the orange fish?", _fish),
    ("Smell the purple flower.", _flower),
    ("The moon is out at night.", _moon),
    ("Here comes the car.", _car),
    ("Drink from your pink cup.", _cup),
    ("We have made a snowman.", _snowman),
)
"""A sentence a reader would say of the picture, and how it is drawn."""

N_PRACTICE = 3
"""The first scenes are for practice, the others for catch trials."""


def draw_scene(scene: int) -> Image.Image:
    """Return the picture of a scene."""
    picture = Image.new("RGB", (WIDTH, HEIGHT), SKY)
    draw = ImageDraw.Draw(picture)
    draw.rectangle((0, 280, WIDTH, HEIGHT), fill=GRASS)
    SCENES[scene][1](draw)
    return picture


def beside(scene: int) -> list[int]:
    """Return the scenes that stand beside one as distractors."""
    return [(scene + step) % len(SCENES) for step in (1, 4, 7)]
