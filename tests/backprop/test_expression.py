"""Every rendering of an expression means the same number: held against two spreadsheet engines."""

import math
import random
import re
from functools import cache
from pathlib import Path

import numpy as np
import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from s6xl.backprop.expression import (
    Call,
    Expression,
    ExpressionError,
    Name,
    Negative,
    Number,
    Operation,
    expand,
    lambda_parameter,
    names,
    parse,
    substitute,
    to_excel,
    to_lambda,
    to_numpy,
    to_python,
    to_text,
)
from tests.support.engine import Engine
from tests.support.office import Office

VALUES = st.floats(-4, 4).map(lambda value: round(value, 3))
OPERATORS = ["+", "-", "*", "/", "**"]


def operations(part: st.SearchStrategy[Expression]) -> st.SearchStrategy[Expression]:
    return st.one_of(
        st.builds(Negative, part),
        st.builds(Call, st.sampled_from(["exp", "sigmoid"]), part),
        st.builds(Operation, st.sampled_from(OPERATORS), part, part),
    )


EXPRESSIONS: st.SearchStrategy[Expression] = st.recursive(
    st.one_of(
        st.sampled_from([Name("a"), Name("w1"), Name("c_2")]),
        st.sampled_from([0.5, 1.0, 2.0, 3.0, 0.25, 1e-05, 12.0]).map(Number),
    ),
    operations,
    max_leaves=8,
)
CELLS = {"a": "A1", "w1": "B1", "c_2": "C1"}


def expected(expression: Expression, values: dict[str, float]) -> float | None:
    """The expression by NumPy, or None where a step of it is no finite real number."""
    function = to_numpy(expression, list(values))
    with np.errstate(over="raise", divide="raise", invalid="raise", under="ignore"):
        try:
            return float(function(*map(np.float64, values.values())))
        except FloatingPointError:
            return None


@cache
def engine() -> Engine:
    """One for all examples: Hypothesis and pytest's fixtures have different ideas of a test."""
    return Engine()


def agree(found: float, wanted: float) -> bool:
    # Both engines have a pow and an exp of their own, some steps of which may round differently.
    return math.isclose(found, wanted, rel_tol=1e-9, abs_tol=1e-9)


@pytest.mark.parametrize(
    ("source", "excel", "text"),
    [
        ("w1*i1 + w2*i2", "w1*i1+w2*i2", "w1 * i1 + w2 * i2"),
        ("sigmoid(h1)", "1/(1+EXP(-h1))", "σ(h1)"),
        ("0.5*(t1 - a_o1)**2", "0.5*(t1-a_o1)^2", "½ * (t1 - a_o1)²"),
        ("-a**2", "-(a^2)", "-(a²)"),
        ("(-a)**2", "(-a)^2", "(-a)²"),
        ("a**b**c", "a^(b^c)", "a^(b^c)"),
        ("(a**b)**c", "(a^b)^c", "(a^b)^c"),
        ("a**-b", "a^(-b)", "a^(-b)"),
        ("a - (b - c)", "a-(b-c)", "a - (b - c)"),
        ("a - b - c", "a-b-c", "a - b - c"),
        ("a/(b*c)", "a/(b*c)", "a/(b * c)"),
        ("a*-b", "a*(-b)", "a * (-b)"),
        ("a*sigmoid(b)", "a*(1/(1+EXP(-b)))", "a * σ(b)"),
        ("sigmoid(-b)", "1/(1+EXP(-(-b)))", "σ(-b)"),
        ("1e-05*a", "1E-05*a", "1E-05 * a"),
    ],
)
def test_renderings(source: str, excel: str, text: str) -> None:
    assert to_excel(parse(source), str) == excel
    assert to_text(parse(source)) == text


@given(EXPRESSIONS)
def test_parse_reads_what_to_python_writes(expression: Expression) -> None:
    assert parse(to_python(expression)) == expand(expression)


@settings(max_examples=400)
@given(expression=EXPRESSIONS, a=VALUES, b=VALUES, c=VALUES)
def test_excel_text_means_the_numpy_function(expression: Expression, a: float, b: float, c: float) -> None:
    values = {"a": a, "w1": b, "c_2": c}
    found = engine().evaluate(to_excel(expression, CELLS.__getitem__), {"A1": a, "B1": b, "C1": c})
    check(expression, values, found)


@settings(max_examples=200)
@given(expression=EXPRESSIONS, a=VALUES, b=VALUES, c=VALUES)
def test_lambda_means_the_numpy_function(expression: Expression, a: float, b: float, c: float) -> None:
    values = {"a": a, "w1": b, "c_2": c}
    text = to_lambda(expression, list(values))
    assert text.startswith("_xlfn.LAMBDA(_xlpm.a,_xlpm.w_1,_xlpm.c_2,")
    formula = re.sub(r"_xlfn\.|_xlpm\.", "", text)
    found = engine().evaluate(f"{formula}(A1,B1,C1)", {"A1": a, "B1": b, "C1": c})
    check(expression, values, found)


