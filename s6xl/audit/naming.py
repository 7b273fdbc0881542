"""What columns are called: by their headers, and where formulas contradict these or say more, by formulas."""

import re
from collections import Counter
from collections.abc import Iterator
from itertools import combinations, islice

from s6xl.audit.placement import Placement
from s6xl.audit.tables import Column, Table

_MOST_TRIALS = 300  # of other names, in one table
# What people compute in columns of their own on the way to the gradients.
_HELPERS = tuple(
    name.format(neuron) for name in ("dE_d{}", "dE_da_{}", "da_{0}_d{0}") for neuron in ("o1", "o2", "h1", "h2")
)


def name_columns(table: Table) -> None:
    """Give each column the likeliest quantity that no other column is likelier to be."""
    for column in table.columns:
        column.name = None
    taken = {column.readings[0] for column in table.columns if len(column.readings) == 1}
    for column in table.columns:
        if column.readings:
            free = (name for name in column.readings if name not in taken)
            name = column.readings[0] if len(column.readings) == 1 else next(free, column.readings[0])
            taken.add(name)
            column.name = None if name == "?" else name

    # Where one column has formulas, another of that name that has none is something else, such as E for epoch.
    computed = {column.name for column in table.columns if column.has_formulas}
    for column in table.columns:
        if column.name in computed and not column.has_formulas and not re.match(r"[tiwb]\d", column.name or ""):
            column.name = None


def shift(placement: Placement, wrong: list[Column]) -> None:
    """Try whether the weights stand in the row in which they are found, so that the next row computes with them."""
    weights = {column: column.name or "" for column in placement.table.columns if placement.learns(column.name or "")}
    placement.call({column: f"{name}_next" for column, name in weights.items()})
    if len(placement.wrong()) >= len(wrong):
        placement.call(weights)


def place_unnamed(placement: Placement) -> None:
    """Give columns whose headers say nothing the quantity that their formulas compute."""
    headed = {column.name for column in placement.table.columns}
    for column in placement.samples:
        if column.name is None:
            name = placement.computed(column, negative=True)
            if name is not None and name not in headed:
                placement.call({column: name})
                headed.add(name)
    for column in placement.samples:
        if column.name in (None, "lr", "step"):
            missing = (weight for weight in placement.model.learning if not placement.table.named(weight))
            placement.call_what_fits(column, missing)


def rename(placement: Placement, wrong: list[Column]) -> None:
    """Take headers for wrong where that leaves fewer columns wrong."""
    if not wrong:
        return
    trials = (_permutations, _exchanges, _missing)
    for trial in islice((trial for trials_of in trials for trial in trials_of(placement, wrong)), _MOST_TRIALS):
        before = {column: column.name for column in trial}
        placement.call(trial)
        found = placement.wrong()
        named = {column: name for column, name in trial.items() if name and column.says and name not in column.readings}
        better = len(found) < len(wrong) and len(found) + len(named) <= len(wrong)
        if better and trial.keys().isdisjoint(found):
            wrong = found
            placement.misnamed |= named
            continue
        placement.call(before)


def blame_helpers(placement: Placement) -> None:
    """Take a column that says nothing for what those that use it need, where that leaves it alone wrong."""
    wrong = placement.wrong()
    for column in placement.samples:
        if column.name is not None or len(wrong) < 2:
            continue
        for name in (f"{sign}{name}" for sign in ("", "-") for name in _HELPERS):
            placement.call({column: name})
            found = placement.wrong()
            if len(found) < len(wrong):
                wrong = found
                break
            placement.call({column: None})


def _permutations(placement: Placement, wrong: list[Column]) -> Iterator[dict[Column, str | None]]:
    """Wrong columns that compute what others of them are headed, or what no column is headed."""
    computed = {
        column: name
        for column in placement.table.columns
        if column in wrong and (name := placement.computed(column)) is not None
    }
    headed = {column.name for column in placement.table.columns}
    for column, name in computed.items():
        partner = next((other for other in wrong if other.name == name), None)
        twice = sum(other.name == column.name for other in placement.table.columns) > 1
        if partner is not None:
            yield {column: name, partner: column.name or ""}
        elif twice and name not in headed:
            yield {column: name}


def _exchanges(placement: Placement, wrong: list[Column]) -> Iterator[dict[Column, str | None]]:
    """Two headers exchanged, of what is given or what is alike; tried where several columns are wrong."""
    if len(wrong) < 3:
        return
    pairs = (("t1", "t2"), ("i1", "i2"), ("h1", "h2"), ("a_h1", "a_h2"), ("o1", "o2"), ("a_o1", "a_o2"))
    kinds: tuple[tuple[str, ...], ...] = (*pairs, placement.model.weights)
    for kind in kinds:
        for one, other in combinations([column for column in placement.table.columns if column.name in kind], 2):
            if one.name != other.name:
                yield {one: other.name or "", other: one.name or ""}


def _missing(placement: Placement, wrong: list[Column]) -> Iterator[dict[Column, str | None]]:
    """Columns that say nothing, or what another one says too, as nothing or each quantity that no header names."""
    headed = Counter(column.name for column in placement.table.columns)
    missing = [name for name in (*placement.model.givens, *placement.model.expressions) if name not in headed]
    for column in placement.table.columns:
        if column.name is None or (headed[column.name] > 1 and column.name not in placement.misnamed.values()):
            yield from ({column: name} for name in (None, *missing) if name != column.name)
