"""Headless Chromium, driven through ChromeDriver's HTTP interface (W3C WebDriver)."""

from __future__ import annotations

import base64
import json
import re
import subprocess
import time
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Any

from tests.means import require_program

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1280,900",
)
IMAGE_OF_RESULT = """
const [path, done] = arguments;
app.setView({content: "text", contentText: "nothing"});
app.showResultInfo(path);
const started = Date.now();
const look = () => {
  const image = [...document.querySelectorAll("#app img")]
    .find(image => image.src === results[path].data_uri);
  if (image && image.complete) {
    const box = image.getBoundingClientRect();
    done({width: image.naturalWidth, height: image.naturalHeight,
          shown: box.width > 0 && box.height > 0});
  } else if (Date.now() - started > 10000) {
    done(null);
  } else {
    const button = [...document.querySelectorAll("#app td a")].pop();
    if (!image && button && app.state.resultPath === path) { button.click(); }
    setTimeout(look, 50);
  }
};
look();
"""
"""Opens a result as a reader does, by its button, and waits for its picture."""


class Chrome:
    """A browser for the time of a ``with`` block.

    Parameters
    ----------
    folder : Path
        A new folder for the browser's own files.
    """

    def __init__(self, folder: Path) -> None:
        self.driver = require_program("chromedriver")
        self.browser = require_program("chromium", "chromium-browser", "google-chrome")
        self.folder = folder
        self.root = ""

    def __enter__(self) -> Chrome:
        self.process = subprocess.Popen(
            [self.driver, "--port=0"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        assert self.process.stdout is not None
        for line in self.process.stdout:
            found = re.search(r"started successfully on port (\d+)", line)
            if found:
                self.root = f"http://127.0.0.1:{found[1]}/session"
                break
        options = {
            "binary": self.browser,
            "args": [*FLAGS, f"--user-data-dir={self.folder / 'profile'}"],
        }
        wanted = {"goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"}}
        made = self._call("", {"capabilities": {"alwaysMatch": wanted}})
        self.root += "/" + made["sessionId"]
        self._call("/timeouts", {"script": 30000})
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            self._call("", method="DELETE")
        finally:
            self.process.terminate()
            self.process.wait(timeout=20)

    def open(self, page: Path) -> None:
        """Open a file and wait until it is loaded."""
        self.go(page.resolve().as_uri())

    def go(self, address: str) -> None:
        """Open an address and wait until it is loaded."""
        self._call("/url", {"url": address})

    def press(self, keys: str) -> None:
        """Press keys one after the other; the Enter key is a line's end."""
        strokes = [
            {"type": kind, "value": "\ue007" if key == "\n" else key}
            for key in keys
            for kind in ("keyDown", "keyUp")
        ]
        source = {"type": "key", "id": "keyboard", "actions": strokes}
        self._call("/actions", {"actions": [source]})

    def picture(self, path: Path) -> None:
        """Save what the window shows as PNG."""
        path.write_bytes(base64.b64decode(self._call("/screenshot", method="GET")))

    def resize(self, width: int, height: int) -> None:
        """Give the page's window another size, in CSS pixels."""
        sizes = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        command = {"cmd": "Emulation.setDeviceMetricsOverride", "params": sizes}
        self._call("/goog/cdp/execute", command)

    def run(self, script: str, *arguments: Any) -> Any:
        """Return what a script returns."""
        return self._call("/execute/sync", {"script": script, "args": list(arguments)})

    def wait_for(self, script: str, *arguments: Any) -> Any:
        """Return what an asynchronous script hands to its last argument, a function."""
        return self._call("/execute/async", {"script": script, "args": list(arguments)})

    def wait_until(self, condition: str, seconds: float = 20.0) -> None:
        """Wait until a JavaScript expression is true."""
        end = time.monotonic() + seconds
        while not self.run(f"return Boolean({condition});"):
            assert time.monotonic() < end, f"not true after {seconds} s: {condition}"
            time.sleep(0.1)

    def errors(self) -> list[str]:
        """Return the errors in the browser's console since the last call."""
        entries = self._call("/se/log", {"type": "browser"})
        return [entry["message"] for entry in entries if entry["level"] == "SEVERE"]

    def _call(self, path: str, body: dict[str, Any] | None = None, method: str = "POST") -> Any:
        data = json.dumps(body or {}).encode() if method == "POST" else None
        request = urllib.request.Request(self.root + path, data, method=method)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)["value"]


def report_images(chrome: Chrome, report: Path) -> dict[str, dict[str, Any] | None]:
    """Open a Snakemake report and each of its pictures in turn, as a reader would.

    Returns
    -------
    dict
        For each picture's path its natural size and whether it is shown, or None if it never came.
    """
    chrome.open(report)
    chrome.wait_until("typeof app !== 'undefined' && app && document.querySelector('#app div')")
    paths = chrome.run(
        "return Object.keys(results).filter(path => results[path].mime_type.startsWith('image/'));"
    )
    return {path: chrome.wait_for(IMAGE_OF_RESULT, path) for path in paths}
