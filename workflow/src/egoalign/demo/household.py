"""Outlines of clothes, furniture and tableware.

Each drawer paints variant `v` (0, 1 or 2) in unit coordinates with y downward.
"""

from __future__ import annotations

import math

from egoalign.demo.pen import BODY, DARK, LIGHT, SHADE, TRIM, Pen, ring


def bed(p: Pen, v: int) -> None:
    """Draw a bed: plain, with a blanket, or a cot."""
    top = (0.15, 0.28, 0.2)[v]
    p.box(0.03, top, 0.1, 0.85, DARK, 0.02)
    p.box(0.9, 0.42 if v != 2 else top, 0.97, 0.85, DARK, 0.02)
    p.box(0.06, 0.55, 0.94, 0.74, BODY, 0.03)
    p.box(0.06, 0.7, 0.94, 0.77, SHADE)
    p.box(0.12, 0.44, 0.34, 0.57, LIGHT, 0.05)
    if v == 1:
        p.box(0.03, 0.3, 0.1, 0.6, TRIM, 0.02)
        p.poly([(0.42, 0.5), (0.92, 0.5), (0.92, 0.72), (0.38, 0.72)], TRIM)
    if v == 2:
        for x in (0.2, 0.35, 0.5, 0.65, 0.8):
            p.line([(x, top + 0.04), (x, 0.56)], 0.02, DARK)
        p.line([(0.06, top + 0.03), (0.94, top + 0.03)], 0.04, DARK)


def bottle(p: Pen, v: int) -> None:
    """Draw a bottle: for milk, tall, or for water."""
    if v == 0:
        p.box(0.3, 0.34, 0.7, 0.97, BODY, 0.08)
        p.box(0.34, 0.22, 0.66, 0.34, TRIM, 0.02)
        p.oval(0.5, 0.17, 0.09, 0.08, LIGHT)
        p.oval(0.5, 0.08, 0.05, 0.07, LIGHT)
        for y in (0.5, 0.62, 0.74):
            p.line([(0.52, y), (0.66, y)], 0.02, LIGHT)
    elif v == 1:
        p.poly(
            [
                (0.42, 0.1),
                (0.58, 0.1),
                (0.6, 0.32),
                (0.7, 0.46),
                (0.7, 0.97),
                (0.3, 0.97),
                (0.3, 0.46),
                (0.4, 0.32),
            ]
        )
        p.box(0.41, 0.03, 0.59, 0.13, DARK, 0.01)
        p.box(0.3, 0.55, 0.7, 0.78, LIGHT)
    else:
        p.box(0.33, 0.28, 0.67, 0.97, BODY, 0.12)
        p.box(0.38, 0.16, 0.62, 0.3, DARK, 0.03)
        p.box(0.46, 0.03, 0.54, 0.18, LIGHT)
        p.box(0.33, 0.5, 0.67, 0.58, SHADE)


def chair(p: Pen, v: int) -> None:
    """Draw a chair: from the side, with slats, or round."""
    if v == 0:
        p.box(0.2, 0.04, 0.28, 0.97, SHADE, 0.02)
        p.box(0.2, 0.06, 0.3, 0.56)
        p.poly([(0.2, 0.52), (0.78, 0.52), (0.84, 0.62), (0.2, 0.62)])
        p.box(0.74, 0.6, 0.82, 0.97, SHADE, 0.02)
    elif v == 1:
        for x in (0.22, 0.7):
            p.box(x, 0.04, x + 0.08, 0.97, SHADE)
        for y in (0.08, 0.22, 0.36):
            p.box(0.22, y, 0.78, y + 0.08)
        p.poly([(0.2, 0.52), (0.8, 0.52), (0.9, 0.66), (0.1, 0.66)])
        for x in (0.12, 0.8):
            p.box(x, 0.64, x + 0.08, 0.99, DARK)
    else:
        p.box(0.22, 0.06, 0.78, 0.56, BODY, 0.2)
        p.oval(0.5, 0.58, 0.36, 0.09, SHADE)
        p.line([(0.26, 0.62), (0.16, 0.97)], 0.06, DARK)
        p.line([(0.74, 0.62), (0.84, 0.97)], 0.06, DARK)


