"""Tells by what mistake a formula went wrong, and what is right in its place.

A mistake is told by mending it: what has to be changed in the formula, so that it gives what is right in every case?
"""

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain, combinations, product

import numpy as np

from s6xl.audit.formulas import Formula, Reference, UnreadableError
from s6xl.audit.mutants import alike, mutants
from s6xl.audit.networks import written
from s6xl.audit.operators import Array, FaultError
from s6xl.audit.reading import Reading
from s6xl.audit.resolving import Atom, CellRange, ResolvedQuantity, Through, quantities
from s6xl.audit.values import close, constant
from s6xl.audit.writing import FormulaWriter, TableCell
from s6xl.backprop.expression import names, to_numpy
from s6xl.ooxml.addresses import address

_MOST_OCCURRENCES = 24
_MOST_REPEATED = 6  # occurrences of one quantity of which any may be wrong
_SECONDS = 4.0  # for telling mistakes, of those for a workbook; after them, cells are named without words
_LONGEST_TO_MEND = 400  # characters of a template in which parentheses are tried


@dataclass(frozen=True)
class Slip:
    """A mistake: `words` say it for one cell, and cells with the same `key`, or else the same words, have the same.

    Where a reference slides down with the row, `start` is where it should stay and `reached` where it has come to.
    """

    words: str
    right: str = ""
    key: str = ""
    start: str = ""
    reached: str = ""


@dataclass
class Budget:
    """How many more changes may be tried in all the formulas of a workbook, and until when."""

    trials: int = 20_000
    until: float = field(default_factory=lambda: time.process_time() + _SECONDS)

    def take(self) -> bool:
        """Whether one more change may be tried."""
        self.trials -= 1
        return self.trials >= 0 and time.process_time() < self.until


