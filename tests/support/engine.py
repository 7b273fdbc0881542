"""pyOpenVBA's formula engine as a witness: one formula at a time, without a running spreadsheet."""

from collections.abc import Mapping

from pyopenvba.apps.excel import ExcelApplication


class Engine:
    """An empty sheet on which formulas are tried."""

    def __init__(self) -> None:
        application = ExcelApplication()
        application.add_workbook()
        self._sheet = application.sheet("Sheet1")

    def evaluate(self, formula: str, cells: Mapping[str, float]) -> float | None:
        """The value of a formula, given without its ``=``; None for an error."""
        for address, value in cells.items():
            self._sheet.set_value(address, value)
        self._sheet.set_value("Z1", f"={formula}")
        value = self._sheet.value("Z1")
        return float(value) if isinstance(value, int | float) else None
