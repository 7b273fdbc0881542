"""What an audit finds."""

from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from s6xl.ooxml.addresses import letters


class Kind(StrEnum):
    """What a finding is about."""

    FORMULA = "formula"  # computes something else than its header says
    UPDATE = "update"  # moves a weight otherwise than gradient descent does
    VALUE = "value"  # a number typed or pasted where a formula belongs
    START = "start"  # the first row does not start from given numbers
    GIVEN = "given"  # an input or a target that changes from row to row
    HEADER = "header"  # a header that names another quantity than its column computes
    ERROR = "error"  # a cell that shows an error
    STALE = "stale"  # a cached value that is not what its formula gives
    CHART = "chart"  # a series that does not cover the table


@dataclass(frozen=True)
class Finding:
    """Something wrong, at `cells` on `sheet`: ``AA33:AA100``, several areas joined by commas; for a chart its corner.

    `slip` is the mistake in words, such as ``uses a_h1 instead of a_h2``. `quantity` is the symbol of what the
    cells should compute, `stands` what stands in the first of them, `right` what is right there; these may be empty.
    """

    kind: Kind
    sheet: str
    cells: str
    slip: str
    quantity: str = ""
    stands: str = ""
    right: str = ""


@dataclass
class TableReport:
    """One table: where it stands, what was found in it, what could not be checked, and what is worth knowing."""

    sheet: str
    header_row: int
    first_row: int
    last_row: int
    network: str
    rate: str  # where the learning rate stands, such as ``G31``; empty where it is not known
    # Column letters by quantity's symbol; of a table on its side, the numbers of its rows; of columns that stand in
    # another block, the addresses of their headers.
    columns: dict[str, str]
    findings: list[Finding] = field(default_factory=list)
    not_checked: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def on_side(self) -> bool:
        """Whether its headers stand in a column, and its steps run across."""
        return any(place.isdecimal() for place in self.columns.values())

    @property
    def headers(self) -> str:
        """Where its headers stand: ``row 32``, ``column A``."""
        return f"{'column' if self.on_side else 'row'} {self.line(self.header_row)}"

    @property
    def steps(self) -> str:
        """Where its steps stand: ``33 to 100``, ``B to G``."""
        return f"{self.line(self.first_row)} to {self.line(self.last_row)}"

    def line(self, row: int) -> str:
        """A row of it as the sheet names it, or of one on its side a column."""
        return letters(row) if self.on_side else str(row)


@dataclass
class FileReport:
    """One file: its tables, or why it could not be read."""

    path: Path
    error: str = ""
    tables: list[TableReport] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def findings(self) -> list[Finding]:
        """Everything that was found in its tables."""
        return [finding for table in self.tables for finding in table.findings]

    @property
    def status(self) -> str:
        """``right``, ``findings``, ``no table`` or ``unreadable``."""
        if self.error:
            return "unreadable"
        if not self.tables:
            return "no table"
        return "findings" if self.findings else "right"

    def as_data(self) -> dict[str, Any]:
        """The report as plain data for JSON."""
        return {**asdict(self), "path": str(self.path), "status": self.status}
