"""Decides what each column of a table is, which network it computes, and where its learning rate stands.

Headers come first. Where formulas contradict them, the reading is taken under which the fewest columns are wrong.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import combinations, product

from s6xl.audit.book import Cell
from s6xl.audit.evaluate import Array, Evaluator, FaultError
from s6xl.audit.formulas import Formula, UnreadableError
from s6xl.audit.literals import Typed, readings
from s6xl.audit.networks import Convention, Model, World
from s6xl.audit.resolving import Atom, Constant, Key, Quantity, Resolver, Through, Whereabouts, constants, quantities
from s6xl.audit.tables import Column, Table
from s6xl.audit.values import BlankError, Values, close, constant

_MOST_UNKNOWN = 3  # cells outside the table without a label, in one formula
_FEWEST_RIGHT = 3  # columns that make a table one of gradient descent
_PLAIN_NUMBERS = (0.0, 1.0, 2.0, 0.5)  # that stand in the network's own formulas
_INPUTS = ("t1", "t2", "i1", "i2")


class UnplacedError(UnreadableError):
    """A formula uses a column that is no known quantity, as far as it has been found out."""


@dataclass
class Placement:
    """How a table is read. `rate` is the learning rate's number where the formulas hold or find it as one."""

    table: Table
    resolver: Resolver
    values: Values
    moves: bool = True  # whether the weights follow from the row above
    rate: float | None = None
    # The templates that hold inputs or targets as numbers, by the quantity that they compute.
    typed: dict[tuple[str, str], Typed] = field(default_factory=dict)
    misnamed: dict[Column, str] = field(default_factory=dict)  # headers that name another quantity, and which

    @property
    def model(self) -> Model:
        return self.values.world.model

    def is_weight(self, name: str) -> bool:
        return name in self.model.weights

    def is_given(self, name: str | None) -> bool:
        """Whether a column of it holds what a step starts from and no formula of the network."""
        return name in self.model.givens and not (name in self.model.weights and self.moves and self.learns(name))

    def learns(self, name: str) -> bool:
        return name in self.model.learning

    def gives(self, column: Column, index: int) -> tuple[Formula, tuple[Atom, ...], Array]:
        """The formula of a column's cell at a step, what its references stand for, and what it gives.

        Raises:
            UnreadableError: if that cannot be told.
            FaultError: if it is an error whatever the numbers.
        """
        cell = column.cells[index]
        formula, atoms = self.resolver.atoms(column, index)
        if self.typed and (typed := self.typed.get((column.name or "", formula.template))) is not None:
            formula = Formula(typed.template, formula.references)
            atoms = (*atoms, *(Quantity(name, 0) for name in typed.names))
        for atom in constants(atoms):
            found = self.resolver.whereabouts.columns.get((atom.sheet, atom.place))
            if found is not None and found[0] is self.table and found[1].name is None and atom.value is not None:
                raise UnplacedError(f"it uses the column of {found[1].address(found[2])}, which is not known")
        value = self.values.of(formula.template, atoms, cell.member if cell.in_array else None)
        if self._is_circular(column, cell, formula, atoms):
            raise FaultError("a circular reference")
        return formula, atoms, value

    def _is_circular(self, column: Column, cell: Cell, formula: Formula, atoms: tuple[Atom, ...]) -> bool:
        """Whether a formula needs what it computes: in its own cell, or in one of those that it leads through."""
        place = cell.origin if cell.in_array else (cell.row, cell.column)
        if any(reference.holds(column.sheet, place) for reference in formula.references):
            return True
        own = column.name
        if not own or own in self.model.givens:
            return False
        return any(Quantity(own, 0) in atom.quantities for atom in atoms if isinstance(atom, Through))

    def typed_numbers(self) -> dict[str, str]:
        """The inputs and targets that are typed into formulas, and how."""
        return {
            name: text for typed in self.typed.values() for name, text in zip(typed.names, typed.texts, strict=True)
        }

    def is_right(self, name: str, atoms: tuple[Atom, ...], value: Array) -> bool:
        """Whether what a formula gives is a quantity, at the table's learning rate."""
        if close(value, self.values.quantity(name)):
            return True
        typed = self.typed_rate(name, atoms, value)
        if typed is None or typed <= 0:
            return False
        if self.rate is None:
            return not self.table.named("lr")
        # A rate of 1 can be left out unseen, but not unsaid.
        written = (
            abs(typed - 1) > 1e-9 or self.resolver.rate is None or any(atom.value == 1 for atom in constants(atoms))
        )
        return written and abs(typed - self.rate) <= 1e-9 * abs(self.rate)

    def typed_rate(self, name: str, atoms: tuple[Atom, ...], value: Array) -> float | None:
        """The learning rate that a formula holds as a number, or has from a cell that no label names."""
        if any(atom.name == "lr" for atom in quantities(atoms)):
            return None
        if match := re.fullmatch(r"(-?)step_(\w+)", name):
            sign = -1.0 if match[1] else 1.0
            return constant(sign * value / self.values.quantity(f"dE_d{match[2]}"))
        if name in self.model.learning:
            before, weight = -1, name
        elif name.endswith("_next"):
            before, weight = 0, name.removesuffix("_next")
        else:
            return None
        step = self.values.quantity(weight, before) - value
        return constant(step / self.values.quantity(f"dE_d{weight}", before))


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
        self._samples = {
            column: sample for column in table.columns if (sample := _sample(column, self._shape)) is not None
        }

    def _shape(self, column: Column, index: int) -> object:
        try:
            return self._whereabouts.formulas.of(column.cells[index], column.sheet)
        except UnreadableError as error:
            return str(error)

    def placement(self) -> Placement | None:
        self._name_columns()
        convention = Convention(biases=self._biases(), learning_biases=self._learning_biases())
        # Most of what looks like a table and is none is told by little, before much is tried.
        if self._samples and self._count_right(self._begun(convention)) < _FEWEST_RIGHT:
            return None
        best = self._read(convention)
        wrong = self._wrong(best)
        if self._samples and not self._is_descent(best, wrong):
            return None
        if wrong:
            for convention in self._other_conventions(best.model.convention, wrong):
                names = {column: column.name for column in self._table.columns}
                other = self._read(convention)
                found = self._wrong(other)
                first = self._judged_first(convention, best.model.convention)
                if len(found) < len(wrong) and first.isdisjoint(found):
                    best, wrong = other, found
                    continue
                for column, name in names.items():
                    column.name = name
            best.resolver.forget()
        if len(wrong) > 3:
            self._shift(best, wrong)
        self._place_unnamed(best)
        self._rename(best, self._wrong(best))
        return best

    def _is_descent(self, placement: Placement, wrong: list[Column]) -> bool:
        """Whether enough of a table is right for it to be one of gradient descent at all."""
        if not placement.moves and any(placement.is_weight(c.name or "") and step for c, step in self._samples.items()):
            return False
        right = self._count_right(placement)
        return right >= max(_FEWEST_RIGHT, 0.25 * (right + len(wrong)))

    def _count_right(self, placement: Placement) -> int:
        return sum(self._verdict(placement, column) is True for column in self._samples)

    def _name_columns(self) -> None:
        """Give each column the likeliest quantity that no other column is likelier to be."""
        table = self._table
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

    def _biases(self) -> str:
        named = {column.name for column in self._table.columns} | self._labels()
        if {"b3", "b4"} & named:
            return "neuron"
        return "layer" if {"b1", "b2"} & named else ""

    def _learning_biases(self) -> bool:
        return any(re.fullmatch(r"dE_db\d|b\d_next|-?step_b\d", column.name or "") for column in self._table.columns)

    def _other_conventions(self, base: Convention, wrong: list[Column]) -> Iterator[Convention]:
        """Other conventions that could explain what is wrong."""
        names = {column.name for column in wrong}
        hidden, output = {"h1", "h2"} & names, {"o1", "o2"} & names
        kinds = ("", "layer", "neuron") if not base.biases and (hidden or output) else (base.biases,)
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
        placement = Placement(self._table, resolver, Values(_world(convention), self._evaluate))
        placement.moves = self._moves(placement)
        return placement

    def _read(self, convention: Convention) -> Placement:
        """The table under a convention, with the cells outside it that it uses."""
        placement = self._begun(convention)
        self._find_roles(placement)
        self._find_typed(placement)
        self._turn_signs(placement)
        self._find_rate(placement)
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

    def _find_roles(self, placement: Placement) -> None:
        """Find what unlabelled cells outside the table stand for: what makes the formulas right that use them."""
        missing = [
            name for name in (*_INPUTS, *dict.fromkeys(placement.model.biases.values())) if not self._table.named(name)
        ]
        if not missing:
            return
        for column in self._samples:
            if self._verdict(placement, column) is not False or placement.is_weight(column.name or ""):
                continue
            index = self._samples[column]
            _, atoms = placement.resolver.atoms(column, index)
            unknown = [atom for atom in constants(atoms) if isinstance(atom.value, float) and not self._is_within(atom)]
            if not 0 < len(unknown) <= _MOST_UNKNOWN:
                continue
            for names in product(missing, repeat=len(unknown)):
                trial = {(atom.sheet, atom.place): name for atom, name in zip(unknown, names, strict=True)}
                before = dict(placement.resolver.roles)
                placement.resolver.roles |= trial
                placement.resolver.forget()
                if self._verdict(placement, column):
                    break
                placement.resolver.roles = before
                placement.resolver.forget()

    def _is_within(self, atom: Constant) -> bool:
        """Whether a constant stands in the table itself, in a column that is not known yet."""
        found = self._whereabouts.columns.get((atom.sheet, atom.place))
        return found is not None and found[0] is self._table

    def _find_typed(self, placement: Placement) -> None:
        """Find the inputs and targets that are typed into the formulas as numbers, whether they have cells or not."""
        shared = (*_INPUTS, *dict.fromkeys(placement.model.biases.values()))
        roles = {role: placement.resolver.number(key) for key, role in placement.resolver.known_roles()}
        held = {name: _usual(column) for name in shared if (column := self._table.named(name)) is not None}
        known = {name: number for name, number in (roles | held).items() if number is not None and name in shared}
        missing = [name for name in shared if name not in held and name not in roles]
        for column, index in self._samples.items():
            if self._verdict(placement, column) is not False or placement.is_weight(column.name or ""):
                continue
            try:
                formula, _ = placement.resolver.atoms(column, index)
            except UnreadableError:
                continue
            typed = known | {name: float(text) for name, text in placement.typed_numbers().items()}
            key = column.name or "", formula.template
            for reading in readings(formula.template, len(formula.references), typed, missing):
                placement.typed[key] = reading
                if self._verdict(placement, column):
                    break
                del placement.typed[key]
        self._read_typed_alike(placement, known)

    def _read_typed_alike(self, placement: Placement, held: Mapping[str, float]) -> None:
        """Read the numbers in wrong formulas as what they are in right ones, so that what is wrong can be told."""
        typed = {name: float(text) for name, text in placement.typed_numbers().items()}
        known = {name: number for name, number in {**held, **typed}.items() if number not in _PLAIN_NUMBERS}
        for column, index in self._samples.items():
            if known and self._verdict(placement, column) is False:
                formula, _ = placement.resolver.atoms(column, index)
                fullest = max(
                    readings(formula.template, len(formula.references), known, ()),
                    key=lambda reading: len(reading.names),
                    default=None,
                )
                if fullest is not None:
                    placement.typed[column.name or "", formula.template] = fullest

    def _find_rate(self, placement: Placement) -> None:
        """Find the learning rate: the cell, or else the number, that most of the updates have it from.

        A cell that a label on the table's own sheet names goes before one on another sheet, and before numbers.
        """
        cells: Counter[Key] = Counter()
        numbers: Counter[float] = Counter()
        holders: Counter[tuple[float, Key]] = Counter()
        for column, index, count in self._updates(placement):
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
        if (rates := self._table.named("lr")) is not None:
            placement.rate = _usual(rates)
            return
        own = self._labelled_rates(placement)
        home = self._table.block.sheet.title.casefold()
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

    def _updates(self, placement: Placement) -> Iterator[tuple[Column, int, int]]:
        """A step for each formula that takes the learning rate, and how many cells of its column have it."""
        for column in self._table.columns:
            name = column.name or ""
            if placement.learns(name) or "step_" in name or name.endswith("_next"):
                steps = [
                    i
                    for i, cell in column.cells.items()
                    if cell.formula is not None and (i or not placement.learns(name))
                ]
                counts = Counter(self._shape(column, index) for index in steps)
                for shape, count in counts.items():
                    yield column, next(index for index in steps if self._shape(column, index) == shape), count

    def _labelled_rates(self, placement: Placement) -> list[Key]:
        """The cells on the table's sheet, outside all tables, that a label names a learning rate."""
        sheet = self._table.block.sheet
        found = []
        for place, cell in sheet.cells.items():
            key = sheet.title.casefold(), place
            outside = isinstance(cell.value, float | int) and key not in self._whereabouts.columns
            if outside and self._whereabouts.label(key)[:1] == ("lr",):
                found.append(key)
        return found

    def _turn_signs(self, placement: Placement) -> None:
        """Take columns of deltas and of steps for negatives where that leaves the fewest columns wrong.

        Whether a delta is (a - t)·… or (t - a)·… is a matter of taste, as long as the rest goes with it.
        """
        deltas = [column for column in self._samples if _is_delta(column)]
        steps = [column for column in self._samples if any("step_" in reading for reading in column.readings)]
        if not deltas and not steps:
            return
        names = {column: column.name or "" for column in (*deltas, *steps)}
        trials = []
        for sign in ("", "-", None) if deltas else ("",):
            for column in deltas * 2:  # twice, as some are computed from others
                if sign is None:
                    self._call_what_fits(placement, column, _signed([names[column]]))
                else:
                    self._call(placement, {column: f"{sign}{names[column]}"})
            self._turn_steps(placement, steps, names)
            trials.append({column: column.name or "" for column in names})
            self._call(placement, names)
        self._call(placement, min(trials, key=lambda trial: self._count_wrong(placement, trial)))

    def _turn_steps(self, placement: Placement, steps: list[Column], names: Mapping[Column, str]) -> None:
        """Take columns such as Δw1 for what they give: a gradient, or a step, and with which sign."""
        fitting: Counter[str] = Counter()
        for column in steps:
            options = {names[column], *(reading for reading in column.readings if "step_" in reading)}
            if self._call_what_fits(placement, column, _signed(sorted(options))):
                fitting[_form(column.name or "")] += 1
        # What most of them are, all of them are meant to be.
        form, count = fitting.most_common(1)[0] if fitting else ("", 0)
        for column in steps:
            name = column.name or ""
            if 2 * count > len(steps) and _form(name) != form:
                self._call(placement, {column: form.format(re.sub(r".*_d?", "", name))})

    def _call_what_fits(self, placement: Placement, column: Column, options: Iterable[str]) -> bool:
        """Take a column for the first of some quantities that it computes."""
        name = column.name
        for option in (name, *options):
            self._call(placement, {column: option})
            if self._verdict(placement, column):
                return True
        self._call(placement, {column: name})
        return False

    def _call(self, placement: Placement, names: Mapping[Column, str | None]) -> None:
        for column, name in names.items():
            column.name = name
        placement.resolver.forget()

    def _count_wrong(self, placement: Placement, names: Mapping[Column, str | None]) -> int:
        self._call(placement, names)
        return len(self._wrong(placement))

    def _shift(self, placement: Placement, wrong: list[Column]) -> None:
        """Try whether the weights stand in the row in which they are found, so that the next row computes with them."""
        weights = {column: column.name or "" for column in self._table.columns if placement.learns(column.name or "")}
        for column, name in weights.items():
            column.name = f"{name}_next"
        placement.resolver.forget()
        if len(self._wrong(placement)) < len(wrong):
            return
        for column, name in weights.items():
            column.name = name
        placement.resolver.forget()

    def _rename(self, placement: Placement, wrong: list[Column]) -> None:
        """Take headers for wrong where that leaves fewer columns wrong."""
        if not wrong:
            return
        trials = (self._permutations, self._exchanges, self._missing)
        for trial in (trial for trials_of in trials for trial in trials_of(placement, wrong)):
            before = {column: column.name for column in trial}
            for column, name in trial.items():
                column.name = name
            placement.resolver.forget()
            found = self._wrong(placement)
            named = {column: name for column, name in trial.items() if name and column.says}
            better = len(found) < len(wrong) and len(found) + len(named) <= len(wrong)
            if better and trial.keys().isdisjoint(found):
                wrong = found
                placement.misnamed |= named
                continue
            for column, old in before.items():
                column.name = old
            placement.resolver.forget()

    def _permutations(self, placement: Placement, wrong: list[Column]) -> Iterator[dict[Column, str | None]]:
        """Wrong columns that compute what others of them are headed, or what no column is headed."""
        computed = {
            column: name
            for column in self._table.columns
            if column in wrong and (name := self._computed(placement, column)) is not None
        }
        headed = {column.name for column in self._table.columns}
        for column, name in computed.items():
            partner = next((other for other in wrong if other.name == name), None)
            twice = sum(other.name == column.name for other in self._table.columns) > 1
            if partner is not None:
                yield {column: name, partner: column.name or ""}
            elif twice and name not in headed:
                yield {column: name}

    def _exchanges(self, placement: Placement, wrong: list[Column]) -> Iterator[dict[Column, str | None]]:
        """Two headers exchanged, of what is given or what is alike; tried where several columns are wrong."""
        if len(wrong) < 3:
            return
        pairs = (("t1", "t2"), ("i1", "i2"), ("h1", "h2"), ("a_h1", "a_h2"), ("o1", "o2"), ("a_o1", "a_o2"))
        kinds: tuple[tuple[str, ...], ...] = (*pairs, placement.model.weights)
        for kind in kinds:
            for one, other in combinations([column for column in self._table.columns if column.name in kind], 2):
                if one.name != other.name:
                    yield {one: other.name or "", other: one.name or ""}

    def _missing(self, placement: Placement, wrong: list[Column]) -> Iterator[dict[Column, str | None]]:
        """Columns that say nothing, or what another one says too, as nothing or each quantity that no header names."""
        headed = Counter(column.name for column in self._table.columns)
        missing = [name for name in (*placement.model.givens, *placement.model.expressions) if name not in headed]
        for column in self._table.columns:
            if column.name is None or (headed[column.name] > 1 and column.name not in placement.misnamed.values()):
                yield from ({column: name} for name in (None, *missing) if name != column.name)

    def _place_unnamed(self, placement: Placement) -> None:
        """Give columns whose headers say nothing the quantity that their formulas compute."""
        headed = {column.name for column in self._table.columns}
        for column in self._samples:
            if column.name is None:
                name = self._computed(placement, column, negative=True)
                if name is not None and name not in headed:
                    column.name = name
                    headed.add(name)
                    placement.resolver.forget()
        for column in self._samples:
            if column.name in (None, "lr", "step"):
                missing = (weight for weight in placement.model.learning if not self._table.named(weight))
                self._call_what_fits(placement, column, missing)

    def _computed(self, placement: Placement, column: Column, *, negative: bool = False) -> str | None:
        """The quantity that a column computes, whatever its header says."""
        index = self._samples[column]
        try:
            _, _, value = placement.gives(column, index)
        except (UnreadableError, FaultError):
            return None
        return which(placement, value, negative=negative)

    def _wrong(self, placement: Placement) -> list[Column]:
        return [column for column in self._samples if self._verdict(placement, column) is False]

    def _verdict(self, placement: Placement, column: Column) -> bool | None:
        """Whether most of a column computes what it is taken for; None if that is not asked or cannot be told."""
        name = column.name
        if name is None or name in ("lr", "step"):
            return None
        if placement.is_weight(name) and not placement.moves:
            return None
        index = self._samples[column]
        try:
            _, atoms, value = placement.gives(column, index)
            return placement.is_right(name, atoms, value)
        except (FaultError, UnplacedError) as error:
            return None if isinstance(error, BlankError) else False
        except (UnreadableError, KeyError):
            return None


