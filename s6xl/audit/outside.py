"""Finds what the cells outside a table are that its formulas use: inputs, targets, biases and the learning rate."""

from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import product

from s6xl.audit.formulas import UnreadableError
from s6xl.audit.literals import readings
from s6xl.audit.networks import INPUTS
from s6xl.audit.operators import FaultError
from s6xl.audit.placement import Placement, shape, usual
from s6xl.audit.resolving import constants
from s6xl.audit.tables import Column
from s6xl.ooxml.book import Key

_MOST_UNKNOWN = 3  # cells outside the table without a label, in one formula
_PLAIN_NUMBERS = (0.0, 1.0, 2.0, 0.5)  # that stand in the network's own formulas


def find_roles(placement: Placement) -> None:
    """Find what unlabelled cells outside the table stand for: what makes the formulas right that use them."""
    missing = [name for name in _alone(placement) if not placement.table.named(name)]
    if not missing:
        return
    for column in placement.samples:
        if placement.verdict(column) is not False or placement.is_weight(column.name or ""):
            continue
        index = placement.samples[column]
        _, atoms = placement.resolver.atoms(column, index)
        unknown = [
            atom
            for atom in constants(atoms)
            # What stands in the table itself is in a column that is not known yet.
            if isinstance(atom.value, float)
            and placement.resolver.whereabouts.within(placement.table, (atom.sheet, atom.place)) is None
        ]
        if not 0 < len(unknown) <= _MOST_UNKNOWN:
            continue
        for names in product(missing, repeat=len(unknown)):
            trial = {(atom.sheet, atom.place): name for atom, name in zip(unknown, names, strict=True)}
            before = dict(placement.resolver.roles)
            placement.resolver.roles |= trial
            placement.resolver.forget()
            if placement.verdict(column):
                break
            placement.resolver.roles = before
            placement.resolver.forget()


def _alone(placement: Placement) -> tuple[str, ...]:
    """What may have a cell of its own outside the table, or none: inputs, targets and biases."""
    return *INPUTS, *dict.fromkeys(placement.model.biases.values())


def find_typed(placement: Placement) -> None:
    """Find the inputs and targets that are typed into the formulas as numbers, whether they have cells or not."""
    shared = _alone(placement)
    roles = {role: placement.resolver.number(key) for key, role in placement.resolver.known_roles()}
    held = {name: usual(column) for name in shared if (column := placement.table.named(name)) is not None}
    known = {name: number for name, number in (roles | held).items() if number is not None and name in shared}
    missing = [name for name in shared if name not in held and name not in roles]
    for column, index in placement.samples.items():
        if placement.verdict(column) is not False or placement.is_weight(column.name or ""):
            continue
        try:
            formula, _ = placement.resolver.atoms(column, index)
        except UnreadableError:
            continue
        typed = known | {name: float(text) for name, text in placement.typed_numbers().items()}
        key = column.name or "", formula.template
        for reading in readings(formula.template, len(formula.references), typed, missing):
            placement.typed[key] = reading
            if placement.verdict(column):
                break
            del placement.typed[key]
    _read_typed_alike(placement, known)


def _read_typed_alike(placement: Placement, held: Mapping[str, float]) -> None:
    """Read the numbers in wrong formulas as what they are in right ones, so that what is wrong can be told."""
    typed = {name: float(text) for name, text in placement.typed_numbers().items()}
    known = {name: number for name, number in {**held, **typed}.items() if number not in _PLAIN_NUMBERS}
    for column, index in placement.samples.items():
        # In what takes the learning rate, a number is that.
        if known and not placement.takes_rate(column.name or "") and placement.verdict(column) is False:
            formula, _ = placement.resolver.atoms(column, index)
            fullest = max(
                readings(formula.template, len(formula.references), known, ()),
                key=lambda reading: len(reading.names),
                default=None,
            )
            if fullest is not None:
                placement.typed[column.name or "", formula.template] = fullest


def find_rate(placement: Placement) -> None:
    """Find the learning rate: the cell, or else the number, that most of the updates have it from.

    A cell that a label on the table's own sheet names goes before one on another sheet, and before numbers.
    """
    cells: Counter[Key] = Counter()
    numbers: Counter[float] = Counter()
    holders: Counter[tuple[float, Key]] = Counter()
    for column, index, count in _updates(placement):
        try:
            _, atoms, value = placement.gives(column, index)
            typed = placement.typed_rate(column.name or "", atoms, value)
            key = placement.resolver.rate_cell(column, index)
        except (UnreadableError, FaultError, KeyError):
            continue
        if key is not None:
            cells[key] += count
        if typed is not None and typed > 0:
            number = float(f"{typed:.9g}")
            numbers[number] += count
            for atom in constants(atoms):
                if atom.value == number:
                    holders[number, (atom.sheet, atom.place)] += count
    if (rates := placement.table.named("lr")) is not None:
        placement.rate = usual(rates)
        return
    own = placement.resolver.whereabouts.labelled_rates(placement.table.block.sheet)
    home = placement.table.block.sheet.title.casefold()
    used = cells.most_common(1)[0][0] if cells else None
    if used is None and holders:
        (_, held), count = holders.most_common(1)[0]
        used = held if 2 * count > sum(numbers.values()) else None
    if len(own) == 1 and (used is None or used[0] != home):
        used = own[0]
    if used is not None:
        placement.resolver.roles[used] = "lr"
        placement.resolver.rate = used
        placement.rate = placement.resolver.number(used)
        placement.resolver.forget()
    elif numbers:
        placement.rate = numbers.most_common(1)[0][0]


def _updates(placement: Placement) -> Iterator[tuple[Column, int, int]]:
    """A step for each formula that takes the learning rate, and how many cells of its column have it."""
    for column in placement.table.columns:
        name = column.name or ""
        if not placement.takes_rate(name):
            continue
        steps: dict[object, list[int]] = {}
        for index, cell in column.cells.items():
            if cell.formula is not None and (index or not placement.learns(name)):
                steps.setdefault(shape(placement.resolver.whereabouts, column, index), []).append(index)
        for alike in steps.values():
            yield column, alike[0], len(alike)
