"""Draw pairs of a set by seed, in one pass, whatever the order in which they come."""

from __future__ import annotations

import hashlib
import heapq
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Literal

from egoalign.config import ReferenceSet
from egoalign.log import UserError, logger
from egoalign.reference.coco import coco_entries
from egoalign.reference.entries import NO_CAPTION, Entry, Found, LeftOut
from egoalign.reference.folder import folder_entries
from egoalign.reference.parquet import parquet_entries
from egoalign.reference.webdataset import webdataset_entries
from egoalign.tables import REFERENCE_SAMPLE, write_json, write_table
from egoalign.transcripts.text import encoded, replace_unpaired

READERS: dict[str, Callable[[ReferenceSet], Iterator[Found]]] = {
    "folder": folder_entries,
    "coco": coco_entries,
    "webdataset": webdataset_entries,
    "parquet": parquet_entries,
}


class Sampler:
    """Keeps the entries whose names have the least digests, and no others.

    A digest of the seed and of a picture's key says how early it is drawn, and one of its caption
    too which of its captions is, so what is drawn depends on names, captions and seed alone.
    Memory grows with the sample, not with the set.

    Parameters
    ----------
    n_pairs : int
        Pairs to keep.
    seed : int
        Seed of the digests.
    captions : str
        ``one`` caption a picture, or ``all``, each of which is a pair of its own.
    """

    def __init__(self, n_pairs: int, seed: int, captions: Literal["one", "all"]) -> None:
        self._n, self._seed, self._captions = n_pairs, seed, captions
        self._kept: dict[tuple[str, ...], Entry] = {}
        self._latest: list[tuple[int, tuple[str, ...]]] = []

    def add(self, entry: Entry) -> None:
        """Take an entry into account."""
        pair = (entry.key, entry.caption)
        unit = pair if self._captions == "all" else pair[:1]
        kept = self._kept.get(unit)
        if kept is not None:
            earlier = self._digest(*pair) < self._digest(kept.key, kept.caption)
            if earlier:
                self._kept[unit] = entry
            return
        place = (-self._digest(*unit), unit)
        if len(self._latest) < self._n:
            heapq.heappush(self._latest, place)
        elif place[0] > self._latest[0][0]:
            _, dropped = heapq.heapreplace(self._latest, place)
            del self._kept[dropped]
        else:
            return
        self._kept[unit] = entry

    def drawn(self) -> list[Entry]:
        """Return the entries that were drawn, by key and caption."""
        return sorted(self._kept.values(), key=lambda entry: (entry.key, entry.caption))

    def _digest(self, *names: str) -> int:
        text = json.dumps([self._seed, *names]).encode()
        return int.from_bytes(hashlib.blake2b(text, digest_size=16).digest(), "big")


def sample(
    found: Iterable[Found], options: ReferenceSet, seed: int
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Draw pairs of what a reader finds.

    Parameters
    ----------
    found : iterable of Entry or LeftOut
        All of a set, in any order. Captions are brought to the form in which utterances are
        encoded, without any of the text rules; one without a letter or digit is none.
    options : ReferenceSet
        How many pairs, and whether one or all captions of a picture.
    seed : int
        Seed of the draw.

    Returns
    -------
    rows : list of dict
        Rows of table REFERENCE_SAMPLE, in the order of key and caption.
    counts : dict
        ``set``, ``format``, ``captions_read``, ``pairs_drawn``, ``pictures_drawn``, and
        ``left_out``: how many entries of the set are no pairs, by reason.
    """
    sampler = Sampler(options.n_pairs, seed, options.captions)
    left_out: Counter[str] = Counter()
    n_read = 0
    for item in found:
        if isinstance(item, Entry):
            caption = encoded(replace_unpaired(item.caption), [])
            if caption:
                n_read += 1
                sampler.add(
                    Entry(replace_unpaired(item.key), caption, item.file, item.place, item.size)
                )
                continue
            item = LeftOut(NO_CAPTION, item.key)
        if item.reason not in left_out:
            logger.debug("%s: %s", item.where, item.reason)
        left_out[item.reason] += 1
    entries = sampler.drawn()
    pictures, captions = (
        _numbers(e.key for e in entries),
        _numbers(e.caption.casefold() for e in entries),
    )
    rows = [
        {
            "pair_id": f"p{number:06d}",
            "picture_id": pictures[entry.key],
            "caption_id": captions[entry.caption.casefold()],
            "key": entry.key,
            "caption": entry.caption,
            "file": replace_unpaired(entry.file),
            "place": entry.place,
            "size": entry.size,
        }
        for number, entry in enumerate(entries)
    ]
    counts = {
        "set": options.name,
        "format": options.format,
        "captions_read": n_read,
        "pairs_drawn": len(rows),
        "pictures_drawn": len(pictures),
        "left_out": dict(left_out),
    }
    return rows, counts


def sample_reference(options: ReferenceSet, seed: int, out: Path, counts: Path) -> None:
    """Read a set, draw pairs, and write table REFERENCE_SAMPLE and the counts of `sample`.

    Raises
    ------
    UserError
        The set is malformed, or holds no pair of picture and caption.
    """
    rows, numbers = sample(READERS[options.format](options), options, seed)
    left_out = "; ".join(f"{reason}: {n:,}" for reason, n in numbers["left_out"].items())
    if not rows:
        raise UserError(
            f"{options.path}: no pair of picture and caption in reference set '{options.name}' "
            f"({left_out or 'it is empty'}); mend 'path', 'format' or 'columns'"
        )
    if left_out:
        logger.warning("%s: entries that are no pairs: %s", options.name, left_out)
    logger.info(
        "%s: %d pairs drawn of %d captions", options.name, len(rows), numbers["captions_read"]
    )
    write_table(REFERENCE_SAMPLE, rows, out)
    write_json(numbers, counts)


def _numbers(names: Iterable[str]) -> dict[str, int]:
    """Return a number for each distinct name, in the order in which they come."""
    numbers: dict[str, int] = {}
    for name in names:
        numbers.setdefault(name, len(numbers))
    return numbers
