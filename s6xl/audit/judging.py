"""Judges a table cell by cell: what formulas compute, what stands where one belongs, and what the steps start from."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from operator import is_

from s6xl.audit.findings import Finding, Kind
from s6xl.audit.formulas import Formula, UnreadableError, hole
from s6xl.audit.networks import written
from s6xl.audit.operators import FaultError
from s6xl.audit.reading import Reading
from s6xl.audit.resolving import Atom, Constant, ResolvedQuantity, quantities
from s6xl.audit.slips import Budget, Slip, Slips
from s6xl.audit.tables import Column
from s6xl.audit.values import BlankError, constant
from s6xl.audit.writing import FormulaWriter, TableCell
from s6xl.ooxml.addresses import address
from s6xl.ooxml.book import Cell, Key

_FEWEST_IN_SERIES = 4  # different numbers that make a series
_MAJORITY = 0.6  # of the rows, so that the others are taken for mistakes


@dataclass
class _Wrong:
    """A wrong cell."""

    index: int
    kind: Kind
    slip: Slip
    stands: str
    formula: Formula | None = None


@dataclass
class Judgement:
    """What came out: findings, what could not be judged, and what is worth knowing."""

    findings: list[Finding] = field(default_factory=list)
    not_checked: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    wrong: set[tuple[Column, int]] = field(default_factory=set)  # the cells of the findings


def judge(reading: Reading, budget: Budget, deadline: Callable[[], None]) -> Judgement:
    """Judge every cell of a table."""
    judge_of = _Judge(reading, budget, deadline)
    for column in reading.table.columns:
        deadline()
        judge_of.column(column)
    judge_of.close()
    return judge_of.judgement


class _Judge:
    def __init__(self, reading: Reading, budget: Budget, deadline: Callable[[], None]) -> None:
        self.judgement = Judgement()
        self._reading = reading
        self._deadline = deadline
        self._slips = Slips(reading, budget)
        self._writer = FormulaWriter(reading)
        # What the formula of the column's last right cell stands for: that of the next one is mostly the same.
        self._last_right: tuple[Formula, tuple[Atom, ...]] | None = None
        # The cells that cannot be told, by the reason.
        self._unclear: dict[str, dict[Column, list[int]]] = {}
        # Rows in which most of the columns hold something.
        filled = Counter(index for column in reading.resolver.names for index in column.cells)
        most = max(filled.values(), default=0)
        self._full = {index for index, count in filled.items() if count > most / 2}

    def column(self, column: Column) -> None:
        """Judge a column."""
        reading, name = self._reading, self._reading.name(column)
        if name == "step":
            return
        if name == "lr":
            self._report(column, name, self._rates(column))
            return
        if not name:
            if column.has_formulas and not column.is_apart and not self._is_used(column):
                head = f" (header {column.header!r})" if column.header else ""
                cells = areas(column, column.cells)
                self.judgement.not_checked.append(f"{cells}{head}: not a known quantity of the network")
            return
        if reading.is_weight(name) and not reading.moves:
            return
        if column in reading.misnamed:
            self._misnamed(column, name)
        wrong = self._given(column, name) if reading.is_given(name) else self._computed(column, name)
        self._report(column, name, wrong)

    def _is_used(self, column: Column) -> bool:
        """Whether a column without a quantity of its own is looked through where others use it."""
        table = self._reading.table
        own = {column.place(index) for index in range(len(table))}
        for other in table.columns:
            if not self._reading.name(other):
                continue
            for cell in list(other.cells.values())[:3]:
                if cell.formula is None:
                    continue
                try:
                    formula = self._reading.whereabouts.formulas.of(cell, other.sheet)
                except UnreadableError:
                    continue
                if any(reference.first.at((cell.row, cell.column)) in own for reference in formula.references):
                    return True
        return False

    def _misnamed(self, column: Column, name: str) -> None:
        block = column.block
        self.judgement.findings.append(
            Finding(
                Kind.HEADER,
                column.sheet,
                address(*block.place(column.number, block.header_row)),
                f"the header is wrong: the column computes {written(name)}",
                written(name),
                column.header,
                written(name),
            )
        )

    def _given(self, column: Column, name: str) -> list[_Wrong]:
        """Return what is wrong in a column of inputs, targets or other numbers that all steps share."""
        wrong: list[_Wrong] = []
        numbers: dict[int, float] = {}
        for index, cell in column.cells.items():
            if cell.formula is not None:
                found = self._given_by_formula(column, index, name)
                if isinstance(found, _Wrong):
                    wrong.append(found)
                elif found is not None:
                    numbers[index] = found
            elif isinstance(cell.value, float | int):
                numbers[index] = float(cell.value)
            elif cell.error or str(cell.value or "").strip():
                wrong.append(_not_a_number(index, cell, Kind.GIVEN))
        return wrong + self._changing(column, name, numbers) + self._absent(column, name)

    def _given_by_formula(self, column: Column, index: int, name: str) -> float | _Wrong | None:
        """Return the number that a formula takes from outside the table, or what is wrong with it."""
        try:
            formula, atoms, value = self._reading.gives(column, index)
        except (UnreadableError, FaultError) as error:
            return self._not_computed(column, index, name, error)
        number = constant(value)
        if number is not None and not quantities(atoms):
            return number
        if self._reading.is_right(name, atoms, value):
            return None
        slip = self._slips.explain(name, formula, atoms, value, TableCell(column, index))
        return _Wrong(index, Kind.GIVEN, slip, _text(column.cells[index]))

    def _not_computed(self, column: Column, index: int, name: str, error: Exception) -> _Wrong | None:
        """Return what is wrong where a formula gives an error; None where a guard keeps it blank or nobody can tell."""
        if isinstance(error, FaultError):
            return None if isinstance(error, BlankError) else self._fault(column, index, name, error)
        self._unclear.setdefault(str(error), {}).setdefault(column, []).append(index)
        return None

    def _changing(self, column: Column, name: str, numbers: dict[int, float]) -> list[_Wrong]:
        """Return the rows in which what all of them share is another number than in most."""
        if not numbers:
            return []
        usual, count = Counter(numbers.values()).most_common(1)[0]
        if len(numbers) < len(column.cells) / 2:
            # The other rows have it from the row above, down from the first.
            usual, count = numbers[min(numbers)], len(column.cells)
        others = {index: number for index, number in numbers.items() if number != usual}
        if not others:
            return []
        words = f"{written(name)} must be the same in every row: most have {usual:.10g}"
        if count < _MAJORITY * len(numbers):
            if name == "lr" or len(set(numbers.values())) < max(_FEWEST_IN_SERIES, len(numbers) / 2):
                self.judgement.notes.append(f"{written(name)} changes from row to row and is taken as given")
                return []
            # All different: filled down as a series, or drawn anew in each row.
            usual = numbers[min(numbers)]
            words = f"{written(name)} must be the same in every row: the first has {usual:.10g}"
            others = {index: number for index, number in numbers.items() if number != usual}
        return [_Wrong(index, Kind.GIVEN, Slip(words, f"{usual:.10g}"), _text(column.cells[index])) for index in others]

    def _absent(self, column: Column, name: str) -> list[_Wrong]:
        """Empty cells in a column that most rows fill."""
        if 2 * len(column.cells) < len(self._full):
            return []
        words = f"empty: {written(name)} is missing"
        return [_Wrong(index, Kind.GIVEN, Slip(words), "") for index in sorted(self._full - column.cells.keys())]

    def _rates(self, column: Column) -> list[_Wrong]:
        """Return what is wrong in a column of learning rates."""
        numbers = {
            index: float(cell.value)
            for index, cell in column.cells.items()
            if cell.formula is None and isinstance(cell.value, float | int)
        }
        return self._changing(column, "lr", numbers) + (self._absent(column, "lr") if numbers else [])

    def _computed(self, column: Column, name: str) -> list[_Wrong]:
        """Return what is wrong in a column of formulas."""
        starts = self._starts(column, name)
        wrong: list[_Wrong] = []
        right: Counter[Formula] = Counter()
        self._last_right = None
        for index, cell in column.cells.items():
            if not index % 64:
                self._deadline()
            if starts and index == 0:
                wrong += self._start(name, column)
            elif cell.formula is None:
                wrong += self._pasted(name, column, index)
            else:
                found = self._formula_cell(name, column, index)
                if isinstance(found, _Wrong):
                    wrong.append(found)
                elif found is not None:
                    right[found] += 1
        self._take_faults_along(wrong)
        wrong += self._missing(column, name)
        return self._as_neighbours(column, wrong, right)

    def _formula_cell(self, name: str, column: Column, index: int) -> Formula | _Wrong | None:
        """Return a formula that is right, or what is wrong with it; None if neither can be told."""
        try:
            resolved = self._reading.resolver.atoms(column, index)
            if self._last_right is not None and all(map(is_, resolved, self._last_right)):
                return resolved[0]
            formula, atoms, value = self._reading.gives(column, index)
            if self._reading.is_right(name, atoms, value):
                self._last_right = resolved
                return resolved[0]
        except (UnreadableError, FaultError, KeyError) as error:
            return self._not_computed(column, index, name, error)
        slip = self._slips.explain(name, formula, atoms, value, TableCell(column, index))
        return _Wrong(index, self._kind(name), slip, _text(column.cells[index], formula), formula)

    def _take_faults_along(self, wrong: list[_Wrong]) -> None:
        """Count an error to the mistake that the same formula is in other rows: there, it only found numbers."""
        explained = {item.formula: item for item in wrong if item.formula is not None and item.kind is not Kind.ERROR}
        for item in wrong:
            same = explained.get(item.formula) if item.formula and item.kind is Kind.ERROR else None
            if same is not None:
                item.kind, item.slip = same.kind, replace(same.slip, right=item.slip.right)

    def _start(self, name: str, column: Column) -> list[_Wrong]:
        """Return what is wrong in the first row of a weight, where it is given."""
        cell = column.cells[0]
        if cell.formula is None:
            return [] if isinstance(cell.value, float | int) else [_not_a_number(0, cell, Kind.START)]
        weight = name.removesuffix("_next")
        try:
            formula = self._reading.whereabouts.formulas.of(cell, column.sheet)
            words = self._start_by_formula(weight, column)
        except FaultError:
            words = _no_start(weight)
        except UnreadableError as error:
            self.judgement.not_checked.append(f"{cell.address}: {error}")
            return []
        return [_Wrong(0, Kind.START, Slip(words), _text(cell, formula))] if words else []

    def _start_by_formula(self, weight: str, column: Column) -> str:
        """Return what is wrong with the formula that a weight starts from; empty if nothing is."""
        formula, atoms, _ = self._reading.gives(column, 0)
        used = {(atom.name.removesuffix("_next"), atom.offset) for atom in quantities(atoms)}
        if any(offset or name not in (*self._reading.model.givens, "lr") for name, offset in used):
            return _no_start(weight)
        if any(name not in self._reading.model.learning for name, _ in used):
            raise UnreadableError("it starts from a value in another table")
        if formula.template != hole(0):
            return ""
        return self._start_elsewhere(weight, formula.references[0].key(column.sheet, column.place(0)), atoms)

    def _start_elsewhere(self, weight: str, key: Key, atoms: tuple[Atom, ...]) -> str:
        """Return what is wrong with the cell that a weight has its start from; empty if nothing is."""
        used = quantities(atoms)
        if used and ResolvedQuantity(weight, 0) not in used:
            return _no_start(weight)
        if isinstance(atoms[0], Constant) and atoms[0].value is None:
            return f"{weight} starts from an empty cell"
        labelled = next(iter(self._reading.whereabouts.label(key)), weight)
        if labelled != weight and self._reading.is_weight(labelled):
            return f"starts from {labelled} instead of {weight}"
        return ""

    def _pasted(self, name: str, column: Column, index: int) -> list[_Wrong]:
        """Return what is wrong with a cell without a formula where one belongs."""
        cell = column.cells[index]
        if cell.error:
            return [_Wrong(index, Kind.ERROR, Slip(f"shows {cell.error}"), cell.error)]
        if cell.value is None or (isinstance(cell.value, str) and not cell.value.strip()):
            return []
        kind = "text" if isinstance(cell.value, str) else "number"
        words = f"a typed or pasted {kind} instead of a formula"
        return [_Wrong(index, Kind.VALUE, Slip(words, self._writer.right(name, TableCell(column, index))), _text(cell))]

    def _missing(self, column: Column, name: str) -> list[_Wrong]:
        """Rows that are empty in this column only, in its midst."""
        held = [index for index, cell in column.cells.items() if cell.formula is not None or cell.value is not None]
        if not held:
            return []
        words = "empty: the formula is missing"
        starts = self._starts(column, name)
        found = []
        for index in sorted(self._full - set(held)):
            if index == 0 and starts:
                empty = f"empty: the first value of {written(name)} is missing"
                found.append(_Wrong(0, Kind.START, Slip(empty), ""))
            elif index < max(held):
                found.append(
                    _Wrong(index, Kind.VALUE, Slip(words, self._writer.right(name, TableCell(column, index))), "")
                )
        return found

    def _starts(self, column: Column, name: str) -> bool:
        """Whether a column holds a given number in its first row."""
        weight = name.removesuffix("_next")
        return self._reading.is_weight(weight) and (name == weight or weight in column.candidates)

    def _fault(self, column: Column, index: int, name: str, fault: FaultError) -> _Wrong:
        """Return what is wrong with a formula that gives an error whatever the numbers."""
        error = str(fault)
        words = {
            "#REF!": "gives #REF!: it refers to a cell that was deleted",
            "#VALUE!": "gives #VALUE!: it calculates with text",
            "a circular reference": "refers to itself: a circular reference",
        }.get(error, f"gives {error}")
        cell, at = column.cells[index], TableCell(column, index)
        formula, atoms = self._reading.resolver.atoms(column, index)
        slid = self._slips.slid(name, formula, atoms, at)
        if slid is not None:
            return _Wrong(index, self._kind(name), slid, _text(cell, formula), formula)
        return _Wrong(index, Kind.ERROR, Slip(words, self._writer.right(name, at)), _text(cell), formula)

    def _kind(self, name: str) -> Kind:
        return Kind.UPDATE if self._reading.is_weight(name.removesuffix("_next")) else Kind.FORMULA

    def close(self) -> None:
        """Say what could not be judged."""
        for reason, columns in self._unclear.items():
            cells = ", ".join(areas(column, indexes) for column, indexes in columns.items())
            self.judgement.not_checked.append(f"{cells}: {reason}")
        named = self._reading.resolver.names.values()
        if len(self._reading.table) > 1 and not self._reading.moves and any(map(self._reading.is_weight, named)):
            self.judgement.not_checked.append("the weights: the table has no gradients to update them with")

    def _as_neighbours(self, column: Column, wrong: list[_Wrong], rights: Counter[Formula]) -> list[_Wrong]:
        """For wrong cells among right ones, what is right is what stands in those."""
        if not rights or sum(rights.values()) <= len(wrong):
            return wrong
        formula = rights.most_common(1)[0][0]
        for item in wrong:
            if item.index:
                right = formula.written(column.place(item.index))
                item.slip = replace(item.slip, right=right if right != item.stands else item.slip.right)
        return wrong

    def _report(self, column: Column, name: str, wrong: Iterable[_Wrong]) -> None:
        """Put wrong cells of one mistake together in one finding."""
        groups: dict[tuple[Kind, str], list[_Wrong]] = {}
        for item in sorted(wrong, key=lambda item: item.index):
            self.judgement.wrong.add((column, item.index))
            groups.setdefault((item.kind, item.slip.key or item.slip.words), []).append(item)
        for (kind, _), items in groups.items():
            first, last = items[0], items[-1]
            words = first.slip.words
            if first.slip.start:
                words = words.replace(f" to {first.slip.reached}", f" to {last.slip.reached}")
            self.judgement.findings.append(
                Finding(
                    kind,
                    column.sheet,
                    areas(column, [item.index for item in items]),
                    words,
                    written(name.removeprefix("-")),
                    first.stands,
                    first.slip.right,
                )
            )


def _not_a_number(index: int, cell: Cell, kind: Kind) -> _Wrong:
    """Return what is wrong in a cell that should hold a number."""
    if cell.error:
        return _Wrong(index, Kind.ERROR, Slip(f"shows {cell.error}"), cell.error)
    return _Wrong(index, kind, Slip("text instead of a number"), str(cell.value))


def _no_start(weight: str) -> str:
    return f"{weight} does not start from a given number"


def areas(column: Column, indexes: Iterable[int]) -> str:
    """Cells of a column as people write them: ``AA33:AA40, AA44``."""
    rows = column.block.rows
    runs: list[list[int]] = []
    for index in sorted(indexes):
        if runs and rows[index] == rows[runs[-1][1]] + 1:
            runs[-1][1] = index
        else:
            runs.append([index, index])
    texts = []
    for first, last in runs:
        start, end = column.address(first), column.address(last)
        texts.append(start if first == last else f"{start}:{end}")
    return ", ".join(texts)


def _text(cell: Cell, formula: Formula | None = None) -> str:
    """Return what stands in a cell, as Excel shows it in its formula bar."""
    if cell.formula is not None:
        if formula is not None and cell.origin != (cell.row, cell.column):
            return formula.written((cell.row, cell.column))
        return f"={cell.formula}"
    if cell.error:
        return cell.error
    if isinstance(cell.value, float | int) and not isinstance(cell.value, bool):
        return f"{cell.value:.15g}"
    return str(cell.value)
