"""Formulas taken apart, with openpyxl's translator as the witness for how references move."""

from pathlib import Path

import pytest
from openpyxl.formula.translate import Translator

from s6xl.audit.formulas import Formulas, UnreadableError, area_of
from s6xl.ooxml.addresses import Area, address
from s6xl.ooxml.book import Book, Cell, ListTable

TEXTS = (
    "1/(1+ EXP(-J33))",
    "F33-$G$31*Y33",
    "$B33+B$33+$B$33+SUM(A30:$C$33)",
    "'LR=0.1'!$X$33*Sheet2!B40-'it''s'!A33",
    'IF(A33="A33",LOG10(B33),S6_A1(C33))',
    "_xlfn.LET(_xlpm.d,A33-B33,_xlpm.d*_xlpm.d)",
    "1E5+A33-2.5e-3*XFD33",
)


@pytest.mark.parametrize("text", TEXTS)
def test_moves_as_openpyxl_moves_it(text: str) -> None:
    formula = Formulas(Book(Path())).of(Cell(33, 3, formula=text, origin=(33, 3)), "S")
    assert formula.written((33, 3)) == f"={text}"
    for row, column in ((34, 3), (100, 3), (40, 4)):
        if "XFD" in text and column > 3:
            continue
        assert formula.written((row, column)) == Translator(f"={text}", "C33").translate_formula(address(row, column))


def test_one_formula_down_a_column() -> None:
    formulas = Formulas(Book(Path()))
    typed = [
        formulas.of(Cell(row, 6, formula=f"F{row - 1}-$G$31*Y{row - 1}", origin=(row, 6)), "S") for row in (34, 35)
    ]
    shared = formulas.of(Cell(40, 6, formula="F33-$G$31*Y33", origin=(34, 6)), "S")
    assert typed[0] is typed[1] is shared
    assert formulas.of(Cell(36, 6, formula="F34-$G$31*Y35", origin=(36, 6)), "S") != shared


def test_names_and_tables() -> None:
    table = ListTable("Steps", Area("S", 4, 2, 10, 4), ("w1", "a_h1", "x]y"), has_totals=True)
    book = Book(
        Path(),
        names={"eta": "Settings!$B$2", "half": "0.5"},
        local_names={"S": {"eta": "S!$C$3"}},
        tables={"steps": table},
    )

    def written(text: str, sheet: str = "S") -> str:
        return Formulas(book).of(Cell(5, 9, formula=text, origin=(5, 9)), sheet).written((7, 9))

    assert written("A5*eta") == "=A7*S!$C$3"
    assert written("A5*eta", "Other") == "=A7*Settings!$B$2"
    assert written("Steps[[#This Row],[a_h1]]+half") == "=$C7+half"
    assert written("SUM(Steps[w1])") == "=SUM($B$5:$B$9)"
    assert Formulas(book).of(Cell(6, 3, formula="[@w1]*2", origin=(6, 3)), "S").written((6, 3)) == "=$B6*2"
    for text in ("Steps[nothing]", "Nothing[w1]", "[@w1]", "Steps[[w1]:[a_h1]]", "Steps[#Totals]"):
        with pytest.raises(UnreadableError):
            written(text)


@pytest.mark.parametrize(
    ("text", "area"),
    [
        ("'LR=0.1'!$X$33:$X$100", Area("LR=0.1", 33, 24, 100, 24)),
        ("A1", Area("S", 1, 1, 1, 1)),
        ("(S!$A$1,S!$B$2)", None),
        ("#REF!", None),
        ("[1]S!$A$1", None),
    ],
)
def test_references_of_charts(text: str, area: Area | None) -> None:
    assert area_of(text, "S") == area
