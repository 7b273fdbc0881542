"""Workbooks as strangers hand them in: their mathematics written out once more here, and a writer by openpyxl alone.

Formulas are templates over the names of quantities: ``w1@-1-eta*d_w1@-1`` is the weight of the row above less the rate
times that row's gradient. ``name@first`` is always the first row's, ``name@head`` is the header's.
"""

import math
import re
import shutil
import zipfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from openpyxl import Workbook
from openpyxl.chart import LineChart, Reference
from openpyxl.utils import column_index_from_string, get_column_letter
from openpyxl.workbook.defined_name import DefinedName
from openpyxl.worksheet.formula import ArrayFormula
from openpyxl.worksheet.table import Table as ListedTable
from openpyxl.worksheet.worksheet import Worksheet

Value = float | str
Rewrite = Callable[[str], str]

GIVENS = ("t1", "t2", "i1", "i2")
WEIGHTS = tuple(f"w{number}" for number in range(1, 9))
HIDDEN, OUTPUT = ("h1", "a_h1", "h2", "a_h2"), ("o1", "a_o1", "o2", "a_o2")
ERRORS = ("E1", "E2", "E_tot")
SLOPES = tuple(f"d_{weight}" for weight in WEIGHTS)
COLUMNS = (*GIVENS, *WEIGHTS[:4], *HIDDEN, *WEIGHTS[4:], *OUTPUT, *ERRORS, *SLOPES)

START: dict[str, Value] = {"t1": 0.5, "t2": 0.5, "i1": 0.05, "i2": 0.1, "eta": 0.5}
START |= dict(zip(WEIGHTS, (0.15, 0.2, 0.25, 0.3, 0.4, 0.45, 0.5, 0.55), strict=True))
# Values at which every quantity differs from every other.
UNEQUAL: dict[str, Value] = {"t1": 0.01, "t2": 0.99, "i1": 0.05, "i2": 0.1, "eta": 0.5}

_D1, _D2 = "(a_o1-t1)*a_o1*(1-a_o1)", "(a_o2-t2)*a_o2*(1-a_o2)"
_BACK_1, _BACK_2 = f"({_D1}*w5+{_D2}*w7)", f"({_D1}*w6+{_D2}*w8)"
_IN_1, _IN_2 = f"{_BACK_1}*a_h1*(1-a_h1)", f"{_BACK_2}*a_h2*(1-a_h2)"
FORMULAS = {
    "h1": "w1*i1+w2*i2",
    "a_h1": "1/(1+EXP(-h1))",
    "h2": "w3*i1+w4*i2",
    "a_h2": "1/(1+EXP(-h2))",
    "o1": "w5*a_h1+w6*a_h2",
    "a_o1": "1/(1+EXP(-o1))",
    "o2": "w7*a_h1+w8*a_h2",
    "a_o2": "1/(1+EXP(-o2))",
    "E1": "1/2*(t1-a_o1)^2",
    "E2": "1/2*(t2-a_o2)^2",
    "E_tot": "E1+E2",
    "d_w1": f"{_IN_1}*i1",
    "d_w2": f"{_IN_1}*i2",
    "d_w3": f"{_IN_2}*i1",
    "d_w4": f"{_IN_2}*i2",
    "d_w5": f"{_D1}*a_h1",
    "d_w6": f"{_D1}*a_h2",
    "d_w7": f"{_D2}*a_h1",
    "d_w8": f"{_D2}*a_h2",
}
# The same by way of the neurons' deltas, in columns of their own.
DELTAS = {
    "delta_o1": _D1,
    "delta_o2": _D2,
    "delta_h1": "(delta_o1*w5+delta_o2*w7)*a_h1*(1-a_h1)",
    "delta_h2": "(delta_o1*w6+delta_o2*w8)*a_h2*(1-a_h2)",
    "d_w1": "delta_h1*i1",
    "d_w2": "delta_h1*i2",
    "d_w3": "delta_h2*i1",
    "d_w4": "delta_h2*i2",
    "d_w5": "delta_o1*a_h1",
    "d_w6": "delta_o1*a_h2",
    "d_w7": "delta_o2*a_h1",
    "d_w8": "delta_o2*a_h2",
}
# The same factor by factor, as the chain rule has it.
CHAIN = {
    "dE1_da_o1": "-(t1-a_o1)",
    "dE2_da_o2": "-(t2-a_o2)",
    "da_o1_do1": "a_o1*(1-a_o1)",
    "da_o2_do2": "a_o2*(1-a_o2)",
    "dE_da_h1": "dE1_da_o1*da_o1_do1*w5+dE2_da_o2*da_o2_do2*w7",
    "dE_da_h2": "dE1_da_o1*da_o1_do1*w6+dE2_da_o2*da_o2_do2*w8",
    "da_h1_dh1": "a_h1*(1-a_h1)",
    "da_h2_dh2": "a_h2*(1-a_h2)",
    "d_w1": "dE_da_h1*da_h1_dh1*i1",
    "d_w2": "dE_da_h1*da_h1_dh1*i2",
    "d_w3": "dE_da_h2*da_h2_dh2*i1",
    "d_w4": "dE_da_h2*da_h2_dh2*i2",
    "d_w5": "dE1_da_o1*da_o1_do1*a_h1",
    "d_w6": "dE1_da_o1*da_o1_do1*a_h2",
    "d_w7": "dE2_da_o2*da_o2_do2*a_h1",
    "d_w8": "dE2_da_o2*da_o2_do2*a_h2",
}
_NAME = re.compile(r"(?<![$!.\w'])([A-Za-z]\w*)(?:@(-?\d+|first|head))?(?![\w(!.])")


