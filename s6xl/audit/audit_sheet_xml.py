"""The sheet `Audit` as a part of a workbook's file."""

from collections.abc import Mapping, Sequence
from html import escape

from xlsxwriter.utility import quote_sheetname

from s6xl.audit.audit_sheet import WIDTHS, Line, Role, lines_of_text
from s6xl.ooxml.addresses import Rectangle, letters
from s6xl.ooxml.sheet_cells import cell_xml
from s6xl.ooxml.styles_xml import StylesPart
from s6xl.palette import INK, LINE, LINK

_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_SIDES = ("left", "right", "top", "bottom")
# Lines that are a row of a table.
_BOXED = (Role.FINDING, Role.TABLE)
# Points, of a line of text and of rows that need more; not every program finds a height by itself.
_LINE_HEIGHT = 15
_HEIGHTS = {Role.TITLE: 27, Role.SUMMARY: 18, Role.SECTION: 21, Role.HEADERS: 18}


def sheet_xml(rows: Sequence[Line], namespace: str, styles: StylesPart) -> bytes:
    """Return the worksheet of these rows, whose formats are added to the styles."""
    looks = _looks(styles)
    data = "".join(_row_xml(number, row, looks) for number, row in enumerate(rows, 1))
    columns = "".join(
        f'<col min="{column}" max="{column}" width="{width}" customWidth="1"/>'
        for column, width in enumerate(WIDTHS, 1)
    )
    area = Rectangle(1, 1, len(rows), len(WIDTHS))
    parts = (
        '<sheetPr><pageSetUpPr fitToPage="1"/></sheetPr>',
        f'<dimension ref="{area}"/>',
        f'<sheetViews><sheetView showGridLines="0" workbookViewId="0">{_frozen(rows)}</sheetView></sheetViews>',
        '<sheetFormatPr defaultRowHeight="15"/>',
        f"<cols>{columns}</cols>",
        f"<sheetData>{data}</sheetData>",
        _links_xml(rows),
        '<pageMargins left="0.4" right="0.4" top="0.5" bottom="0.5" header="0.3" footer="0.3"/>',
        '<pageSetup orientation="landscape" fitToHeight="0"/>',
        f'<ignoredErrors><ignoredError sqref="{area}" numberStoredAsText="1"/></ignoredErrors>',
    )
    return f'{_HEAD}<worksheet xmlns="{namespace}">{"".join(parts)}</worksheet>'.encode()


def _row_xml(number: int, row: Line, looks: Mapping[str, int]) -> str:
    texts = [*row.texts, *[""] * (len(WIDTHS) - len(row.texts))] if row.role in _BOXED else row.texts
    cells = (
        cell_xml("", number, column + 1, str(looks["link" if column in row.links else row.role.value]), text or None)
        for column, text in enumerate(texts)
    )
    return f'<row r="{number}" ht="{_height(row)}" customHeight="1">{"".join(cells)}</row>'


def _height(row: Line) -> int:
    if row.role not in _BOXED:
        return _HEIGHTS.get(row.role, _LINE_HEIGHT)
    return 3 + _LINE_HEIGHT * max(lines_of_text(text, column) for column, text in enumerate(row.texts))


def _frozen(rows: Sequence[Line]) -> str:
    """Return what keeps the first headers in sight."""
    above = next((number for number, row in enumerate(rows, 1) if row.role is Role.HEADERS), 0)
    if not above:
        return ""
    return f'<pane ySplit="{above}" topLeftCell="A{above + 1}" activePane="bottomLeft" state="frozen"/>'


def _links_xml(rows: Sequence[Line]) -> str:
    links = "".join(
        f'<hyperlink ref="{letters(column + 1)}{number}" '
        f'location="{escape(f"{quote_sheetname(link.sheet)}!{link.area}")}"/>'
        for number, row in enumerate(rows, 1)
        for column, link in row.links.items()
    )
    return f"<hyperlinks>{links}</hyperlinks>" if links else ""


def _looks(styles: StylesPart) -> dict[str, int]:
    """Return the number of each role's format, and of a link's."""
    line = f'style="thin"><{{p}}color rgb="{_argb(LINE)}"/>'
    box = "".join(f"<{{p}}{side} {line}</{{p}}{side}>" for side in _SIDES) + "<{p}diagonal/>"
    wrapped = 'vertical="top" wrapText="1"'
    plain = styles.text_format(font=_font(11), alignment='vertical="top"')
    boxed = styles.text_format(font=_font(11), alignment=wrapped, border=box)
    return {
        Role.TITLE.value: styles.text_format(font=_font(18, bold=True), alignment='vertical="center"'),
        Role.SUMMARY.value: styles.text_format(font=_font(12), alignment='vertical="center"'),
        Role.TEXT.value: plain,
        Role.SECTION.value: styles.text_format(font=_font(13, bold=True), alignment='vertical="center"'),
        Role.HEADERS.value: styles.text_format(
            font=_font(11, bold=True, colour="#FFFFFF"), alignment=wrapped, fill=_argb(INK), border=box
        ),
        Role.FINDING.value: boxed,
        Role.TABLE.value: boxed,
        "link": styles.text_format(font=_font(11, colour=LINK, underlined=True), alignment=wrapped, border=box),
    }


def _font(size: int, *, bold: bool = False, underlined: bool = False, colour: str = INK) -> str:
    return (
        ("<{p}b/>" if bold else "")
        + ("<{p}u/>" if underlined else "")
        + f'<{{p}}sz val="{size}"/><{{p}}color rgb="{_argb(colour)}"/><{{p}}name val="Calibri"/><{{p}}family val="2"/>'
    )


def _argb(colour: str) -> str:
    return f"FF{colour.removeprefix('#')}"
