"""Designs against R's model.matrix and lme4's random terms, as `design.R` wrote them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from pyarrow import csv

from egoalign.vary.coding import Coded, design_columns
from egoalign.vary.formula import Bar, Formula, Term, parse_formula
from egoalign.vary.frame import build_frame
from egoalign.vary.variables import Factor, Numbers, evaluate, read_column

HERE = Path(__file__).parent
TABLE = csv.read_csv(HERE / "design_table.csv")
R = json.loads((HERE / "design.json").read_text())


def matrix(
    formula: Formula, terms: tuple[Term, ...], intercept: bool, sums: bool = False
) -> np.ndarray:
    """Return the columns of terms over the table, before any is left out."""
    columns = {name: read_column(name, TABLE[name]) for name in formula.columns}
    variables: dict[str, Numbers | Coded] = {}
    for name, expression in formula.expressions.items():
        value = evaluate(expression, columns)
        variables[name] = Coded(value, sums) if isinstance(value, Factor) else value
    design = design_columns(terms, intercept, variables, TABLE.num_rows)
    return np.column_stack([column.values for column in design])


@pytest.mark.parametrize("coding", ["treatment", "sum"])
def test_fixed_columns_are_those_of_model_matrix(coding: str) -> None:
    for case in R[coding]:
        formula = parse_formula(case["formula"])
        ours = matrix(formula, formula.terms, formula.intercept, coding == "sum")
        expected = np.array(case["columns"]).T
        assert ours.shape == expected.shape, case["formula"]
        np.testing.assert_allclose(ours, expected, atol=1e-12, err_msg=case["formula"])


def test_random_columns_are_those_of_lme4() -> None:
    for case in R["random"]:
        formula = parse_formula(case["formula"])
        ours = [of_bar(formula, bar) for bar in formula.bars]
        assert len(ours) == len(case["terms"])
        for theirs in case["terms"]:
            z = np.array(theirs["columns"]).T
            same_group = np.array(theirs["codes"])
            assert any(
                z.shape == own.shape
                and np.allclose(z, own, atol=1e-12)
                and partition(group) == partition(same_group)
                for group, own in ours
            ), case["formula"]


def of_bar(formula: Formula, bar: Bar) -> tuple[np.ndarray, np.ndarray]:
    """Return the group of each row and the columns that vary."""
    names = [TABLE[name].to_pylist() for name in bar.group]
    group = np.unique([":".join(each) for each in zip(*names, strict=True)], return_inverse=True)[1]
    return group, matrix(formula, bar.terms, bar.intercept)


def partition(codes: np.ndarray) -> set[tuple[int, ...]]:
    """Return the rows of each member."""
    return {tuple(np.flatnonzero(codes == code)) for code in np.unique(codes)}


def test_build_frame_keeps_the_columns_of_full_rank() -> None:
    for case in R["treatment"]:
        expected = np.array(case["columns"]).T
        if np.linalg.matrix_rank(expected) == expected.shape[1]:
            frame = build_frame(TABLE, case["formula"])
            np.testing.assert_allclose(frame.x, expected, atol=1e-12, err_msg=case["formula"])
