"""The process in which decord runs: a request on standard input, pictures on standard output.

The request is one JSON object. The answer is, for each batch, one JSON line with the shape and
then the pixels; or one JSON line with an error. Standard error holds what decord's codecs print.
"""

from __future__ import annotations

import json
import os
import sys
from typing import IO, Any

CLOCK_S = 0.002
"""decord's times must agree with the packet table to within this."""


def answer(request: dict[str, Any], out: IO[bytes]) -> None:
    """Write the pictures that the request asks for."""
    import decord
    import numpy as np

    decord.logging.set_level(decord.logging.ERROR)
    # One thread: more are no cheaper and were found to break some codecs.
    reader = decord.VideoReader(request["path"], num_threads=1)
    places = request["places"]
    if len(reader) != request["n_pictures"]:
        raise ValueError(f"it counts {len(reader)} pictures, not {request['n_pictures']}")
    times = reader.get_frame_timestamp(range(len(reader)))[:, 0]
    drift_s = np.abs(times[places] - times[0] - np.array(request["shown_s"])).max()
    if drift_s > CLOCK_S:
        raise ValueError(f"its times differ by {drift_s:.3f} s")
    for start in range(0, len(places), request["batch"]):
        batch = reader.get_batch(places[start : start + request["batch"]]).asnumpy()
        # Otherwise it decodes ahead without end while the pictures are being fetched.
        reader.seek(0)
        out.write(json.dumps({"shape": batch.shape}).encode() + b"\n")
        out.write(batch.tobytes())
        out.flush()


def main() -> None:
    """Answer one request."""
    request = json.loads(sys.stdin.readline())
    # Whatever libraries print must not mix with the pictures.
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    try:
        answer(request, out)
    except Exception as error:
        message = str(error).strip() or type(error).__name__
        out.write(json.dumps({"error": message.splitlines()[0]}).encode() + b"\n")
    out.close()


if __name__ == "__main__":
    main()
