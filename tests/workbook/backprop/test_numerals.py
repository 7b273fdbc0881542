"""Short text for numbers: the formula and Python write the same, in two spreadsheet engines."""

import math
import random
from pathlib import Path

import openpyxl
import pytest

from s6xl.workbook.backprop import numerals
from tests.support.engine import Engine
from tests.support.office import Office

EDGES = [0.0, 1.0, -1.0, 0.5, 0.1, 0.99995, 0.99994, 9.9995, 9999.5, 0.0001, 0.00009999, 1e-10, 123456.7, 999999.0]
EDGES += [9.9996e-5, 9.99949e-5, -9.99996e-8, 99999.6, 9.9999e-10, 9.9999951e-5]
EDGES += [1.2345, 0.00012345, -2.0005]
EDGES += [1e6, 1234567.0, 1e20, -1e-7, -0.06065, 1e-300, 1e300, 0.0009999999, 2 / 3, -2 / 3]


def samples() -> list[float]:
    generator = random.Random(3)
    return EDGES + [generator.uniform(-10, 10) * 10 ** generator.randint(-9, 9) for _ in range(300)]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.6064777, "0.6065"),
        (0.5, "0.5"),
        (0.012880818, "0.01288"),
        (0.000316993, "0.000317"),
        (0.0000316993, "3.17E−5"),
        (-0.0131, "−0.0131"),
        (1234.56, "1235"),
        (1234567.0, "1.235E6"),
        (0.99999, "1"),
        # Rounded up to the next power of ten.
        (0.000099996, "0.0001"),
        (-9.9996e-8, "−1E−7"),
        (999999.0, "1E6"),
        (0.0, "0"),
        (math.nan, "#NUM!"),
        (math.inf, "#NUM!"),
    ],
)
def test_four_digits(value: float, text: str) -> None:
    assert numerals.short_text(value, 4) == text


def test_negative_numbers_are_enclosed() -> None:
    assert numerals.enclosed_text(-0.5, 4) == "(−0.5)"
    assert numerals.enclosed_text(0.5, 4) == "0.5"


@pytest.mark.parametrize("digits", [4, 6])
def test_libreoffice_writes_the_same(digits: int, tmp_path: Path, libreoffice: Office) -> None:
    workbook = openpyxl.Workbook()
    sheet = workbook.active
    assert sheet is not None
    for row, value in enumerate(samples(), start=1):
        formulas = (
            numerals.exponent_formula(f"A{row}", str(digits)),
            numerals.text_formula(f"A{row}", f"B{row}", str(digits)),
            numerals.enclosed_formula(f"A{row}", f"C{row}"),
        )
        sheet.append([value, *(f"={formula}" for formula in formulas)])
    path = tmp_path / "numerals.xlsx"
    workbook.save(path)
    found = libreoffice.recalculate(path).values["Sheet"]
    for row, value in enumerate(samples(), start=1):
        assert found[f"C{row}"] == numerals.short_text(value, digits)
        assert found[f"D{row}"] == numerals.enclosed_text(value, digits)


@pytest.mark.slow
def test_digits_show_the_difference() -> None:
    """Two numbers rounded so have a difference with four right digits."""
    engine, generator = Engine(), random.Random(5)
    formula = numerals.digits_formula("A1", ["A1-B1", "1-A1"], 4)
    for _ in range(300):
        value = generator.uniform(0.001, 1) * generator.choice((1, 1, 1000))
        other = value + generator.choice((-1, 1)) * 10 ** generator.uniform(-11, 3)
        digits = numerals.digits_needed(value, [value - other, 1 - value], 4)
        assert engine.evaluate(formula, {"A1": value, "B1": other}) == digits
        other_digits = numerals.digits_needed(other, [value - other], 4)
        if max(digits, other_digits) < 15:
            shown, shown_other = (
                float(numerals.short_text(*of).replace("−", "-")) for of in ((value, digits), (other, other_digits))
            )
            assert shown - shown_other == pytest.approx(value - other, rel=1.1e-3)
    assert numerals.digits_needed(0.5, [math.nan], 4) == 4


@pytest.mark.slow
def test_excels_arithmetic_finds_the_same_exponents() -> None:
    engine = Engine()
    for value in samples():
        cells = {"A1": value, "B1": 4}
        assert engine.evaluate(numerals.exponent_formula("A1", "B1"), cells) == numerals.exponent(value, 4)