def updates(*names: str) -> dict[str, str]:
    """How gradient descent moves these."""
    return {name: f"{name}@-1-eta*d_{name}@-1" for name in names}


def spelled(
    activation: str = "a_{}",
    total: str = "E_tot",
    slope: str = "∂E/∂{}",
    *,
    error: str = "E{}",
    total_of: str = "{}",
    rewrite: Rewrite = str,
    **others: str,
) -> dict[str, str]:
    """Headers by quantity, as someone writes them."""
    heads = {name: total_of.format(name) for name in ("h1", "h2", "o1", "o2")}
    heads |= {f"a_{neuron}": activation.format(neuron) for neuron in heads}
    heads |= {"E1": error.format(1), "E2": error.format(2), "E_tot": total}
    heads |= {f"d_{name}": slope.format(name) for name in (*WEIGHTS, "b1", "b2", "b3", "b4")}
    return {name: rewrite(head) for name, head in {**{n: n for n in (*GIVENS, *WEIGHTS)}, **heads, **others}.items()}


def filled(template: str, reference: Callable[[str, str], str | None]) -> str:
    """A template with references for names, by name and what follows its ``@``; None leaves a name as it is."""
    return _NAME.sub(lambda match: reference(match[1], match[2] or "") or match[0], template)


@dataclass
class Chart:
    """A line chart of a quantity, from one step to another (counted from 0, the last included)."""

    anchor: str
    name: str
    first: int
    last: int


