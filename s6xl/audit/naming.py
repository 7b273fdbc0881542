"""What columns are called: by their headers, and where formulas contradict these or say more, by formulas."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import combinations, islice

from s6xl.audit.reading import Reading, best, first_right, renamed
from s6xl.audit.tables import Column, Table

_MOST_TRIALS = 300  # of other names of one kind, in one table
# What people compute in columns of their own on the way to the gradients.
_HELPERS = tuple(
    name.format(neuron) for name in ("dE_d{}", "dE_da_{}", "da_{0}_d{0}") for neuron in ("o1", "o2", "h1", "h2")
)


def names_by_headers(table: Table) -> dict[Column, str]:
    """Return what each column is likeliest, of the quantities that no other column is likelier to be."""
    names = _likeliest(table)
    # Where one column has formulas, another of that name that has none is something else, such as E for epoch.
    computed = {name for column, name in names.items() if column.has_formulas}
    return {
        column: name
        for column, name in names.items()
        if name != "?" and (column.has_formulas or name not in computed or re.match(r"[tiwb]\d", name))
    }


def _likeliest(table: Table) -> dict[Column, str]:
    taken = {column.candidates[0] for column in table.columns if len(column.candidates) == 1}
    names = {}
    for column in table.columns:
        if column.candidates:
            free = (name for name in column.candidates if name not in taken)
            names[column] = next(free, column.candidates[0])
            taken.add(names[column])
    return names


def shift(reading: Reading) -> Reading:
    """Take the weights for those after the step, if the next row computes with what stands in this one."""
    weights = {column: reading.name(column) for column in reading.table.columns if reading.learns(reading.name(column))}
    shifted = reading.with_names({column: f"{name}_next" for column, name in weights.items()})
    return best((reading, shifted))


def name_by_formulas(reading: Reading) -> Reading:
    """Take columns whose headers say nothing for the quantities that their formulas compute."""
    named = {reading.name(column) for column in reading.table.columns}
    for column in reading.samples:
        if not reading.name(column):
            name = reading.computed(column, negative=True)
            if name and name not in named:
                reading = reading.with_names({column: name})
                named.add(name)
    for column in reading.samples:
        if reading.name(column) in ("", "lr", "step"):
            missing = [weight for weight in reading.model.learning if not reading.column(weight)]
            reading = first_right(column, reading, renamed(reading, column, missing))
    return reading


def blame_helpers(reading: Reading) -> Reading:
    """Take a column that says nothing for what those that use it need, where that leaves it alone wrong."""
    for column in reading.samples:
        if not reading.name(column) and len(reading.wrong) > 1:
            others = renamed(reading, column, (f"{sign}{name}" for sign in ("", "-") for name in _HELPERS))
            better = (other for other in others if len(other.wrong) < len(reading.wrong))
            reading = next(better, reading)
    return reading


def rename(reading: Reading) -> Reading:
    """Take headers for wrong where that leaves fewer columns wrong."""
    for other_names in (_permutations, _exchanges, _missing):
        if not reading.wrong:
            break
        for names in islice(other_names(reading), _MOST_TRIALS):
            reading = _better_named(reading, names)
    return reading


def _better_named(reading: Reading, names: Mapping[Column, str]) -> Reading:
    """Return the reading with these names if it leaves fewer columns wrong, and as it is if not.

    A header that is taken for wrong counts like a wrong column.
    """
    other = reading.with_names(names)
    misnamed = {column: name for column, name in names.items() if name and column.contradicts(name)}
    gain = len(reading.wrong) - len(other.wrong)
    if gain > 0 and gain >= len(misnamed) and names.keys().isdisjoint(other.wrong):
        return replace(other, misnamed={**reading.misnamed, **misnamed})
    return reading


def _permutations(reading: Reading) -> Iterator[dict[Column, str]]:
    """Wrong columns that compute what others of them are headed, or what no column is headed."""
    headed = Counter(reading.name(column) for column in reading.table.columns)
    for column in reading.wrong:
        own, name = reading.name(column), reading.computed(column)
        partner = next((other for other in reading.wrong if reading.name(other) == name), None)
        if name and partner is not None:
            yield {column: name, partner: own}
        elif name and headed[own] > 1 and name not in headed:
            yield {column: name}


def _exchanges(reading: Reading) -> Iterator[dict[Column, str]]:
    """Two headers exchanged, of what is given or what is alike; tried where several columns are wrong."""
    if len(reading.wrong) < 3:
        return
    pairs = (("t1", "t2"), ("i1", "i2"), ("h1", "h2"), ("a_h1", "a_h2"), ("o1", "o2"), ("a_o1", "a_o2"))
    kinds: tuple[tuple[str, ...], ...] = (*pairs, reading.model.weights)
    for kind in kinds:
        named = [(column, name) for column in reading.table.columns if (name := reading.name(column)) in kind]
        for (one, name), (other, other_name) in combinations(named, 2):
            if name != other_name:
                yield {one: other_name, other: name}


def _missing(reading: Reading) -> Iterator[dict[Column, str]]:
    """Columns that say nothing, or what another one says too, as nothing or each quantity that no header names."""
    headed = Counter(reading.name(column) for column in reading.table.columns)
    missing = [name for name in (*reading.model.givens, *reading.model.expressions) if name not in headed]
    for column in reading.table.columns:
        own = reading.name(column)
        if not own or (headed[own] > 1 and own not in reading.misnamed.values()):
            yield from ({column: name} for name in ("", *missing) if name != own)
