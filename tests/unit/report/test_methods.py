"""The methods text tells what was asked for and what was fitted, and cites whom it rests on."""

from __future__ import annotations

import re
from typing import Any

import pytest

from egoalign.config import Config
from egoalign.report.methods import CITED, Ran, methods_markdown, methods_page, methods_sections
from egoalign.report.references import OF_WEIGHTS, REFERENCES, SHORT

STATUS = [
    {"child_id": "A", "status": "ok", "duration_s": 3600.0, "n_utterances": 1200, "n_scored": 1100},
    {"child_id": "A", "status": "excluded", "duration_s": None, "n_utterances": 0, "n_scored": 0},
    {"child_id": "B", "status": "failed", "duration_s": None, "n_utterances": 0, "n_scored": 0},
]
FIT = {
    "formula": "score_max ~ age_within + (1 | child_id)",
    "family": "gaussian",
    "estimation": "REML",
    "response": "score_max",
    "reason": None,
}


def text(fits=(FIT,), reliability=(), **sections: Any) -> str:
    config = Config.model_validate(sections)
    return methods_markdown(list(methods_sections(config, Ran(STATUS, fits, reliability))))


def test_it_counts_the_corpus_and_names_what_was_fitted() -> None:
    found = text()
    assert "3 sessions of 2 children. 1 session was analysed (1.00 hours, 1,200 utt" in found
    assert "1 excluded by the lab, 1 failed" in found
    assert "Linear models of score_max by REML: age_within + (1 | child_id)." in found


def test_it_tells_only_of_what_ran() -> None:
    words, judged = "Nouns, verbs and adjectives", "People judged"
    assert words in text()
    assert words not in text(align={"words": {"score": False}})
    assert judged not in text()
    assert judged in text(reliability=[{"kind": "choose_image"}])
    assert "(one draw)" in text()
    assert "(one draw)" not in text(align={"nulls": {"schemes": ["shuffled"]}})
    assert "No statistical model could be fitted." in text(fits=[{**FIT, "reason": "too few"}])


def test_options_are_stated() -> None:
    found = text(encode={"fps": 2.0}, align={"seed": 77, "nulls": {"draws": 99}})
    assert "a fixed grid with 2 a second" in found
    assert "99 draws an utterance and scheme (seed 77)" in found


@pytest.mark.parametrize(("tag", "cited"), OF_WEIGHTS)
def test_weights_are_cited(tag: str, cited: str) -> None:
    found = text(encode={"models": [{"name": "ViT-B-32", "pretrained": f"x_{tag}_y"}]})
    assert f"ViT-B-32 with the weights x_{tag}_y ({SHORT[cited]})" in found
    assert REFERENCES[cited] in found


def test_files_of_the_lab_are_not_named(tmp_path) -> None:
    weights = tmp_path / "annas-model.pt"
    weights.touch()
    model = {"name": "ViT-B-32", "pretrained": str(weights), "id": "ours"}
    found = text(encode={"models": [model]})
    assert "ViT-B-32 with the lab's own weights" in found
    assert "annas-model" not in found


def test_all_that_is_cited_is_listed_and_nothing_else() -> None:
    assert REFERENCES.keys() == SHORT.keys()
    found = text(reliability=[{"kind": "choose_image"}])
    listed = re.findall(r"^- (.*)$", found, flags=re.MULTILINE)
    assert listed == sorted(listed)
    for key, work in REFERENCES.items():
        assert (f"({SHORT[key]})" in found) == (work in listed), key
    assert not CITED.search(found)


def test_the_page_says_the_same() -> None:
    sections = list(methods_sections(Config(), Ran(STATUS, [FIT], [])))
    page = methods_page(sections)
    for title, _ in sections:
        assert f"<h2>{title}</h2>" in page
    assert "Mölder, F." in page
