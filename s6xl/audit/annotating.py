"""Writes a copy of an audited workbook in which the wrong cells are marked and a sheet says what is wrong.

Every part of the file that need not change stays byte for byte as it is, and those that change do so only at the spots:
a wrong cell gets the number of another format, and the lists of formats, sheets and parts get more entries.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping
from html import escape
from itertools import chain, count
from pathlib import Path
from posixpath import dirname, join

from s6xl.audit.audit_sheet import TITLE, lines
from s6xl.audit.audit_sheet_xml import sheet_xml
from s6xl.audit.findings import FileReport, Finding, Kind
from s6xl.errors import UserError
from s6xl.files import replacing
from s6xl.ooxml.addresses import Rectangle, address, rectangle_of
from s6xl.ooxml.contents import contents_of
from s6xl.ooxml.package import DamagedPartError, Package, opened, relationships_part, save_as
from s6xl.ooxml.scanning import XmlError
from s6xl.ooxml.sheet_scan import RowSpan, SheetScan
from s6xl.ooxml.splicing import Edit, ElementSpan, elements, spliced, tag_end, with_attribute
from s6xl.ooxml.styles_xml import StylesPart, empty_styles

_INSTEAD = "give another file with --annotate"
_WRONG = "FFFFC7CE"  # light red
_MOST_ADDED = 100  # empty cells of a row, to be marked
_MOST_BYTES = 256 << 20  # unpacked, which takes some seconds to pack again
_CONTENT_TYPES = "[Content_Types].xml"
_CONTENT_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"


def annotate(report: FileReport, out: Path) -> None:
    """Write a copy of an audited workbook in which the wrong cells are red and a sheet `Audit` lists the findings.

    Every part of the file that need not change is copied byte for byte.

    Args:
        report: What `audit` returned for the workbook, which has to be as it was then.
        out: The file to write, with the same suffix as the workbook; one that exists is replaced.

    Raises:
        UserError: if that cannot be done; then `out` is as it was.
    """
    if report.error:
        raise UserError(report.error)
    path = report.path
    with replacing(out, path.suffix.lower(), instead=_INSTEAD) as changed, opened(path, lambda: None) as package:
        if out.exists() and out.samefile(path):
            raise UserError(f"{out} is the audited workbook itself, which stays as it is: {_INSTEAD}.")
        _check_copyable(package)
        try:
            parts = _Annotation(package, report).parts()
        except XmlError as error:
            raise UserError(f"{path} cannot be annotated ({error}): {save_as(path)}.") from error
        package.copy(changed, parts)


def _check_copyable(package: Package) -> None:
    package.check_entries()
    if sum(entry.file_size for entry in package.entries) > _MOST_BYTES:
        raise UserError(
            f"{package.path} unpacks to more than {_MOST_BYTES >> 20} MB, which no backpropagation workbook needs: "
            "delete the sheets that it does not need, or copy its tables into a new workbook."
        )


class _Annotation:
    """The parts of a workbook that change, with their new content."""

    def __init__(self, package: Package, report: FileReport) -> None:
        self._package, self._report = package, report
        self._contents = contents_of(package)
        self._xml: dict[str, bytes] = {}
        self._workbook = self._tree(self._contents.part)
        sheets = next(self._workbook.named("sheets"), None)
        if sheets is None:
            raise DamagedPartError("it lists no sheets")
        self._sheets = sheets

    def parts(self) -> dict[str, bytes]:
        """Return the new content of each."""
        styles_part = next(iter(self._package.targets(self._contents.part, "styles")), "")
        namespace = self._workbook.namespace
        styles = StylesPart(self._package.content(styles_part) if styles_part else empty_styles(namespace))
        changed = dict(self._marked_sheets(styles))
        added: dict[str, str] = {}
        if not styles_part:
            styles_part = self._unused(f"styles{number}.xml" for number in chain([""], count(1)))
            added[styles_part] = "styles"
        sheet_part = self._unused(f"worksheets/sheet{number}.xml" for number in count(1))
        added[sheet_part] = "worksheet"
        changed[sheet_part] = sheet_xml(lines(self._report), namespace, styles)
        changed[styles_part] = styles.xml()
        changed |= self._with_parts(added, sheet_part)
        return changed

    def _marked_sheets(self, styles: StylesPart) -> Iterator[tuple[str, bytes]]:
        wanted: dict[str, list[Finding]] = {}
        for finding in self._report.findings:
            if finding.kind is not Kind.CHART:
                wanted.setdefault(finding.sheet, []).append(finding)
        sheets = {sheet.title: sheet.part for sheet in self._contents.sheets}
        for title, findings in wanted.items():
            if title not in sheets:
                raise UserError(f"{self._package.path} has changed since it was audited: audit it again.")
            areas = {rectangle_of(area.strip()) for finding in findings for area in finding.cells.split(",")}
            yield sheets[title], _marked(self._package.content(sheets[title]), areas, styles)

    def _with_parts(self, added: Mapping[str, str], sheet_part: str) -> Iterator[tuple[str, bytes]]:
        """Yield the parts that tell of others, which now tell of more; the sheet is listed last."""
        relations_part = relationships_part(self._contents.part)
        relations = self._tree(relations_part)
        taken = {relation.attributes.get("Id") for relation in relations.children}
        ids = (id_ for number in count(1) if (id_ := f"rId{number}") not in taken)
        types_ = (relation.attributes.get("Type", "") for relation in relations.children)
        type_ = next((type_ for type_ in types_ if type_.endswith("/worksheet")), "")
        namespace = type_.rpartition("/")[0]
        by_part = dict(zip(added, ids, strict=False))
        entries = "".join(
            f'<{relations.prefix}Relationship Id="{by_part[part]}" Type="{namespace}/{kind}" Target="/{escape(part)}"/>'
            for part, kind in added.items()
        )
        yield relations_part, self._appended(relations_part, relations, entries)

        types = self._tree(_CONTENT_TYPES)
        overrides = "".join(
            f'<{types.prefix}Override PartName="/{escape(part)}" ContentType="{_CONTENT_TYPE}.{kind}+xml"/>'
            for part, kind in added.items()
        )
        yield _CONTENT_TYPES, self._appended(_CONTENT_TYPES, types, overrides)

        numbers = {sheet.attributes.get("sheetId") for sheet in self._sheets.children}
        number = next(number for number in count(1) if str(number) not in numbers)
        entry = (
            f'<{self._sheets.prefix}sheet xmlns:r="{namespace}" name="{self._title()}" sheetId="{number}" '
            f'r:id="{by_part[sheet_part]}"/>'
        )
        yield self._contents.part, self._appended(self._contents.part, self._sheets, entry)

    def _title(self) -> str:
        """Return a title that no sheet has."""
        taken = {sheet.attributes.get("name", "").casefold() for sheet in self._sheets.children}
        titles = chain([TITLE], (f"{TITLE} {number}" for number in count(2)))
        return next(title for title in titles if title.casefold() not in taken)

    def _unused(self, names: Iterable[str]) -> str:
        """Return the first of these parts that there is not yet, in the folder of the workbook's own."""
        parts = (join(dirname(self._contents.part), name) for name in names)
        return next(part for part in parts if self._package.entry_name(part) is None)

    def _tree(self, part: str) -> ElementSpan:
        self._xml[part] = self._package.content(part)
        return elements(self._xml[part])

    def _appended(self, part: str, element: ElementSpan, content: str) -> bytes:
        return spliced(self._xml[part], element.appended(self._xml[part], content))


