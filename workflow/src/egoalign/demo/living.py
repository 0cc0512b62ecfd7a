"""Outlines of animals, plants and fruits.

Each drawer paints variant `v` (0, 1 or 2) in unit coordinates with y downward.
"""

from __future__ import annotations

import math

from egoalign.demo.pen import BODY, DARK, LIGHT, SHADE, TRIM, Pen, eye, ring


def apple(p: Pen, v: int) -> None:
    """Draw an apple: tall, with two leaves, or bitten."""
    w = (0.3, 0.26, 0.34)[v]
    p.line([(0.5, 0.34), (0.5 + 0.05 * v, 0.14)], 0.045, DARK)
    p.oval(0.62, 0.2, 0.12, 0.055, TRIM)
    if v == 1:
        p.oval(0.4, 0.2, 0.1, 0.05, TRIM)
    p.oval(0.5 - w * 0.45, 0.55, w * 0.75, 0.3)
    p.oval(0.5 + w * 0.45, 0.55, w * 0.75, 0.3)
    p.oval(0.5, 0.66, w * 0.85, 0.25)
    if v == 2:
        p.oval(0.86, 0.5, 0.13, 0.15, LIGHT)


def banana(p: Pen, v: int) -> None:
    """Draw a banana: long, thick, or a bunch."""
    if v == 2:
        for turn in (0.0, 0.12, 0.24):
            p.arc(0.45 - turn, 0.3 + turn / 2, 0.42, 5, 100, 0.11, BODY if turn != 0.12 else SHADE)
        p.box(0.74, 0.2, 0.92, 0.34, DARK, 0.03)
        return
    outer = [
        (0.5 + 0.46 * math.cos(math.radians(a)), 0.2 + 0.6 * math.sin(math.radians(a)))
        for a in range(5, 171, 11)
    ]
    depth = (0.34, 0.26)[v]
    inner = [
        (0.5 + 0.38 * math.cos(math.radians(a)), 0.2 + depth * math.sin(math.radians(a)))
        for a in range(170, 4, -11)
    ]
    p.poly(outer + inner)
    p.box(0.88, 0.1, 0.97, 0.27, DARK, 0.02)
    p.oval(0.07, 0.29, 0.04, 0.04, DARK)


def bear(p: Pen, v: int) -> None:
    """Draw a bear: sitting, waving, or the face alone."""
    head = 0.3 if v != 2 else 0.42
    if v != 2:
        p.oval(0.5, 0.7, 0.25, 0.26)
        for side in (-1, 1):
            p.oval(0.5 + side * 0.27, 0.6 - 0.1 * v, 0.1, 0.13)
            p.oval(0.5 + side * 0.17, 0.92, 0.12, 0.075, SHADE)
        p.oval(0.5, 0.72, 0.14, 0.15, LIGHT)
    cy, r = (head, 0.22) if v != 2 else (0.54, 0.36)
    for side in (-1, 1):
        p.oval(0.5 + side * r * 0.85, cy - r * 0.8, r * 0.4, r * 0.4)
        p.oval(0.5 + side * r * 0.85, cy - r * 0.8, r * 0.22, r * 0.22, LIGHT)
    p.oval(0.5, cy, r * 1.1, r)
    p.oval(0.5, cy + r * 0.4, r * 0.45, r * 0.35, LIGHT)
    p.oval(0.5, cy + r * 0.28, r * 0.16, r * 0.12, DARK)
    for side in (-1, 1):
        p.oval(0.5 + side * r * 0.4, cy - r * 0.15, r * 0.1, r * 0.1, DARK)


def bird(p: Pen, v: int) -> None:
    """Draw a bird: flying high, standing, or diving."""
    p.poly([(0.3, 0.55), (0.0, 0.42 + 0.1 * v), (0.04, 0.6 + 0.1 * v)], SHADE)
    p.oval(0.45, 0.52, 0.27, 0.17)
    p.oval(0.72, 0.36, 0.13, 0.13)
    p.poly([(0.83, 0.31), (0.99, 0.38), (0.83, 0.42)], TRIM)
    eye(p, 0.75, 0.33)
    if v == 0:
        p.poly([(0.32, 0.48), (0.55, 0.46), (0.3, 0.08), (0.2, 0.2)], SHADE)
    elif v == 1:
        p.poly([(0.3, 0.46), (0.6, 0.5), (0.25, 0.7)], SHADE)
    else:
        p.poly([(0.34, 0.48), (0.58, 0.46), (0.56, 0.06), (0.42, 0.14)], SHADE)
    if v != 2:
        for x in (0.42, 0.52):
            p.line([(x, 0.68), (x, 0.86), (x + 0.07, 0.86)], 0.02, DARK)


