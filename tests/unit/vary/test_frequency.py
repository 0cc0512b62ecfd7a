"""How frequent words are."""

from __future__ import annotations

import math

import pytest

from egoalign.log import UserError
from egoalign.vary.frequency import LemmaCounts, general_frequency, zipf


def test_the_zipf_scale_is_that_of_its_authors():
    # Once in a million words is 3, in a corpus that is so large that its types do not matter.
    assert zipf(10**6, 10**12, 10**4) == pytest.approx(3, abs=1e-6)
    # By hand: (4 + 1) / (90 + 10) = 0.05.
    assert zipf(4, 90, 10) == pytest.approx(math.log10(0.05) + 9)
    assert zipf(0, 0, 0) is None


def test_a_child_is_left_out_of_counts_words_and_types():
    counts = LemmaCounts()
    counts.add("A", ["ball", "ball", "cup"], 10)
    counts.add("A", ["cup"], 5)
    counts.add("B", ["ball", "dog"], 20)
    assert counts.total == {"ball": 3, "cup": 2, "dog": 1}
    assert counts.log_freq("ball") == pytest.approx(zipf(3, 35, 3))
    assert counts.log_freq_others("ball", "A") == pytest.approx(zipf(1, 20, 2))
    assert counts.log_freq_others("cup", "A") == pytest.approx(zipf(0, 20, 2))
    assert counts.log_freq_others("ball", "B") == pytest.approx(zipf(2, 15, 2))


def test_of_an_only_child_there_are_no_others():
    counts = LemmaCounts()
    counts.add("A", ["ball"], 10)
    assert counts.log_freq_others("ball", "A") is None


def test_the_general_list_knows_words_and_says_what_it_does_not_know():
    frequency = general_frequency("en")
    ball, aardvark = frequency("ball"), frequency("aardvark")
    assert ball is not None
    assert aardvark is not None
    assert ball > aardvark + 1
    assert frequency("qxzvvkw") is None
    assert general_frequency(None)("ball") is None
    with pytest.raises(UserError, match="found 'eng'; did you mean 'en'"):
        general_frequency("eng")
