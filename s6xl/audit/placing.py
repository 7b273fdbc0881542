"""Decides how a table is read: what each column is, which network it computes, and where its learning rate stands.

Headers come first. Where formulas contradict them, the reading is taken under which the fewest columns are wrong.
"""

import re
from collections.abc import Callable, Iterator
from functools import cache
from itertools import product

from s6xl.audit.evaluate import Evaluator
from s6xl.audit.formulas import UnreadableError
from s6xl.audit.naming import blame_helpers, name_columns, place_unnamed, rename, shift
from s6xl.audit.networks import Convention, Model, World
from s6xl.audit.outside import find_rate, find_roles, find_typed
from s6xl.audit.placement import Placement, samples
from s6xl.audit.resolving import Resolver, Whereabouts, quantities
from s6xl.audit.signs import turn_signs
from s6xl.audit.tables import Column, Table
from s6xl.audit.values import Values
from s6xl.backprop.dense import Biases

_FEWEST_RIGHT = 3  # columns that make a table one of gradient descent


def place(
    whereabouts: Whereabouts, table: Table, evaluate: Evaluator, deadline: Callable[[], None]
) -> Placement | None:
    """How a table is best read; None if it is no table of gradient descent after all.

    The names of its columns are set in the table itself.
    """
    return _Placing(whereabouts, table, evaluate, deadline).placement()


class _Placing:
    def __init__(
        self, whereabouts: Whereabouts, table: Table, evaluate: Evaluator, deadline: Callable[[], None]
    ) -> None:
        self._whereabouts, self._table = whereabouts, table
        self._evaluate, self._deadline = evaluate, deadline
        self._samples = samples(whereabouts, table)

    def placement(self) -> Placement | None:
        name_columns(self._table)
        convention = Convention(biases=self._biases(), learning_biases=self._learning_biases())
        # Most of what looks like a table and is none is told by little, before much is tried.
        if self._samples and self._begun(convention).count_right() < _FEWEST_RIGHT:
            return None
        best = self._read(convention)
        wrong = best.wrong()
        if self._samples and not self._is_descent(best, wrong):
            return None
        if wrong:
            for convention in self._other_conventions(best.model.convention, wrong):
                names = {column: column.name for column in self._table.columns}
                other = self._read(convention)
                found = other.wrong()
                first = self._judged_first(convention, best.model.convention)
                if len(found) < len(wrong) and first.isdisjoint(found):
                    best, wrong = other, found
                    continue
                best.call(names)
        if len(wrong) > 3:
            shift(best, wrong)
        place_unnamed(best)
        blame_helpers(best)
        rename(best, best.wrong())
        return best

    def _is_descent(self, placement: Placement, wrong: list[Column]) -> bool:
        """Whether enough of a table is right for it to be one of gradient descent at all."""
        if not placement.moves and any(placement.is_weight(c.name or "") and step for c, step in self._samples.items()):
            return False
        right = placement.count_right()
        return right >= max(_FEWEST_RIGHT, 0.25 * (right + len(wrong)))

    def _labels(self) -> set[str]:
        """What the labels of cells outside the table name, of those that its formulas use."""
        resolver = Resolver(self._whereabouts, self._table, self._deadline)
        found = set()
        for column, index in self._samples.items():
            try:
                found |= {atom.name for atom in quantities(resolver.atoms(column, index)[1])}
            except UnreadableError:
                continue
        return found

    def _biases(self) -> Biases:
        named = {column.name for column in self._table.columns} | self._labels()
        if {"b3", "b4"} & named:
            return "neuron"
        return "layer" if {"b1", "b2"} & named else "none"

    def _learning_biases(self) -> bool:
        return any(re.fullmatch(r"dE_db\d|b\d_next|-?step_b\d", column.name or "") for column in self._table.columns)

    def _other_conventions(self, base: Convention, wrong: list[Column]) -> Iterator[Convention]:
        """Other conventions that could explain what is wrong."""
        names = {column.name for column in wrong}
        hidden, output = {"h1", "h2"} & names, {"o1", "o2"} & names
        kinds: tuple[Biases, ...] = (base.biases,)
        if base.biases == "none" and (hidden or output):
            kinds = ("none", "layer", "neuron")
        errors = [(base.half, base.mean)]
        if {"E1", "E2", "E_tot"} & names:
            errors += [(1.0, 1.0), (1.0, 0.5), (0.5, 0.5)]
        turned = [(first, second) for first in {False, bool(hidden)} for second in {False, bool(output)}]
        for biases, by_source, (half, mean) in product(kinds, turned, errors):
            convention = Convention(by_source, biases, half, mean, base.learning_biases)
            if convention != base:
                yield convention

    def _judged_first(self, convention: Convention, base: Convention) -> set[Column]:
        """The columns that have to be right for a convention to be believed: those that it sees otherwise."""
        names: set[str] = set()
        if convention.biases != base.biases:
            names |= {"h1", "h2", "o1", "o2"}
        if convention.by_source[0]:
            names |= {"h1", "h2", "dE_dw2", "dE_dw3"}
        if convention.by_source[1]:
            names |= {"o1", "o2", "dE_dw6", "dE_dw7"}
        if convention.half != base.half:
            names |= {"E1", "E2"}
        if convention.mean != base.mean:
            names |= {"E_tot"}
        return {column for column in self._samples if column.name in names}

    def _begun(self, convention: Convention) -> Placement:
        """The table under a convention, as far as headers and labels tell."""
        self._deadline()
        resolver = Resolver(self._whereabouts, self._table, self._deadline)
        placement = Placement(self._table, resolver, Values(_world(convention), self._evaluate), self._samples)
        placement.moves = self._moves(placement)
        return placement

    def _read(self, convention: Convention) -> Placement:
        """The table under a convention, with the cells outside it that it uses."""
        placement = self._begun(convention)
        find_roles(placement)
        find_typed(placement)
        turn_signs(placement)
        find_rate(placement)
        return placement

    def _moves(self, placement: Placement) -> bool:
        """Whether the rows are steps of gradient descent: there are gradients, or weights that follow from more."""
        if any(re.match("dE_d[wb]", column.name or "") for column in self._table.columns):
            return True
        for column, index in self._samples.items():
            if placement.learns(column.name or ""):
                try:
                    _, atoms = placement.resolver.atoms(column, index)
                except UnreadableError:
                    continue
                if any(atom.name not in (*placement.model.weights, "lr") for atom in quantities(atoms)):
                    return True
        return False


@cache
def _world(convention: Convention) -> World:
    return World(Model(convention))