def butterfly(p: Pen, v: int) -> None:
    """Draw a butterfly: round wings, angular wings, or broad ones."""
    up, low = ((0.24, 0.2), (0.2, 0.14), (0.22, 0.22))[v]
    for side in (-1, 1):
        if v == 1:
            p.poly([(0.5, 0.5), (0.5 + side * 0.48, 0.1), (0.5 + side * 0.42, 0.52)])
            p.poly([(0.5, 0.5), (0.5 + side * 0.36, 0.56), (0.5 + side * 0.26, 0.9)], SHADE)
        else:
            p.oval(0.5 + side * 0.25, 0.33, up, up * 0.95)
            p.oval(0.5 + side * 0.2, 0.7, low, low * 0.9, SHADE)
        p.oval(0.5 + side * 0.28, 0.32, 0.08, 0.08, LIGHT)
        p.oval(0.5 + side * 0.2, 0.7, 0.05, 0.05, TRIM)
        p.line([(0.5, 0.22), (0.5 + side * 0.1, 0.05)], 0.018, DARK)
    p.oval(0.5, 0.52, 0.045, 0.32, DARK)


def carrot(p: Pen, v: int) -> None:
    """Draw a carrot: middling, thin, or short and thick."""
    w = (0.16, 0.12, 0.21)[v]
    tip = (0.97, 0.99, 0.85)[v]
    for dx in (-0.12, 0.0, 0.12):
        p.line([(0.5, 0.36), (0.5 + dx, 0.04 + abs(dx) * 0.5)], 0.06, TRIM)
    p.poly([(0.5 - w, 0.36), (0.5 + w, 0.36), (0.5, tip)])
    p.oval(0.5, 0.36, w, 0.07)
    for y, side in ((0.48, -1), (0.58, 1), (0.68, -1)):
        p.line([(0.5 + side * w * 0.65, y), (0.5 + side * w * 0.1, y + 0.01)], 0.018, SHADE)


def cat(p: Pen, v: int) -> None:
    """Draw a cat: sitting, walking, or the face alone."""
    if v == 2:
        cx, cy, r = 0.5, 0.56, 0.36
    else:
        cx, cy, r = (0.42, 0.3, 0.18) if v == 0 else (0.78, 0.36, 0.15)
    if v == 0:
        p.oval(0.47, 0.72, 0.22, 0.27)
        p.line([(0.64, 0.9), (0.86, 0.86), (0.9, 0.64), (0.82, 0.52)], 0.06)
        for x in (0.36, 0.52):
            p.oval(x, 0.94, 0.08, 0.05, SHADE)
    elif v == 1:
        p.oval(0.45, 0.58, 0.32, 0.15)
        p.line([(0.16, 0.55), (0.06, 0.38), (0.1, 0.14)], 0.06)
        for x in (0.22, 0.34, 0.58, 0.7):
            p.line([(x, 0.62), (x, 0.88)], 0.07, SHADE if x in (0.34, 0.58) else BODY)
    for side in (-1, 1):
        p.poly(
            [
                (cx + side * r * 0.95, cy - r * 1.25),
                (cx + side * r * 0.95, cy),
                (cx + side * r * 0.1, cy - r * 0.8),
            ]
        )
    p.oval(cx, cy, r, r * 0.88)
    for side in (-1, 1):
        p.oval(cx + side * r * 0.4, cy - r * 0.12, r * 0.15, r * 0.2, LIGHT)
        p.oval(cx + side * r * 0.4, cy - r * 0.12, r * 0.06, r * 0.18, DARK)
        for dy in (0.2, 0.36):
            p.line(
                [(cx + side * r * 0.3, cy + r * 0.3), (cx + side * r * 1.15, cy + r * dy)],
                0.012,
                DARK,
            )
    p.poly(
        [(cx - r * 0.12, cy + r * 0.2), (cx + r * 0.12, cy + r * 0.2), (cx, cy + r * 0.36)], DARK
    )


