"""Reads a stranger's workbook: nothing in it is run, nothing outside it is followed, and no file can exhaust memory."""

from collections.abc import Callable
from pathlib import Path

from s6xl.errors import UserError
from s6xl.ooxml.addresses import COLUMNS, AddressError, Area, rectangle_of
from s6xl.ooxml.book import Book, ListTable, Sheet
from s6xl.ooxml.charts_xml import charts_of
from s6xl.ooxml.contents import Contents, contents_of
from s6xl.ooxml.package import DamagedPartError, Package, opened
from s6xl.ooxml.sheet_xml import MOST_CELLS, cells_of, decoded


def read(path: Path, deadline: Callable[[], None]) -> Book:
    """Read a workbook.

    A chart sheet is read as a sheet without cells. Tables and charts that are damaged are left out.

    Args:
        path: the workbook's file.
        deadline: is called again and again, and ends the reading by what it raises.

    Raises:
        UserError: if it cannot be read; with the cure.
    """
    with opened(path, deadline) as package:
        return _book(package)


def _book(package: Package) -> Book:
    contents = contents_of(package)
    book = Book(package.path)
    _add_names(book, contents)
    texts = [text for part in contents.shared_texts for text in _texts(package, part)]
    room = MOST_CELLS
    for listed in contents.sheets:
        if listed.kind not in ("worksheet", "chartsheet"):
            continue
        sheet = Sheet(listed.title, listed.part)
        book.sheets.append(sheet)
        if listed.kind == "worksheet":
            sheet.cells = cells_of(package, sheet.part, texts, room)
            room -= len(sheet.cells)
            _add_tables(book, package, sheet)
        sheet.charts = charts_of(package, sheet.part)
    if not any(listed.kind == "worksheet" for listed in contents.sheets):
        raise UserError(f"{package.path} has no worksheet: give a workbook that has a table of gradient descent.")
    return book


def _add_names(book: Book, contents: Contents) -> None:
    """Add what is defined by name, but for what Excel itself keeps under names, such as what to print."""
    for defined in contents.names:
        name = defined.name.casefold()
        if name.startswith("_xlnm.") or not defined.formula:
            continue
        if defined.sheet is None:
            book.names[name] = defined.formula
        else:
            book.local_names.setdefault(contents.sheets[defined.sheet].title, {})[name] = defined.formula


def _texts(package: Package, part: str) -> list[str]:
    """Return the texts that cells show by their numbers, without their formats and what tells how to pronounce them."""
    texts: list[str] = []
    runs: list[str] = []
    for path, _, text in package.elements(part):
        match path:
            case ("sst", "si", "t") | ("sst", "si", "r", "t"):
                runs.append(text)
            case ("sst", "si"):
                texts.append(decoded("".join(runs)))
                runs = []
                if len(texts) > MOST_CELLS:
                    raise DamagedPartError("it has too many texts")
    return texts


def _add_tables(book: Book, package: Package, sheet: Sheet) -> None:
    for part in package.targets(sheet.part, "table"):
        try:
            table = _table(package, part, sheet.title)
        except (DamagedPartError, AddressError):
            continue
        book.tables[table.name.casefold()] = table


def _table(package: Package, part: str, sheet: str) -> ListTable:
    columns: list[str] = []
    for path, attributes, _ in package.elements(part):
        match path:
            case ("table", "tableColumns", "tableColumn"):
                columns.append(decoded(attributes.get("name", "")))
                if len(columns) > COLUMNS:
                    raise DamagedPartError("it has too many columns")
            case ("table",):
                return ListTable(
                    attributes.get("displayName") or attributes.get("name", ""),
                    Area(sheet, *rectangle_of(attributes.get("ref", ""))),
                    tuple(columns),
                    has_header=attributes.get("headerRowCount", "1") != "0",
                    has_totals=attributes.get("totalsRowCount", "0") != "0",
                )
    raise DamagedPartError("it is not a table")