@dataclass
class Table:
    """One table of steps on a sheet.

    `columns` gives the letters, `heads` the headers. A quantity is `start` in the first row, and follows from `updates`
    in the others, or from `formulas` in all. `elsewhere` holds references to what stands outside the table, `styles`
    how a reference is written (``${column}{row}``; with ``{first}`` for the row it stands in the first row alone),
    `cells` what stands in single cells instead, an empty text for nothing.
    """

    sheet: str
    header: int
    columns: dict[str, str]
    heads: dict[str, str]
    steps: int
    start: dict[str, Value]
    formulas: dict[str, str]
    updates: dict[str, str]
    elsewhere: dict[str, str]
    styles: dict[str, str] = field(default_factory=dict)
    cells: dict[tuple[str, int], Value] = field(default_factory=dict)
    parts: list["Table"] = field(default_factory=list)  # others over the same steps, with what this one lacks
    between: int = 0  # rows between the headers and the first step

    @property
    def first(self) -> int:
        """The first step's row."""
        return self.header + 1 + self.between

    def area(self, name: str, first: int = 0, last: int | None = None) -> str:
        """A quantity's cells from one step to another (counted from 0, the last included)."""
        rows = self.first + first, self.first + (self.steps - 1 if last is None else last)
        return ":".join(f"{self.columns[name]}{row}" for row in dict.fromkeys(rows))

    def head(self, name: str) -> str:
        """The address of a header."""
        return f"{self.columns[name]}{self.header}"

    def content(self, name: str, step: int) -> Value | None:
        """What stands in a quantity's cell, a formula as a template."""
        if (name, step) in self.cells:
            return self.cells[name, step]
        if name in self.formulas:
            return f"={self.formulas[name]}"
        if step and name in self.updates:
            return f"={self.updates[name]}"
        return None if step and "{first}" in self.styles.get(name, "") else self.start.get(name)

    def resolved(self, template: str, step: int) -> str:
        """A template's formula in the row of a step."""
        row = self.first + step

        def reference(name: str, where: str) -> str | None:
            if name in self.elsewhere:
                return self.elsewhere[name]
            for other in self.parts if name not in self.columns else ():
                if name in other.columns:
                    return f"{other.sheet}!{other.columns[name]}{other.first + step + int(where or 0)}"
            if name not in self.columns:
                return None
            if where == "first":
                return f"${self.columns[name]}${self.first}"
            there = self.header if where == "head" else row + int(where or 0)
            style = "{column}{row}" if where == "head" else self.styles.get(name, "{column}{row}")
            return style.format(column=self.columns[name], row=there, first=self.first)

        return filled(template, reference)

    def calculated(self) -> dict[str, Value]:
        """The values of the quantities by address; for formulas in plain arithmetic and EXP, and the usual rate."""
        known: dict[tuple[str, int], float] = {}

        def value(name: str, step: int) -> float:
            if name == "eta":
                return float(self.start[name])
            if (name, step) not in known:
                content = self.content(name, step)
                if isinstance(content, str):
                    text = filled(content[1:], lambda other, where: f"({value(other, step + int(where or 0))!r})")
                    content = eval(text.replace("^", "**"), {"EXP": math.exp})
                # What is given once, in the first row, holds for all.
                known[name, step] = value(name, 0) if content is None else float(content)
            return known[name, step]

        return {self.area(name, step, step): value(name, step) for name in self.columns for step in range(self.steps)}


@dataclass
class Book:
    """A workbook: its tables, what else stands in its sheets by sheet and cell, names, and charts by sheet."""

    tables: list[Table]
    extra: dict[str, dict[str, Value]] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    charts: dict[str, list[Chart]] = field(default_factory=dict)
    listed: bool = False  # whether the first table is one in Excel's own sense
    finish: list[Callable[[Workbook], None]] = field(default_factory=list)
    patches: list[tuple[str, str]] = field(default_factory=list)  # of a sheet's XML: patterns and what replaces them
    shown: dict[str, Value] = field(default_factory=dict)  # the values of the first sheet's formulas; text is an error

    @property
    def table(self) -> Table:
        """The first table."""
        return self.tables[0]

    def write(self, path: Path) -> None:
        """Write the workbook."""
        book = Workbook()
        book.remove(book.worksheets[0])
        for title in dict.fromkeys([*(table.sheet for table in self.tables), *self.extra]):
            book.create_sheet(title)
        for title, cells in self.extra.items():
            for address, value in cells.items():
                book[title][address] = value
        for table in self.tables:
            _fill(book[table.sheet], table)
        for title, charts in self.charts.items():
            table = next(table for table in self.tables if table.sheet == title)
            for chart in charts:
                _draw(book[title], table, chart)
        for name, target in self.names.items():
            book.defined_names[name] = DefinedName(name, attr_text=target)
        if self.listed:
            columns = sorted(self.table.columns.values(), key=column_index_from_string)
            corner = f"{columns[-1]}{self.table.first + self.table.steps - 1}"
            listed = ListedTable(displayName="Table1", ref=f"{columns[0]}{self.table.header}:{corner}")
            book[self.table.sheet].add_table(listed)
        for change in self.finish:
            change(book)
        book.save(path)
        if self.shown or self.patches:
            _patch(path, self)


