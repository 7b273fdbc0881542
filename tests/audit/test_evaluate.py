"""The audit's evaluator, with LibreOffice as the witness."""

import random
from pathlib import Path

import numpy as np
import openpyxl
import pytest
from openpyxl.worksheet.formula import ArrayFormula

from s6xl.audit.formulas import Formulas, UnreadableError, tree
from s6xl.audit.operators import FaultError, UnknownError
from s6xl.audit.values import evaluator
from s6xl.ooxml.book import Book, Cell
from tests.support.office import Office

CELLS = {f"{column}{row}": None for column in "ABCD" for row in (1, 2)}
FORMULAS = (
    *(
        "A1+B1*C1-D1/A2",
        "-A1^2",
        "-(A1^2)",
        "A1^B1^C1",
        "2^-A1",
        "-A1%",
        "50%*A1",
        "A1-B1-C1",
        "A1/B1/C1",
        "A1*-B1",
        "--A1",
    ),
    *(
        "1/(1+EXP(-A1))",
        "1/1+EXP(-A1)",
        "EXP(A1)/(1+EXP(A1))",
        "(1+TANH(A1/2))/2",
        "POWER(A1-B1,2)/2",
        "SQRT(A1)*ABS(-B1)",
    ),
    *(
        "SUM(A1:D1)",
        "SUM(A1,B1,3)",
        "SUM(A1:B2)/4",
        "AVERAGE(A1:D2)",
        "PRODUCT(A1:C1)",
        "SUMSQ(A1:D1)",
        "SUMXMY2(A1:B1,C1:D1)",
    ),
    *(
        "SUMPRODUCT(A1:B1,C1:D1)",
        "SUMPRODUCT(A1:B2,C1:D2)",
        "SUMPRODUCT((A1:B1-C1:D1)^2)/2",
        "MIN(A1:D2)",
        "MAX(A1,B1)",
    ),
    *(
        "IF(A1>B1,A1,B1)",
        "IF(A1>=B1,1)",
        "IF(A1<>A1,1,2)",
        "IFERROR(1/(A1-A1),7)",
        "IFERROR(LN(-A1),A1)",
        "LN(A1)",
        "LOG10(A1)",
    ),
    *(
        "LOG(A1)",
        "LOG(A1,2)",
        "ROUND(A1,2)",
        "INT(A1*10)",
        "SIGN(A1-B1)",
        "SINH(A1)",
        "COSH(A1)",
        "PI()*A1",
        "A1*TRUE",
        "N(A1)",
    ),
    *(
        "INDEX(A1:D1,3)",
        "INDEX(A1:D2,2,1)",
        "0.5*(A1-B1)^2+0.5*(C1-D1)^2",
        "1E-3*A1",
        "(A1=A1)*2",
        "+A1",
        "A1*(1-A1)",
        "SUM({1,2,3})*A1",
    ),
)
ARRAYS = (
    "SUM(MMULT(A1:B1,C1:C2))",
    "SUM(MMULT(A1:B2,C1:D2))",
    "SUM(MMULT(A1:B1,TRANSPOSE(C1:D1)))",
    "SUM(A1:B1*C1:D1)",
)


def evaluated(formula: str, cells: dict[str, np.ndarray]) -> np.ndarray:
    """A formula's value in each case, from the cells' values in each."""
    taken = Formulas(Book(Path())).of(Cell(9, 9, formula=formula, origin=(9, 9)), "S")
    values = []
    for reference in taken.references:
        area = reference.area("S", (9, 9))
        block = [
            [cells[f"{'ABCD'[column - 1]}{row}"] for column in range(area.first_column, area.last_column + 1)]
            for row in range(area.first_row, area.last_row + 1)
        ]
        values.append(np.array(block) if len(block) * len(block[0]) > 1 else block[0][0])
    result = evaluator(Book(Path()))(tree(taken.template), values)
    assert not isinstance(result, str)
    return np.broadcast_to(result, 2)


