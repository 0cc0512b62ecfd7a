"""Numbers as people read them."""

from __future__ import annotations

import math

import pytest

from egoalign.wording import DASH, MINUS, interval, number


@pytest.mark.parametrize(
    ("value", "digits", "said"),
    [
        (0.6124, 3, "0.612"),
        (-0.6126, 3, f"{MINUS}0.613"),
        (-0.04, 1, "0.0"),
        (1234.5, 1, "1,234.5"),
        (None, 2, DASH),
        (math.nan, 2, DASH),
    ],
)
def test_a_number_is_said(value, digits, said):
    assert number(value, digits) == said


def test_an_interval_stands_beside_its_estimate():
    assert interval({"estimate": 0.5, "ci_low": -0.0001, "ci_high": 0.75}) == "0.500 [0.000, 0.750]"
    assert interval({"estimate": 0.5, "ci_low": None, "ci_high": None}) == "0.500"
    assert interval(None) == DASH