class Slips:
    """Explains the wrong formulas of one table."""

    def __init__(self, reading: Reading, budget: Budget) -> None:
        self._reading = reading
        self._values = reading.values
        self._budget = budget
        self._writer = FormulaWriter(reading)
        self._mends: dict[tuple[str, Formula], tuple[str, dict[int, Atom]]] = {}
        self._slides: dict[Formula, tuple[tuple[str, int], ...]] = {}
        self._known: dict[tuple[str, str, tuple[Atom, ...]], tuple[str, tuple[Atom, ...] | None]] = {}

    def explain(self, name: str, formula: Formula, atoms: tuple[Atom, ...], value: Array, at: TableCell) -> Slip:
        """Return the mistake in a formula that should compute a quantity."""
        if (slid := self.slid(name, formula, atoms, at)) is not None:
            return slid
        if (elsewhere := self._elsewhere(name, formula, atoms, at)) is not None:
            return elsewhere
        if self._reading.takes_rate(name) and (typed := self._typed_rate(name, atoms, value, at)) is not None:
            return typed
        key = name, formula.template, atoms
        if key not in self._known:
            self._known[key] = self._as_before(name, formula, atoms) or self._tell(name, formula, atoms, value)
        words, mended = self._known[key]
        if mended is not None:
            changes = ((i, new) for i, (old, new) in enumerate(zip(atoms, mended, strict=True)) if old != new)
            self._mends[name, formula] = words, dict(changes)
        fixed = self._fixed(formula, atoms, mended, at)
        right = self._writer.mended(formula, atoms, mended, at) or self._writer.right(name, at)
        if fixed:
            return Slip(fixed, right, f"fixed {name}")
        return Slip(words, right)

    def _as_before(self, name: str, formula: Formula, atoms: tuple[Atom, ...]) -> tuple[str, tuple[Atom, ...]] | None:
        """Return the mistake that the same formula is in another row."""
        if (name, formula) not in self._mends:
            return None
        words, changes = self._mends[name, formula]
        mended = tuple(changes.get(number, atom) for number, atom in enumerate(atoms))
        return (words, mended) if self._gives(name, formula.template, mended) else None

    def slid(self, name: str, formula: Formula, atoms: tuple[Atom, ...], at: TableCell) -> Slip | None:
        """Return the slip of a reference to what all steps share, such as the learning rate, that moved with the rows.

        The learning rate may also be taken from another cell than the table's.
        """
        shared = self._reading.model.shared
        givens = ("lr", *shared) if self._reading.takes_rate(name) else shared
        places = [(given, number) for given in givens for number in range(len(formula.references))]
        # What slides in one row slides in the next.
        for given, number in dict.fromkeys((*self._slides.get(formula, ()), *places)):
            atom, reference = atoms[number], formula.references[number]
            fixed = reference.first.row_fixed or self._is_within(reference, at)
            slides = given == "lr" or not fixed or (given, number) in self._slides.get(formula, ())
            if atom in (ResolvedQuantity(given, 0), ResolvedQuantity(name, 0)) or not slides:
                continue
            mended = (*atoms[:number], ResolvedQuantity(given, 0), *atoms[number + 1 :])
            if self._gives(name, formula.template, mended):
                self._slides[formula] = ((given, number),)
                return self._slid_to(given, reference, self._writer.mended(formula, atoms, mended, at), name, at)
        return None

    def _elsewhere(self, name: str, formula: Formula, atoms: tuple[Atom, ...], at: TableCell) -> Slip | None:
        """Return the slip of a reference that leads to another table."""
        columns = self._reading.whereabouts.columns
        for number, reference in enumerate(formula.references):
            found = columns.get(reference.key(at.column.sheet, at.place))
            if found is None or found[0] is self._reading.table:
                continue
            for quantity, offset in product(found[1].candidates, (0, -1)):
                mended = (*atoms[:number], ResolvedQuantity(quantity, offset), *atoms[number + 1 :])
                if self._gives(name, formula.template, mended):
                    words = f"uses {written(quantity)} from another table: {reference.written(at.place)}"
                    right = self._writer.mended(formula, atoms, mended, at) or self._writer.right(name, at)
                    return Slip(words, right, f"another table's {quantity}")
        return None

    def _is_within(self, reference: Reference, at: TableCell) -> bool:
        """Whether a reference leads to a cell of the table that holds something."""
        key = reference.key(at.column.sheet, at.place)
        within = self._reading.whereabouts.within(self._reading.table, key)
        return within is not None and within[1] in within[0].cells

    def _slid_to(self, given: str, reference: Reference, right: str, name: str, at: TableCell) -> Slip:
        home = self._writer.cell_of(given, TableCell(at.column, 0)) or written(given)
        reached = reference.first.written(at.place).replace("$", "")
        right = right or self._writer.right(name, at)
        letters = [re.sub(r".*!|[^A-Z]", "", text) for text in (home, reached)]
        slides = letters[0] == letters[1] or not re.search(r"[A-Z]\$?\d", home)
        if reference.first.row_fixed or at.column.block.on_side or not slides:
            taken = reference.written(at.place).replace("$", "")
            known = f" instead of {home.replace('$', '')}" if re.search(r"\d", home) else ", which does not hold it"
            words = f"takes {written(given)} from {taken}{known}"
            return Slip(words, right, f"{given} from {reached}")
        start = home.replace("$", "") if re.search(r"\d", home) else self._slid_from(reference, at)
        words = f"{written(given)} is not anchored with $: its reference moves from {start} to {reached}"
        return Slip(words, right, f"{given} not anchored", start, reached)

    def _typed_rate(self, name: str, atoms: tuple[Atom, ...], value: Array, at: TableCell) -> Slip | None:
        """Return the slip of a learning rate that is typed as another number than the table's."""
        typed = self._reading.typed_rate(name, atoms, value)
        if typed is None or typed <= 0:
            return None
        words = f"uses the learning rate {typed:.6g} instead of {self._reading.rate:.6g}"
        if abs(typed - 1) < 1e-9:
            words = "the learning rate η is missing"
        return Slip(words, self._writer.right(name, at))

    def _slid_from(self, reference: Reference, at: TableCell) -> str:
        """Where a reference that slides stands at the first step that has one."""
        row, column = reference.first.at(at.place)
        rows = at.column.block.rows
        return address(row - (rows[at.index] - rows[min(1, at.index)]), column)

    def _gives(self, name: str, template: str, atoms: tuple[Atom, ...]) -> bool:
        if not self._budget.take():
            return False
        try:
            value = self._values.of(template, atoms)
            return self._reading.is_right(name, atoms, value)
        except (UnreadableError, FaultError, KeyError):
            return False

    def _tell(
        self, name: str, formula: Formula, atoms: tuple[Atom, ...], value: Array
    ) -> tuple[str, tuple[Atom, ...] | None]:
        """Return the mistake in words, and the mended atoms where it is one of references."""
        template = formula.template
        for mended, words in self._substitutions(name, template, atoms):
            return words, mended
        if (row := self._rows_off(name, template, atoms)) is not None:
            return row
        if (other := self._update_slip(name, value)) is not None:
            return other, None
        if self._parentheses(name, template, atoms):
            return "parentheses are missing", None
        if (mutant := self._mutant(name, value)) is not None:
            return mutant, None
        if (computed := self._computes(name, value)) is not None:
            return computed, None
        factor = constant(value / self._values.quantity(name))
        if factor is not None:
            exact = abs(factor - 1) > 1e-4
            return f"is {factor:.6g} times the right value" if exact else "is rounded or inexact", None
        for mended, words in self._double_substitutions(name, template, atoms):
            return words, mended
        near = bool(np.allclose(value, self._values.quantity(name), rtol=1e-2, atol=1e-3))
        return "is rounded or inexact" if near else f"does not compute {written(name.removeprefix('-'))}", None

    def _substitutions(
        self, name: str, template: str, atoms: tuple[Atom, ...]
    ) -> Iterator[tuple[tuple[Atom, ...], str]]:
        """One quantity in place of another, everywhere or in some places only, that mends the formula."""
        for only_alike in (True, False):
            for leaf in quantities(atoms):
                for other in self._candidates(name, leaf, only_alike):
                    mended = self._replaced(atoms, {leaf: other})
                    if self._gives(name, template, mended):
                        yield mended, self._instead(name, leaf, other)
            yield from self._in_one_place(name, template, atoms, only_alike)
            if only_alike:
                yield from self._in_some_places(name, template, atoms)

    def _in_one_place(
        self, name: str, template: str, atoms: tuple[Atom, ...], only_alike: bool
    ) -> Iterator[tuple[tuple[Atom, ...], str]]:
        for number, atom in enumerate(atoms[:_MOST_OCCURRENCES]):
            if isinstance(atom, ResolvedQuantity) and atoms.count(atom) > 1:
                for other in self._candidates(name, atom, only_alike):
                    mended = (*atoms[:number], other, *atoms[number + 1 :])
                    if self._gives(name, template, mended):
                        yield mended, self._instead(name, atom, other)

    def _in_some_places(
        self, name: str, template: str, atoms: tuple[Atom, ...]
    ) -> Iterator[tuple[tuple[Atom, ...], str]]:
        for leaf in quantities(atoms):
            places = [number for number, atom in enumerate(atoms) if atom == leaf]
            counts = range(2, len(places)) if len(places) <= _MOST_REPEATED else ()
            for chosen in chain.from_iterable(combinations(places, count) for count in counts):
                for other in self._candidates(name, leaf, True):
                    mended = tuple(other if number in chosen else atom for number, atom in enumerate(atoms))
                    if self._gives(name, template, mended):
                        yield mended, self._instead(name, leaf, other)

    def _double_substitutions(
        self, name: str, template: str, atoms: tuple[Atom, ...]
    ) -> Iterator[tuple[tuple[Atom, ...], str]]:
        for one, two in combinations(quantities(atoms), 2):
            for first in self._candidates(name, one, True):
                for second in self._candidates(name, two, True):
                    mended = self._replaced(atoms, {one: first, two: second})
                    if self._gives(name, template, mended):
                        words = f"{self._instead(name, one, first)}, and {self._instead(name, two, second)}"
                        yield mended, words

    def _candidates(self, name: str, leaf: ResolvedQuantity, only_alike: bool) -> Iterator[ResolvedQuantity]:
        """Yield what a quantity may stand in place of: what is alike or stands in another row, or else anything."""
        # Nothing is computed from itself.
        yield from (item for item in self._any_candidates(name, leaf, only_alike) if item != ResolvedQuantity(name, 0))

    def _any_candidates(self, name: str, leaf: ResolvedQuantity, only_alike: bool) -> Iterator[ResolvedQuantity]:
        model = self._reading.model
        own = leaf.name.removeprefix("-")
        sign = leaf.name.removesuffix(own)
        if only_alike:
            yield from (ResolvedQuantity(f"{sign}{other}", leaf.offset) for other in alike(own))
            if self._moves_in_time(leaf):
                yield from (ResolvedQuantity(leaf.name, offset) for offset in (0, -1) if offset != leaf.offset)
            return
        near = {*alike(own), own}
        for other in (*model.givens, *model.expressions, "lr"):
            if other not in near:
                yield ResolvedQuantity(other, leaf.offset)
        if name in model.learning and leaf.offset != -1:
            yield from (
                ResolvedQuantity(other, -1) for other in (*model.learning, *(f"dE_d{w}" for w in model.learning))
            )

    def _moves_in_time(self, leaf: ResolvedQuantity) -> bool:
        """Whether a quantity differs from row to row."""
        return leaf.name != "lr" and leaf.name not in self._reading.model.shared

    def _replaced(self, atoms: tuple[Atom, ...], old: dict[ResolvedQuantity, ResolvedQuantity]) -> tuple[Atom, ...]:
        """Atoms with some quantities replaced, also behind other formulas."""
        known: dict[Through, Through] = {}

        def one(atom: Atom) -> Atom:
            match atom:
                case ResolvedQuantity():
                    return old.get(atom, atom)
                case Through() if old.keys() & set(atom.quantities):
                    if atom not in known:
                        inner = tuple(map(one, atom.atoms))
                        through = self._reading.whereabouts.through
                        known[atom] = through(atom.template, inner, atom.member)
                    return known[atom]
                case CellRange(rows):
                    return CellRange(tuple(tuple(map(one, row)) for row in rows))
            return atom

        return tuple(map(one, atoms))

    def _instead(self, name: str, wrong: ResolvedQuantity, right: ResolvedQuantity) -> str:
        weight = re.sub(r"_next$", "", name)
        before, after = written(wrong.name.removeprefix("-")), written(right.name.removeprefix("-"))
        if name in self._reading.model.learning and wrong.offset == 0 and right.offset == -1:
            return f"uses {before} from its own row instead of the row before: a circular reference"
        if wrong.name == right.name:
            return f"uses {before} from {_row(wrong.offset)} instead of {_row(right.offset)}"
        if weight in self._reading.model.learning:
            if (wrong.name[:4], right.name) == ("dE_d", f"dE_d{weight}"):
                return f"{weight} is updated with another weight's gradient: uses {before} instead of {after}"
            if "step_" in wrong.name and right.name.endswith(f"step_{weight}"):
                return f"{weight} is updated with another weight's step: uses {before} instead of {after}"
            if right.name == f"dE_d{weight}":
                return f"{weight} is updated with {before} instead of its gradient {after}"
        where = f" from {_row(wrong.offset)}" if wrong.offset != right.offset else ""
        return f"uses {before}{where} instead of {after}"

    def _rows_off(self, name: str, template: str, atoms: tuple[Atom, ...]) -> tuple[str, tuple[Atom, ...]] | None:
        """All that it takes from the table being one or more rows off."""
        leaves = [leaf for leaf in quantities(atoms) if self._moves_in_time(leaf)]
        for shift in (1, -1, 2, -2):
            if ResolvedQuantity(name, -shift) in leaves:
                continue
            mended = self._replaced(atoms, {leaf: ResolvedQuantity(leaf.name, leaf.offset + shift) for leaf in leaves})
            if leaves and self._gives(name, template, mended):
                rows = f"{abs(shift)} row{'s' * (abs(shift) > 1)}"
                return f"is {rows} off: it takes its values {rows} too {'high' if shift > 0 else 'low'}", mended
        return None

    def _update_slip(self, name: str, value: Array) -> str | None:
        """Return what is wrong with the update of a weight."""
        weight = re.sub(r"_next$", "", name)
        model = self._reading.model
        if weight not in model.learning:
            return None
        before = 0 if name.endswith("_next") else -1
        old, right = self._values.quantity(weight, before), self._values.quantity(name)
        if close(value, old):
            return f"{weight} is not updated: it is the same as in {_row(before)}"
        if close(value, 2 * old - right) or self._is_opposite(name, value, old, right):
            return "has the wrong sign: the step must be subtracted"
        if close(value, right - old) or close(value, old - right):
            return f"is the step alone: {weight} itself is missing"
        if close(value, old - self._values.quantity(f"dE_d{weight}", before)):
            return "the learning rate η is missing"
        return None

    def _is_opposite(self, name: str, value: Array, old: Array, right: Array) -> bool:
        factor = constant((value - old) / (old - right) * self._values.world.rate)
        rate = self._reading.rate
        return factor is not None and rate is not None and abs(factor - rate) < 1e-9 * rate

    def _computes(self, name: str, value: Array) -> str | None:
        """Another quantity that it computes."""
        other = self._reading.which(value)
        if other:
            return f"computes {written(other)}"
        for given in self._reading.model.givens:
            for offset in (0, -1):
                if close(value, self._values.quantity(given, offset)):
                    return f"is {written(given)}"
        number = constant(value)
        if number == 0:
            return "is always 0: it may refer to empty cells"
        if number is not None:
            return f"is always the same number, {number:.6g}"
        return None

    def _mutant(self, name: str, value: Array) -> str | None:
        """One mistake in the right expression that gives the same."""
        plain = name.removeprefix("-")
        expression = self._reading.model.expression(plain)
        if expression is None:
            return None
        before = -1 if plain in self._reading.model.learning else 0
        if name != plain:
            value = -value
        for mutant, words in mutants(expression):
            arguments = names(mutant)
            result = to_numpy(mutant)(*(self._values.quantity(item, before) for item in arguments))
            if close(value, result):
                return words
        return None

    def _parentheses(self, name: str, template: str, atoms: tuple[Atom, ...]) -> bool:
        """Whether one more pair of parentheses mends a formula."""
        if len(template) > _LONGEST_TO_MEND:
            return False
        starts = [match.start() for match in re.finditer(r"(?<![\w.])[\w.(]", template)]
        ends = [match.end() for match in re.finditer(r"[\w.)](?![\w.(])", template)]
        for start in starts:
            for end in ends:
                inner = template[start:end]
                if start >= end or inner.count("(") != inner.count(")") or not re.search(r"[-+*/^]", inner):
                    continue
                if self._gives(name, f"{template[:start]}({inner}){template[end:]}", atoms):
                    return True
        return False

    def _fixed(
        self,
        formula: Formula,
        atoms: tuple[Atom, ...],
        mended: tuple[Atom, ...] | None,
        at: TableCell,
    ) -> str:
        """In words, that a reference with a ``$`` stays in a row that it should leave; empty if that is not it."""
        for reference, before, after in zip(formula.references, atoms, mended or atoms, strict=False):
            if (
                isinstance(before, ResolvedQuantity)
                and isinstance(after, ResolvedQuantity)
                and before.name == after.name
                and before != after
                and reference.first.row_fixed
            ):
                stays = reference.written(at.place)
                leads_to = self._writer.cell_of(after.name, TableCell(at.column, at.index + after.offset))
                return f"a $ keeps the reference at {stays} instead of {leads_to}"
        return ""


def _row(offset: int) -> str:
    match offset:
        case 0:
            return "its own row"
        case -1:
            return "the row before"
        case 1:
            return "the row after"
    return f"{abs(offset)} rows {'after' if offset > 0 else 'before'}"
