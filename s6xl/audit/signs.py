"""Columns whose sign is a matter of taste: deltas, and steps such as Δw1."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping

from s6xl.audit.placement import Placement
from s6xl.audit.tables import Column


def turn_signs(placement: Placement) -> None:
    """Take columns of deltas and of steps for negatives where that leaves the fewest columns wrong.

    Whether a delta is (a - t)·… or (t - a)·… is a matter of taste, as long as the rest goes with it.
    """
    deltas = [column for column in placement.samples if _is_delta(column)]
    steps = [column for column in placement.samples if any("step_" in reading for reading in column.readings)]
    if not deltas and not steps:
        return
    names = {column: column.name or "" for column in (*deltas, *steps)}
    trials = []
    for sign in ("", "-", None) if deltas else ("",):
        for column in deltas * 2:  # twice, as some are computed from others
            if sign is None:
                placement.call_what_fits(column, _signed([names[column]]))
            else:
                placement.call({column: f"{sign}{names[column]}"})
        _turn_steps(placement, steps, names)
        trials.append({column: column.name or "" for column in names})
        placement.call(names)
    placement.call(min(trials, key=lambda trial: _count_wrong(placement, trial)))


def _turn_steps(placement: Placement, steps: list[Column], names: Mapping[Column, str]) -> None:
    """Take columns such as Δw1 for what they give: a gradient, or a step, and with which sign."""
    fitting: Counter[str] = Counter()
    for column in steps:
        options = {names[column], *(reading for reading in column.readings if "step_" in reading)}
        if placement.call_what_fits(column, _signed(sorted(options))):
            fitting[_form(column.name or "")] += 1
    # What most of them are, all of them are meant to be.
    form, count = fitting.most_common(1)[0] if fitting else ("", 0)
    for column in steps:
        name = column.name or ""
        if 2 * count > len(steps) and _form(name) != form:
            placement.call({column: form.format(re.sub(r".*_d?", "", name))})


def _count_wrong(placement: Placement, names: Mapping[Column, str | None]) -> int:
    placement.call(names)
    return len(placement.wrong())


def _is_delta(column: Column) -> bool:
    """Whether a header says delta, and not of what by what it is the derivative."""
    return "/" not in column.header and re.fullmatch(r"dE_d(a_)?[ho]\d", column.name or "") is not None


def _signed(names: Iterable[str]) -> list[str]:
    """Quantities, then their negatives."""
    given = list(names)
    return [*given, *(f"-{name}" for name in given)]


def _form(name: str) -> str:
    """A quantity's name with a gap for its weight: ``-step_{}``."""
    return re.sub(r"[wb]\d$", "{}", name)
