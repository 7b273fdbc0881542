"""Finds the tables of gradient descent on a stranger's sheets: a row of headers that name quantities, a step a row."""

import re
from bisect import bisect_right, insort
from collections import Counter
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise

from s6xl.audit import headers
from s6xl.ooxml.addresses import Place, address
from s6xl.ooxml.book import Book, Cell, Sheet

_FEWEST = 4  # quantities that make a row of texts a row of headers
_WIDEST = 400  # headers among which the next table would begin
_GAP = 3  # rows without numbers after which a table is over
# Beside these, a table needs quantities of the network itself.
_INCIDENTAL = frozenset({"lr", "step"})
# What of a reference moves from step to step: its row, or in a table on its side its column.
_DOWN, _SIDEWAYS = re.compile(r"\d+"), re.compile(r"\b[A-Za-z]{1,3}(?=\$?\d)")
# A row of headers, and by column what each may name.
_Head = tuple[int, dict[int, tuple[str, ...]]]
_PARTS = {"weights": r"w\d", "forward pass": r"a_[ho]\d|E", "gradients": r"dE_d[wb]"}


@dataclass(eq=False)
class ColumnBlock:
    """A block of columns under one row of headers, a step a row.

    One that lies on its side has its headers in a column and a step a column; then rows and columns are exchanged in
    everything that is said here, and `place` tells where on the sheet a cell is.
    """

    sheet: Sheet
    header_row: int
    rows: list[int]
    on_side: bool = False

    def place(self, column: int, row: int) -> Place:
        """Where on the sheet a cell of the block is."""
        return (column, row) if self.on_side else (row, column)


@dataclass(eq=False)
class Column:
    """A column of a table: where it stands, its header as it is, and the quantities that the header may name.

    Of these `candidates` the first is the likeliest; "?" stands for a quantity that is not known.
    """

    block: ColumnBlock
    number: int
    header: str
    candidates: tuple[str, ...]
    is_apart: bool = False  # a blank column away from the others
    cells: dict[int, Cell] = field(default_factory=dict)  # by index of the step, counted from 0

    @property
    def has_formulas(self) -> bool:
        """Whether any of its cells has a formula."""
        return any(cell.formula is not None for cell in self.cells.values())

    @property
    def says(self) -> bool:
        """Whether its header names a quantity without a doubt."""
        return bool(self.candidates) and "?" not in self.candidates

    def contradicts(self, name: str) -> bool:
        """Whether its header names another quantity without a doubt."""
        return self.says and name not in self.candidates

    @property
    def sheet(self) -> str:
        """The title of its sheet."""
        return self.block.sheet.title

    def place(self, index: int) -> Place:
        """Where its cell at a step is."""
        return self.block.place(self.number, self.block.rows[index])

    def address(self, index: int) -> str:
        """Return the address of its cell at a step."""
        return address(*self.place(index))


@dataclass(eq=False)
class Table:
    """A table: its columns, which mostly stand in one block, but may be parted into several of the same steps."""

    blocks: list[ColumnBlock]
    columns: list[Column]

    @property
    def block(self) -> ColumnBlock:
        """The first block."""
        return self.blocks[0]

    def __len__(self) -> int:
        return len(self.block.rows)


def find_tables(book: Book, deadline: Callable[[], None]) -> list[Table]:
    """Return the tables of a workbook in the order of its sheets, and on a sheet from the top and the left."""
    tables: list[Table] = []
    for sheet in book.sheets:
        upright = list(_tables(_grid(sheet, on_side=False), deadline))
        tables += upright or _tables(_grid(sheet, on_side=True), deadline)
    return _joined(tables)


def _joined(tables: list[Table]) -> list[Table]:
    """Tables of which each has what the other lacks, over the same steps, as one."""
    joined: list[Table] = []
    # The places in `joined` of those that lack something, by their steps and what they have.
    open_: dict[tuple[int, bool, frozenset[str]], list[int]] = {}
    for table in tables:
        steps, on_side, parts = len(table), table.block.on_side, frozenset(_parts(table))
        fitting = [
            key for key in open_ if key[:2] == (steps, on_side) and open_[key] and parts and parts.isdisjoint(key[2])
        ]
        if fitting:
            key = min(fitting, key=lambda key: open_[key][0])
            place = open_[key].pop(0)
            joined[place].blocks += table.blocks
            joined[place].columns += table.columns
            parts |= key[2]
        else:
            place = len(joined)
            joined.append(table)
        if steps > 1 and parts and parts != _PARTS.keys():
            insort(open_.setdefault((steps, on_side, parts), []), place)
    return joined


def _parts(table: Table) -> set[str]:
    """Which parts of a network's table it has: weights, the forward pass, gradients."""
    names = {column.candidates[0] for column in table.columns if column.candidates}
    return {part for part, pattern in _PARTS.items() if any(re.match(pattern, name) for name in names)}


