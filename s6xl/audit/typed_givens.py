"""Numbers typed into formulas: the inputs and targets of those who give them no cells."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, permutations, product

from s6xl.audit.formulas import hole

_NUMBER = re.compile(r"(?<![\w.])\d+(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.(])")
_MOST_NUMBERS = 10  # in one formula
_MOST_NEW = 2  # of them that become known by one formula


@dataclass(frozen=True)
class TypedGivens:
    """A template with a hole more for each number that stands for a given; their names and how they are typed."""

    template: str
    names: tuple[str, ...]
    texts: tuple[str, ...]


def typed_givens(
    template: str, references: int, known: Mapping[str, float], missing: Sequence[str]
) -> Iterator[TypedGivens]:
    """Ways to read the numbers in a template as givens: as those that are `known` by name, or `missing` so far.

    `references` is how many holes the template has already.
    """
    numbers = list(_NUMBER.finditer(template))
    if len(numbers) > _MOST_NUMBERS:
        return
    choices = [["", *(name for name, value in known.items() if value == float(number[0]))] for number in numbers]
    for chosen in product(*choices):
        if any(chosen):
            yield _lifted(template, references, numbers, dict(enumerate(chosen)))
    unknown = [name for name in missing if name not in known]
    for count in range(1, _MOST_NEW + 1):
        for places, names in product(combinations(range(len(numbers)), count), permutations(unknown, count)):
            yield _lifted(template, references, numbers, dict(zip(places, names, strict=True)))


def _lifted(template: str, references: int, numbers: Sequence[re.Match[str]], names: Mapping[int, str]) -> TypedGivens:
    text, last = "", 0
    lifted: list[tuple[str, str]] = []
    for index, number in enumerate(numbers):
        if name := names.get(index):
            text += template[last : number.start()] + hole(references + len(lifted))
            last = number.end()
            lifted.append((name, number[0]))
    return TypedGivens(text + template[last:], tuple(name for name, _ in lifted), tuple(typed for _, typed in lifted))
