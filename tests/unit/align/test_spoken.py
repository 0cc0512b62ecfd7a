"""Which words were spoken over which pictures."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from egoalign.align.spoken import Spoken

STRETCHES = st.lists(
    st.tuples(st.integers(-3, 3), st.integers(0, 19), st.integers(0, 6)), max_size=12
)


@given(STRETCHES, st.integers(0, 1000))
def test_it_equals_brute_force(stretches: list, seed: int) -> None:
    size = 30
    rng = np.random.default_rng(seed)
    texts = np.array([text for text, *_ in stretches], dtype=np.int64)
    first = np.array([begin for _, begin, _ in stretches], dtype=np.int64)
    last = first + np.array([more for *_, more in stretches], dtype=np.int64)
    asked = np.arange(-4, 5)
    begins = rng.integers(0, 20, (asked.size, 5))
    ends = begins + rng.integers(0, 8, begins.shape)
    spoken = Spoken.of(texts, first, last, size)

    def brute(text: int, begin: int, end: int) -> bool:
        return any(
            t == text and f <= end and e >= begin
            for t, f, e in zip(texts, first, last, strict=True)
        )

    expected = [
        [brute(t, b, e) for b, e in zip(row_b, row_e, strict=True)]
        for t, row_b, row_e in zip(asked, begins, ends, strict=True)
    ]
    assert np.array_equal(spoken.over(asked, begins, ends), expected)
    same_runs = [[brute(t, b, e) for b, e in zip(begins[0], ends[0], strict=True)] for t in asked]
    assert np.array_equal(spoken.over(asked, begins[0], ends[0]), same_runs)
