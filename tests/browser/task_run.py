"""An annotator who works at a task's page in a browser."""

from __future__ import annotations

from tests.browser.chrome import Chrome

TRIAL = "document.querySelector('.trial[data-item]')"
BUTTONS = "document.querySelectorAll('.options button:not(:disabled)').length"


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
