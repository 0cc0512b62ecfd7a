"""Pictures with decord, in a process of its own that a time limit can end.

decord can hang where no signal reaches it, and can crash; neither may take the job down.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from egoalign.video import decord_worker
from egoalign.video.packets import Packets

BATCH = 32
"""Pictures in one request to decord."""

BASE_LIMIT_S = 60.0
"""Seconds allowed for a batch, whatever its length ..."""

LIMIT_PER_PICTURE_S = 0.2
"""... and for every picture of the video that must be decoded for it."""


class DecordFailure(Exception):
    """decord refused the file, complained of damage, disagreed with the table, crashed or hung."""


def decord_pictures(
    path: str | Path, packets: Packets, places: NDArray[np.int64]
) -> Iterator[NDArray[np.uint8]]:
    """Yield pictures, uint8 of shape (height, width, 3), rotation applied.

    Parameters
    ----------
    path : str or Path
        The video.
    packets : Packets
        Its packet table, from which the worker checks that decord counts and times alike.
    places : ndarray of int64, shape (n,)
        Ascending, distinct positions in ``packets.pictures``.

    Raises
    ------
    DecordFailure
        With a short phrase; the pictures yielded before are right.
    """
    request = {
        "path": os.path.abspath(path),
        "places": places.tolist(),
        "shown_s": packets.shown_s[places].tolist(),
        "n_pictures": len(packets.pictures),
        "batch": BATCH,
    }
    with tempfile.TemporaryFile() as complaints:
        worker = subprocess.Popen(
            [sys.executable, "-m", decord_worker.__name__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=complaints,
        )
        try:
            yield from _converse(worker, request, complaints)
        finally:
            worker.kill()
            worker.communicate()


def _converse(
    worker: subprocess.Popen[bytes], request: dict[str, Any], complaints: IO[bytes]
) -> Iterator[NDArray[np.uint8]]:
    """Send the request and yield the pictures of each batch."""
    assert worker.stdin is not None
    try:
        worker.stdin.write(json.dumps(request).encode() + b"\n")
        worker.stdin.close()
    except BrokenPipeError as error:
        raise DecordFailure("its process ended at once") from error
    worker.stdin = None
    before = 0
    for start in range(0, len(request["places"]), BATCH):
        last = request["places"][start : start + BATCH][-1]
        limit_s = BASE_LIMIT_S + LIMIT_PER_PICTURE_S * (last - before)
        before = last
        batch = _read_batch(worker, limit_s)
        # It goes on from a damaged picture and gives a neighbour for a lost one; all that shows
        # is what its codecs print.
        if os.fstat(complaints.fileno()).st_size:
            raise DecordFailure("its decoder complains of damage")
        yield from batch


def _read_batch(worker: subprocess.Popen[bytes], limit_s: float) -> NDArray[np.uint8]:
    """Return the next batch, shape (n, height, width, 3)."""
    stream = worker.stdout
    assert stream is not None
    expired = threading.Event()

    def end() -> None:
        expired.set()
        worker.kill()

    timer = threading.Timer(limit_s, end)
    timer.daemon = True
    timer.start()
    try:
        header = stream.readline()
        answer = json.loads(header) if header.endswith(b"\n") else {}
        shape = answer.get("shape", [0])
        pixels = stream.read(int(np.prod(shape)))
    finally:
        timer.cancel()
    if expired.is_set():
        raise DecordFailure(f"no answer in {limit_s:.0f} s")
    if "error" in answer:
        raise DecordFailure(str(answer["error"]))
    if not answer or len(pixels) != int(np.prod(shape)):
        raise DecordFailure("its process crashed")
    return np.frombuffer(pixels, dtype=np.uint8).reshape(shape)
