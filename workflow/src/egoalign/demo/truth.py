"""What is truly in view: at each grid second, and for what each utterance names."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from egoalign.demo.scenes import Share
from egoalign.demo.speech import Utterance

GRID_S = 1.0
"""Seconds between two points of the grid on which the truth is given."""

IN_VIEW_SHARE = 0.005
"""Least visible share, of the picture or of the crop, at which a kind counts as in view."""

_NOTHING = Share(0.0, 0.0)


def truth_paths(truth_dir: Path, child_id: str, session_id: str) -> tuple[Path, Path]:
    """Return where a session's `demo_visible` and `demo_utterances` tables stand."""
    folder = truth_dir / child_id
    return folder / f"{session_id}.visible.parquet", folder / f"{session_id}.utterances.parquet"


def visible_rows(shares: Sequence[Mapping[str, Share]], fps: int) -> list[dict[str, Any]]:
    """Return the rows of table `demo_visible`.

    Parameters
    ----------
    shares : sequence of mapping
        Of each picture, the visible share of each kind in view.
    fps : int
        Pictures per second; the first is shown at second 0.
    """
    return [
        {
            "second": second,
            "kind": kind,
            "share_picture": share.picture,
            "share_crop": share.crop,
        }
        for second in _grid(len(shares), fps)
        for kind, share in sorted(shares[_shown(second, fps, len(shares))].items())
    ]


def utterance_rows(
    utterances: Sequence[Utterance],
    ids: Sequence[str],
    cuts: Sequence[float],
    shares: Sequence[Mapping[str, Share]],
    fps: int,
) -> list[dict[str, Any]]:
    """Return the rows of table `demo_utterances`, computed from what was rendered.

    An utterance's grid seconds are those within it, or the one nearest its middle if there is none.

    Parameters
    ----------
    utterances : sequence of Utterance
        In the order of time.
    ids : sequence of str
        The ids that the transcript's reader gives them.
    cuts : sequence of float
        Times of the changes of scene, with both ends of the session.
    shares, fps
        As in `visible_rows`.
    """
    grid = _grid(len(shares), fps)
    rows = []
    for one, utterance_id in zip(utterances, ids, strict=True):
        nearest = min(grid, key=lambda second: abs(second - one.middle_s))
        row: dict[str, Any] = {
            "utterance_id": utterance_id,
            "start_s": one.start_s,
            "end_s": one.end_s,
            "text": one.text,
            "speaker": one.speaker,
            "second": nearest,
        }
        if one.named is not None:
            inside = [second for second in grid if one.start_s <= second <= one.end_s]
            seen = [
                shares[_shown(second, fps, len(shares))].get(one.named.kind, _NOTHING)
                for second in inside or [nearest]
            ]
            picture = max(share.picture for share in seen)
            crop = max(share.crop for share in seen)
            row |= {
                **asdict(one.named),
                "lag_s": _lag(one, one.named.kind, cuts, shares, fps),
                "share_picture": picture,
                "share_crop": crop,
                "in_view_picture": picture >= IN_VIEW_SHARE,
                "in_view_crop": crop >= IN_VIEW_SHARE,
            }
        rows.append(row)
    return rows


def _grid(n_pictures: int, fps: int) -> list[float]:
    """Return the grid seconds from 0 to the end of the video, the end included."""
    return [k * GRID_S for k in range(math.floor(n_pictures / fps / GRID_S) + 1)]


def _shown(second: float, fps: int, n_pictures: int) -> int:
    """Return which picture is on screen at a second; the last one stays."""
    return min(math.floor(second * fps), n_pictures - 1)


def _lag(
    one: Utterance,
    kind: str,
    cuts: Sequence[float],
    shares: Sequence[Mapping[str, Share]],
    fps: int,
) -> float | None:
    """Return the seconds from an utterance's middle to the nearest sight of what it names."""
    begin = max(cut for cut in cuts if cut <= one.middle_s)
    end = min(cut for cut in cuts if cut > one.middle_s)
    middle = _shown(one.middle_s, fps, len(shares))
    seen = [
        number
        for number in range(round(begin * fps), min(round(end * fps), len(shares)))
        if shares[number].get(kind, _NOTHING).picture >= IN_VIEW_SHARE
    ]
    if middle in seen:
        return 0.0
    return min((number / fps - one.middle_s for number in seen), key=abs, default=None)
