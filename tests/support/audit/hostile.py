"""Files made to break a reader, and others that only look so: each builder writes one, under the name of its key."""

import io
import struct
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from xml.sax.saxutils import escape

from tests.support.audit.small_book import small_book

Builder = Callable[[Path], None]
Parts = dict[str, bytes]

BOOK_RELATIONS = "xl/_rels/workbook.xml.rels"
SHEET = "xl/worksheets/sheet1.xml"
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
MACRO_TYPE = "http://schemas.microsoft.com/office/2006/relationships/vbaProject"
HEAD, TAIL = f'<worksheet xmlns="{MAIN}"><sheetData>'.encode(), b"</sheetData></worksheet>"
COMPOUND_FILE = bytes.fromhex("D0CF11E0A1B11AE1")
MEGABYTE = 1 << 20


def unzipped(content: bytes) -> Parts:
    """The parts of a workbook by name."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def zipped(parts: Mapping[str, bytes]) -> bytes:
    """The workbook that the parts make up."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return file.getvalue()


def relationships(targets: Mapping[str, str]) -> bytes:
    """A part of relationships, as what they are by target."""
    entries = "".join(
        f'<Relationship Id="r{number}" Type="{OFFICE}/{kind}" Target="{target}"/>'
        for number, (target, kind) in enumerate(targets.items(), 1)
    )
    return f'<Relationships xmlns="{PACKAGE}">{entries}</Relationships>'.encode()


def bare(sheets: int = 1) -> Parts:
    """A workbook that lacks nothing but its worksheets, sheet1.xml and so on."""
    numbers = range(1, sheets + 1)
    entries = "".join(f'<sheet name="S{number}" sheetId="{number}" r:id="r{number}"/>' for number in numbers)
    book = f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets>{entries}</sheets></workbook>'
    return {
        "_rels/.rels": relationships({"xl/workbook.xml": "officeDocument"}),
        "xl/workbook.xml": book.encode(),
        BOOK_RELATIONS: relationships({f"worksheets/sheet{number}.xml": "worksheet" for number in numbers}),
    }


def write_workbook(path: Path, parts: Mapping[str, bytes], large: Mapping[str, Iterable[bytes]]) -> None:
    """Write a workbook of which some parts are too large to be held in memory."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
        for name, pieces in large.items():
            with archive.open(name, "w") as part:
                for piece in pieces:
                    part.write(piece)


def written(content: bytes) -> Builder:
    """A builder of a file that is nothing but this."""

    def build(path: Path) -> None:
        path.write_bytes(content)

    return build


def with_sheet(*pieces: bytes) -> Builder:
    """A builder of a workbook with this XML for its only sheet."""
    return written(zipped({**bare(), SHEET: b"".join(pieces)}))


def with_cells(cells: str, row: str = "<row>") -> Builder:
    """A builder of a workbook with these cells, all in one row, on its only sheet."""
    return with_sheet(HEAD, f"{row}{cells}</row>".encode(), TAIL)


def related(content: bytes, kind: str, target: str, mode: str = "Internal") -> bytes:
    """A part of relationships with one more."""
    entry = f'<Relationship Id="more" Type="{kind}" Target="{target}" TargetMode="{mode}"/></Relationships>'
    return content.replace(b"</Relationships>", entry.encode())


def streamed(
    pieces: Callable[[], Iterator[bytes]], part: str = SHEET, more: Mapping[str, bytes] | None = None
) -> Builder:
    """A builder of a workbook with a large part."""

    def build(path: Path) -> None:
        parts = {**bare(), SHEET: HEAD + TAIL, **(more or {})}
        parts.pop(part, None)
        write_workbook(path, parts, {part: pieces()})

    return build


def changed(**by_part: Callable[[bytes], bytes | None]) -> Builder:
    """A builder of the small workbook with some parts changed, given by their names' stems; None deletes one."""

    def build(path: Path) -> None:
        parts: Parts = {}
        for name, content in unzipped(small_book()).items():
            change = by_part.get(Path(name).stem)
            new = content if change is None else change(content)
            if new is not None:
                parts[name] = new
        path.write_bytes(zipped(parts))

    return build


def formulas(*texts: str) -> Builder:
    """A builder of the small workbook in which these formulas stand in place of the first ones of the table."""

    def change(sheet: bytes) -> bytes:
        before, *rest = sheet.split(b"<f>")
        for index, text in enumerate(texts):
            rest[index] = escape(text).encode() + b"</f>" + rest[index].partition(b"</f>")[2]
        return b"<f>".join([before, *rest])

    return changed(sheet1=change)


