"""The report opens in a browser with every figure shown, and the first page reads at any width."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.browser.chrome import Chrome, report_images
from tests.unit.report.test_summary import example
from tests.workflow.project import Project

FIGURES = [
    *("accuracy", "age", "children", "context", "course", "effects", "intercepts", "lag", "lemmas"),
    *("models", "null", "nulls", "reference", "reliability", "trajectories", "variance"),
]


@pytest.fixture(scope="module")
def report(tiny: Project, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the report of the tiny corpus."""
    page = tmp_path_factory.mktemp("report") / "report.html"
    done = tiny.run("--report", str(page))
    assert done.returncode == 0, done.stdout + done.stderr
    return page


@pytest.fixture
def chrome(tmp_path: Path):
    with Chrome(tmp_path) as browser:
        yield browser


def test_report_shows_every_figure_without_errors(chrome: Chrome, report: Path) -> None:
    images = report_images(chrome, report)
    assert sorted(Path(path).stem for path in images) == sorted(FIGURES)
    for path, image in images.items():
        assert image, f"{path} was never shown"
        assert image["shown"], path
        assert image["width"] > 500, path
        assert image["height"] > 200, path
    assert chrome.errors() == []


def test_report_captions_state_the_numbers(chrome: Chrome, report: Path, tiny: Project) -> None:
    chrome.open(report)
    chrome.wait_until("typeof app !== 'undefined' && app && document.querySelector('#app div')")
    page = chrome.run("return document.body.innerText;")
    assert "Every utterance was compared with the pictures" in page
    captions = chrome.run("return Object.values(results).map(result => result.caption).join(' ');")
    facts = json.loads((tiny.results / "figures/egoalign-demo/null.json").read_text())
    assert f"of {facts['n_utterances']} utterances" in " ".join(captions.split())
    assert "in 50 draws" in " ".join(captions.split())


def test_a_figure_that_cannot_be_shown_is_noticed(
    chrome: Chrome, report: Path, tmp_path: Path
) -> None:
    """The check above must be able to fail."""
    broken = tmp_path / "broken.html"
    spoilt = re.sub(r"(data:image/png[^\"]{0,80};base64,)", r"\1AAAA", report.read_text())
    broken.write_text(spoilt)
    images = report_images(chrome, broken)
    assert [image["width"] for image in images.values() if image] == [0] * len(FIGURES)


@pytest.mark.parametrize("width", [1280, 400])
def test_first_page_fits_the_window(chrome: Chrome, width: int, tmp_path: Path) -> None:
    page = tmp_path / "summary.html"
    page.write_text(example(), encoding="utf-8")
    chrome.resize(width, 900)
    chrome.open(page)
    assert chrome.run("return window.innerWidth;") == width
    assert chrome.run("return document.documentElement.scrollWidth;") <= width
    sizes = chrome.run(
        "return [...document.querySelectorAll('p, td, dd')]"
        ".map(part => parseFloat(getComputedStyle(part).fontSize));"
    )
    assert min(sizes) >= 12
    assert chrome.errors() == []


PAGES = ("summary.html", "methods.html", *(f"children/D0{child}.html" for child in (1, 2, 3)))
LOOK = """
const broken = [...document.querySelectorAll("a[href]")].map(link => link.getAttribute("href"))
  .filter(href => !href.startsWith("#") || !document.getElementById(href.slice(1)));
const box = part => part.getBoundingClientRect();
const texts = [...document.querySelectorAll("svg text")].map(box);
const pictures = [...document.querySelectorAll("svg, img")].map(box);
return {
  width: window.innerWidth, needed: document.documentElement.scrollWidth, broken: broken,
  letters: Math.min(...texts.map(text => Math.min(text.width, text.height))),
  outside: pictures.filter(one => one.right > window.innerWidth || one.width < 200).length,
  pictures: pictures.length,
};
"""
"""What a reader would miss: links that lead nowhere, text too small, pictures out of sight."""


@pytest.mark.parametrize("width", [1280, 400])
@pytest.mark.parametrize("name", PAGES)
def test_our_pages_read_at_any_width(chrome: Chrome, tiny: Project, name: str, width: int) -> None:
    chrome.resize(width, 900)
    chrome.open(tiny.results / "report" / name)
    found = chrome.run(LOOK)
    assert found["width"] == width
    assert found["needed"] <= width
    assert found["broken"] == []
    assert found["outside"] == 0
    if name.startswith("children"):
        assert found["pictures"] == 2
        assert found["letters"] >= 5
    assert chrome.errors() == []


def test_the_report_holds_the_methods_and_a_page_for_each_child(
    chrome: Chrome, report: Path
) -> None:
    chrome.open(report)
    chrome.wait_until("typeof app !== 'undefined' && app && document.querySelector('#app div')")
    names = chrome.run("return Object.keys(results);")
    for page in PAGES:
        assert any(name.endswith(f"report/{page}") for name in names), page
