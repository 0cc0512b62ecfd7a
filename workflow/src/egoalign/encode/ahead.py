"""Working ahead in a thread, so that decoding and the forward pass overlap."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterable, Iterator, Sequence
from itertools import zip_longest
from typing import Generic, TypeVar

T = TypeVar("T")


class Ahead(Generic[T]):
    """An iterator that begins at once, in a thread, and keeps at most `depth` items ready.

    An exception in the thread is raised where the items are taken.

    Parameters
    ----------
    items : iterable
        What to work through.
    depth : int
        Items held ready; bounds the memory.
    """

    _END = object()

    def __init__(self, items: Iterable[T], depth: int) -> None:
        self._ready: queue.Queue[object] = queue.Queue(depth)
        self._error: BaseException | None = None
        threading.Thread(target=self._work, args=(items,), daemon=True).start()

    def _work(self, items: Iterable[T]) -> None:
        try:
            for item in items:
                self._ready.put(item)
        except BaseException as error:
            self._error = error
        self._ready.put(self._END)

    def __iter__(self) -> Iterator[T]:
        while (item := self._ready.get()) is not self._END:
            yield item  # type: ignore[misc]
        if self._error is not None:
            raise self._error


def in_turn(sources: Sequence[Iterable[T]]) -> Iterator[T]:
    """Yield an item of each source, then the next of each, and so on until all are at their end."""
    end = object()
    for items in zip_longest(*sources, fillvalue=end):
        yield from (item for item in items if item is not end)  # type: ignore[misc]
