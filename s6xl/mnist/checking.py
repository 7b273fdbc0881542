"""Checking the types of values that were read from a file."""

from dataclasses import fields
from typing import Any, get_type_hints

_SIMPLE: dict[Any, tuple[type, ...]] = {int: (int,), float: (int, float), str: (str,), bool: (bool,)}


def check_types(instance: Any) -> None:
    """Check the numbers, texts and truth values of a dataclass against their declared types.

    Raises:
        TypeError: if one has another type.
    """
    hints = get_type_hints(type(instance))
    for field in fields(instance):
        wanted, value = hints[field.name], getattr(instance, field.name)
        if wanted in _SIMPLE and (
            not isinstance(value, _SIMPLE[wanted]) or (isinstance(value, bool) and wanted is not bool)
        ):
            raise TypeError(f"{field.name} is {value!r}")