def _marked(xml: bytes, areas: Iterable[Rectangle], styles: StylesPart) -> bytes:
    """Return the worksheet with those of its cells marked that are in the areas."""
    return spliced(xml, _marks(SheetScan(xml), areas, styles))


def _wanted(scan: SheetScan, areas: Iterable[Rectangle]) -> Iterator[tuple[RowSpan, set[int]]]:
    """Return the rows in which cells are to be marked, each with the columns."""
    numbers = [row.number for row in scan.rows]
    wanted: dict[int, set[int]] = {}
    for top, left, bottom, right in areas:
        for index in range(bisect_left(numbers, top), bisect_right(numbers, bottom)):
            wanted.setdefault(index, set()).update(range(left, right + 1))
    return ((scan.rows[index], columns) for index, columns in wanted.items())


def _marks(scan: SheetScan, areas: Iterable[Rectangle], styles: StylesPart) -> Iterator[Edit]:
    for row, columns in _wanted(scan, areas):
        for cell in row.cells:
            if cell.column in columns:
                end = tag_end(scan.xml, cell.start)
                number = styles.marked(cell.style, _WRONG)
                tag = scan.xml[cell.start : end].decode()
                yield cell.start, end, with_attribute(tag, "s", str(number))
        missing = sorted(columns - {cell.column for cell in row.cells})
        # A row without cells has no place for them that is sure to be one.
        for column in missing if row.cells and len(missing) <= _MOST_ADDED else ():
            place = next((cell.start for cell in row.cells if cell.column > column), row.cells[-1].end)
            number = styles.marked("", _WRONG)
            yield place, place, f'<{scan.prefix}c r="{address(row.number, column)}" s="{number}"/>'
