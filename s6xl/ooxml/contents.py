"""What a workbook's own part lists: its sheets, each with the part that it is, and what is defined by name."""

from dataclasses import dataclass

from s6xl.errors import UserError
from s6xl.ooxml.package import MOST_ENTRIES, DamagedPartError, Element, Package, save_as
from s6xl.ooxml.scanning import Attributes
from s6xl.ooxml.sheet_xml import formula_of


@dataclass(frozen=True, slots=True)
class ListedSheet:
    """A sheet: its title, its part, and of what kind it is, such as ``worksheet`` or ``chartsheet``."""

    title: str
    part: str
    kind: str


@dataclass(frozen=True, slots=True)
class DefinedName:
    """A name, its formula without the ``=``, and the index of the sheet that it belongs to, if any."""

    name: str
    formula: str
    sheet: int | None = None


@dataclass(frozen=True)
class Contents:
    """The part that lists a workbook's sheets and names, these in order, and the parts with shared texts."""

    part: str
    sheets: tuple[ListedSheet, ...]
    names: tuple[DefinedName, ...]
    shared_texts: tuple[str, ...]


def contents_of(package: Package) -> Contents:
    """Return what a workbook lists; names that belong to a sheet that there is not are left out.

    Raises:
        DamagedPartError: if it cannot be read.
        UserError: if the package is not a workbook; with the cure.
    """
    part = _workbook_part(package)
    listed, named = _listed(package, part)
    relationships = package.relationships(part)
    sheets = []
    for attributes in listed:
        relation = relationships.get(attributes.get("id", ""))
        if relation is None:
            raise DamagedPartError("a sheet is missing")
        sheets.append(ListedSheet(attributes.get("name", ""), relation.part, relation.kind))
    names = (_name(element, len(sheets)) for element in named)
    return Contents(
        part,
        tuple(sheets),
        tuple(name for name in names if name),
        tuple(relation.part for relation in relationships.values() if relation.kind == "sharedStrings"),
    )


def _workbook_part(package: Package) -> str:
    """Return the part that lists the sheets."""
    parts = package.targets("", "officeDocument")
    if not parts:
        raise UserError(f"{package.path} is a ZIP archive but not a workbook: {save_as(package.path)}.")
    if parts[0].endswith(".bin"):
        raise UserError(f"{package.path} is a binary workbook (.xlsb): {save_as(package.path)}.")
    return parts[0]


def _listed(package: Package, part: str) -> tuple[list[Attributes], list[Element]]:
    """Return the sheets, as far as the workbook's part tells of them, and what is defined by name."""
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


def _name(element: Element, sheets: int) -> DefinedName | None:
    name, formula, sheet = (
        element.attributes.get("name", ""),
        formula_of(element.text),
        element.attributes.get("localSheetId"),
    )
    if sheet is None:
        return DefinedName(name, formula)
    if sheet.isdecimal() and len(sheet) < 10 and int(sheet) < sheets:
        return DefinedName(name, formula, int(sheet))
    return None
