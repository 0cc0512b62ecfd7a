"""Plan a study: simulate corpora of several sizes, and say how well a model finds what is true."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from egoalign.log import UserError, logger
from egoalign.tables import SIMULATED_MODELS, atomic_path, write_json, write_table
from egoalign.vary.simulate_plan import designs, make_plan, read_plan
from egoalign.vary.simulate_study import prepare, run_studies
from egoalign.vary.simulate_summary import summarise
from egoalign.vary.simulate_text import simulation_text


def simulate_models(
    out: Path,
    *,
    effects: Path | None = None,
    from_fit: Path | None = None,
    model: str | None = None,
    formula: str | None = None,
    children: Sequence[int] = (),
    hours: Sequence[float] = (),
    n: int = 200,
    seed: int = 1,
    threads: int = 1,
    profile: bool = False,
) -> str:
    """Simulate, write table, text and figure, and return the text.

    Parameters
    ----------
    out : Path
        Folder for ``simulation.parquet``, ``.csv``, ``.txt``, ``simulation.json`` (all that was
        asked for, defaults and seed) and ``power.pdf``, ``power.png``, ``power.json``.
    effects : Path, optional
        The plan, YAML or JSON.
    from_fit : Path, optional
        Folder of a fitted model, whose estimates take the place of the plan's parameters.
    model : str, optional
        Which of several models the folder has: its name or its response.
    formula : str, optional
        What is fitted instead of the true model.
    children, hours : sequence
        Sizes to try, each with each; those of the plan where empty.
    n : int
        Corpora of each size.
    seed : int
        Seed of all.
    threads : int
        Processes.
    profile : bool
        Whether standard deviations and correlations get profile intervals; only for scores.

    Raises
    ------
    UserError
        Parameters are missing or wrong, or no corpus can be fitted.
    """
    for name, value in (("--n", n), ("--threads", threads)):
        if value < 1:
            raise UserError(f"{name} {value}: expected 1 or more")
    plan = make_plan(_values(effects, from_fit, model), str(effects or from_fit))
    if profile and plan.family != "gaussian":
        raise UserError("--profile: profile intervals are of models of scores; leave it out")
    studies = [prepare(each, formula, profile) for each in designs(plan, children, hours)]
    logger.info("%d corpora of each of %d sizes, fitted: %s", n, len(studies), studies[0].formula)
    replicates = run_studies(studies, n, seed, threads)
    rows = [
        row for study, own in zip(studies, replicates, strict=True) for row in summarise(study, own)
    ]
    text = simulation_text(rows)
    write_table(SIMULATED_MODELS, rows, out / "simulation.parquet", csv=out / "simulation.csv")
    with atomic_path(out / "simulation.txt") as partial:
        partial.write_text(text, encoding="utf-8")
    asked: dict[str, Any] = {"plan": plan.model_dump(), "true_formula": str(plan.true_formula)}
    asked |= {"fitted_formula": studies[0].formula, "contrasts": dict(studies[0].contrasts)}
    asked |= {
        "children": list(children),
        "hours": list(hours),
        "n": n,
        "seed": seed,
        "profile": profile,
    }
    write_json(asked, out / "simulation.json")
    _draw(out)
    return text


def _values(effects: Path | None, from_fit: Path | None, model: str | None) -> dict[str, Any]:
    """Return the values of the plan; a fit's model takes the place of that of the file."""
    if effects is None and from_fit is None:
        raise UserError(
            "no parameters: give --effects FILE (config/simulation.yaml is an example), or "
            "--from-fit FOLDER of a fitted model"
        )
    values = read_plan(effects) if effects else {}
    if from_fit is None:
        return values
    from egoalign.vary.simulate_from_fit import plan_of_fit

    kept = {key: value for key, value in values.items() if key in ("unit", "contrasts", "sizes")}
    return kept | plan_of_fit(from_fit, model)


def _draw(out: Path) -> None:
    """Draw power against children."""
    from egoalign.config import FiguresOptions
    from egoalign.figures.files import Outputs
    from egoalign.figures.power import plot_power

    outputs = Outputs(out / "power.pdf", out / "power.png", out / "power.json")
    plot_power(out / "simulation.parquet", outputs, FiguresOptions())
