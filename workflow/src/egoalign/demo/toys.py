"""Outlines of toys.

Each drawer paints variant `v` (0, 1 or 2) in unit coordinates with y downward.
"""

from __future__ import annotations

import math

from egoalign.demo.pen import BODY, DARK, LIGHT, SHADE, TRIM, Pen, ring


def ball(p: Pen, v: int) -> None:
    """Draw a ball: beach ball, football, or with seams."""
    p.oval(0.5, 0.5, 0.45, 0.45)
    if v == 0:
        for start in (0, 120, 240):
            p.slice(0.5, 0.5, 0.45, start, start + 60, LIGHT)
        p.oval(0.5, 0.5, 0.07, 0.07, TRIM)
    elif v == 1:
        p.poly(ring(0.5, 0.5, 0.17, 0.14, 5), DARK)
        for i in range(5):
            a = math.radians(-90 + 72 * i)
            x, y = 0.5 + 0.38 * math.cos(a), 0.5 + 0.38 * math.sin(a)
            p.oval(x, y, 0.07, 0.07, DARK)
            p.line([(0.5, 0.5), (x, y)], 0.02, DARK)
    else:
        p.arc(0.5, -0.25, 0.62, 40, 140, 0.05, LIGHT)
        p.arc(0.5, 1.25, 0.62, 220, 320, 0.05, LIGHT)
        p.line([(0.07, 0.5), (0.93, 0.5)], 0.05, LIGHT)


def balloon(p: Pen, v: int) -> None:
    """Draw a balloon: middling, wide, or slim."""
    rx, ry = ((0.24, 0.31), (0.29, 0.31), (0.19, 0.34))[v]
    p.line([(0.5, 0.68), (0.54, 0.78), (0.46, 0.88), (0.52, 0.99)], 0.018, DARK)
    p.poly([(0.5, 0.62), (0.43, 0.73), (0.57, 0.73)], SHADE)
    p.oval(0.5, 0.35, rx, ry)
    p.oval(0.5 - rx * 0.45, 0.22, 0.045, 0.08, LIGHT)


def block(p: Pen, v: int) -> None:
    """Draw a block: with a letter, with squares, or stacked."""

    def cube(x: float, y: float, s: float, mark: int) -> None:
        d = s * 0.3
        p.poly([(x, y), (x + d, y - d), (x + s + d, y - d), (x + s, y)], LIGHT)
        p.poly([(x + s, y), (x + s + d, y - d), (x + s + d, y + s - d), (x + s, y + s)], SHADE)
        p.box(x, y, x + s, y + s)
        if mark == 0:
            p.line(
                [
                    (x + s * 0.25, y + s * 0.8),
                    (x + s * 0.5, y + s * 0.2),
                    (x + s * 0.75, y + s * 0.8),
                ],
                s * 0.1,
                LIGHT,
            )
            p.line([(x + s * 0.35, y + s * 0.6), (x + s * 0.65, y + s * 0.6)], s * 0.08, LIGHT)
        else:
            p.box(x + s * 0.2, y + s * 0.2, x + s * 0.8, y + s * 0.8, LIGHT)
            p.box(x + s * 0.3, y + s * 0.3, x + s * 0.7, y + s * 0.7, TRIM)

    if v == 0:
        cube(0.12, 0.3, 0.58, 0)
    elif v == 1:
        cube(0.12, 0.3, 0.58, 1)
    else:
        cube(0.05, 0.56, 0.36, 1)
        cube(0.48, 0.56, 0.36, 0)
        cube(0.27, 0.18, 0.36, 1)


def boat(p: Pen, v: int) -> None:
    """Draw a boat: one sail, two sails, or a steamer."""
    p.poly([(0.03, 0.68), (0.97, 0.68), (0.82, 0.92), (0.2, 0.92)])
    p.line([(0.06, 0.7), (0.94, 0.7)], 0.035, SHADE)
    if v == 0:
        p.line([(0.48, 0.68), (0.48, 0.06)], 0.03, DARK)
        p.poly([(0.53, 0.08), (0.53, 0.62), (0.9, 0.62)], LIGHT)
    elif v == 1:
        p.line([(0.52, 0.68), (0.52, 0.06)], 0.03, DARK)
        p.poly([(0.57, 0.1), (0.57, 0.62), (0.88, 0.62)], TRIM)
        p.poly([(0.47, 0.16), (0.47, 0.62), (0.18, 0.62)], LIGHT)
    else:
        p.box(0.3, 0.44, 0.68, 0.68, LIGHT)
        p.box(0.42, 0.2, 0.54, 0.44, TRIM)
        for x in (0.38, 0.5, 0.61):
            p.oval(x, 0.55, 0.04, 0.04, DARK)


