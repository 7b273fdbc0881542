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
    """One mistake, in all the cells that have it.

    Attributes:
        kind: What the finding is about.
        sheet: The title of the sheet.
        cells: The wrong cells, such as ``AA33:AA100``, several areas joined by commas; for a chart its corner.
        slip: The mistake in words, such as ``uses a_h1 instead of a_h2``.
        quantity: The symbol of what the cells should compute, such as ``∂E/∂w3``; may be empty.
        stands: What was found in the first of the cells, as the formula bar shows it; may be empty.
        right: What is right in the first of the cells; empty if that cannot be written.
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
    """What was found in one table.

    Of a table on its side, rows and columns are exchanged in everything that is said here.

    Attributes:
        sheet: The title of the sheet of its first block.
        header_row: The row of its headers, counted from 1.
        first_row: The row of its first step.
        last_row: The row of its last step.
        network: The network in words, such as ``2-2-2, sigmoid, no biases``.
        rate: The cell of the learning rate, such as ``G31``, or its number; empty if it is not known.
        columns: The letter of each quantity's column by its symbol; of a table on its side the number of its row, and
            of a column in another block the address of its header.
        findings: What is wrong.
        not_checked: What could not be judged, and why.
        notes: What is worth knowing but not a mistake.
    """

    sheet: str
    header_row: int
    first_row: int
    last_row: int
    network: str
    rate: str
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
        """Return a row of it as the sheet names it, or of one on its side a column."""
        return letters(row) if self.on_side else str(row)


@dataclass
class FileReport:
    """What was found in one workbook.

    Attributes:
        path: The file.
        error: Why it could not be read, in one sentence; empty if it was.
        tables: Its tables of gradient descent, in the order of the sheets.
        notes: What is worth knowing about the file but not a mistake.
    """

    path: Path
    error: str = ""
    tables: list[TableReport] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def findings(self) -> list[Finding]:
        """The findings of all its tables."""
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
        """Return the report as plain data for JSON."""
        return {**asdict(self), "path": str(self.path), "status": self.status}