def test_like_libreoffice(libreoffice: Office, tmp_path: Path) -> None:
    chance = random.Random(5)
    cells = {name: np.array([chance.uniform(0.1, 2), chance.uniform(0.1, 2)]) for name in CELLS}
    answers = []
    for case in range(2):
        book = openpyxl.Workbook()
        sheet = book.worksheets[0]
        for name, values in cells.items():
            sheet[name] = float(values[case])
        for row, formula in enumerate(FORMULAS, 10):
            sheet[f"A{row}"] = f"={formula}"
        for row, formula in enumerate(ARRAYS, 200):
            sheet[f"A{row}"] = ArrayFormula(f"A{row}", f"={formula}")
        path = tmp_path / f"{case}.xlsx"
        book.save(path)
        recalculated = libreoffice.recalculate(path)
        assert not recalculated.error_cells
        answers.append(recalculated.values["Sheet"])
    for start, formulas in ((10, FORMULAS), (200, ARRAYS)):
        for row, formula in enumerate(formulas, start):
            computed = evaluated(formula, cells)
            for case in range(2):
                assert computed[case] == pytest.approx(float(answers[case][f"A{row}"]), rel=1e-12, abs=1e-14), formula


@pytest.mark.parametrize(
    ("formula", "error"), [("#REF!+A1", "#REF!"), ('"x"*A1', "#VALUE!"), ("A1/0", "#DIV/0!"), ("IF(#N/A,1,2)", "#N/A")]
)
def test_errors(formula: str, error: str) -> None:
    with pytest.raises(FaultError, match=error):
        evaluated(formula, {name: np.ones(2) for name in CELLS})


@pytest.mark.parametrize(
    "formula",
    [
        "NOSUCH(A1)",
        "nothing*2",
        'INDIRECT("A1")',
        "A1&B1",
        "LAMBDA(x,x)",
        "EXP(A1,B1,C1)",
        "MMULT(A1:B1)",
        "INDEX(A1:B1,A1)",
        "LET()",
        "LET(x,A1)",
        "LET(1,A1,2)",
        "LET(x,A1,x(2))",
        "LET(f,LAMBDA(x,f(x)),f(A1))",
        "LAMBDA(1,A1)(2)",
        "A1(2)",
    ],
)
def test_what_is_not_computed(formula: str) -> None:
    with pytest.raises(UnknownError):
        evaluated(formula, {name: np.array([1.0, 2.0]) for name in CELLS})


@pytest.mark.parametrize(
    "formula", ["A1+", "(A1", "SUM(A:A)", "[1]S!A1", "A1*" * 3000 + "1", "(" * 70 + "A1" + ")" * 70, "Table1[x]"]
)
def test_what_cannot_be_read(formula: str) -> None:
    with pytest.raises(UnreadableError):
        evaluated(formula, {name: np.ones(2) for name in CELLS})


def test_names_of_the_book() -> None:
    book = Book(
        Path(),
        names={
            "sig": "_xlfn.LAMBDA(_xlpm.x,1/(1+EXP(-_xlpm.x)))",
            "half": "0.5",
            "loop": "loop+1",
            "twice": "LAMBDA(f,f*2)",
        },
    )
    evaluate = evaluator(book)
    one = np.array([1.0])
    assert evaluate(tree("sig(_r0_)*half"), [one]) == pytest.approx(0.5 / (1 + np.exp(-1.0)))
    assert evaluate(tree("_xlfn.LET(_xlpm.a,_r0_+1,_xlpm.b,_xlpm.a*2,_xlpm.b-_xlpm.a)"), [one]) == pytest.approx(2.0)
    assert evaluate(tree("LAMBDA(x,y,x-y)(5,_r0_)"), [one]) == pytest.approx(4.0)
    assert evaluate(tree("LET(f,LAMBDA(x,x*3),f(_r0_))"), [one]) == pytest.approx(3.0)
    for broken in ("loop", "twice", "sig(1,2)"):
        with pytest.raises(UnknownError):
            evaluate(tree(broken), [])


def test_own_functions() -> None:
    evaluate = evaluator(Book(Path()))
    values = [np.array([value]) for value in (0.5, 0.6, 0.7)]
    t1, a_h1, a_o1 = (float(value[0]) for value in values)
    assert evaluate(tree("S6_DELTA_W5(_r0_,_r1_,_r2_)"), values) == pytest.approx(
        (a_o1 - t1) * a_o1 * (1 - a_o1) * a_h1
    )
    with pytest.raises(UnknownError):
        evaluate(tree("S6_DELTA_W5(_r0_)"), values)
    with pytest.raises(UnknownError):
        evaluate(tree("S6_DESCENT(_r0_)"), values)
