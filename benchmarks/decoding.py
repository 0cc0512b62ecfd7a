"""Decoding against its limit: the pictures that must be decoded, decoded to nothing.

Run from the project's folder: ``python benchmarks/decoding.py [--small] [--ffmpeg PATH]``. Videos
are made here. The limit decodes exactly the packets that are needed, copied into a file of their
own, to nothing, with the ffmpeg program where it is installed, else with PyAV. Ours opens the file,
reads its packet table, decodes and gives RGB pictures at full size; making them smaller is part of
a model's transform, which the embedding stage measures. One thread each; CPU seconds of the process
and its children; runs take turns; ratios of medians.
"""

from __future__ import annotations

import argparse
import random
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from measure import Numbers, ffmpeg_version, find_ffmpeg, machine, table, take_turns, timed

from egoalign.video.packets import Packets
from egoalign.video.probe import probe
from egoalign.video.recording import open_recording

RATE = 30
BASE_S = 20
"""Seconds that are encoded; longer videos repeat them."""

VIDEOS = {
    "720p 6 Mb/s, key frame every 250": {"size": (1280, 720), "g": 250, "rate": "6M"},
    "1080p 25 Mb/s, key frame every 30": {"size": (1920, 1080), "g": 30, "rate": "25M"},
}
SMALL = {"360p 2 Mb/s, key frame every 150": {"size": (640, 360), "g": 150, "rate": "2M"}}


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="a short video, for a quick look")
    parser.add_argument("--repeats", type=int, default=3, help="runs of each")
    parser.add_argument("--length", type=float, default=600.0, help="seconds of video")
    parser.add_argument("--windows", type=int, default=600, help="windows of three seconds")
    parser.add_argument("--ffmpeg", metavar="PATH", help="the ffmpeg program; PyAV without it")
    args = parser.parse_args()
    if args.small:
        args.length, args.windows = 60.0, 30
    ffmpeg = find_ffmpeg(args.ffmpeg)
    print(machine(*([ffmpeg_version(ffmpeg)] if ffmpeg else [])))
    limit = "ffmpeg" if ffmpeg else "PyAV"
    print(
        f"{args.length:.0f} s of video, CPU seconds, medians of {args.repeats}; limit: {limit} to "
        "nothing\n"
    )
    header = ("video", "asked", "pictures", "limit", "auto", "of limit", "PyAV", "of limit")
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for name, made in (SMALL if args.small else VIDEOS).items():
            path = write_video(Path(folder) / "video.mp4", args.length, **made)
            for task, seconds in tasks(args.length, args.windows).items():
                rows.append([name, task, *row(path, seconds, args.repeats, ffmpeg)])
    print(table(header, rows))


def tasks(length_s: float, n_windows: int) -> dict[str, list[float]]:
    """Return the seconds that each task asks for, ascending and distinct."""
    rng = random.Random(20251118)
    starts = [rng.uniform(0, length_s - 3) for _ in range(n_windows)]
    grid = {float(second) for start in starts for second in range(int(start) + 1, int(start) + 4)}
    return {
        "1 frame a second over all": [float(second) for second in range(int(length_s))],
        f"{n_windows} three-second windows": sorted(grid),
    }


def row(path: Path, seconds: list[float], repeats: int, ffmpeg: str | None) -> list[object]:
    """Measure one task and return its cells."""
    found = probe(path)
    assert found.packets is not None
    needed = copy_needed(path, found.packets, seconds, path.with_name("needed.mkv"))
    contestants: dict[str, Callable[[], Numbers]] = {
        "limit": lambda: timed(
            lambda: ffmpeg_to_nothing(ffmpeg, needed) if ffmpeg else to_nothing(needed)
        ),
        "auto": lambda: timed(lambda: ours(path, seconds, "auto")),
        "pyav": lambda: timed(lambda: ours(path, seconds, "pyav")),
    }
    spent = {name: numbers["cpu"] for name, numbers in take_turns(contestants, repeats).items()}
    limit, auto, pyav = spent["limit"], spent["auto"], spent["pyav"]
    return [len(seconds), limit, auto, limit / auto, pyav, limit / pyav]


