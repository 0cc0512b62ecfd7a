"""The design that labs use today, written for comparison as such a lab would write it.

One ffmpeg process and a folder of JPEGs an utterance, images read again, one ``.npy`` a frame and
text, scores from those files. Prints as JSON what each part took, in CPU seconds of the process
and its children. Used by ``per_utterance_design.py``.
"""

from __future__ import annotations

import argparse
import csv
import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import open_clip
import torch
from measure import cpu_s
from PIL import Image


def main() -> None:
    """Extract, embed and score."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--video", required=True)
    parser.add_argument("--transcript", required=True, help="CSV: start_time, end_time, text")
    parser.add_argument("--model", required=True, help="open_clip model name or config file")
    parser.add_argument("--weights", required=True)
    parser.add_argument("--ffmpeg", default="ffmpeg")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--out", required=True, type=Path)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    name = args.model
    if name.endswith(".json"):
        open_clip.add_model_config(name)
        name = Path(name).stem
    model, _, preprocess = open_clip.create_model_and_transforms(name, pretrained=args.weights)
    model.eval()
    tokenizer = open_clip.get_tokenizer(name)
    with open(args.transcript, newline="", encoding="utf-8") as file:
        utterances = list(csv.DictReader(file))

    spent = {"getting": 0.0, "forward": 0.0, "files": 0.0}
    for number, line in enumerate(utterances):
        folder = utterance_folder(args.out, number)
        folder.mkdir(parents=True)
        with counted(spent, "getting"):
            extract(args.ffmpeg, args.video, line, folder)
            frames = sorted(folder.glob("*.jpg"))
            pictures = [preprocess(Image.open(frame).convert("RGB")) for frame in frames]
        if not pictures:
            continue
        with counted(spent, "forward"), torch.no_grad():
            image_vectors = model.encode_image(torch.stack(pictures), normalize=True).numpy()
            text_vector = model.encode_text(tokenizer([line["text"]]), normalize=True).numpy()
        with counted(spent, "files"):
            save(folder, image_vectors, text_vector[0])
    with counted(spent, "files"):
        vectors = load(args.out, len(utterances))
    score(args.out, utterances, vectors)
    print(json.dumps(spent))


def extract(ffmpeg: str, video: str, line: dict[str, str], folder: Path) -> None:
    """Write an utterance's pictures as JPEG, one a second."""
    length = float(line["end_time"]) - float(line["start_time"])
    command = [ffmpeg, "-v", "error", "-ss", line["start_time"], "-i", video, "-t", f"{length:.3f}"]
    command += ["-vf", "fps=1", "-q:v", "2", str(folder / "frame_%04d.jpg")]
    subprocess.run(command, check=True)


def utterance_folder(out: Path, number: int) -> Path:
    """Return where an utterance's files lie."""
    return out / f"utterance_{number:05d}"


def save(folder: Path, image_vectors: np.ndarray, text_vector: np.ndarray) -> None:
    """Write a file for each vector of an utterance."""
    for number, vector in enumerate(image_vectors, start=1):
        np.save(folder / f"frame_{number:04d}.npy", vector)
    np.save(folder / "text.npy", text_vector)


def load(out: Path, number: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Read the vectors of all utterances again: those of the pictures, and that of the text."""
    vectors = []
    for folder in (utterance_folder(out, i) for i in range(number)):
        saved = sorted(folder.glob("frame_*.npy"))
        if saved:
            vectors.append((np.stack([np.load(path) for path in saved]),
                            np.load(folder / "text.npy")))  # fmt: skip
        else:
            vectors.append((np.empty((0, 0)), np.empty(0)))
    return vectors


def score(
    out: Path, utterances: list[dict[str, str]], vectors: list[tuple[np.ndarray, np.ndarray]]
) -> None:
    """Write the table of scores."""
    with (out / "scores.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["start_time", "end_time", "text", "min", "mean", "max"])
        for line, (pictures, text) in zip(utterances, vectors, strict=True):
            cosines = pictures @ text if len(pictures) else np.array([np.nan])
            writer.writerow([*line.values(), cosines.min(), cosines.mean(), cosines.max()])


@contextmanager
def counted(spent: dict[str, float], part: str) -> Iterator[None]:
    """Add the CPU seconds of a block to a part."""
    start = cpu_s()
    yield
    spent[part] += cpu_s() - start


if __name__ == "__main__":
    main()