def _fill(sheet: Worksheet, table: Table) -> None:
    for name, letter in table.columns.items():
        sheet[f"{letter}{table.header}"] = table.heads.get(name, name)
        for step in range(table.steps):
            content = table.content(name, step)
            if isinstance(content, str) and content.startswith(("=", "{=")):
                content = table.resolved(content, step)
            address = f"{letter}{table.first + step}"
            if isinstance(content, str) and content.startswith("{="):
                sheet[address] = ArrayFormula(address, content[1:-1])
            elif content != "":
                sheet[address] = content


def _draw(sheet: Worksheet, table: Table, chart: Chart) -> None:
    drawn = LineChart()
    column = column_index_from_string(table.columns[chart.name])
    first, last = table.first + chart.first, table.first + chart.last
    drawn.add_data(Reference(sheet, min_col=column, min_row=first, max_row=last))
    sheet.add_chart(drawn, chart.anchor)


def _patch(path: Path, book: Book) -> None:
    """Change the XML of the first sheet, which openpyxl does not let one write at will."""

    def with_value(match: re.Match[str]) -> str:
        address, attributes, formula = match.groups()
        value = book.shown.get(address)
        kind = ' t="e"' if isinstance(value, str) else ""
        return match[0] if value is None else f'<c r="{address}"{attributes}{kind}>{formula}<v>{value}</v>'

    before = path.with_suffix(".before")
    shutil.move(path, before)
    with zipfile.ZipFile(before) as old, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            content = old.read(name)
            if name == "xl/worksheets/sheet1.xml":
                text = re.sub(r'<c r="(\w+)"([^>]*)>(<f>[^<]*</f>)<v ?/>', with_value, content.decode())
                for pattern, replacement in book.patches:
                    text, count = re.subn(pattern, replacement, text)
                    assert count, pattern
                content = text.encode()
            new.writestr(name, content)
    before.unlink()


class Expected(NamedTuple):
    """A finding that there must be: its cells, and fragments of its slip."""

    sheet: str
    cells: str
    words: tuple[str, ...]


@dataclass
class Case:
    """A workbook, and what is wrong in it."""

    name: str
    book: Book
    expected: list[Expected] = field(default_factory=list)
    layout: str = ""

    def write(self, path: Path) -> None:
        """Write the workbook."""
        self.book.write(path)


def letters(start: str, names: Iterable[str | None]) -> dict[str, str]:
    """Columns from a letter on, in this order; None leaves one free."""
    first = column_index_from_string(start)
    return {name: get_column_letter(first + index) for index, name in enumerate(names) if name}


def table(
    sheet: str = "Sheet1",
    header: int = 32,
    columns: Mapping[str, str] | None = None,
    heads: Mapping[str, str] | None = None,
    steps: int = 8,
    **others: Mapping[str, str] | Mapping[str, Value],
) -> Table:
    """A table as the class makes it, but for what is given here; `others` add to the table's own dictionaries."""
    made = Table(
        sheet,
        header,
        dict(columns or letters("B", COLUMNS)),
        dict(heads or spelled()),
        steps,
        dict(START),
        dict(FORMULAS),
        updates(*WEIGHTS),
        {"eta": "$G$31"},
    )
    for name, entries in others.items():
        getattr(made, name).update(entries)
    return made
