"""Finds what the cells outside a table are that its formulas use: inputs, targets, biases and the learning rate."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product

from s6xl.audit.formulas import UnreadableError
from s6xl.audit.networks import INPUTS
from s6xl.audit.operators import FaultError
from s6xl.audit.reading import Reading, first_right, shape, usual
from s6xl.audit.resolving import constants
from s6xl.audit.tables import Column
from s6xl.audit.typed_givens import typed_givens
from s6xl.ooxml.book import Key

_MOST_UNKNOWN = 3  # cells outside the table without a label, in one formula
_PLAIN_NUMBERS = (0.0, 1.0, 2.0, 0.5)  # that stand in the network's own formulas


def find_roles(reading: Reading) -> Reading:
    """Find what unlabelled cells outside the table stand for: what makes the formulas right that use them."""
    missing = [name for name in _alone(reading) if not reading.column(name)]
    for column in reading.samples if missing else ():
        if _is_in_question(reading, column):
            reading = first_right(column, reading, _with_roles(reading, column, missing))
    return reading


def _alone(reading: Reading) -> tuple[str, ...]:
    """Return what may have a cell of its own outside the table, or none: inputs, targets and biases."""
    return *INPUTS, *dict.fromkeys(reading.model.biases.values())


def _is_in_question(reading: Reading, column: Column) -> bool:
    """Whether a column is wrong for want of what stands outside the table; weights follow from their own columns."""
    return not reading.is_weight(reading.name(column)) and reading.verdict(column) is False


def _with_roles(reading: Reading, column: Column, missing: Sequence[str]) -> Iterator[Reading]:
    """Yield the readings that take unlabelled cells that a column's formula uses for quantities without a column."""
    _, atoms = reading.resolver.atoms(column, reading.samples[column])
    cells = [(atom.sheet, atom.place) for atom in constants(atoms) if isinstance(atom.value, float)]
    # What stands in the table itself is in a column that is not known yet.
    unknown = [key for key in cells if reading.whereabouts.within(reading.table, key) is None]
    if 0 < len(unknown) <= _MOST_UNKNOWN:
        for names in product(missing, repeat=len(unknown)):
            yield reading.with_roles(dict(zip(unknown, names, strict=True)))


def find_typed(reading: Reading) -> Reading:
    """Find the inputs and targets that are typed into the formulas as numbers, whether they have cells or not."""
    alone = _alone(reading)
    roles = {role: reading.resolver.number(key) for role, key in reading.outside.items()}
    held = {name: usual(column) for name in alone if (column := reading.column(name)) is not None}
    known = {name: number for name, number in (roles | held).items() if number is not None and name in alone}
    missing = [name for name in alone if name not in held and name not in roles]
    for column in reading.samples:
        if _is_in_question(reading, column):
            typed = known | _numbers(reading)
            reading = first_right(column, reading, _with_typed(reading, column, typed, missing))
    return _with_typed_alike(reading, known)


def _numbers(reading: Reading) -> dict[str, float]:
    return {name: float(text) for name, text in reading.typed_numbers().items()}


def _with_typed(
    reading: Reading, column: Column, known: Mapping[str, float], missing: Sequence[str]
) -> Iterator[Reading]:
    """Yield the readings that take numbers in a column's formula for givens."""
    try:
        formula, _ = reading.resolver.atoms(column, reading.samples[column])
    except UnreadableError:
        return
    for typed in typed_givens(formula.template, len(formula.references), known, missing):
        yield reading.with_typed(reading.name(column), formula.template, typed)


def _with_typed_alike(reading: Reading, held: Mapping[str, float]) -> Reading:
    """Read the numbers in wrong formulas as what they are in right ones, so that what is wrong can be told."""
    known = {name: number for name, number in {**held, **_numbers(reading)}.items() if number not in _PLAIN_NUMBERS}
    for column, index in reading.samples.items() if known else ():
        name = reading.name(column)
        # In what takes the learning rate, a number is that.
        if not reading.takes_rate(name) and reading.verdict(column) is False:
            formula, _ = reading.resolver.atoms(column, index)
            options = typed_givens(formula.template, len(formula.references), known, ())
            fullest = max(options, key=lambda typed: len(typed.names), default=None)
            if fullest is not None:
                reading = reading.with_typed(name, formula.template, fullest)
    return reading


@dataclass
class _Votes:
    """Where the updates have their learning rate from, by how many cells do."""

    cells: Counter[Key] = field(default_factory=Counter)  # that a label names
    numbers: Counter[float] = field(default_factory=Counter)
    holders: Counter[Key] = field(default_factory=Counter)  # other cells that hold such a number


def find_rate(reading: Reading) -> Reading:
    """Find the learning rate: the cell, or else the number, that most of the updates have it from.

    A cell that a label on the table's own sheet names goes before one on another sheet, and before numbers.
    """
    rates = reading.column("lr")
    if rates is not None:
        return replace(reading, rate=usual(rates))
    votes = _votes(reading)
    cell = _rate_cell(reading, votes)
    if cell is not None:
        return reading.with_rate_cell(cell)
    return replace(reading, rate=votes.numbers.most_common(1)[0][0]) if votes.numbers else reading


def _rate_cell(reading: Reading, votes: _Votes) -> Key | None:
    """Return the cell of the learning rate; None if there is none."""
    sheet = reading.table.block.sheet
    used = next((key for key, _ in votes.cells.most_common(1)), None)
    if used is None:
        used = next((k for k, count in votes.holders.most_common(1) if 2 * count > votes.numbers.total()), None)
    own = reading.whereabouts.labelled_rates(sheet)
    if len(own) == 1 and (used is None or used[0] != sheet.title.casefold()):
        return own[0]
    return used


def _votes(reading: Reading) -> _Votes:
    votes = _Votes()
    for column, index, count in _updates(reading):
        try:
            _, atoms, value = reading.gives(column, index)
            typed = reading.typed_rate(reading.name(column), atoms, value)
            key = reading.resolver.rate_cell(column, index)
        except (UnreadableError, FaultError, KeyError):
            continue
        if key is not None:
            votes.cells[key] += count
        if typed is not None and typed > 0:
            number = float(f"{typed:.9g}")
            votes.numbers[number] += count
            for atom in constants(atoms):
                if atom.value == number:
                    votes.holders[atom.sheet, atom.place] += count
    return votes


def _updates(reading: Reading) -> Iterator[tuple[Column, int, int]]:
    """Yield a step for each formula that takes the learning rate, and how many cells of its column have it."""
    for column in reading.table.columns:
        name = reading.name(column)
        if not reading.takes_rate(name):
            continue
        steps: dict[object, list[int]] = {}
        for index, cell in column.cells.items():
            if cell.formula is not None and (index or not reading.learns(name)):
                steps.setdefault(shape(reading.whereabouts, column, index), []).append(index)
        for alike in steps.values():
            yield column, alike[0], len(alike)
