"""A workbook as the audit reads it: cells with formulas and cached values, names, tables and charts."""

from dataclasses import dataclass, field
from pathlib import Path

from s6xl.ooxml.addresses import Area, Place, address

# A cell anywhere in a workbook: its sheet's title, casefolded, and its place.
Key = tuple[str, Place]


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell that holds something.

    `value` is a number, text or truth value, cached where the cell has a formula; None where nothing is cached.
    `error` is the error that it shows, such as ``#NUM!``. `formula` is without its ``=`` and written for the cell at
    `origin`, which is another one where cells share a formula. Of a formula that fills a block of cells, each of them
    has it, with its own place in the block, counted from 0, as `member`.
    """

    row: int
    column: int
    value: float | str | bool | None = None
    error: str = ""
    formula: str | None = None
    origin: Place = (0, 0)
    member: Place = (0, 0)
    in_array: bool = False

    @property
    def number(self) -> float | None:
        """The number that it shows; None where it shows something else, or nothing."""
        return self.value if isinstance(self.value, float | int) and not isinstance(self.value, bool) else None

    @property
    def address(self) -> str:
        """The cell's address, such as ``AA33``."""
        return address(self.row, self.column)


@dataclass(frozen=True, slots=True)
class Series:
    """A line of a chart: the references of its values and categories as they stand, empty where there are none."""

    values: str
    categories: str = ""


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart on a sheet: its title, empty if it has none or a computed one, and the cell at its corner."""

    title: str
    corner: str
    series: tuple[Series, ...]


@dataclass(frozen=True, slots=True)
class ListTable:
    """A table in Excel's own sense (Insert, Table): where it lies, headers included, and its columns' names."""

    name: str
    area: Area
    columns: tuple[str, ...]
    has_header: bool = True
    has_totals: bool = False


@dataclass
class Sheet:
    """A worksheet: its cells by place, its charts, and the part of the package that it is."""

    title: str
    part: str
    cells: dict[Place, Cell] = field(default_factory=dict)
    charts: list[Chart] = field(default_factory=list)


@dataclass
class Book:
    """A workbook: its worksheets in order, its names (with local ones by sheet), and Excel's own tables by name.

    `names` maps a name, casefolded, to the formula that it stands for, without its ``=``; `local_names` does so for
    each sheet's own names by the sheet's title. Tables are found by their casefolded name.
    """

    path: Path
    sheets: list[Sheet] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)
    local_names: dict[str, dict[str, str]] = field(default_factory=dict)
    tables: dict[str, ListTable] = field(default_factory=dict)