@settings(max_examples=400)
@given(expression=EXPRESSIONS, a=VALUES, b=VALUES, c=VALUES)
def test_text_means_the_numpy_function(expression: Expression, a: float, b: float, c: float) -> None:
    values = {"a": a, "w1": b, "c_2": c}
    text = to_text(expression, times=" × ", minus="−")
    for shown, python in {"½": "0.5", "²": "**2", "^": "**", "σ": "sigmoid", "×": "*", "−": "-"}.items():
        text = text.replace(shown, python)
    again = expected(parse(text), values)
    wanted = expected(expression, values)
    assert (again is None) == (wanted is None)
    assert wanted is None or again is None or agree(again, wanted)


def check(expression: Expression, values: dict[str, float], found: float | None) -> None:
    wanted = expected(expression, values)
    if has_disputed_power(expression, values):
        return
    assert (found is None) == (wanted is None)
    assert found is None or wanted is None or agree(found, wanted)


def has_disputed_power(expression: Expression, values: dict[str, float]) -> bool:
    """Two powers on which engines differ: 0^0, and a negative number's fraction, where Excel takes odd roots."""
    match expression:
        case Operation(operator, left, right):
            base, exponent = expected(left, values), expected(right, values)
            if operator != "**" or base is None or exponent is None:
                disputed = False
            else:
                disputed = base == exponent == 0 or (base < 0 and exponent != round(exponent))
            return disputed or has_disputed_power(left, values) or has_disputed_power(right, values)
        case Negative(operand) | Call(_, operand):
            return has_disputed_power(operand, values)
    return False


def test_libreoffice_means_the_numpy_function(libreoffice: Office, tmp_path: Path) -> None:
    """A thousand random expressions in one sheet, recalculated by LibreOffice."""
    generator = random.Random(2026)
    cases = [
        (random_expression(generator, 4), [round(generator.uniform(-4, 4), 3) for _ in CELLS]) for _ in range(1000)
    ]
    workbook = openpyxl.Workbook()
    sheet = workbook.active
    assert sheet is not None
    for row, (expression, numbers) in enumerate(cases, start=1):
        cells = dict(zip(CELLS, (f"A{row}", f"B{row}", f"C{row}"), strict=True))
        sheet.append([*numbers, f"={to_excel(expression, cells.__getitem__)}"])
    path = tmp_path / "expressions.xlsx"
    workbook.save(path)

    answer = libreoffice.recalculate(path)
    errors = set(answer.errors["Sheet"])
    finite = 0
    for row, (expression, numbers) in enumerate(cases, start=1):
        found = None if f"D{row}" in errors else answer.values["Sheet"][f"D{row}"]
        assert found is None or isinstance(found, float)
        check(expression, dict(zip(CELLS, numbers, strict=True)), found)
        finite += found is not None
    assert finite > 500


def random_expression(generator: random.Random, depth: int) -> Expression:
    kind = generator.random()
    if depth == 0 or kind < 0.15:
        leaves: list[Expression] = [Name("a"), Name("w1"), Name("c_2"), Number(0.5), Number(2.0), Number(3.0)]
        return generator.choice(leaves)
    if kind < 0.3:
        return Negative(random_expression(generator, depth - 1))
    if kind < 0.4:
        return Call(generator.choice(["exp", "sigmoid"]), random_expression(generator, depth - 1))
    left, right = random_expression(generator, depth - 1), random_expression(generator, depth - 1)
    return Operation(generator.choice(OPERATORS), left, right)


def test_numpy_function_broadcasts() -> None:
    function = to_numpy(parse("sigmoid(a) - b"), ["b", "a"])
    result = function(np.zeros((3, 1)), np.zeros(4))
    assert result.shape == (3, 4)
    assert result.dtype == np.float64
    assert (result == 0.5).all()


@pytest.mark.parametrize(
    ("name", "parameter"),
    [("t1", "t_1"), ("w5", "w_5"), ("E1", "E_1"), ("a_h1", "a_h1"), ("E_tot", "E_tot"), ("dE_dw1", "dE_dw1")],
)
def test_lambda_parameters_do_not_look_like_cells(name: str, parameter: str) -> None:
    assert lambda_parameter(name) == parameter


def test_names_in_order_of_appearance() -> None:
    assert names(parse("(a_o1 - t1)*a_o1*exp(-w5)")) == ("a_o1", "t1", "w5")


def test_substitute_replaces_names_alone() -> None:
    assert to_excel(substitute(parse("w*i - w"), {"w": parse("w + h")}), str) == "(w+h)*i-(w+h)"


@pytest.mark.parametrize(
    "source",
    [
        "",
        "a +",
        "a == b",
        "a if b else c",
        "f(a)",
        "exp(a, b)",
        "exp(a=1)",
        "'a'",
        "True",
        "1j",
        "a.b",
        "a[0]",
        "a % b",
        "a // b",
        "~a",
        "1e999",
        "lambda: 1",
        "__import__('os')",
        "a; b",
        "10**400 + " + "9" * 400,
    ],
)
def test_anything_else_is_refused(source: str) -> None:
    with pytest.raises(ExpressionError):
        parse(source)
