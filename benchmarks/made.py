"""What the benchmarks run on: a session made here, and two models."""

from __future__ import annotations

import csv
import json
import random
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from decoding import write_video

from egoalign.config import ModelOptions, TranscriptsOptions, VideoOptions
from egoalign.corpus.ingest import ingest_session
from egoalign.tables import TABLES

SEED = 20251118
DEMO = Path(__file__).resolve().parents[1] / "config" / "demo" / "model" / "egoalign-demo.json"
VIT = "ViT-B-32"

ACTS = ("look at", "where is", "give me", "here comes", "we found", "do you see", "I will wash")
COLOURS = ("red", "green", "little", "big", "new", "soft", "wet", "round", "other", "broken")
THINGS = ("cup", "ball", "shoe", "spoon", "duck", "train", "book", "sock", "block", "blanket")
PLACES = ("on the floor", "over there", "under the chair", "in your hand", "by the door", "now")


@dataclass(frozen=True)
class Session:
    """A session's row and the tables that `ingest-session` made of it, in one folder."""

    folder: Path
    row: dict[str, Any]
    length_s: float
    utterances: tuple[tuple[float, float, str], ...]

    @property
    def video(self) -> Path:
        """The video."""
        return self.folder / str(self.row["video"][0])

    @property
    def transcript(self) -> Path:
        """The transcript, as CSV."""
        return self.folder / str(self.row["transcript"])

    def table(self, name: str) -> Path:
        """Return the path of a table."""
        return self.folder / f"{name}{TABLES[name].suffix}"


def make_session(
    folder: Path,
    length_s: float,
    per_minute: float,
    video: dict[str, Any],
    frames: Literal["all", "speech"] = "all",
) -> Session:
    """Write a video and a transcript, and the tables that `ingest-session` makes of them.

    Parameters
    ----------
    folder : Path
        Where to write.
    length_s : float
        Of the video.
    per_minute : float
        Utterances of 1.5 to 3 seconds; no two have the same words until all have been used.
    video : dict
        Size, distance of key frames and quality, as `write_video` takes them.
    frames : {'all', 'speech'}
        Which grid points are wanted.
    """
    folder.mkdir(parents=True, exist_ok=True)
    write_video(folder / "video.mp4", length_s, **video)
    said = tuple(spoken(length_s, per_minute))
    with (folder / "said.csv").open("w", newline="", encoding="utf-8") as file:
        lines = csv.writer(file)
        lines.writerow(["start_time", "end_time", "text"])
        lines.writerows(said)
    row = {
        **{"child_id": "C1", "session_id": "S1", "video": ["video.mp4"], "transcript": "said.csv"},
        **{"rttm": None, "transcript_offset_s": 0.0, "age_days": 500.0, "exclude": False},
        **{"exclude_reason": None, "exclude_intervals": [], "source_name": None},
    }
    session = Session(folder, row, length_s, said)
    ingest_session(
        row,
        folder,
        TranscriptsOptions(),
        VideoOptions(),
        1.0,
        frames,
        *(session.table(name) for name in ("media", "utterances", "words", "frames")),
    )
    return session


def spoken(length_s: float, per_minute: float) -> list[tuple[float, float, str]]:
    """Return utterances, spread evenly with some jitter, as (start, end, words)."""
    rng = random.Random(SEED)
    apart = 60 / per_minute
    sentences = [
        f"{act} the {colour} {thing} {place}"
        for act in ACTS
        for colour in COLOURS
        for thing in THINGS
        for place in PLACES
    ]
    rng.shuffle(sentences)
    found = []
    for number in range(int(length_s / apart)):
        start = number * apart + rng.uniform(0, apart / 4)
        end = min(start + rng.uniform(1.5, 3.0), length_s)
        found.append((round(start, 3), round(end, 3), sentences[number % len(sentences)]))
    return found


def demo_model() -> ModelOptions:
    """Return the demo's small model."""
    return ModelOptions(name=str(DEMO), pretrained=str(DEMO.with_suffix(".safetensors")), id="demo")


def random_vit(folder: Path) -> ModelOptions:
    """Return a ViT-B/32 of random weights, whose file is written into a folder."""
    import open_clip
    import torch
    from safetensors.torch import save_model

    torch.manual_seed(SEED)
    path = folder / f"{VIT}.safetensors"
    save_model(open_clip.create_model(VIT), str(path))
    return ModelOptions(name=VIT, pretrained=str(path), id="vit")


def ingest_arguments(session: Session, out: Path, frames: str = "all") -> list[str]:
    """Return the arguments of `egoalign ingest-session` that write into a folder."""
    named = {
        "--row": json.dumps(session.row),
        "--root": session.folder,
        "--frames": frames,
        "--media": out / "media.parquet",
        "--utterances": out / "utterances.parquet",
        "--words": out / "words.parquet",
        "--frames-out": out / "frames.parquet",
    }
    return _arguments("ingest-session", named)


def encode_arguments(session: Session, model: ModelOptions, threads: int, out: Path) -> list[str]:
    """Return the arguments of `egoalign encode-session` that write into a folder."""
    named = {
        "--row": json.dumps(session.row),
        "--root": session.folder,
        "--media": session.table("media"),
        "--frames": session.table("frames"),
        "--utterances": session.table("utterances"),
        "--model": json.dumps(model.model_dump(exclude_none=True)),
        "--threads": threads,
        "--device": "cpu",
        "--frame-embeddings": out / "frame_embeddings.arrow",
        "--text-embeddings": out / "text_embeddings.arrow",
    }
    return _arguments("encode-session", named)


def align_arguments(session: Session, model: ModelOptions, out: Path) -> list[str]:
    """Return the arguments of `egoalign align-session` on vectors in a folder, and write there."""
    named = {
        "--row": json.dumps(session.row),
        "--media": session.table("media"),
        "--frames": session.table("frames"),
        "--utterances": session.table("utterances"),
        "--frame-embeddings": out / "frame_embeddings.arrow",
        "--text-embeddings": out / "text_embeddings.arrow",
        "--model-id": model.model_id,
        "--out": out / "alignment.parquet",
    }
    return _arguments("align-session", named)


def _arguments(command: str, named: dict[str, object]) -> list[str]:
    return [command, *(str(part) for pair in named.items() for part in pair)]