def clock(p: Pen, v: int) -> None:
    """Draw a clock: round, with bells, or square."""
    r = 0.4
    if v == 1:
        for side in (-1, 1):
            p.oval(0.5 + side * 0.24, 0.14, 0.15, 0.11, TRIM)
            p.line([(0.5 + side * 0.2, 0.85), (0.5 + side * 0.3, 0.98)], 0.06, DARK)
        r = 0.38
    if v == 2:
        p.box(0.08, 0.08, 0.92, 0.92, BODY, 0.08)
    else:
        p.oval(0.5, 0.53, r, r)
    p.oval(0.5, 0.53 if v != 2 else 0.5, r * 0.78, r * 0.78, LIGHT)
    cy = 0.53 if v != 2 else 0.5
    for i in range(12):
        a = math.radians(30 * i)
        p.oval(0.5 + 0.27 * math.cos(a), cy + 0.27 * math.sin(a), 0.022, 0.022, DARK)
    p.line([(0.5, cy), (0.5, cy - 0.22)], 0.035, DARK)
    p.line([(0.5, cy), (0.5 + 0.15, cy + 0.06 - 0.1 * v)], 0.045, DARK)


def cup(p: Pen, v: int) -> None:
    """Draw a cup: mug, bowl-shaped, or with two handles."""
    if v == 0:
        p.arc(0.74, 0.52, 0.2, 0, 360, 0.06, SHADE)
        p.box(0.16, 0.2, 0.74, 0.88, BODY, 0.06)
        p.oval(0.45, 0.21, 0.29, 0.07, SHADE)
    elif v == 1:
        p.arc(0.78, 0.42, 0.16, 0, 360, 0.05, SHADE)
        p.slice(0.46, 0.28, 0.38, 0, 180)
        p.oval(0.46, 0.28, 0.38, 0.07, LIGHT)
        p.oval(0.46, 0.74, 0.42, 0.06, SHADE)
    else:
        for side in (-1, 1):
            p.arc(0.5 + side * 0.27, 0.58, 0.17, 0, 360, 0.05, SHADE)
        p.poly([(0.24, 0.3), (0.76, 0.3), (0.7, 0.94), (0.3, 0.94)])
        p.box(0.2, 0.2, 0.8, 0.32, TRIM, 0.03)
        p.poly([(0.36, 0.2), (0.4, 0.08), (0.54, 0.08), (0.5, 0.2)], TRIM)


def fork(p: Pen, v: int) -> None:
    """Draw a fork: four tines, three, or two."""
    tines = (4, 3, 2)[v]
    w = 0.15
    p.line([(0.5, 0.36), (0.5, 0.95)], (0.06, 0.09, 0.07)[v])
    p.box(0.5 - w, 0.28, 0.5 + w, 0.42, BODY, 0.06)
    for i in range(tines):
        x = 0.5 - w + 0.02 + (2 * w - 0.04) * i / (tines - 1)
        p.line([(x, 0.05), (x, 0.34)], 0.035)
    if v == 1:
        p.line([(0.5, 0.62), (0.5, 0.92)], 0.13, TRIM)


def hat(p: Pen, v: int) -> None:
    """Draw a hat: with a brim, cap, or with a bobble."""
    if v == 0:
        p.oval(0.5, 0.74, 0.48, 0.12, SHADE)
        p.box(0.24, 0.22, 0.76, 0.74, BODY, 0.1)
        p.box(0.24, 0.58, 0.76, 0.68, TRIM)
    elif v == 1:
        p.slice(0.42, 0.66, 0.36, 180, 360)
        p.poly([(0.4, 0.58), (0.78, 0.56), (0.99, 0.7), (0.06, 0.68)], SHADE)
        p.oval(0.42, 0.3, 0.04, 0.03, TRIM)
    else:
        p.slice(0.5, 0.74, 0.4, 180, 360)
        p.box(0.08, 0.68, 0.92, 0.84, TRIM, 0.06)
        p.oval(0.5, 0.26, 0.13, 0.13, LIGHT)


