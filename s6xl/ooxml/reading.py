"""Reads a stranger's workbook: nothing in it is run, nothing outside it is followed, and no file can exhaust memory."""

from collections.abc import Callable
from pathlib import Path

from s6xl.errors import UserError
from s6xl.ooxml.book import Area, Book, ListTable, Sheet
from s6xl.ooxml.charts_xml import charts_of
from s6xl.ooxml.package import MOST_ENTRIES, SAVE_AS, Attributes, DamagedPartError, Element, Package, opened
from s6xl.ooxml.sheet_xml import MOST_CELLS, block, cells_of, decoded, formula_of

_MOST_COLUMNS = 16_384


def read(path: Path, deadline: Callable[[], None]) -> Book:
    """Read a workbook; `deadline` is called again and again, and ends the reading by what it raises.

    A chart sheet is read as a sheet without cells. Tables and charts that are damaged are left out.

    Raises:
        UserError: if it cannot be read; with the cure.
    """
    with opened(path, deadline) as package:
        return _book(package)


def _book(package: Package) -> Book:
    book = Book(package.path)
    part = _workbook_part(package)
    sheets, names = _sheets_and_names(package, part)
    _add_names(book, names, [sheet.get("name", "") for sheet in sheets])

    relationships = package.relationships(part)
    texts = [
        text
        for relation in relationships.values()
        if relation.kind == "sharedStrings"
        for text in _texts(package, relation.part)
    ]
    room = MOST_CELLS
    worksheets = 0
    for attributes in sheets:
        relation = relationships.get(attributes.get("id", ""))
        if relation is None:
            raise DamagedPartError("a sheet is missing")
        if relation.kind not in ("worksheet", "chartsheet"):
            continue
        sheet = Sheet(attributes.get("name", ""), relation.part)
        book.sheets.append(sheet)
        if relation.kind == "worksheet":
            worksheets += 1
            sheet.cells = cells_of(package, sheet.part, texts, room)
            room -= len(sheet.cells)
            _add_tables(book, package, sheet)
        sheet.charts = charts_of(package, sheet.part)
    if not worksheets:
        raise UserError(f"{package.path} has no worksheet: give a workbook that has a table of gradient descent.")
    return book


def _workbook_part(package: Package) -> str:
    """The part that lists the sheets."""
    parts = package.targets("", "officeDocument")
    if not parts:
        raise UserError(f"{package.path} is a ZIP archive but no workbook: {SAVE_AS}.")
    if parts[0].endswith(".bin"):
        raise UserError(f"{package.path} is a binary workbook (.xlsb): {SAVE_AS}.")
    return parts[0]


def _sheets_and_names(package: Package, part: str) -> tuple[list[Attributes], list[Element]]:
    """The sheets, as far as the workbook's part tells of them, and what is defined by name."""
    sheets: list[Attributes] = []
    names: list[Element] = []
    for element in package.elements(part):
        match element.path:
            case ("workbook", "sheets", "sheet"):
                sheets.append(element.attributes)
            case ("workbook", "definedNames", "definedName"):
                names.append(element)
        if len(sheets) + len(names) > MOST_ENTRIES:
            raise DamagedPartError("it has too many sheets or names")
    return sheets, names


def _add_names(book: Book, elements: list[Element], titles: list[str]) -> None:
    """Add what is defined by name, but for what Excel itself keeps under names, such as what to print."""
    for _, attributes, text in elements:
        name, formula = attributes.get("name", "").casefold(), formula_of(text)
        if name.startswith("_xlnm.") or not formula:
            continue
        sheet = attributes.get("localSheetId")
        if sheet is None:
            book.names[name] = formula
        elif sheet.isdecimal() and len(sheet) < 10 and int(sheet) < len(titles):
            book.local_names.setdefault(titles[int(sheet)], {})[name] = formula


def _texts(package: Package, part: str) -> list[str]:
    """The texts that cells show by their numbers, without their formats and what tells how to pronounce them."""
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
        except DamagedPartError:
            continue
        book.tables[table.name.casefold()] = table


def _table(package: Package, part: str, sheet: str) -> ListTable:
    columns: list[str] = []
    for path, attributes, _ in package.elements(part):
        match path:
            case ("table", "tableColumns", "tableColumn"):
                columns.append(decoded(attributes.get("name", "")))
                if len(columns) > _MOST_COLUMNS:
                    raise DamagedPartError("it has too many columns")
            case ("table",):
                return ListTable(
                    attributes.get("displayName") or attributes.get("name", ""),
                    Area(sheet, *block(attributes.get("ref", ""))),
                    tuple(columns),
                    has_header=attributes.get("headerRowCount", "1") != "0",
                    has_totals=attributes.get("totalsRowCount", "0") != "0",
                )
    raise DamagedPartError("it is no table")
