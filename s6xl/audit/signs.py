"""Columns whose sign is a matter of taste: deltas, and steps such as Δw1."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from s6xl.audit.reading import Reading, best, first_right, renamed
from s6xl.audit.tables import Column


def turn_signs(reading: Reading) -> Reading:
    """Take columns of deltas and of steps for negatives where that leaves the fewest columns wrong.

    Whether a delta is (a - t)·… or (t - a)·… is a matter of taste, as long as the rest goes with it.
    """
    deltas = [column for column in reading.samples if _is_delta(column, reading.name(column))]
    steps = {column: forms for column in reading.samples if (forms := _step_candidates(column))}
    if not deltas and not steps:
        return reading
    signs = ("", "-", None) if deltas else ("",)
    return best(_with_steps(_with_deltas(reading, deltas, sign), steps) for sign in signs)


def _with_deltas(reading: Reading, deltas: list[Column], sign: str | None) -> Reading:
    """Deltas with one sign, or where that is None each with the sign that makes it right."""
    names = {column: reading.name(column) for column in deltas}
    if sign is not None:
        return reading.with_names({column: f"{sign}{name}" for column, name in names.items()})
    for column in deltas * 2:  # twice, as some are computed from others
        reading = first_right(column, reading, renamed(reading, column, _signed([names[column]])))
    return reading


def _with_steps(reading: Reading, steps: Mapping[Column, Sequence[str]]) -> Reading:
    """Columns such as Δw1 as what they give: a gradient, or a step, and with which sign."""
    forms: Counter[str] = Counter()
    for column, candidates in steps.items():
        names = sorted({reading.name(column), *candidates})
        reading = first_right(column, reading, renamed(reading, column, _signed(names)))
        if reading.verdict(column):
            forms[_form(reading.name(column))] += 1
    # What most of them are, all of them are meant to be.
    form, count = forms.most_common(1)[0] if forms else ("", 0)
    if 2 * count <= len(steps):
        return reading
    others = {column: name for column in steps if _form(name := reading.name(column)) != form}
    return reading.with_names({column: form.format(re.sub(r".*_d?", "", name)) for column, name in others.items()})


def _is_delta(column: Column, name: str) -> bool:
    """Whether a header says delta, and not of what by what it is the derivative."""
    return "/" not in column.header and re.fullmatch(r"dE_d(a_)?[ho]\d", name) is not None


def _step_candidates(column: Column) -> list[str]:
    return [name for name in column.candidates if "step_" in name]


def _signed(names: Iterable[str]) -> list[str]:
    """Quantities, then their negatives."""
    given = list(names)
    return [*given, *(f"-{name}" for name in given)]


def _form(name: str) -> str:
    """Return a quantity's name with a gap for its weight: ``-step_{}``."""
    return re.sub(r"[wb]\d$", "{}", name)
