"""Every caption can be rendered, as Snakemake does it, with the numbers of a real figure."""

from __future__ import annotations

import functools
import html
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from docutils.core import publish_parts
from jinja2 import Environment, StrictUndefined

from egoalign.config import Config, dump_config, parse_section
from egoalign.figures.accuracy import accuracy_figure
from egoalign.figures.age import age_figure
from egoalign.figures.children import children_figure
from egoalign.figures.context import context_figure
from egoalign.figures.course import course_figure
from egoalign.figures.effects import effects_figure
from egoalign.figures.facts import metric, write_facts
from egoalign.figures.intercepts import intercepts_figure
from egoalign.figures.lag import lag_figure
from egoalign.figures.lemmas import lemmas_figure
from egoalign.figures.models import models_figure
from egoalign.figures.null import null_figure
from egoalign.figures.nulls import nulls_figure
from egoalign.figures.reference import reference_figure
from egoalign.figures.reliability import reliability_figure
from egoalign.figures.trajectories import Fitted, trajectories_figure
from egoalign.figures.variance import variance_figure
from egoalign.report.numbers import Numbers
from tests.conftest import ROOT
from tests.unit.figures import made, made_models

CAPTIONS = ROOT / "workflow" / "report"
FIGURES = (
    *("null", "nulls", "accuracy", "reliability", "children", "age", "lag", "reference"),
    *("intercepts", "trajectories", "variance", "effects", "lemmas", "context", "course", "models"),
)
LINKS = "\n\n" + "".join(f".. _{name}: javascript:x\n" for name in ("Corpus", "Figures", "Tables"))


@functools.cache
def facts_of(n_rows: int | None) -> dict[str, dict[str, Any]]:
    """Return each figure's facts, from the first rows only where `n_rows` is given."""
    rows, items = made.alignment(6), made.items()
    validation = made.validation(items)
    means, summary = made.children(rows), made.summary()
    population = made.population(rows, reason=None if n_rows is None else "too few rows")
    cut = slice(n_rows)
    told = made.calibration() if n_rows is None else made.no_calibration()
    return {
        "null": null_figure(rows[cut], summary)[1],
        "nulls": nulls_figure(rows[cut], summary)[1],
        "reliability": reliability_figure(*told)[1],
        "accuracy": accuracy_figure(items[cut], validation, made.curves(items))[1],
        "children": children_figure(means[cut])[1],
        "age": age_figure(rows[cut], means[cut], population)[1],
        "reference": reference_figure(*made.reference(120 if n_rows is None else n_rows))[1],
        "lag": lag_figure(made.lags()[cut], made.lag_peaks()[cut])[1],
        "models": models_figure(summary[cut])[1],
        **facts_of_models(n_rows),
    }


def facts_of_models(n_rows: int | None) -> dict[str, dict[str, Any]]:
    """Return the facts of the figures of statistical models, and of what goes into them."""
    cut = slice(n_rows)
    fits = made_models.fits() if n_rows is None else made_models.no_fits()
    effects, lines = made_models.effects()[cut], made_models.lines()[cut]
    variance, means = made_models.variance()[cut], made_models.means()[cut]
    modes = made_models.random_effects(6)[cut]
    rows = made_models.utterances(6)[cut]
    fitted = Fitted(fits, effects, modes, lines)
    return {
        "intercepts": intercepts_figure(modes, made_models.components()[cut], fits)[1],
        "trajectories": trajectories_figure(rows, fitted)[1],
        "variance": variance_figure(variance, fits)[1],
        "effects": effects_figure(effects, variance, means, fits)[1],
        "lemmas": lemmas_figure(made_models.lemmas(400)[cut])[1],
        "context": context_figure(rows, ["location", "activity"])[1],
        "course": course_figure(rows)[1],
    }


