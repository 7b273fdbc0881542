"""Finds the best reading of a table: what each column is, which network it computes, and where its learning rate is.

Headers come first. Where formulas contradict them, the reading is taken under which the fewest columns are wrong.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from itertools import product

from s6xl.audit.evaluate import Evaluator
from s6xl.audit.formulas import UnreadableError
from s6xl.audit.naming import blame_helpers, name_by_formulas, names_by_headers, rename, shift
from s6xl.audit.networks import Convention, Model, World
from s6xl.audit.outside import find_rate, find_roles, find_typed
from s6xl.audit.reading import Reading, samples
from s6xl.audit.resolving import Resolver, Whereabouts, quantities
from s6xl.audit.signs import turn_signs
from s6xl.audit.tables import Column, Table
from s6xl.audit.values import Values
from s6xl.backprop.dense import Biases

_FEWEST_RIGHT = 3  # columns that make a table one of gradient descent
_MOST_WRONG = 3  # columns before it is asked whether the weights stand in another row


def best_reading(
    whereabouts: Whereabouts, table: Table, evaluate: Evaluator, deadline: Callable[[], None]
) -> Reading | None:
    """How a table is best read; None if it is no table of gradient descent after all."""
    by_headers = Resolver(whereabouts, table, deadline, names_by_headers(table))
    speaking = samples(whereabouts, table)

    def begun(convention: Convention) -> Reading:
        """Return the table under a convention, as far as headers and labels tell."""
        deadline()
        reading = Reading(by_headers, Values(_world(convention), evaluate), speaking)
        return replace(reading, moves=_moves(reading))

    reading = begun(_convention(by_headers, speaking))
    # Most of what looks like a table and is none is told by little, before much is tried.
    if speaking and reading.count_right() < _FEWEST_RIGHT:
        return None
    reading = _with_surroundings(reading)
    if speaking and not _is_descent(reading):
        return None
    reading = _under_best_convention(reading, begun)
    if len(reading.wrong) > _MOST_WRONG:
        reading = shift(reading)
    return rename(blame_helpers(name_by_formulas(reading)))


def _with_surroundings(reading: Reading) -> Reading:
    """Return a reading with the cells outside the table that it uses, and with the signs that are a matter of taste."""
    return find_rate(turn_signs(find_typed(find_roles(reading))))


def _is_descent(reading: Reading) -> bool:
    """Whether enough of a table is right for it to be one of gradient descent at all."""
    if not reading.moves and any(reading.is_weight(reading.name(c)) and step for c, step in reading.samples.items()):
        return False
    right = reading.count_right()
    return right >= max(_FEWEST_RIGHT, 0.25 * (right + len(reading.wrong)))


def _under_best_convention(reading: Reading, begun: Callable[[Convention], Reading]) -> Reading:
    """Return the reading, or one under another convention that leaves fewer columns wrong."""
    for convention in _other_conventions(reading):
        other = _with_surroundings(begun(convention))
        first = _judged_first(other, reading.model.convention)
        if len(other.wrong) < len(reading.wrong) and first.isdisjoint(other.wrong):
            reading = other
    return reading


def _convention(resolver: Resolver, speaking: dict[Column, int]) -> Convention:
    """Return the convention that headers and labels tell of."""
    names = set(resolver.names.values())
    labels = set()
    for column, index in speaking.items():
        try:
            labels |= {atom.name for atom in quantities(resolver.atoms(column, index)[1])}
        except UnreadableError:
            continue
    biases: Biases = "none"
    if {"b3", "b4"} & (names | labels):
        biases = "neuron"
    elif {"b1", "b2"} & (names | labels):
        biases = "layer"
    learning = any(re.fullmatch(r"dE_db\d|b\d_next|-?step_b\d", name) for name in names)
    return Convention(biases=biases, learning_biases=learning)


def _other_conventions(reading: Reading) -> Iterator[Convention]:
    """Other conventions that could explain what is wrong."""
    base = reading.model.convention
    names = {reading.name(column) for column in reading.wrong}
    hidden, output = not names.isdisjoint(("h1", "h2")), not names.isdisjoint(("o1", "o2"))
    kinds: tuple[Biases, ...] = (base.biases,)
    if base.biases == "none" and (hidden or output):
        kinds = ("none", "layer", "neuron")
    errors = [(base.half, base.mean)]
    if {"E1", "E2", "E_tot"} & names:
        errors += [(1.0, 1.0), (1.0, 0.5), (0.5, 0.5)]
    turned = [(first, second) for first in {False, hidden} for second in {False, output}]
    for biases, by_source, (half, mean) in product(kinds, turned, errors):
        convention = Convention(by_source, biases, half, mean, base.learning_biases)
        if convention != base:
            yield convention


def _judged_first(reading: Reading, base: Convention) -> set[Column]:
    """Return the columns that decide whether a convention is believed: those that it sees otherwise than `base`."""
    convention = reading.model.convention
    seen_otherwise = (
        (convention.biases != base.biases, ("h1", "h2", "o1", "o2")),
        (convention.by_source[0], ("h1", "h2", "dE_dw2", "dE_dw3")),
        (convention.by_source[1], ("o1", "o2", "dE_dw6", "dE_dw7")),
        (convention.half != base.half, ("E1", "E2")),
        (convention.mean != base.mean, ("E_tot",)),
    )
    names = {name for differs, names in seen_otherwise if differs for name in names}
    return {column for column in reading.samples if reading.name(column) in names}


def _moves(reading: Reading) -> bool:
    """Whether the rows are steps of gradient descent: there are gradients, or weights that follow from more."""
    if any(re.match("dE_d[wb]", name) for name in reading.resolver.names.values()):
        return True
    for column, index in reading.samples.items():
        if reading.learns(reading.name(column)):
            try:
                _, atoms = reading.resolver.atoms(column, index)
            except UnreadableError:
                continue
            if any(atom.name not in (*reading.model.weights, "lr") for atom in quantities(atoms)):
                return True
    return False


@cache
def _world(convention: Convention) -> World:
    return World(Model(convention))