def ours(path: Path, seconds: list[float], option: str) -> None:
    """Probe, choose, decode, and give RGB pictures."""
    recording = open_recording([path])
    backend = recording.media_row("", "", option)["backend"]
    for picture in recording.pictures(seconds, backend):
        assert picture.rgb is not None, picture.reason


def to_nothing(path: Path) -> None:
    """Decode a whole file with PyAV on one thread."""
    import av

    with av.open(str(path)) as container:
        container.streams.video[0].codec_context.thread_count = 1
        for _ in container.decode(video=0):
            pass


def ffmpeg_to_nothing(program: str, path: Path) -> None:
    """Decode a whole file with the ffmpeg program on one thread."""
    command = [program, "-v", "error", "-threads", "1", "-i", str(path), "-f", "null", "-"]
    subprocess.run(command, check=True)


def copy_needed(path: Path, packets: Packets, seconds: list[float], out: Path) -> Path:
    """Copy the packets from which the pictures at `seconds` are rebuilt into a file."""
    import av

    wanted = np.zeros(len(packets.pts), dtype=bool)
    keys = np.flatnonzero(packets.key)
    for pts in packets.pictures[packets.picture_at(np.array(seconds))]:
        key = keys[np.searchsorted(packets.pts[keys], pts, side="right") - 1]
        wanted[key : int(np.flatnonzero(packets.pts == pts)[0]) + 1] = True
    with av.open(str(path)) as source, av.open(str(out), "w") as target:
        stream = source.streams.video[0]
        copy = target.add_stream_from_template(stream)
        for place, packet in enumerate(p for p in source.demux(stream) if p.size):
            if wanted[place]:
                packet.stream = copy
                target.mux(packet)
    return out


def write_video(path: Path, length_s: float, size: tuple[int, int], g: int, rate: str) -> Path:
    """Write H.264 of a textured scene that pans, with noise; its first seconds are repeated."""
    import av

    base = path.with_name("base.mp4")
    options = {"g": str(g), "b": rate, "preset": "veryfast", "x264-params": "scenecut=0"}
    with av.open(str(base), "w") as out:
        stream = out.add_stream("libx264", rate=RATE, options=options)
        stream.width, stream.height = size
        stream.pix_fmt = "yuv420p"
        for picture in scene(size, BASE_S * RATE):
            out.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="gray8")))
        out.mux(stream.encode())
    with av.open(str(path), "w") as out:
        copy = None
        for turn in range(int(np.ceil(length_s / BASE_S))):
            with av.open(str(base)) as source:
                stream = source.streams.video[0]
                copy = copy or out.add_stream_from_template(stream)
                shift = round(turn * BASE_S / stream.time_base)
                for packet in source.demux(stream):
                    if packet.size:
                        packet.pts += shift
                        packet.dts += shift
                        packet.stream = copy
                        out.mux(packet)
    return path


def scene(size: tuple[int, int], n: int):
    """Yield grey pictures: a texture whose amplitude falls with frequency, panned, with noise."""
    width, height = size
    rng = np.random.default_rng(20251118)
    across, down = np.fft.rfftfreq(2 * width)[None], np.fft.fftfreq(2 * height)[:, None]
    amplitude = 1 / np.maximum(np.hypot(across, down), 1 / width)
    phase = np.exp(2j * np.pi * rng.random(amplitude.shape))
    wide = np.fft.irfft2(amplitude * phase, s=(2 * height, 2 * width))
    wide = 128 + 45 * wide / wide.std()
    grain = rng.normal(0, 4, (height + 64, width + 64))
    for number in range(n):
        x = int(width / 2 * (1 + np.sin(number / 70)))
        y = int(height / 2 * (1 + np.cos(number / 90)))
        dx, dy = rng.integers(0, 64, 2)
        picture = wide[y : y + height, x : x + width] + grain[dy : dy + height, dx : dx + width]
        yield np.clip(picture, 0, 255).astype(np.uint8)


if __name__ == "__main__":
    main()
