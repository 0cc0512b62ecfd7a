"""A task's server as a process of its own, and an annotator who works at its page."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from types import TracebackType

from tests.browser.chrome import Chrome

TRIAL = "document.querySelector('.trial[data-item]')"
BUTTONS = "document.querySelectorAll('.options button:not(:disabled)').length"


class TaskProcess:
    """``egoalign serve-task`` for the time of a ``with`` block."""

    def __init__(self, task: Path, database: Path, port: int = 0) -> None:
        self.command = [sys.executable, "-m", "egoalign", "serve-task", str(task)]
        self.command += ["--db", str(database), "--port", str(port)]

    def __enter__(self) -> TaskProcess:
        self.process = subprocess.Popen(self.command, stderr=subprocess.PIPE, text=True)
        assert self.process.stderr is not None
        self.said = ""
        for line in self.process.stderr:
            self.said += line
            found = re.search(r"served at (http://127\.0\.0\.1:(\d+)/)", line)
            if found:
                self.address, self.port = found[1], int(found[2])
                return self
        raise AssertionError(self.said)

    def kill(self) -> None:
        """End it as by kill -9."""
        self.process.kill()
        self.process.wait()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.kill()


def begin(chrome: Chrome, address: str, annotator: str) -> None:
    """Open the page and give a name."""
    chrome.go(f"{address}?annotator={annotator}")
    chrome.wait_until("document.activeElement.id === 'annotator'")
    chrome.press("\n")


def through_screens(chrome: Chrome, key: str = "1") -> int:
    """Press Enter on every screen of text and `key` in practice, up to the first trial.

    Returns
    -------
    int
        How many practice trials there were.
    """
    practised = 0
    while True:
        chrome.wait_until(f"document.querySelector('.screen button.main:focus') || {BUTTONS}")
        if chrome.run(f"return Boolean({TRIAL});"):
            return practised
        if chrome.run(f"return {BUTTONS} > 0;"):
            practised += 1
            chrome.press(key)
            chrome.wait_until(f"!({BUTTONS})")
        else:
            chrome.run("window.pressed = document.querySelector('.screen button.main');")
            chrome.press("\n")
            chrome.wait_until("!window.pressed.isConnected")


def item_shown(chrome: Chrome) -> str:
    """Return the item that is shown and waits for an answer."""
    chrome.wait_until(f"{TRIAL} && {BUTTONS}")
    return chrome.run(f"return {TRIAL}.dataset.item;")


def answer(chrome: Chrome, key: str) -> str:
    """Answer the trial shown by a key, wait for the next screen, and return the item."""
    item = item_shown(chrome)
    chrome.press(key)
    chrome.wait_until(f"!{TRIAL} || {TRIAL}.dataset.item !== '{item}'")
    return item