def dog(p: Pen, v: int) -> None:
    """Draw a dog: standing, short-legged, or the face alone."""
    if v == 2:
        p.oval(0.5, 0.5, 0.3, 0.34)
        for side in (-1, 1):
            p.oval(0.5 + side * 0.32, 0.42, 0.11, 0.27, SHADE)
            eye(p, 0.5 + side * 0.13, 0.4, 0.035)
        p.oval(0.5, 0.64, 0.2, 0.16, LIGHT)
        p.oval(0.5, 0.57, 0.08, 0.055, DARK)
        p.box(0.45, 0.72, 0.55, 0.92, TRIM, 0.05)
        return
    long = 0.06 * v
    p.box(0.16 - long, 0.42, 0.7, 0.66, BODY, 0.1)
    p.line([(0.2 - long, 0.48), (0.05, 0.26 + 0.12 * v)], 0.06)
    legs = 0.94 - 0.12 * v
    for x in (0.22 - long, 0.34 - long, 0.56, 0.65):
        p.line([(x, 0.6), (x, legs)], 0.075, BODY if x in (0.22 - long, 0.65) else SHADE)
    p.box(0.6, 0.2, 0.84, 0.48, BODY, 0.08)
    p.box(0.76, 0.3, 0.98, 0.46, BODY, 0.06)
    p.oval(0.96, 0.33, 0.04, 0.035, DARK)
    if v == 0:
        p.poly([(0.62, 0.26), (0.6, 0.04), (0.74, 0.2)], SHADE)
    else:
        p.oval(0.64, 0.36, 0.065, 0.15, SHADE)
    eye(p, 0.78, 0.28)
    p.line([(0.62, 0.5), (0.76, 0.5)], 0.035, TRIM)


def duck(p: Pen, v: int) -> None:
    """Draw a duck: a toy, swimming, or walking."""
    if v == 1:
        p.slice(0.46, 0.52, 0.4, 0, 180)
        p.line([(0.72, 0.55), (0.7, 0.26)], 0.14)
        x, y, r = 0.72, 0.22, 0.13
    else:
        p.oval(0.44, 0.68, 0.38, 0.22)
        p.poly([(0.1, 0.66), (0.0, 0.42), (0.3, 0.52)])
        x, y, r = (0.68, 0.32, 0.2) if v == 0 else (0.7, 0.26, 0.16)
        p.line([(0.66, 0.6), (x, y)], 0.15)
    p.oval(x, y, r, r)
    p.oval(x + r + 0.04, y + 0.05, 0.12, 0.045, TRIM)
    eye(p, x + r * 0.3, y - r * 0.2)
    p.oval(0.38, 0.66, 0.2, 0.1, SHADE)
    if v == 2:
        for fx in (0.38, 0.52):
            p.line([(fx, 0.86), (fx, 0.95), (fx + 0.08, 0.95)], 0.03, TRIM)


def fish(p: Pen, v: int) -> None:
    """Draw a fish: middling, tall, or slim."""
    ry = (0.2, 0.31, 0.13)[v]
    p.poly([(0.3, 0.5), (0.02, 0.5 - ry * 1.1), (0.1, 0.5), (0.02, 0.5 + ry * 1.1)], SHADE)
    p.poly([(0.4, 0.5 - ry * 0.7), (0.5, 0.5 - ry * 1.5), (0.72, 0.5 - ry * 0.7)], SHADE)
    if v == 1:
        p.poly([(0.4, 0.5 + ry * 0.7), (0.5, 0.5 + ry * 1.4), (0.72, 0.5 + ry * 0.7)], SHADE)
    p.oval(0.58, 0.5, 0.37, ry)
    p.arc(0.62, 0.5, ry * 0.75, 300, 60, 0.02, DARK)
    eye(p, 0.82, 0.5 - ry * 0.25, 0.035)
    p.poly([(0.5, 0.5), (0.4, 0.5 + ry * 0.5), (0.58, 0.5 + ry * 0.4)], TRIM)


def flower(p: Pen, v: int) -> None:
    """Draw a flower: six petals, ten petals, or a tulip."""
    cx, cy = 0.5, 0.3
    p.line([(cx, cy), (0.5, 0.98)], 0.04, TRIM)
    p.oval(0.62, 0.76, 0.13, 0.05, TRIM)
    if v != 2:
        p.oval(0.38, 0.84, 0.13, 0.05, TRIM)
    if v == 2:
        p.slice(cx, cy, 0.24, 0, 180)
        p.mirror([(0.26, 0.32), (0.26, 0.06), (0.42, 0.32)])
        p.poly([(0.38, 0.32), (0.5, 0.04), (0.62, 0.32)])
        return
    n, r, size = ((6, 0.17, 0.1), (10, 0.2, 0.065))[v]
    for i in range(n):
        a = 2 * math.pi * i / n
        p.oval(cx + r * math.cos(a), cy + r * math.sin(a), size, size)
    p.oval(cx, cy, 0.11, 0.11, LIGHT if v == 0 else DARK)