def render(name: str, folder: Path, demo: bool = False) -> str:
    """Return the text of a caption, with an error for names that are not defined."""
    sets = [{"name": name, "format": "coco", "path": "c.json"} for name in ("photos", "more")]
    values = {"demo": {}, "reference": {"sets": sets}} if demo else {}
    config = dump_config(parse_section(Config, values, "test"))
    config["numbers"] = Numbers(folder)
    place = folder / "figures" / (f"{name}.json" if name == "models" else f"tiny/{name}.json")
    snakemake = SimpleNamespace(
        config=config,
        output=SimpleNamespace(facts=str(place)),
        wildcards=SimpleNamespace(model="tiny"),
    )
    env = Environment(undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    source = (CAPTIONS / f"{name}.rst").read_text(encoding="utf-8") + LINKS
    text = env.from_string(source).render(snakemake=snakemake)
    body = publish_parts(text, writer="html")["body"]
    assert "system-message" not in body, body
    return " ".join(html.unescape(re.sub("<[^>]+>", "", body)).split())


@pytest.fixture
def results(tmp_path: Path) -> Path:
    for name, facts in facts_of(None).items():
        inner = "" if name == "models" else "tiny/"
        write_facts(facts, tmp_path / "figures" / f"{inner}{name}.json")
    return tmp_path


def test_every_caption_that_a_rule_names_exists_and_is_tested() -> None:
    rules = "".join(path.read_text() for path in ROOT.glob("workflow/rules/*.smk"))
    named = set(re.findall(r'caption="\.\./report/(\w+)\.rst"', rules))
    assert named | {"workflow"} == {path.stem for path in CAPTIONS.glob("*.rst")}


def test_a_caption_is_that_of_one_file() -> None:
    rules = "".join(path.read_text() for path in ROOT.glob("workflow/rules/*.smk"))
    named = re.findall(r'caption="\.\./report/(\w+)\.rst"', rules)
    assert sorted(named) == sorted(set(named))


@pytest.mark.parametrize("name", sorted(path.stem for path in CAPTIONS.glob("*.rst")))
@pytest.mark.parametrize("demo", [False, True])
def test_caption_renders_to_whole_sentences(name: str, demo: bool, results: Path) -> None:
    text = render(name, results, demo)
    assert text.endswith(".")
    assert ".." not in text
    assert " ." not in text
    assert "None" not in text
    assert "{" not in text


def test_captions_state_the_numbers_of_their_figures(results: Path) -> None:
    text = render("null", results)
    assert "lie above those of shuffled pairs" in text
    assert "difference is 0.011 [0.009, 0.014]" in text
    assert "in 200 draws" in text
    assert "of 390 utterances (13 sessions, 6 children;" in text
    text = render("nulls", results)
    assert "Speech shifted in time (n = 390): difference 0.012 [0.008, 0.017], area 0.690" in text
    assert "(80 items, 480 answers)" in render("accuracy", results)
    assert "probability): 0.231 [0.180, 0.290]." in render("reliability", results)
    assert "0.041 [0.020, 0.080] (0.035 by sampling alone" in render("reliability", results)
    assert "changes by 0.00030 [0.00010, 0.00050] in a month" in render("age", results)
    assert "for 4 of the 4 children that have one" in render("children", results)
    text = render("reference", results)
    assert "estimates from 120 pairs of each" in text
    for name, n in (("corpus", 360), ("corpus|one_frame", 120), ("photos", 240)):
        found = metric(made.reference()[1], "jsd", name)
        assert f"{name} ({n} pairs): divergence {Numbers.interval(found)}, area" in text
    assert "tiny: difference 0.011 [0.009, 0.014]" in render("models", results)
    assert "The peak is at 2.0 [1.6, 2.4] s, 5.0 [4.1, 5.9] s wide" in render("lag", results)


def test_caption_claims_no_more_than_the_interval(results: Path) -> None:
    place = results / "figures" / "tiny" / "null.json"
    facts = Numbers(results)["figures/tiny/null"]
    for low, high, said in ((-0.1, 0.1, "cannot be told"), (-0.2, -0.1, "lie below those of")):
        facts["difference"] |= {"ci_low": low, "ci_high": high}
        write_facts(facts, place)
        assert said in render("null", results)
    facts["difference"] = None
    write_facts(facts, place)
    assert render("null", results).startswith("Scores of true pairs and of shuffled pairs.")


@pytest.mark.parametrize(
    ("peak", "said"),
    [
        ({"ci_low": 0.2, "ci_high": 1.0}, "The word leads:"),
        ({"ci_low": -1.0, "ci_high": -0.2}, "The word trails:"),
        ({"ci_low": -1.0, "ci_high": 0.2}, "greatest with what is seen meanwhile."),
        (None, "No lag of sight stands out."),
    ],
)
def test_the_caption_says_who_leads_only_where_the_interval_does(
    peak: dict | None, said: str, results: Path
) -> None:
    facts = Numbers(results)["figures/tiny/lag"]
    facts["peak"] = peak and facts["peak"] | peak
    write_facts(facts, results / "figures" / "tiny" / "lag.json")
    assert said in render("lag", results)


def test_the_front_page_names_other_data_sets(results: Path) -> None:
    assert "Beside the corpus stand other data sets of captioned pictures (photos, more)" in render(
        "workflow", results, demo=True
    )
    assert "captioned pictures" not in render("workflow", results)


@pytest.mark.parametrize("name", FIGURES)
def test_captions_of_empty_and_of_missing_figures_say_so(name: str, tmp_path: Path) -> None:
    assert "have not been made" in render(name, tmp_path)
    facts = facts_of(0)[name]
    inner = "" if name == "models" else "tiny/"
    write_facts(facts, tmp_path / "figures" / f"{inner}{name}.json")
    assert facts["message"] in render(name, tmp_path)


def test_numbers_is_a_lazy_mapping(results: Path) -> None:
    numbers = Numbers(results)
    assert set(numbers) == {"figures/models"} | {f"figures/tiny/{name}" for name in FIGURES[:-1]}
    assert len(numbers) == len(FIGURES)
    assert numbers["figures/models"]["n_models"] == 1
    assert len(Numbers(results / "nothing")) == 0


def test_numbers_are_written_with_true_minus_and_dash() -> None:
    assert Numbers.number(-0.01234) == "−0.012"
    assert Numbers.number(None) == "–"
    assert Numbers.number(float("nan")) == "–"
    assert Numbers.interval({"estimate": 0.5, "ci_low": None, "ci_high": None}) == "0.500"
    assert Numbers.interval(None) == "–"