def book(p: Pen, v: int) -> None:
    """Draw a book: closed, open, or lying."""
    if v == 0:
        p.box(0.14, 0.06, 0.82, 0.94, BODY, 0.03)
        p.box(0.14, 0.06, 0.24, 0.94, SHADE, 0.03)
        p.box(0.34, 0.2, 0.72, 0.36, LIGHT)
        p.line([(0.83, 0.1), (0.83, 0.92)], 0.03, LIGHT)
    elif v == 1:
        p.poly([(0.02, 0.22), (0.5, 0.3), (0.98, 0.22), (0.98, 0.84), (0.5, 0.9), (0.02, 0.84)])
        p.mirror([(0.06, 0.18), (0.5, 0.27), (0.5, 0.84), (0.06, 0.78)], LIGHT)
        for y in (0.34, 0.46, 0.58, 0.7):
            p.line([(0.12, y), (0.43, y + 0.06)], 0.015, DARK)
            p.line([(0.88, y), (0.57, y + 0.06)], 0.015, DARK)
    else:
        p.poly([(0.1, 0.3), (0.7, 0.1), (0.95, 0.6), (0.35, 0.82)])
        p.poly([(0.35, 0.82), (0.95, 0.6), (0.95, 0.7), (0.35, 0.93)], LIGHT)
        p.poly([(0.1, 0.3), (0.35, 0.82), (0.35, 0.93), (0.1, 0.41)], SHADE)
        p.poly([(0.3, 0.36), (0.62, 0.25), (0.7, 0.4), (0.38, 0.52)], LIGHT)


def car(p: Pen, v: int) -> None:
    """Draw a car: saloon, beetle, or van."""
    if v == 0:
        p.poly([(0.2, 0.52), (0.32, 0.28), (0.68, 0.28), (0.82, 0.52)])
        p.box(0.02, 0.5, 0.98, 0.72, BODY, 0.06)
        p.poly([(0.28, 0.5), (0.36, 0.33), (0.48, 0.33), (0.48, 0.5)], LIGHT)
        p.poly([(0.53, 0.5), (0.53, 0.33), (0.64, 0.33), (0.73, 0.5)], LIGHT)
    elif v == 1:
        p.slice(0.5, 0.66, 0.42, 180, 360)
        p.box(0.03, 0.58, 0.97, 0.74, BODY, 0.08)
        p.slice(0.46, 0.56, 0.24, 180, 268, LIGHT)
        p.slice(0.54, 0.56, 0.24, 272, 360, LIGHT)
    else:
        p.box(0.04, 0.26, 0.7, 0.72, BODY, 0.05)
        p.poly([(0.68, 0.3), (0.82, 0.34), (0.96, 0.54), (0.96, 0.72), (0.68, 0.72)])
        p.poly([(0.7, 0.37), (0.79, 0.38), (0.89, 0.53), (0.7, 0.53)], LIGHT)
        for x in (0.12, 0.32, 0.52):
            p.box(x, 0.34, x + 0.13, 0.5, LIGHT)
    for x in (0.25, 0.76):
        p.oval(x, 0.73, 0.12, 0.12, DARK)
        p.oval(x, 0.73, 0.055, 0.055, LIGHT)


def star(p: Pen, v: int) -> None:
    """Draw a star: plain, with a face, or six-pointed."""
    n, inner = ((5, 0.19), (5, 0.26), (6, 0.24))[v]
    p.poly(ring(0.5, 0.52, 0.47, inner, n))
    if v == 1:
        for side in (-1, 1):
            p.oval(0.5 + side * 0.09, 0.47, 0.03, 0.045, DARK)
        p.arc(0.5, 0.52, 0.12, 20, 160, 0.03, DARK)
    elif v == 2:
        p.poly(ring(0.5, 0.52, 0.24, 0.12, n), LIGHT)