def compound_file(*names: str) -> bytes:
    """The beginning of a compound file whose directory lists these streams."""
    header = COMPOUND_FILE.ljust(512, b"\0")
    return header + b"".join(name.encode("utf-16-le").ljust(128, b"\0") for name in ("Root Entry", *names))


# Bombs.


def filler(megabytes: int) -> Iterator[bytes]:
    """A sheet of empty rows that are nothing but long."""
    yield HEAD
    for _ in range(megabytes):
        yield b'<row spans="%s"/>' % (b"1" * MEGABYTE)
    yield TAIL


def bomb_of_many_parts(path: Path) -> None:
    """Each sheet unpacks to little; all of them together do not."""
    parts = {f"xl/worksheets/sheet{number}.xml": filler(15) for number in range(1, 21)}
    write_workbook(path, bare(20), parts)


def bomb_with_lying_headers(path: Path) -> None:
    """The archive says that the sheet unpacks to a few bytes."""
    write_workbook(path, bare(), {SHEET: filler(300)})
    content = bytearray(path.read_bytes())
    # The size unpacked stands 22 bytes into the header of a file, and 24 bytes into its entry in the directory.
    for signature, offset in ((b"PK\3\4", 22), (b"PK\1\2", 24)):
        struct.pack_into("<I", content, content.rindex(signature) + offset, 100)
    path.write_bytes(content)


def bomb_of_overlapping_parts(path: Path) -> None:
    """Every sheet is the same packed bytes, which the archive's directory names again and again."""
    write_workbook(path, bare(100), {SHEET: filler(15)})
    content = path.read_bytes()
    start = content.rindex(b"PK\1\2")
    end = content.rindex(b"PK\5\6")
    entry = content[start:end]
    entries = [entry.replace(b"sheet1.xml", b"sheet%d.xml" % number) for number in range(1, 10)]
    closing = bytearray(content[end:])
    size = struct.unpack_from("<I", closing, 12)[0]
    count = struct.unpack_from("<H", closing, 8)[0]
    struct.pack_into("<HHI", closing, 8, count + 8, count + 8, size + 8 * len(entry))
    path.write_bytes(content[:start] + b"".join(entries) + closing)


def nested_bomb(path: Path) -> None:
    """Archives within archives, the innermost a bomb."""
    content = zipped({"bomb.xml": b" " * (64 * MEGABYTE)})
    for _ in range(3):
        content = zipped({f"{number}.zip": content for number in range(16)})
    path.write_bytes(content)


def too_many_cells() -> Iterator[bytes]:
    """More cells than anyone needs, in as few bytes as can be."""
    yield HEAD
    for _ in range(70):
        yield b"<row>" + b"<c><v>1</v></c>" * 16_000 + b"</row>"
    yield TAIL


def empty_rows() -> Iterator[bytes]:
    """A million rows that only have a height, as a sheet that was once formatted as a whole has them."""
    yield HEAD
    yield b'<row r="1"><c r="A1"><v>1</v></c></row>'
    for start in range(2, 1_000_002, 10_000):
        rows = range(start, min(start + 10_000, 1_000_002))
        yield "".join(f'<row r="{row}" spans="1:9" ht="15" customHeight="1"/>' for row in rows).encode()
    yield TAIL


def repeated(piece: bytes, count: int, before: bytes = HEAD, after: bytes = TAIL) -> Callable[[], Iterator[bytes]]:
    """A part that repeats itself."""

    def pieces() -> Iterator[bytes]:
        yield before
        for _ in range(count // 1000):
            yield piece * 1000
        yield after

    return pieces


WITH_TEXTS = {
    BOOK_RELATIONS: relationships({"worksheets/sheet1.xml": "worksheet", "sharedStrings.xml": "sharedStrings"})
}
WITH_DRAWING = {
    "xl/worksheets/_rels/sheet1.xml.rels": relationships({"../drawings/drawing1.xml": "drawing"}),
    "xl/drawings/_rels/drawing1.xml.rels": relationships({"../charts/chart1.xml": "chart"}),
    "xl/charts/chart1.xml": b"",
}
TEXTS = "xl/sharedStrings.xml"
LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))