def key(p: Pen, v: int) -> None:
    """Draw a key: round bow, clover bow, or square bow."""
    p.line([(0.3, 0.5), (0.96, 0.5)], 0.075)
    for i in range(2 + (v == 1)):
        p.box(0.9 - 0.13 * i, 0.5, 0.97 - 0.13 * i, 0.66 - 0.03 * i)
    if v == 2:
        p.box(0.04, 0.3, 0.42, 0.7, BODY, 0.04)
        p.box(0.13, 0.4, 0.33, 0.6, LIGHT, 0.02)
    elif v == 1:
        for x, y in ((0.2, 0.35), (0.2, 0.65), (0.1, 0.5)):
            p.oval(x, y, 0.13, 0.13)
        for x, y in ((0.2, 0.35), (0.2, 0.65), (0.1, 0.5)):
            p.oval(x, y, 0.06, 0.06, LIGHT)
    else:
        p.oval(0.22, 0.5, 0.2, 0.2)
        p.oval(0.18, 0.5, 0.1, 0.1, LIGHT)


def lamp(p: Pen, v: int) -> None:
    """Draw a lamp: with a foot, for a desk, or with a round base."""
    if v == 1:
        p.oval(0.4, 0.94, 0.26, 0.05, DARK)
        p.line([(0.4, 0.92), (0.24, 0.55), (0.56, 0.26)], 0.04, DARK)
        p.poly([(0.5, 0.14), (0.66, 0.2), (0.94, 0.5), (0.5, 0.58)])
        p.oval(0.72, 0.55, 0.1, 0.07, LIGHT)
        return
    p.oval(0.5, 0.94, 0.24, 0.05, DARK)
    if v == 0:
        p.line([(0.5, 0.45), (0.5, 0.92)], 0.05, DARK)
        p.poly([(0.34, 0.06), (0.66, 0.06), (0.86, 0.5), (0.14, 0.5)])
        p.box(0.14, 0.46, 0.86, 0.52, LIGHT)
    else:
        p.oval(0.5, 0.72, 0.19, 0.2, TRIM)
        p.box(0.2, 0.08, 0.8, 0.5, BODY, 0.03)
        p.box(0.2, 0.44, 0.8, 0.5, LIGHT)


def pants(p: Pen, v: int) -> None:
    """Draw pants: straight, flared, or short."""
    hem = (0.97, 0.97, 0.66)[v]
    flare = (0.0, 0.1, 0.06)[v]
    p.mirror(
        [(0.24, 0.06), (0.51, 0.06), (0.51, 0.36), (0.44 + flare / 2, hem), (0.16 - flare, hem)]
    )
    p.box(0.23, 0.04, 0.77, 0.12, SHADE, 0.02)
    p.line([(0.5, 0.12), (0.5, 0.34)], 0.015, DARK)
    if v == 1:
        p.mirror([(0.3, 0.2), (0.42, 0.2), (0.42, 0.32), (0.3, 0.32)], SHADE)
    if v == 2:
        p.mirror(
            [(0.1, hem - 0.06), (0.45, hem - 0.06), (0.46, hem + 0.02), (0.1, hem + 0.02)], LIGHT
        )


def shirt(p: Pen, v: int) -> None:
    """Draw a shirt: with short sleeves, long sleeves, or none."""
    cuff = (0.46, 0.8, 0.3)[v]
    if v == 1:
        p.mirror([(0.26, 0.1), (0.3, 0.36), (0.16, cuff), (0.02, cuff - 0.06)], SHADE)
    elif v == 0:
        p.mirror([(0.3, 0.08), (0.32, 0.4), (0.14, cuff), (0.02, 0.3)], SHADE)
    p.poly([(0.28, 0.08), (0.72, 0.08), (0.74, 0.94), (0.26, 0.94)])
    p.oval(0.5, 0.08, 0.13, 0.09, LIGHT)
    if v == 1:
        for y in (0.3, 0.46, 0.62, 0.78):
            p.oval(0.5, y, 0.022, 0.022, DARK)
        p.line([(0.5, 0.17), (0.5, 0.92)], 0.012, DARK)
    elif v == 2:
        p.poly([(0.36, 0.04), (0.64, 0.04), (0.58, 0.34), (0.42, 0.34)], LIGHT)
    else:
        p.poly(ring(0.5, 0.46, 0.13, 0.06, 5), LIGHT)