@dataclass(frozen=True)
class _Grid:
    """A sheet's cells by row and column; where tables lie on their side, by column and row."""

    sheet: Sheet
    on_side: bool
    rows: dict[int, dict[int, Cell]]
    headers: dict[int, dict[int, tuple[str, ...]]]  # what texts may name, by row and column

    def computes(self, header: int, column: int) -> bool:
        """Whether there are formulas in a column not far below a header."""
        below = (self.rows.get(row, {}).get(column) for row in range(header + 1, header + 2 * _GAP + 2))
        return any(cell is not None and cell.formula is not None for cell in below)

    def text(self, row: int, column: int) -> str:
        """Return the text in a cell; empty if it holds none."""
        cell = self.rows[row].get(column)
        return cell.value if cell is not None and isinstance(cell.value, str) else ""

    def has_numbers(self, rows: Iterable[int], columns: Iterable[int]) -> bool:
        """Whether there are numbers in some rows and columns."""
        cells = (self.rows.get(row, {}).get(column) for row in rows for column in columns)
        return any(cell is not None and cell.number is not None for cell in cells)

    def shapes(self, row: int, columns: Container[int]) -> dict[int, str]:
        """Return the formulas of a row without what moves in them from step to step, by column."""
        moving = _SIDEWAYS if self.on_side else _DOWN
        return {
            column: moving.sub("", cell.formula)
            for column, cell in self.rows[row].items()
            if column in columns and cell.formula is not None
        }


def _grid(sheet: Sheet, *, on_side: bool) -> _Grid:
    grid = _Grid(sheet, on_side, {}, {})
    for place, cell in sheet.cells.items():
        row, column = reversed(place) if on_side else place
        grid.rows.setdefault(row, {})[column] = cell
        if isinstance(cell.value, str) and (candidates := headers.read(cell.value)):
            grid.headers.setdefault(row, {})[column] = candidates
    return grid


def _tables(grid: _Grid, deadline: Callable[[], None]) -> Iterator[Table]:
    deadline()
    heads = _without_explanations(list(_heads(grid)), grid)
    order = sorted(grid.rows)
    for row, group in heads:
        deadline()
        steps = _steps(grid, order[bisect_right(order, row) :], row, group)
        if steps:
            block = ColumnBlock(grid.sheet, row, steps, grid.on_side)
            others = {number for other, columns in heads if other == row and columns is not group for number in columns}
            table = Table([block], _columns(grid, block, group, others))
            # A table of numbers alone is one whose formulas were pasted over.
            if any(column.has_formulas for column in table.columns) or _parts(table) == _PARTS.keys():
                yield table


def _heads(grid: _Grid) -> Iterator[_Head]:
    for row, candidates in sorted(grid.headers.items()):
        for group in _groups(dict(sorted(candidates.items())), partial(grid.computes, row)):
            if _is_header(group):
                yield row, group


def _without_explanations(heads: list[_Head], grid: _Grid) -> list[_Head]:
    """Rows of headers without those that only stand beside one, such as a row that explains each quantity."""
    by_row: dict[int, list[Mapping[int, tuple[str, ...]]]] = {}
    for row, group in heads:
        by_row.setdefault(row, []).append(group)

    def names(group: Mapping[int, tuple[str, ...]]) -> int:
        return len({candidates[0] for candidates in group.values()})

    def explains(row: int, group: Mapping[int, tuple[str, ...]], other: int) -> bool:
        """Whether a row explains another one, which names more, or as much further up."""
        return any(
            columns.keys() & group.keys()
            and not grid.has_numbers(range(min(row, other) + 1, max(row, other)), group)
            and (names(columns), -other) > (names(group), -row)
            for columns in by_row.get(other, ())
        )

    return [
        (row, group)
        for row, group in heads
        if not any(explains(row, group, other) for other in range(row - _GAP, row + _GAP + 1) if other != row)
    ]


def _is_header(group: Mapping[int, tuple[str, ...]]) -> bool:
    return len({candidates[0] for candidates in group.values()} - _INCIDENTAL) >= _FEWEST


def _groups(
    candidates: Mapping[int, tuple[str, ...]], computes: Callable[[int], bool]
) -> list[dict[int, tuple[str, ...]]]:
    """Return the headers of a row, apart where tables stand side by side: where most of the names come a second time.

    `computes` tells whether there are formulas in a column below its header.
    """
    columns = list(candidates)
    groups: list[list[int]] = []
    start = 0
    while (cut := _second_table(columns[start : start + _WIDEST], candidates)) is not None:
        groups.append(columns[start : start + cut])
        start += cut
    groups.append(columns[start:])
    return [_without_strays({column: candidates[column] for column in group}, computes) for group in groups]


