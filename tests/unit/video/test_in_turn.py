"""AVI files with B-frames: the file has no presentation times, so pictures are shown in turn."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest

from egoalign.video.decode import decode
from egoalign.video.grid import frames_table
from egoalign.video.probe import probe

B_FRAMES = {
    "mpeg4": {"codec": "mpeg4", "options": {"bf": "2", "g": "24"}},
    "h264": {"options": {"bf": "3", "g": "24"}},
    "h264_open": {"options": {"x264-params": "open-gop=1:keyint=24:bframes=3:scenecut=0"}},
}
MIDDLES_S = [(number + 0.5) / 30 for number in range(150)]

NOT_CODED = b"\x00\x00\x01\xb6\x50\x00\x7f"
"""An MPEG-4 picture without content."""

PICTURE = b"\x00\x00\x01\xb6"
"""What an MPEG-4 picture begins with."""


def numbers_at(path: Path, seconds: list[float], clip_tools) -> list[int | None]:
    pictures = decode(path, probe(path), seconds)
    return [None if p.rgb is None else clip_tools["read_number"](p.rgb) for p in pictures]


def pack(source: Path, target: Path) -> Path:
    """Rewrite MPEG-4 with single B-frames as a packed bitstream.

    The B-picture is put into the chunk of the picture it leans on, as old encoders did, and a
    picture that is not coded stands in its place.
    """
    import av

    with av.open(str(source)) as old, av.open(str(target), "w") as new:
        stream = old.streams.video[0]
        copy = new.add_stream_from_template(stream)
        chunks: list[bytes] = []
        for packet in (bytes(packet) for packet in old.demux(stream) if packet.size):
            if coding_type(packet) == "B":
                chunks[-1] += packet
                chunks.append(NOT_CODED)
            else:
                chunks.append(packet)
        mark = b"\x00\x00\x01\xb2DivX503b1393p"
        chunks[0] = chunks[0].replace(PICTURE, mark + PICTURE)
        for place, chunk in enumerate(chunks):
            packet = av.Packet(chunk)
            packet.stream, packet.time_base = copy, stream.time_base
            packet.pts = packet.dts = place
            packet.is_keyframe = coding_type(chunk) == "I"
            new.mux(packet)
    return target


def coding_type(packet: bytes) -> str:
    """Return the type of the first picture in an MPEG-4 packet, from two bits of its head."""
    return "IPBS"[packet[packet.index(PICTURE) + len(PICTURE)] >> 6]


@pytest.mark.parametrize("kind", B_FRAMES)
def test_every_picture_of_the_file_is_in_its_place(kind, tmp_path, clip_tools):
    path = clip_tools["write_clip"](tmp_path / "clip.avi", **B_FRAMES[kind])
    assert numbers_at(path, MIDDLES_S, clip_tools) == list(range(150))


def test_a_packed_bitstream_too(tmp_path, clip_tools):
    plain = clip_tools["write_clip"](
        tmp_path / "plain.avi", codec="mpeg4", options={"bf": "1", "b_strategy": "0"}
    )
    packed = pack(plain, tmp_path / "packed.avi")
    assert packed.read_bytes().count(NOT_CODED) > 60
    assert numbers_at(packed, MIDDLES_S, clip_tools) == list(range(150))


@pytest.mark.parametrize("kind", B_FRAMES)
def test_times_count_from_zero_at_the_rate(kind, tmp_path, clip_tools):
    path = clip_tools["write_clip"](tmp_path / "clip.avi", **B_FRAMES[kind])
    found = probe(path)
    assert found.packets is not None
    assert found.packets.turns is not None
    np.testing.assert_allclose(found.packets.shown_s, np.arange(150) / 30, atol=1e-9)
    assert found.video_start_s == 0.0
    shown_s = [row["shown_s"] for row in frames_table(found, 4.0)]
    numbers = numbers_at(path, shown_s, clip_tools)
    assert numbers == [round(second * 30) for second in shown_s]


@pytest.mark.parametrize("kind", B_FRAMES)
@pytest.mark.parametrize("seed", [3, 4, 5])
def test_damaged_pictures_are_missing_and_never_a_neighbour(kind, seed, tmp_path, clip_tools):
    """Whole pieces of the file are blanked, for MPEG-4 cannot notice every smaller damage."""
    import av

    path = clip_tools["write_clip"](tmp_path / "clip.avi", **B_FRAMES[kind])
    with av.open(str(path)) as container:
        pieces = [(packet.pos, packet.size) for packet in container.demux(video=0) if packet.size]
    content = bytearray(path.read_bytes())
    rng = random.Random(seed)
    for number, (start, size) in enumerate(rng.sample(pieces[20:], 6)):
        if number < 4:
            content[start : start + size] = bytes(size)
        else:
            content[start - 8 : start] = bytes(8)
    path.write_bytes(content)
    numbers = numbers_at(path, MIDDLES_S, clip_tools)
    assert wrong(numbers) == []
    assert numbers[:12] == list(range(12))
    assert 0 < numbers.count(None) < 138


@pytest.mark.parametrize("kind", B_FRAMES)
@pytest.mark.parametrize("part", [0.5, 0.61, 0.72, 0.83])
def test_what_a_cut_file_still_holds_is_right(kind, part, tmp_path, clip_tools):
    whole = clip_tools["write_clip"](tmp_path / "whole.avi", **B_FRAMES[kind]).read_bytes()
    cut = tmp_path / "cut.avi"
    cut.write_bytes(whole[: int(len(whole) * part)])
    found = probe(cut)
    numbers = numbers_at(cut, MIDDLES_S[: found.n_pictures], clip_tools)
    assert wrong(numbers) == []
    assert numbers.count(None) <= 1 < 30 < len(numbers)


def wrong(numbers: list[int | None]) -> list[tuple[int, int]]:
    """Return the place and the number of each picture that is not in its place."""
    return [(at, n) for at, n in enumerate(numbers) if n is not None and n != at]
