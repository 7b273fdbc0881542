"""Finds the tables of gradient descent on a stranger's sheets: a row of headers that name quantities, a step a row."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from s6xl.audit import headers
from s6xl.audit.book import Book, Cell, Place, Sheet, address

_FEWEST = 4  # quantities that make a row of texts a row of headers
_GAP = 3  # rows without numbers after which a table is over
# Beside these, a table needs quantities of the network itself.
_INCIDENTAL = frozenset({"lr", "step"})


@dataclass(eq=False)
class Column:
    """A column of a table: where it stands, its header as it is, and the quantities that the header may name.

    `name` is the quantity that it is taken for, None for one that is not known.
    """

    number: int
    header: str
    readings: tuple[str, ...]
    name: str | None = None
    cells: dict[int, Cell] = field(default_factory=dict)  # by index of the step, counted from 0

    @property
    def has_formulas(self) -> bool:
        return any(cell.formula is not None for cell in self.cells.values())


@dataclass(eq=False)
class Table:
    """A table: its headers' row, the rows of its steps, and its columns.

    A table that lies on its side has its headers in a column and a step a column; then rows and columns are exchanged
    in everything that is said here, and `place` tells where on the sheet a cell is.
    """

    sheet: Sheet
    header_row: int
    rows: list[int]
    columns: list[Column]
    on_side: bool = False

    def place(self, column: int, row: int) -> Place:
        """Where on the sheet a cell of the table is."""
        return (column, row) if self.on_side else (row, column)

    def address(self, column: Column, index: int) -> str:
        """The address of a column's cell at a step."""
        return address(*self.place(column.number, self.rows[index]))

    def named(self, name: str) -> Column | None:
        """The column of a quantity."""
        return next((column for column in self.columns if column.name == name), None)

    def __len__(self) -> int:
        return len(self.rows)


def find_tables(book: Book, deadline: Callable[[], None]) -> list[Table]:
    """The tables of a workbook in the order of its sheets, and on a sheet from the top and the left."""
    tables: list[Table] = []
    for sheet in book.sheets:
        found = list(_tables(sheet, sheet.cells, deadline))
        if not found:
            turned = {(column, row): cell for (row, column), cell in sheet.cells.items()}
            found = list(_tables(sheet, turned, deadline, on_side=True))
        tables += found
    return tables


def _tables(
    sheet: Sheet, cells: Mapping[Place, Cell], deadline: Callable[[], None], *, on_side: bool = False
) -> Iterator[Table]:
    rows: dict[int, dict[int, Cell]] = {}
    texts: dict[int, dict[int, tuple[str, ...]]] = {}
    for place, cell in cells.items():
        rows.setdefault(place[0], {})[place[1]] = cell
        if isinstance(cell.value, str) and cell.value:
            readings = headers.read(cell.value)
            if readings:
                texts.setdefault(place[0], {})[place[1]] = readings
    deadline()
    heads = [
        (row, group)
        for row, readings in sorted(texts.items())
        for group in _groups(dict(sorted(readings.items())))
        if _is_header(group)
    ]
    for row, group in heads:
        deadline()
        following = [other for other, columns in heads if other > row and columns.keys() & group.keys()]
        below = _rows(rows, row, min(following, default=1 << 30), group)
        if below:
            table = Table(sheet, row, below, _columns(rows, row, below, group), on_side)
            if any(column.has_formulas for column in table.columns):
                yield table


def _is_header(readings: Mapping[int, tuple[str, ...]]) -> bool:
    return len({names[0] for names in readings.values()} - _INCIDENTAL) >= _FEWEST


def _groups(readings: dict[int, tuple[str, ...]]) -> list[dict[int, tuple[str, ...]]]:
    """The headers of a row, apart where tables stand side by side: where most of the names come a second time."""
    columns = list(readings)
    groups: list[dict[int, tuple[str, ...]]] = []
    start = 0
    for end in range(1, len(columns)):
        own = {readings[column][0] for column in columns[start:end]} - _INCIDENTAL
        rest = {readings[column][0] for column in columns[end:]} - _INCIDENTAL
        starts_again = readings[columns[end]][0] in {*own, *_INCIDENTAL} or columns[end] - columns[end - 1] > 1
        if starts_again and len(own) >= _FEWEST and len(own & rest) >= max(_FEWEST, 0.6 * len(own)):
            groups.append({column: readings[column] for column in columns[start:end]})
            start = end
    groups.append({column: readings[column] for column in columns[start:]})
    return groups


def _rows(
    rows: Mapping[int, Mapping[int, Cell]], header: int, end: int, group: Mapping[int, tuple[str, ...]]
) -> list[int]:
    """The rows below a header that hold a step: those with a number or a formula in several of its columns."""
    needed = max(2, len(group) // 5)
    found: list[int] = []
    last = header
    for row in sorted(row for row in rows if header < row < end):
        if row - last > _GAP:
            break
        filled = sum(
            column in group and (cell.formula is not None or bool(cell.error) or _is_number(cell.value))
            for column, cell in rows[row].items()
        )
        if filled >= needed:
            found.append(row)
            last = row
    return found


def _columns(
    rows: Mapping[int, Mapping[int, Cell]], header: int, below: list[int], group: Mapping[int, tuple[str, ...]]
) -> list[Column]:
    """The columns from the first header to the last, and those that directly follow, as far as they hold anything."""
    first, last = min(group), max(group)
    index = {row: at for at, row in enumerate(below)}
    columns: dict[int, Column] = {}
    for row in (header, *below):
        for number, cell in rows[row].items():
            if number not in columns and (first <= number <= last or row != header):
                head = rows[header].get(number)
                text = str(head.value) if head is not None and isinstance(head.value, str) else ""
                columns[number] = Column(number, text, group.get(number, ()))
            if row != header and number in columns:
                columns[number].cells[index[row]] = cell
    return [column for _, column in sorted(columns.items()) if column.cells]


def _is_number(value: object) -> bool:
    return isinstance(value, float | int) and not isinstance(value, bool)
