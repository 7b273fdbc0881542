"""Spoils workbooks at random: a seed gives the same spoilt workbook each time."""

import re
from collections.abc import Callable
from random import Random

from tests.support.audit.hostile import Parts, unzipped, zipped

FORMULAS = (
    "(" * 300 + "A4" + ")" * 300,
    "(" * 5_000,
    ")",
    "+".join(["A4"] * 3_333),
    "1" * 10_000,
    "-" * 10_000 + "1",
    "9^9^9^9^9",
    "A4",
    "A5",
    "A1:XFD1048576",
    "A:A",
    "4:4",
    "SUM(A:A)",
    "NOSUCHFUNCTION(A4)",
    "_xlfn.LAMBDA(_xlpm.x,_xlpm.x+1)(A4)",
    "XFE1",
    "A1048577",
    "A0",
    "#REF!",
    "A4+#REF!",
    "#N/A",
    "SUM({1,2;3,4})",
    "{1,2;3}",
    "SUM(Descent:Descent!A4)",
    "Nowhere!A4",
    "'It''s'!A4",
    "[1]Sheet1!A1",
    "'[book.xlsx]Sheet'!A1",
    "Steps[w1]",
    "Steps[[#This Row],[w1]]",
    "Steps[",
    "rate",
    "nothing",
    "A4 A5",
    "(A4,A5)",
    "1/0",
    "SQRT(-1)",
    "LN(0)",
    "EXP(1E308)",
    "0^0",
    "TRUE",
    '"=0.5"',
    '"a',
    "A4&amp;A5",
    "A4&lt;&gt;A5",
    "IF(A4,A5,)",
    "IF()",
    "OFFSET(A4,1,0)",
    "INDIRECT(&quot;A4&quot;)",
    "RAND()",
    "@A4",
    "A4#",
    "R[-1]C",
    "=A4",
    "=",
    " ",
    "",
    "\u2202\U0001d715",
    "1E999",
    "1..2",
    "A4,A5",
    "*",
)
VALUES = (
    "NaN",
    "1e999",
    "-INF",
    "abc",
    "",
    " ",
    "1,5",
    "1e-320",
    "99999999999999999999",
    "-1",
    "#NUM!",
    "0x10",
    "1_0",
    "&#10;",
)
ADDRESSES = (
    "A1",
    "A1048576",
    "XFD1",
    "A1048577",
    "XFE1",
    "A0",
    "AAAA1",
    "1A",
    "a4",
    "$A$4",
    "",
    "A4:B5",
    "A99999999999",
)
ATTRIBUTES = (
    't="s"',
    't="e"',
    't="b"',
    't="d"',
    't="n"',
    't="str"',
    't="inlineStr"',
    't="shared" si="0"',
    't="shared" si="0" ref="A1:XFD1048576"',
    't="array" ref="A4:AE9"',
    't="array" ref="A1:XFD1048576"',
    't="array" ref="nonsense"',
    't="dataTable" ref="A4:B5" r1="A1"',
    'r="A4"',
)

Mutation = Callable[[Parts, Random], None]


def mutated(content: bytes, random: Random) -> bytes:
    """A workbook with one to three things spoilt, and now and then some of its file's bytes, too."""
    parts = unzipped(content)
    for _ in range(random.randint(1, 3)):
        if parts:
            random.choice(MUTATIONS)(parts, random)
    spoilt = zipped(parts)
    match random.randrange(12):
        case 0:
            return _flipped(spoilt, random)
        case 1:
            return spoilt[: random.randrange(len(spoilt))]
    return spoilt


def _flipped(content: bytes, random: Random) -> bytes:
    """The bytes with up to ten bits flipped."""
    flipped = bytearray(content)
    for _ in range(random.randint(1, 10) if flipped else 0):
        flipped[random.randrange(len(flipped))] ^= 1 << random.randrange(8)
    return bytes(flipped)


def _flip_xml(parts: Parts, random: Random) -> None:
    name = random.choice(list(parts))
    parts[name] = _flipped(parts[name], random)


def _cut_xml(parts: Parts, random: Random) -> None:
    name = random.choice(list(parts))
    parts[name] = parts[name][: random.randrange(len(parts[name]) + 1)]


def _delete_part(parts: Parts, random: Random) -> None:
    del parts[random.choice(list(parts))]


def _swap_parts(parts: Parts, random: Random) -> None:
    one, other = random.choice(list(parts)), random.choice(list(parts))
    parts[one], parts[other] = parts[other], parts[one]


def _swap_attributes(parts: Parts, random: Random) -> None:
    """Exchange two attributes' values in a part."""
    name = random.choice(list(parts))
    content = parts[name]
    found = list(re.finditer(rb'="([^"]*)"', content))
    if len(found) > 1:
        one, other = sorted(random.sample(found, 2), key=re.Match.start)
        between = content[one.end(1) : other.start(1)]
        parts[name] = content[: one.start(1)] + other[1] + between + one[1] + content[other.end(1) :]


def _exchanged(pattern: str, new: Callable[[re.Match[bytes], Random], str], most: int = 4) -> Mutation:
    """A mutation that puts something else in place of some matches of a pattern in the sheets."""

    def mutate(parts: Parts, random: Random) -> None:
        for name in [name for name in parts if name.startswith("xl/worksheets/sheet")]:
            content = parts[name]
            found = list(re.finditer(pattern.encode(), content, re.DOTALL))
            for match in sorted(random.sample(found, min(len(found), random.randint(1, most))), key=re.Match.start)[
                ::-1
            ]:
                content = content[: match.start()] + new(match, random).encode() + content[match.end() :]
            parts[name] = content

    return mutate


