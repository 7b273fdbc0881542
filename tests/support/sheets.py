"""What openpyxl reads, where its types say less than it does."""

from typing import Any, cast

from openpyxl.utils import range_boundaries


def boundaries(area: str) -> tuple[int, int, int, int]:
    """First column and row, last column and row of ``$C$6`` or ``B22:G221``."""
    return cast(tuple[int, int, int, int], range_boundaries(area.replace("$", "")))


def charts(sheet: Any) -> list[Any]:
    """The charts of a sheet, in the order in which they were drawn."""
    return list(sheet._charts)


def images(sheet: Any) -> list[Any]:
    """The pictures of a sheet."""
    return list(sheet._images)