def shoe(p: Pen, v: int) -> None:
    """Draw a shoe: laced, with a strap, or a boot."""
    top = (0.26, 0.38, 0.04)[v]
    p.poly([(0.06, top), (0.38, top + 0.02), (0.5, 0.46), (0.84, 0.58), (0.96, 0.74), (0.05, 0.74)])
    p.oval(0.86, 0.68, 0.12, 0.11)
    p.box(0.03, 0.72, 0.98, 0.83, DARK if v == 2 else LIGHT, 0.04)
    if v == 1:
        p.line([(0.34, 0.46), (0.56, 0.6)], 0.08, TRIM)
        p.oval(0.22, 0.42, 0.15, 0.07, DARK)
    else:
        for i in range(3):
            p.line(
                [(0.4 + 0.1 * i, 0.4 + 0.06 * i), (0.34 + 0.1 * i, 0.56 + 0.04 * i)], 0.028, LIGHT
            )
        p.box(0.06, top - 0.02, 0.4, top + 0.07, SHADE, 0.03)


def sock(p: Pen, v: int) -> None:
    """Draw a sock: long, short, or with a small foot."""
    top, toe = ((0.03, 0.86), (0.3, 0.9), (0.03, 0.72))[v]
    p.line([(0.34, 0.76), (toe - 0.08, 0.84)], 0.27)
    p.box(0.2, top, 0.48, 0.8, BODY, 0.02)
    p.oval(0.32, 0.78, 0.14, 0.15, TRIM)
    p.oval(toe - 0.04, 0.85, 0.11, 0.135, TRIM)
    p.box(0.18, top, 0.5, top + 0.13, LIGHT, 0.03)


def spoon(p: Pen, v: int) -> None:
    """Draw a spoon: middling, round, or small."""
    rx, ry = ((0.15, 0.21), (0.19, 0.19), (0.12, 0.17))[v]
    p.line([(0.5, 0.3), (0.5, 0.95)], (0.055, 0.08, 0.045)[v])
    p.oval(0.5, 0.05 + ry, rx, ry)
    p.oval(0.5, 0.06 + ry, rx * 0.7, ry * 0.72, SHADE)
    if v == 1:
        p.line([(0.5, 0.6), (0.5, 0.93)], 0.12, TRIM)
    if v == 2:
        p.oval(0.5, 0.92, 0.07, 0.07)


def umbrella(p: Pen, v: int) -> None:
    """Draw an umbrella: open, open with dark panels, or closed."""
    if v == 2:
        p.poly([(0.5, 0.06), (0.62, 0.16), (0.54, 0.72), (0.46, 0.72), (0.38, 0.16)])
        p.line([(0.5, 0.7), (0.5, 0.92)], 0.04, DARK)
        p.arc(0.57, 0.9, 0.09, 0, 180, 0.04, DARK)
        p.line([(0.42, 0.46), (0.58, 0.42)], 0.04, TRIM)
        return
    p.line([(0.5, 0.06), (0.5, 0.86)], 0.035, DARK)
    p.arc(0.58, 0.86, 0.095, 0, 180, 0.04, DARK)
    p.slice(0.5, 0.54, 0.47, 180, 360)
    if v == 0:
        for x in (0.03, 0.265, 0.5, 0.735):
            p.slice(x + 0.1175, 0.55, 0.1175, 180, 360, LIGHT)
        p.line([(0.5, 0.1), (0.5, 0.45)], 0.02, SHADE)
    else:
        p.slice(0.5, 0.54, 0.47, 225, 258, TRIM)
        p.slice(0.5, 0.54, 0.47, 290, 322, TRIM)
