"""A small corpus for tasks: folders of noisy pictures, utterances with scores, and a config."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import yaml
from PIL import Image

from egoalign import cli, tables
from egoalign.tables import write_table

CHILDREN, SESSIONS, SECONDS = ("ada", "bo", "cy"), ("day1", "day2", "day3"), 120
SPEAKERS = ("female_adult", "key_child")
THINGS = ["ball", "cup", "shoe", "dog", "spoon", "book", "tree", "car", "hat", "bird"]
MODEL = "tiny"


def sentence(rng: np.random.Generator) -> str:
    thing = THINGS[rng.integers(len(THINGS))]
    forms = ("{}", "the {}", "look, the {}!", "where is your {} now", "give me that {} please")
    return forms[rng.integers(len(forms))].format(thing)


def make_corpus(folder: Path, seed: int = 2511, **task: Any) -> Path:
    """Write tables, pictures and results below a folder; return the config's path."""
    rng = np.random.default_rng(seed)
    results = folder / "results"
    rows, sessions, corpus = [], [], []
    for child in CHILDREN:
        for session in SESSIONS:
            pictures = folder / "pictures" / child / session
            pictures.mkdir(parents=True)
            colour = rng.integers(60, 200, 3)
            for second in range(SECONDS):
                noise = rng.integers(-55, 56, (96, 128, 1)) + colour
                Image.fromarray(noise.astype(np.uint8)).save(pictures / f"{second:05d}.jpg")
            utterances = []
            for i, start in enumerate(range(2, SECONDS - 2, 4)):
                text = sentence(rng)
                own = {
                    "utterance_id": f"u{i:04d}",
                    "start_s": float(start),
                    "end_s": start + 1.5,
                    "speaker": SPEAKERS[i % 2],
                    "n_words": len(text.split()),
                }
                utterances.append(
                    own
                    | {"text": f"{text} [x]", "text_encoded": text, "text_id": str(i)}
                    | {"source_format": "csv"}
                )
                rows.append(
                    own
                    | {"child_id": child, "session_id": session, "model_id": MODEL}
                    | {"score_max": rng.normal(0.25, 0.02), "argmax_s": float(start + 1)}
                    | {"score_mean": 0.2, "n_tokens": own["n_words"] + i % 2}
                )
            for reason in ("no words", "outside"):
                place = {"child_id": child, "session_id": session, "model_id": MODEL}
                silent = {"utterance_id": reason, "speaker": "unknown", "n_words": 0}
                rows.append(place | silent | {"reason": reason})
            stem = f"{child}/{session}"
            write_table(
                tables.UTTERANCES,
                utterances,
                results / "private" / "transcripts" / f"{stem}.utterances.parquet",
            )
            frames = [
                {"frame_id": k, "requested_s": float(k), "shown_s": float(k), "wanted": True}
                for k in range(SECONDS)
            ]
            write_table(tables.FRAMES, frames, results / "video" / f"{stem}.frames.parquet")
            media = {"child_id": child, "session_id": session, "readable": True, "frame_rate": 1.0}
            write_table(tables.MEDIA, [media], results / "video" / f"{stem}.media.parquet")
            sessions.append(f"{child}\t{session}\tpictures/{stem}\t\t400")
            corpus.append({"child_id": child, "session_id": session, "exclude": False})
    write_table(tables.ALIGNMENT, rows, results / "align" / MODEL / "alignment.parquet")
    write_table(tables.SESSIONS, corpus, results / "corpus" / "sessions.parquet")
    (folder / "children.tsv").write_text("child_id\n" + "\n".join(CHILDREN) + "\n")
    header = "child_id\tsession_id\tvideo\ttranscript\tage_days"
    (folder / "sessions.tsv").write_text("\n".join([header, *sessions]) + "\n")
    values = {
        "corpus": {
            "children": str(folder / "children.tsv"),
            "sessions": str(folder / "sessions.tsv"),
            "root": str(folder),
        },
        "encode": {"models": [{"name": "ViT-B-32", "pretrained": "openai", "id": MODEL}]},
        "pathvars": {"results": str(results)},
        "task": {"n_items": 12, "annotators": 6, "answers": 2, "short_side": 64} | task,
    }
    config = folder / "config.yaml"
    config.write_text(yaml.safe_dump(values))
    return config


def egoalign(*words: Any) -> int:
    """Run a subcommand."""
    return cli.main([str(word) for word in words])


def read_judgments(folder: Path, judgments: Path, out: Path) -> int:
    """Give judgments to the reader."""
    results = folder / "results"
    return egoalign(
        *("read-judgments", "--quiet", "--judgments", judgments, "--out", out),
        *("--options", '{"rating_scale": [1, 5]}'),
        *("--unmatched", out.with_suffix(".unmatched.parquet")),
        *("--unmatched-csv", out.with_suffix(".unmatched.csv")),
        *("--sessions", results / "corpus" / "sessions.parquet"),
        *("--frames-folder", results / "video"),
        *("--utterances-folder", results / "private" / "transcripts"),
    )