def _second_table(columns: Sequence[int], candidates: Mapping[int, tuple[str, ...]]) -> int | None:
    """At which of some headers a further table begins; None if they are all of one."""
    names = [candidates[column][0] for column in columns]
    cuts = list(_repetitions(names))
    # Tables side by side stand apart or begin alike; any other name may just stand there twice.
    first = next((name for name in names if name not in _INCIDENTAL), "")
    begins = [_begin(cut, columns, names) for cut in cuts]
    apart = [begin for begin in begins if columns[begin] - columns[begin - 1] > 1]
    alike = [begin for cut, begin in zip(cuts, begins, strict=True) if names[cut] == first]
    return next(iter((*apart, *alike, *begins)), None)


def _repetitions(names: Sequence[str]) -> Iterator[int]:
    """Where a name comes again, and most of the names before it still do."""
    own: set[str] = set()
    rest = Counter(names)
    for number, name in enumerate(names):
        if name not in _INCIDENTAL:
            if name in own and sum(rest[known] > 0 for known in own) >= max(_FEWEST, 0.6 * len(own)):
                yield number
            own.add(name)
            rest[name] -= 1


def _begin(cut: int, columns: Sequence[int], names: Sequence[str]) -> int:
    """Where a table begins whose first quantity is at `cut`: the number of the step may stand before it."""
    while cut > 1 and names[cut - 1] in _INCIDENTAL:
        # A rate belongs to what it joins.
        if names[cut - 1] != "step" and columns[cut - 1] - columns[cut - 2] == 1:
            break
        cut -= 1
    return cut


def _without_strays(group: dict[int, tuple[str, ...]], computes: Callable[[int], bool]) -> dict[int, tuple[str, ...]]:
    """Return a table's headers without a few that stand apart and name again what it has, as lists of parameters do."""
    columns = list(group)
    breaks = [0, *(i for i in range(1, len(columns)) if columns[i] - columns[i - 1] > 1), len(columns)]
    parts = [columns[first:last] for first, last in pairwise(breaks)]
    kept: dict[int, tuple[str, ...]] = {}
    for part in sorted(parts, key=len, reverse=True):
        names = {group[column][0] for column in part}
        known = {candidates[0] for candidates in kept.values()}
        if len(part) >= _FEWEST or not names <= known or any(map(computes, part)):
            kept |= {column: group[column] for column in part}
    return dict(sorted(kept.items()))


def _steps(grid: _Grid, following: Iterable[int], header: int, group: Mapping[int, tuple[str, ...]]) -> list[int]:
    """Return the rows below a header that hold a step: those with a number or a formula in several of its columns."""
    needed = max(2, len(group) // 5)
    found: list[int] = []
    last = header
    for row in following:
        # Behind steps, a row of names is another table's; before them, it explains the headers.
        if row - last > _GAP or (found and len(grid.headers.get(row, {}).keys() & group.keys()) > 1):
            break
        if sum(column in group and _is_filled(cell) for column, cell in grid.rows[row].items()) < needed:
            continue
        if len(found) > 1 and not _continues(grid, row, found, group):
            break
        found.append(row)
        last = row
    return found


def _is_filled(cell: Cell) -> bool:
    return cell.formula is not None or bool(cell.error) or cell.number is not None


def _continues(grid: _Grid, row: int, found: Sequence[int], group: Container[int]) -> bool:
    """Whether a row goes on with what the two above it have, unlike one with averages, or with what should come out."""
    own, formulas, earlier = (grid.shapes(number, group) for number in (row, found[-1], found[-2]))
    if not any(formulas[column] == earlier[column] for column in formulas.keys() & earlier):
        return True
    if any(own[column] == formulas[column] for column in own.keys() & formulas.keys()):
        return True
    # Numbers right below are pasted ones; formulas of another kind, or what stands apart, is no step.
    return not own and row - found[-1] == 1


def _columns(
    grid: _Grid, block: ColumnBlock, group: Mapping[int, tuple[str, ...]], others: Container[int]
) -> list[Column]:
    """Return the columns from the first header to the last, and those next to them, but none of `others`."""
    steps = [grid.rows[row] for row in block.rows]
    filled = {number for step in steps for number in step if number not in others}
    first, last = min(group), max(group)
    while first - 1 in filled:
        first -= 1
    while last + 1 in filled:
        last += 1
    end = _with_helpers(last, filled, steps)
    columns = []
    for number in sorted(number for number in filled if first <= number <= end):
        cells = {index: step[number] for index, step in enumerate(steps) if number in step}
        text, candidates = grid.text(block.header_row, number), group.get(number, ())
        columns.append(Column(block, number, text, candidates, is_apart=number > last, cells=cells))
    return columns


def _with_helpers(last: int, filled: Container[int], steps: Sequence[Mapping[int, Cell]]) -> int:
    """Return the last column of a table with its helper columns, which may stand a blank column apart."""
    counts = Counter(number for step in steps for number, cell in step.items() if cell.formula is not None)
    while last + 1 in filled or (last + 2 in filled and 2 * counts[last + 2] > len(steps)):
        last += 1
    return last
