"""Small videos made here, each picture numbered by blocks that survive compression."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np

BITS = 12
BLOCK = 16
SIDE = (BITS + 2) * BLOCK


def draw(number: int, width: int = SIDE, height: int = 96) -> np.ndarray:
    """Return an RGB picture with `number` in black and white blocks along its top."""
    ramp = (np.arange(width) + 5 * number) % 160 + 40
    picture = np.repeat(np.repeat(ramp[None, :, None], height, axis=0), 3, axis=2).astype(np.uint8)
    bits = [number >> place & 1 for place in range(BITS)]
    for place, bit in enumerate([1, *bits, sum(bits) % 2]):
        picture[:BLOCK, place * BLOCK : (place + 1) * BLOCK] = 255 * bit
    return picture


def read_number(picture: np.ndarray) -> int:
    """Return the number in a picture; -1 where the blocks are not as `draw` makes them."""
    blocks = [
        picture[4 : BLOCK - 4, place * BLOCK + 4 : (place + 1) * BLOCK - 4].mean()
        for place in range(BITS + 2)
    ]
    if any(70 < block < 185 for block in blocks):
        return -1
    first, *bits, parity = [int(block > 128) for block in blocks]
    if not first or sum(bits) % 2 != parity:
        return -1
    return sum(bit << place for place, bit in enumerate(bits))


def write_clip(
    path: Path,
    codec: str = "libx264",
    n: int = 150,
    rate: int = 30,
    ticks: Sequence[int] | None = None,
    time_base: Fraction | None = None,
    options: dict[str, str] | None = None,
    container_options: dict[str, str] | None = None,
    rotation: int = 0,
    audio_shift_s: float | None = None,
    pix_fmt: str = "yuv420p",
    size: tuple[int, int] = (SIDE, 96),
) -> Path:
    """Write `n` numbered pictures, at `ticks` of `time_base` or at a steady rate."""
    import av

    with av.open(str(path), "w", options=container_options or {}) as out:
        video = out.add_stream(codec, rate=rate, options=options or {})
        turned = rotation % 180 != 0
        video.width, video.height = size[::-1] if turned else size
        video.pix_fmt = pix_fmt
        if time_base is not None:
            video.codec_context.time_base = time_base
        if rotation:
            video.set_display_rotation(-rotation)
        sound = out.add_stream("aac", rate=48000) if audio_shift_s is not None else None
        for number in range(n):
            picture = np.ascontiguousarray(np.rot90(draw(number, *size), k=rotation // 90))
            frame = av.VideoFrame.from_ndarray(picture, "rgb24")
            frame.pts = number if ticks is None else ticks[number]
            frame.time_base = time_base or Fraction(1, rate)
            out.mux(video.encode(frame))
        out.mux(video.encode())
        if sound is not None:
            for block in range(int(n / rate * 48000 / 1024)):
                tone = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), "fltp", "mono")
                tone.sample_rate = 48000
                tone.time_base = Fraction(1, 48000)
                tone.pts = block * 1024 + round((audio_shift_s or 0) * 48000)
                out.mux(sound.encode(tone))
            out.mux(sound.encode())
    return path


def trim_without_encoding(source: Path, target: Path, start_s: float) -> Path:
    """Copy packets from the key packet before `start_s` on, hiding what comes before `start_s`."""
    import av

    with av.open(str(source)) as old, av.open(str(target), "w") as new:
        stream = old.streams.video[0]
        copy = new.add_stream_from_template(stream)
        shift = round(start_s / stream.time_base)
        old.seek(shift, stream=stream, backward=True)
        for packet in old.demux(stream):
            if packet.size:
                packet.pts -= shift
                packet.dts -= shift
                packet.stream = copy
                new.mux(packet)
    return target
