"""What `encode.grid: keyframes` changes in the demo's scores, and what it costs to decode.

Run from the project's folder after `make demo`: ``python benchmarks/keyframes.py``. It prints a
Markdown table over all utterances of the demo, by the demo's model.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "workflow" / "src"))

from egoalign.config import ModelOptions
from egoalign.encode.batch import Batches
from egoalign.encode.device import choose_device
from egoalign.encode.embed import embed_pictures, embed_texts
from egoalign.encode.models import EncodingModel, load_model
from egoalign.video.decode import Picture
from egoalign.video.grid import frames_table
from egoalign.video.recording import open_recording
from egoalign.video.window import find_windows

SIDE = 96
"""Side of the demo model's pictures."""


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--results", type=Path, default=Path("results/demo"), help="of the demo")
    parser.add_argument("--tolerances", type=float, nargs="*", default=[0.5, 1.5], help="seconds")
    args = parser.parse_args()
    stem = Path(__file__).resolve().parents[1] / "config" / "demo" / "model" / "egoalign-demo"
    options = ModelOptions(name=f"{stem}.json", pretrained=f"{stem}.safetensors")
    model = load_model(options, choose_device("cpu", "fp32", 1))
    scores: dict[float | None, list[float]] = {None: []}
    cost: dict[float | None, float] = {None: 0.0}
    moved: dict[float | None, list[float]] = {None: []}
    for video in sorted((args.results / "raw" / "videos").glob("*/*.*")):
        name = f"{video.parent.name}/{video.stem}.utterances.parquet"
        speech = args.results / "private" / "transcripts" / name
        if not speech.exists():
            continue
        columns = pq.read_table(speech, columns=["start_s", "end_s", "text_encoded"]).to_pydict()
        texts = [text.vector for text in embed_texts(model, columns["text_encoded"], Batches(64))]
        for tolerance in [None, *args.tolerances]:
            used = look(model, video, tolerance)
            cost[tolerance] = cost.get(tolerance, 0.0) + used["cpu_s"]
            moved.setdefault(tolerance, []).extend(used["moved_s"])
            found = greatest(used["seconds"], used["vectors"], columns, texts)
            scores.setdefault(tolerance, []).extend(found)
    exact = np.array(scores[None])
    print("| grid | CPU of decoding | points moved | mean score | change, 95 % of scores | r |")
    print("| --- | --- | --- | --- | --- | --- |")
    for tolerance, values in scores.items():
        score, both = np.array(values), np.isfinite(exact) & np.isfinite(values)
        change = np.quantile(np.abs(score - exact)[both], 0.95)
        label = "exact" if tolerance is None else f"key frames within {tolerance:g} s"
        print(
            f"| {label} | {cost[tolerance] / cost[None]:.2f} | "
            f"{np.mean(np.array(moved[tolerance]) > 0.001):.0%} | {np.nanmean(score):.4f} | "
            f"{change:.4f} | {np.corrcoef(score[both], exact[both])[0, 1]:.3f} |"
        )
    print(f"\n{int(np.isfinite(exact).sum())} utterances with a score.")


def look(model: EncodingModel, video: Path, tolerance: float | None) -> dict[str, Any]:
    """Decode and embed one video's grid; return seconds, vectors, CPU seconds and distances."""
    start = time.process_time()
    recording = open_recording([video])
    rows = [
        row
        for row in frames_table(recording.probe, 1.0, keyframe_tolerance_s=tolerance)
        if row["shown_s"] is not None
    ]
    pictures: list[Picture] = list(
        recording.pictures([row["shown_s"] for row in rows], "pyav", SIDE)
    )
    spent = time.process_time() - start
    exact = recording.probe.timeline
    assert exact is not None
    seconds = np.array([row["requested_s"] for row in rows])
    shown = np.array([row["shown_s"] for row in rows])
    vectors = [vector for _, vector in embed_pictures(model, pictures, Batches(64))]
    return {
        "seconds": seconds,
        "vectors": np.stack([np.ravel(vector) for vector in vectors]).astype(np.float32),
        "cpu_s": spent,
        "moved_s": np.abs(shown - exact.shown_s[exact.picture_at(seconds)]).tolist(),
    }


def greatest(
    seconds: np.ndarray, vectors: np.ndarray, speech: dict[str, Any], texts: list[Any]
) -> list[float]:
    """Return each utterance's greatest cosine, NaN where it has none."""
    start, end = (np.array(speech[name], dtype=np.float64) for name in ("start_s", "end_s"))
    windows = find_windows(seconds, start, end, 1.0)
    found = []
    for text, first, last in zip(texts, windows.offsets[:-1], windows.offsets[1:], strict=True):
        cosines = [] if text is None else vectors[windows.points[first:last]] @ np.float32(text)
        found.append(float(max(cosines, default=np.nan)))
    return found


if __name__ == "__main__":
    main()