def rabbit(p: Pen, v: int) -> None:
    """Draw a rabbit: sitting, from the side, or the face alone."""
    if v == 1:
        p.oval(0.4, 0.7, 0.32, 0.23)
        p.oval(0.08, 0.68, 0.09, 0.09, LIGHT)
        for dx in (0.0, 0.1):
            p.oval(0.62 + dx, 0.2, 0.05, 0.2, BODY if dx else SHADE)
        p.oval(0.74, 0.48, 0.17, 0.15)
        eye(p, 0.8, 0.45)
        p.oval(0.9, 0.51, 0.03, 0.025, DARK)
        p.oval(0.6, 0.9, 0.14, 0.05, SHADE)
        return
    cy, r = (0.48, 0.18) if v == 0 else (0.68, 0.28)
    if v == 0:
        p.oval(0.5, 0.78, 0.23, 0.2)
        p.oval(0.5, 0.8, 0.13, 0.14, LIGHT)
        for side in (-1, 1):
            p.oval(0.5 + side * 0.16, 0.95, 0.12, 0.045, SHADE)
    for side in (-1, 1):
        p.oval(0.5 + side * r * 0.55, cy - r * 1.5, r * 0.32, r * 1.05)
        p.oval(0.5 + side * r * 0.55, cy - r * 1.45, r * 0.15, r * 0.8, LIGHT)
    p.oval(0.5, cy, r * 1.05, r)
    for side in (-1, 1):
        p.oval(0.5 + side * r * 0.42, cy - r * 0.15, r * 0.13, r * 0.17, DARK)
    p.oval(0.5, cy + r * 0.25, r * 0.13, r * 0.1, TRIM)
    p.box(0.5 - r * 0.16, cy + r * 0.5, 0.5 + r * 0.16, cy + r * 0.85, LIGHT)


def tree(p: Pen, v: int) -> None:
    """Draw a tree: round crown, fir, or with fruit."""
    p.box(0.44, 0.6, 0.56, 0.98, DARK)
    if v == 0:
        for x, y, r in ((0.3, 0.45, 0.2), (0.7, 0.45, 0.2), (0.5, 0.26, 0.23), (0.5, 0.48, 0.2)):
            p.oval(x, y, r, r)
    elif v == 1:
        for y, w in ((0.78, 0.36), (0.56, 0.29), (0.34, 0.21)):
            p.poly([(0.5, y - 0.32), (0.5 - w, y), (0.5 + w, y)], SHADE if w == 0.29 else BODY)
    else:
        p.oval(0.5, 0.36, 0.27, 0.34)
        for x, y in ((0.4, 0.26), (0.58, 0.36), (0.44, 0.52), (0.6, 0.18)):
            p.oval(x, y, 0.045, 0.045, TRIM)


def turtle(p: Pen, v: int) -> None:
    """Draw a turtle: flat shell, high shell, or from above."""
    if v == 2:
        for x, y in ((0.22, 0.24), (0.22, 0.76), (0.68, 0.22), (0.68, 0.78)):
            p.oval(x, y, 0.11, 0.09, TRIM)
        p.oval(0.9, 0.5, 0.1, 0.09, TRIM)
        p.poly([(0.04, 0.5), (0.2, 0.44), (0.2, 0.56)], TRIM)
        p.oval(0.46, 0.5, 0.36, 0.31)
        p.poly(ring(0.46, 0.5, 0.17, 0.15, 3), SHADE)
        for i in range(6):
            a = math.radians(60 * i)
            p.line(
                [
                    (0.46 + 0.16 * math.cos(a), 0.5 + 0.16 * math.sin(a)),
                    (0.46 + 0.33 * math.cos(a), 0.5 + 0.28 * math.sin(a)),
                ],
                0.025,
                DARK,
            )
        return
    for x in (0.2, 0.58):
        p.box(x, 0.62, x + 0.13, 0.86, TRIM, 0.04)
    p.poly([(0.1, 0.6), (0.0, 0.72), (0.16, 0.7)], TRIM)
    p.line([(0.7, 0.64), (0.84, 0.5 - 0.08 * v)], 0.12, TRIM)
    p.oval(0.87, 0.46 - 0.08 * v, 0.11, 0.1, TRIM)
    eye(p, 0.9, 0.43 - 0.08 * v, 0.02)
    p.slice(0.43, 0.68, (0.36, 0.4)[v], 180, 360)
    p.box(0.06, 0.65, 0.8, 0.72, SHADE, 0.03)
    for x in (0.25, 0.43, 0.61):
        p.poly(ring(x, 0.54 if x != 0.43 else 0.45, 0.085, 0.075, 3), SHADE)