def _text(match: re.Match[bytes]) -> str:
    return match[0].decode("utf-8", "replace")


def _other_reference(match: re.Match[bytes], random: Random) -> str:
    """The formula with one of its references moved by a row or a column, anchored, or taken out of range."""
    text = _text(match)
    references = list(re.finditer(r"([A-Z]+)(\d+)", text))
    if not references:
        return text
    found = random.choice(references)
    column, row = found[1], int(found[2])
    other = random.choice(
        (
            f"{column}{row - 1}",
            f"{column}{row + 1}",
            f"${column}${row}",
            f"B{row}",
            f"{column}999",
            f"{column}:{column}",
        )
    )
    return text[: found.start()] + other + text[found.end() :]


def _everything(value: str) -> Mutation:
    """A mutation that gives all cells the same formula, or deletes all values."""

    def mutate(parts: Parts, random: Random) -> None:
        pattern, new = (rb"<f>[^<]*</f>", f"<f>{value}</f>") if value else (rb"<v>[^<]*</v>", "")
        for name in [name for name in parts if name.startswith("xl/worksheets/sheet")]:
            parts[name] = re.sub(pattern, new.encode(), parts[name])

    return mutate


def _headers(parts: Parts, random: Random) -> None:
    """Give the texts of the workbook another order, or make one of them another."""
    name = "xl/sharedStrings.xml"
    if name in parts:
        pieces = re.split(rb"(?=<si>)|(?=</sst>)", parts[name])
        before, texts, after = pieces[0], pieces[1:-1], pieces[-1]
        if random.random() < 0.5:
            random.shuffle(texts)
        elif texts:
            other = random.choice(["", "w1", "dE/dw1", "E_tot", "\u2202", "_x0041_", "x" * 40_000])
            texts[random.randrange(len(texts))] = f"<si><r><t>{other}</t></r></si>".encode()
        parts[name] = b"".join([before, *texts, after])


def _doctype(parts: Parts, random: Random) -> None:
    name = random.choice(list(parts))
    parts[name] = re.sub(rb"(?<=\?>)", b'<!DOCTYPE x [<!ENTITY y "z">]>', parts[name], count=1)


def _sheet_end(parts: Parts, random: Random) -> None:
    """Merge cells, or have what a sheet has behind its cells."""
    more = random.choice(
        (
            '<mergeCells count="1"><mergeCell ref="A3:AE9"/></mergeCells>',
            '<mergeCells count="1"><mergeCell ref="F4:F9"/></mergeCells>',
            '<mergeCells count="1"><mergeCell ref="nonsense"/></mergeCells>',
            '<drawing r:id="rId99"/><tableParts count="1"><tablePart r:id="rId98"/></tableParts>',
            "<c><f>1</f></c>",
        )
    )
    for name in [name for name in parts if name.startswith("xl/worksheets/sheet")]:
        parts[name] = parts[name].replace(b"</sheetData>", f"</sheetData>{more}".encode())


def _names(parts: Parts, random: Random) -> None:
    """Have the workbook's name stand for something else, or for itself."""
    name = "xl/workbook.xml"
    if name in parts:
        formula = random.choice(("rate", "rate+1", "Descent!$A:$A", "#REF!", "[1]Sheet1!A1", "0.5", "", "(" * 1_000))
        parts[name] = re.sub(rb"(?<=>)[^<]+(?=</definedName>)", formula.encode(), parts[name])


def _row(match: re.Match[bytes], random: Random) -> str:
    """A row that is gone, twice there, empty, or elsewhere."""
    text = _text(match)
    number = random.choice(("1", "5", "1048576", "1048577", "-1", "0", "x", "99999999999999999999"))
    moved = re.sub(r'(r="[A-Z]*)\d+"', rf'\g<1>{number}"', text)
    return random.choice(("", text + text, "<row/>", moved, text + moved, re.sub(r' r="[^"]*"', "", text)))


ROW = r"<row .*?</row>"
FORMULA = r"<f>[^<]*</f>"
MUTATIONS: tuple[Mutation, ...] = (
    _flip_xml,
    _cut_xml,
    _delete_part,
    _swap_parts,
    _swap_attributes,
    _headers,
    _doctype,
    _sheet_end,
    _names,
    _exchanged(ROW, _row),
    _exchanged(r'<c r="[A-Z]+\d+"', lambda match, random: f'<c r="{random.choice(ADDRESSES)}"'),
    _exchanged(r'<c r="[A-Z]+\d+"', lambda match, random: f"{_text(match)} {random.choice(ATTRIBUTES[:8])}"),
    _exchanged(r"<v>[^<]*</v>", lambda match, random: f"<v>{random.choice(VALUES)}</v>"),
    _exchanged(r"<v>[^<]*</v>", lambda match, random: ""),
    _exchanged(FORMULA, lambda match, random: ""),
    _exchanged(FORMULA, _other_reference),
    _exchanged(FORMULA, lambda match, random: f"<f>{random.choice(FORMULAS)}</f>"),
    _exchanged(FORMULA, lambda match, random: f"<f>{random.choice(FORMULAS)}</f>", most=100),
    _exchanged(FORMULA, lambda match, random: _text(match).replace("<f", f"<f {random.choice(ATTRIBUTES)}"), most=20),
    _exchanged(FORMULA, lambda match, random: '<f t="shared" si="0"/>', most=100),
    _everything("A5"),
    _everything("A4+1"),
    _everything(""),
)