def which(placement: Placement, value: Array, *, negative: bool = False) -> str | None:
    """The quantity of the network that some values are; None if they are none of them."""
    for name in placement.model.catalogue:
        right = placement.values.quantity(name)
        if close(value, right):
            return name
        if negative and close(value, -right):
            return f"-{name}"
    return None


def _is_delta(column: Column) -> bool:
    """Whether a header says delta, and not of what by what it is the derivative."""
    return "/" not in column.header and re.fullmatch(r"dE_d(a_)?[ho]\d", column.name or "") is not None


def _usual(column: Column) -> float | None:
    """The number that most cells of a column hold."""
    numbers = [float(cell.value) for cell in column.cells.values() if isinstance(cell.value, float | int)]
    return Counter(numbers).most_common(1)[0][0] if numbers else None


def _signed(names: Iterable[str]) -> list[str]:
    """Quantities, then their negatives."""
    given = list(names)
    return [*given, *(f"-{name}" for name in given)]


def _form(name: str) -> str:
    """A quantity's name with a gap for its weight: ``-step_{}``."""
    return re.sub(r"[wb]\d$", "{}", name)


_WORLDS: dict[Convention, World] = {}


def _world(convention: Convention) -> World:
    if convention not in _WORLDS:
        _WORLDS[convention] = World(Model(convention))
    return _WORLDS[convention]


def _sample(column: Column, shape: Callable[[Column, int], object]) -> int | None:
    """The step whose cell speaks for a column: of the formulas that most of it has, the first below the first row."""
    later = {index: cell for index, cell in column.cells.items() if index and cell.formula is not None}
    choice = later or {index: cell for index, cell in column.cells.items() if cell.formula is not None}
    if not choice:
        return None
    shapes = {index: shape(column, index) for index in choice}
    common = Counter(shapes.values()).most_common(1)[0][0]
    return next(index for index in choice if shapes[index] == common)
