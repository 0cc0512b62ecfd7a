"""Cut fetched pictures out of their background, and have each kind's word spoken."""

from __future__ import annotations

import csv
import os
import subprocess
import tempfile
import wave
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from egoalign.demo.audio import SAMPLE_RATE
from egoalign.demo.kinds import kind_named
from egoalign.log import UserError, logger
from egoalign.tables import atomic_path

PICTURE_COLUMNS = ("kind", "split", "photograph", "source", "file")
INDEX_COLUMNS = ("kind", "split", "look", "photograph", "source", "file")
INDEX_NAME = "index.tsv"
LONGEST_SIDE_PX = 320
_OPAQUE = 128
_NEAR = 24  # largest difference from the background's colour, of 255, in any channel
_SPECK = 0.02  # parts smaller than this share of the largest are strokes beside the object


def read_rows(path: Path, columns: Sequence[str]) -> list[dict[str, str]]:
    """Read a tab-separated table.

    Raises
    ------
    UserError
        The file is missing or its columns are others.
    """
    try:
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file, delimiter="\t")
            rows = list(reader)
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror})") from error
    if tuple(reader.fieldnames or ()) != tuple(columns):
        raise UserError(f"{path}: columns {reader.fieldnames}, expected {list(columns)}")
    return rows


def cut_out(rgba: np.ndarray) -> np.ndarray:
    """Return an object without its background, cropped to what is left.

    A picture with transparent parts keeps its own outline. Elsewhere the background is what looks
    like the corners' median colour and is joined to the border; small parts apart from the object
    are taken away too.

    Parameters
    ----------
    rgba : numpy.ndarray
        uint8 of shape (h, w, 4).

    Returns
    -------
    numpy.ndarray
        uint8 of shape (h', w', 4).

    Raises
    ------
    ValueError
        Nothing is left.
    """
    from scipy import ndimage

    rgba = rgba.copy()
    if rgba[..., 3].min() >= _OPAQUE:
        rgb = rgba[..., :3].astype(int)
        corners = rgb[[0, 0, -1, -1], [0, -1, 0, -1]]
        near = np.abs(rgb - np.median(corners, axis=0)).max(axis=2) <= _NEAR
        border = np.ones_like(near)
        border[1:-1, 1:-1] = False
        shown = ~ndimage.binary_propagation(border & near, mask=near)
        parts, n_parts = ndimage.label(shown)
        sizes = ndimage.sum_labels(shown, parts, np.arange(n_parts + 1))
        rgba[..., 3] = 255 * (sizes >= _SPECK * sizes.max(initial=1))[parts] * shown
    rows, columns = (np.flatnonzero((rgba[..., 3] >= _OPAQUE).any(axis=axis)) for axis in (1, 0))
    if not rows.size:
        raise ValueError("nothing but background")
    return rgba[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def usable(rows: Iterable[dict[str, str]], sources: Sequence[str]) -> list[dict[str, str]]:
    """Keep the pictures that can be had, of kinds that have some in both splits.

    Parameters
    ----------
    rows : iterable of dict
        Rows of ``pictures.tsv``.
    sources : sequence of str
        Names of the sources that could be had.

    Returns
    -------
    list of dict
        The rows with ``look``, a number unique within the kind.
    """
    had = [row for row in rows if row["source"] in sources]
    splits: dict[str, set[str]] = {}
    for row in had:
        splits.setdefault(row["kind"], set()).add(row["split"])
    counts: dict[str, int] = {}
    numbered = []
    for row in had:
        if splits[row["kind"]] == {"train", "corpus"}:
            look = counts.setdefault(row["kind"], 0)
            counts[row["kind"]] += 1
            numbered.append({**row, "look": str(look)})
    return numbered


def make_index(out: Path, pictures: Path, sources: Sequence[str]) -> None:
    """Write ``pictures/<kind>/<look>.png``, ``words/<kind>.wav`` and at last ``index.tsv``.

    Parameters
    ----------
    out : Path
        The cache, with the packages in ``unpacked/<source>/``.
    pictures : Path
        The table ``pictures.tsv``: which file shows which kind, for training or for the corpus.
    sources : sequence of str
        Names of the sources that could be had.
    """
    from PIL import Image

    rows = usable(read_rows(pictures, PICTURE_COLUMNS), sources)
    text = "".join(
        "\t".join(fields) + "\n"
        for fields in (INDEX_COLUMNS, *([row[c] for c in INDEX_COLUMNS] for row in rows))
    )
    index = out / INDEX_NAME
    kinds = sorted({row["kind"] for row in rows})
    if index.exists() and index.read_text(encoding="utf-8") == text:
        logger.info("%s: %d pictures of %d kinds, there already", index, len(rows), len(kinds))
        return
    for row in rows:
        with Image.open(out / "unpacked" / row["source"] / row["file"]) as image:
            cut = Image.fromarray(cut_out(np.asarray(image.convert("RGBA"))))
        cut.thumbnail((LONGEST_SIDE_PX, LONGEST_SIDE_PX), Image.Resampling.LANCZOS)
        with atomic_path(out / "pictures" / row["kind"] / f"{row['look']}.png") as partial:
            cut.save(partial)
    spoken = [kind for kind in kinds if _speak(out, kind)]
    with atomic_path(index) as partial:
        partial.write_text(text, encoding="utf-8")
    photographs = sum(row["photograph"] == "yes" for row in rows)
    logger.info(
        "%s: %d pictures of %d kinds, %d of them photographs; %d kinds have a spoken word",
        index, len(rows), len(kinds), photographs, len(spoken),
    )  # fmt: skip


def read_index(folder: Path) -> list[dict[str, str]]:
    """Read the index of a cache.

    Raises
    ------
    UserError
        Nothing has been fetched there.
    """
    index = folder / INDEX_NAME
    if not index.exists():
        raise UserError(
            f"{index}: not there; run 'egoalign fetch-demo-photos --out {folder}' first"
        )
    return read_rows(index, INDEX_COLUMNS)


def read_word(path: Path) -> np.ndarray | None:
    """Return a spoken word as float32 mono samples in [-1, 1], or None where there is none."""
    if not path.exists():
        return None
    with wave.open(str(path), "rb") as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2")
    return samples.astype(np.float32) / 32768


def _speak(out: Path, kind: str) -> bool:
    """Write the kind's word as WAV, and return whether there is one."""
    samples = _spoken(out / "unpacked", kind)
    if samples is None:
        return False
    path = out / "words" / f"{kind}.wav"
    with atomic_path(path) as partial, wave.open(str(partial), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE)
        file.writeframes(samples.astype("<i2").tobytes())
    return True


def _spoken(unpacked: Path, kind: str) -> np.ndarray | None:
    """Return the recorded word as int16 samples, else the synthesised one, else None."""
    recordings = unpacked / "qabcs" / "usr/share/qabcs/abcs/en/sounds/words"
    for word in (kind, kind_named(kind).plural):
        if (recordings / f"{word}.ogg").exists():
            return _decode_audio(recordings / f"{word}.ogg")
    flite = unpacked / "flite" / "usr/bin/flite"
    libraries = [str(path.resolve()) for path in (unpacked / "libflite1").glob("usr/lib/*/")]
    if not flite.exists():
        return None
    with tempfile.TemporaryDirectory() as folder:
        spoken = Path(folder) / "word.wav"
        command = [str(flite.resolve()), "-voice", "slt", "-t", kind, "-o", str(spoken)]
        try:
            subprocess.run(
                command,
                check=True,
                capture_output=True,
                timeout=60,
                env={**os.environ, "LD_LIBRARY_PATH": os.pathsep.join(libraries)},
            )
        except (OSError, subprocess.SubprocessError) as error:
            logger.warning("flite does not run here (%s); '%s' stays unspoken", error, kind)
            return None
        return _decode_audio(spoken)


def _decode_audio(path: Path) -> np.ndarray:
    """Return a sound file as int16 mono samples."""
    import av

    resampler = av.AudioResampler(format="s16", layout="mono", rate=SAMPLE_RATE)
    with av.open(str(path)) as container:
        pieces = [
            piece.to_ndarray()[0]
            for frame in [*container.decode(audio=0), None]
            for piece in resampler.resample(frame)
        ]
    return np.concatenate(pieces)