def entry_twice(path: Path) -> None:
    """An archive with two parts under the name of the sheet, the first of them broken."""
    content = zipped({**bare(), SHEET: b"<worksheet", SHEET.replace("1", "2"): HEAD + TAIL})
    path.write_bytes(content.replace(b"sheet2.xml", b"sheet1.xml"))


def packed_oddly(path: Path) -> None:
    """A sheet packed by a method that no spreadsheet uses, and that unpacks gigabytes from a few bytes."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_LZMA) as archive:
        for name, content in {**bare(), SHEET: b"".join(filler(1))}.items():
            archive.writestr(name, content)


def flagged_as_encrypted(path: Path) -> None:
    """A workbook whose parts the archive itself encrypts."""
    content = bytearray(small_book())
    for signature, offset in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        place = content.find(signature)
        while place >= 0:
            content[place + offset] |= 1
            place = content.find(signature, place + 4)
    path.write_bytes(content)


def with_macros(path: Path) -> None:
    """The small workbook with what would be its macros."""
    parts = unzipped(small_book())
    parts["xl/vbaProject.bin"] = compound_file("VBA", "Auto_Open")
    parts[BOOK_RELATIONS] = related(parts[BOOK_RELATIONS], MACRO_TYPE, "vbaProject.bin")
    path.write_bytes(zipped(parts))


def with_external_link(path: Path) -> None:
    """A workbook whose formulas refer to what is elsewhere."""
    formulas(
        "[1]Sheet1!A1",
        "'http://example.invalid/[book.xlsx]Sheet1'!A1",
        'WEBSERVICE("http://example.invalid")',
        'HYPERLINK("http://example.invalid","x")',
        "cmd|'/c calc'!A1",
    )(path)
    parts = unzipped(path.read_bytes())
    link = "xl/externalLinks/externalLink1.xml"
    parts[link] = f'<externalLink xmlns="{MAIN}"><externalBook/></externalLink>'.encode()
    elsewhere = (f"{OFFICE}/externalLinkPath", "http://example.invalid/book.xlsx", "External")
    parts["xl/externalLinks/_rels/externalLink1.xml.rels"] = related(relationships({}), *elsewhere)
    parts[BOOK_RELATIONS] = related(parts[BOOK_RELATIONS], f"{OFFICE}/externalLink", "externalLinks/externalLink1.xml")
    path.write_bytes(zipped(parts))


def large_cells() -> Iterator[bytes]:
    """As many cells with long formulas and texts as fit, each with a letter that makes it take much memory."""
    cell = f'<c t="str"><f>{"x" * 25}🙂</f><v>{"y" * 55}🙂</v></c>'.encode()
    yield HEAD
    for _ in range(31):
        yield b"<row>" + cell * 16_000 + b"</row>"
    yield TAIL


def filled_blocks() -> Iterator[bytes]:
    """A block that one formula fills with nearly all cells that a workbook may have."""
    yield HEAD + b'<row><c r="A1"><f t="array" ref="A1:Z19000">1</f><v>1</v></c></row>' + TAIL


_NAMES = ("w1", "w2", "a_h1", "h1", "E1", "E_tot")


def _headers(count: int) -> bytes:
    cells = "".join(f'<c t="str"><v>{_NAMES[index % len(_NAMES)]}</v></c>' for index in range(count))
    return f"<row>{cells}</row>".encode()


def headers_across() -> Iterator[bytes]:
    """A row full of headers, over two of formulas: as many tables side by side as a sheet has room for."""
    yield HEAD + _headers(16_384)
    yield (b"<row>" + b"<c><f>1+1</f><v>2</v></c>" * 16_384 + b"</row>") * 2
    yield TAIL


def headers_down() -> Iterator[bytes]:
    """Rows of headers alone, and rows of headers over one of formulas."""
    yield HEAD
    for _ in range(20_000):
        yield _headers(6)
    for _ in range(15_000):
        yield _headers(6) + b"<row>" + b"<c><f>1+1</f><v>2</v></c>" * 6 + b"</row>"
    yield TAIL


def without_relationships() -> Parts:
    """A workbook that does not say where its sheet is."""
    return {name: content for name, content in bare().items() if not name.startswith("xl/_rels")}


ODS = zipped({"mimetype": b"application/vnd.oasis.opendocument.spreadsheet", "content.xml": b"<x/>"})
XLSB = zipped({"_rels/.rels": relationships({"xl/workbook.bin": "officeDocument"})})
LAUGH = b"<row><c><v>&l11;</v></c></row>"
NAMES = (b"<workbook><definedNames>", b"</definedNames></workbook>")
SST = (b"<sst>", b"</sst>")


def texts(piece: bytes, count: int, *around: bytes) -> Builder:
    """A builder of a workbook with a large part of shared texts."""
    return streamed(repeated(piece, count, *(around or SST)), TEXTS, WITH_TEXTS)


# Those that cannot be read: the part of the sentence that says why, and who builds them.
UNREADABLE: dict[str, tuple[str, Builder]] = {
    "not_a_zip.xlsx": ("is not a workbook", written(b"t1;t2;i1;i2\n0,5;0,5;0,05;0,1\n")),
    "empty.xlsx": ("is empty", written(b"")),
    "truncated.xlsx": ("is cut short", lambda path: written(small_book()[:-2000])(path)),
    "only_a_beginning.xlsx": ("is cut short", written(b"PK\3\4")),
    "password.xlsx": ("is protected by a password", written(compound_file("DataSpaces", "EncryptedPackage"))),
    "old.xlsx": ("is a workbook of the old kind", written(compound_file("Workbook"))),
    "old.xls": ("is not an .xlsx, .xlsm", written(compound_file("Workbook"))),
    "flagged_as_encrypted.xlsx": ("is protected by a password", flagged_as_encrypted),
    "binary.xlsb": ("is not an .xlsx, .xlsm", written(XLSB)),
    "binary_renamed.xlsx": ("is a binary workbook", written(XLSB)),
    "table.csv": ("is not an .xlsx, .xlsm", written(b"1,2\n")),
    "document.ods": ("is not an .xlsx, .xlsm", written(ODS)),
    "document_renamed.xlsx": ("not a workbook", written(ODS)),
    "bomb.xlsx": ("unpacks to more than", streamed(lambda: filler(300))),
    "bomb_of_many_parts.xlsx": ("unpacks to more than", bomb_of_many_parts),
    "bomb_with_lying_headers.xlsx": ("cannot be unpacked", bomb_with_lying_headers),
    "bomb_of_overlapping_parts.xlsx": ("cannot be unpacked", bomb_of_overlapping_parts),
    "nested_bomb.xlsx": ("not a workbook", nested_bomb),
    "packed_oddly.xlsx": ("packed in a way", packed_oddly),
    "billion_laughs.xlsx": (
        "DOCTYPE",
        with_sheet(b'<!DOCTYPE worksheet [<!ENTITY l0 "ha">', LAUGHS.encode(), b"]>", HEAD, LAUGH, TAIL),
    ),
    "external_entity.xlsx": (
        "DOCTYPE",
        with_sheet(b'<!DOCTYPE worksheet [<!ENTITY l11 SYSTEM "file:///etc/passwd">]>', HEAD, LAUGH, TAIL),
    ),
    "external_doctype.xlsx": (
        "DOCTYPE",
        with_sheet(b'<!DOCTYPE worksheet SYSTEM "http://example.invalid/x.dtd">', HEAD, TAIL),
    ),
    "too_many_cells.xlsx": ("more than 500,000 cells", streamed(too_many_cells)),
    "one_cell_too_often.xlsx": (
        "more than 500,000 cells",
        streamed(repeated(b'<c r="A1"><f t="shared" si="1"/></c>', 1_200_000)),
    ),
    "filled_beyond_bounds.xlsx": (
        "more than 500,000 cells",
        with_cells('<c r="A1"><f t="array" ref="A1:XFD1048576">1</f></c>'),
    ),
    "deep_xml.xlsx": ("nested too deeply", with_sheet(HEAD, b"<a>" * 1_000_000)),
    "deep_texts.xlsx": ("nested too deeply", texts(b"<a>", 1_000_000, b"<sst>", b"")),
    "huge_text.xlsx": ("too long a text", texts("日".encode() * 100, 300_000, b"<sst><si><t>", b"</t></si></sst>")),
    "huge_attribute.xlsx": ("too large", streamed(repeated(b"x" * 1000, 100_000, HEAD + b'<row r="', b'"/>' + TAIL))),
    "huge_comment.xlsx": ("too large", streamed(repeated(b"x" * 1000, 100_000, HEAD + b"<!--", b"-->" + TAIL))),
    "many_texts.xlsx": ("too many texts", texts(b"<si><t>ab</t></si>", 1_700_000)),
    "many_names.xlsx": (
        "too many sheets or names",
        streamed(repeated(b'<definedName name="a">1</definedName>', 200_000, *NAMES), "xl/workbook.xml"),
    ),
    "no_sheet.xlsx": ("is missing", written(zipped(bare()))),
    "no_relationships.xlsx": ("a sheet is missing", written(zipped(without_relationships()))),
    "no_sheets.xlsx": ("has no worksheet", written(zipped(bare(0)))),
    "no_texts.xlsx": ("is missing", changed(sharedStrings=lambda _: None)),
    "fewer_texts.xlsx": ("a text that is not in the file", changed(sharedStrings=lambda _: b"<sst/>")),
    "bad_row.xlsx": ("a number", with_cells("<c><v>1</v></c>", '<row r="x">')),
    "row_below_1.xlsx": ("outside a sheet", with_cells("<c><v>1</v></c>", '<row r="-3">')),
    "row_too_far.xlsx": ("outside a sheet", with_cells('<c r="A1048577"><v>1</v></c>')),
    "column_too_far.xlsx": ("outside a sheet", with_cells('<c r="XFE1"><v>1</v></c>')),
    "bad_address.xlsx": ("a cell at '1A'", with_cells('<c r="1A"><v>1</v></c>')),
    "empty_address.xlsx": ("a cell at", with_cells('<c r=""><v>1</v></c>')),
    "long_address.xlsx": ("a cell at", with_cells(f'<c r="{"A&#10;" * 100_000}1"><v>1</v></c>')),
    "bad_text_number.xlsx": ("a number", with_cells('<c r="A1" t="s"><v>-1e9</v></c>')),
    "bad_array.xlsx": ("a cell at", with_cells('<c r="A1"><f t="array" ref="nonsense">1</f></c>')),
    "cut_xml.xlsx": ("line 1", with_sheet(HEAD, b"<row><c")),
    "no_xml.xlsx": ("line 1", with_sheet(b"\0" * 1000)),
    "unknown_encoding.xlsx": ("is damaged", with_sheet(b'<?xml version="1.0" encoding="utf-7"?>', HEAD, TAIL)),
}

# Those that can be read, however odd they are.
READABLE: dict[str, Builder] = {
    "million_empty_rows.xlsx": streamed(empty_rows),
    "formula_cycles.xlsx": formulas("A5", "G4+1", "C6", "C5", "SUM(A:AE)", "INDIRECT(ADDRESS(ROW(),COLUMN()))"),
    "long_formulas.xlsx": formulas("+".join(["A4"] * 3333), "1" * 10_000, "-" * 10_000 + "1", "A" * 10_000),
    "deep_parentheses.xlsx": formulas(
        "(" * 5_000 + "A4" + ")" * 5_000, "(" * 5_000, ")" * 5_000, "SIN(" * 2_000 + "1" + ")" * 2_000
    ),
    "deep_powers.xlsx": formulas(
        "^".join(["9"] * 3_000), "9" + "%" * 5_000, "2^-" * 3_000 + "2", "&".join(['"a"'] * 2_000), "{" * 5_000
    ),
    "huge_numbers.xlsx": formulas(
        "9^9^9^9", 'REPT("x",1E9)', "1E308*1E308", "FACT(1E9)", "SUM(A1:XFD1048576)", "1E999"
    ),
    "macros.xlsm": with_macros,
    "external_links.xlsx": with_external_link,
    "entry_twice.xlsx": entry_twice,
    "damaged_chart.xlsx": changed(chart1=lambda content: content[:200]),
    "missing_chart.xlsx": changed(chart1=lambda _: None),
    "damaged_drawing.xlsx": changed(drawing1=lambda content: content[:200]),
    "odd_numbers.xlsx": with_cells("<c><v>NaN</v></c><c><v>1e999</v></c><c><v>abc</v></c><c><v/></c>", '<row r="1">'),
    "waits_for_nothing.xlsx": with_cells('<c r="A1"><f t="shared" si="7"/><v>1</v></c>'),
    "many_charts.xlsx": streamed(
        repeated(b'<oneCellAnchor><chart id="r1"/></oneCellAnchor>', 500_000, b"<wsDr>", b"</wsDr>"),
        "xl/drawings/drawing1.xml",
        WITH_DRAWING,
    ),
    "headers_across.xlsx": streamed(headers_across),
    "headers_down.xlsx": streamed(headers_down),
    "large_texts.xlsx": texts("<si><t>🙂日</t></si>".encode(), 500_000),
    "large_cells.xlsx": streamed(large_cells),
    "filled_block.xlsx": streamed(filled_blocks),
}
