"""The formats of a workbook: more are added behind those that are there, which stay as they are."""

from collections.abc import Iterator, Mapping

from s6xl.ooxml.splicing import Edit, ElementSpan, elements, spliced, tag_end, with_attribute

# What a stylesheet holds, in the order that its schema demands.
_ORDER = (
    "numFmts",
    "fonts",
    "fills",
    "borders",
    "cellStyleXfs",
    "cellXfs",
    "cellStyles",
    "dxfs",
    "tableStyles",
    "colors",
    "extLst",
)
# Excel takes the first of each list for these, whatever they say: a list that has fewer gets them first.
_FIRST: Mapping[str, tuple[str, ...]] = {
    "fonts": ('<{p}font><{p}sz val="11"/><{p}name val="Calibri"/></{p}font>',),
    "fills": (
        '<{p}fill><{p}patternFill patternType="none"/></{p}fill>',
        '<{p}fill><{p}patternFill patternType="gray125"/></{p}fill>',
    ),
    "borders": ("<{p}border><{p}left/><{p}right/><{p}top/><{p}bottom/><{p}diagonal/></{p}border>",),
    "cellXfs": ('<{p}xf numFmtId="0" fontId="0" fillId="0" borderId="0"/>',),
}
_WHITE_THEMES, _WHITE_INDEXES = ("0", "2"), ("1", "9")
_DARK = "FF9C0006"  # as on Excel's own format for what is bad


def empty_styles(namespace: str) -> bytes:
    """Return the stylesheet of a workbook that has none, in the namespace of its other parts."""
    normal = (
        '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
        '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles>'
    )
    head = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
    return f'{head}<styleSheet xmlns="{namespace}">{normal}</styleSheet>'.encode()


class StylesPart:
    """A stylesheet and what is added to it; formats are known by their places in its list of cell formats.

    Raises:
        XmlError: if it cannot be read.
    """

    def __init__(self, xml: bytes) -> None:
        self._xml = xml
        self._root = elements(xml)
        self._lists = {name: next(self._root.named(name), None) for name in _FIRST}
        self._added: dict[str, list[str]] = {name: [] for name in _FIRST}
        for name, texts in _FIRST.items():
            for text in texts[self._given(name) :]:
                self._added[name].append(text.format(p=self._root.prefix))
        self._marked: dict[tuple[str, str], int] = {}

    def text_format(self, *, font: str, alignment: str, fill: str = "", border: str = "") -> int:
        """Add a format for text and return its number.

        Args:
            font: the content of its element, in which ``{p}`` stands for the prefix of all names.
            alignment: the attributes of its element.
            fill: its colour as ARGB, or nothing.
            border: the content of its element, or nothing.
        """
        numbers = {
            "fontId": self._add("fonts", f"<{{p}}font>{font}</{{p}}font>"),
            "fillId": self._fill(fill) if fill else 0,
            "borderId": self._add("borders", f"<{{p}}border>{border}</{{p}}border>") if border else 0,
        }
        attributes = " ".join(f'{name}="{number}"' for name, number in numbers.items())
        # Quoted: a text that begins with = stays one when someone edits the cell and leaves it.
        flags = 'quotePrefix="1" applyFont="1" applyFill="1" applyBorder="1" applyAlignment="1"'
        return self._add(
            "cellXfs", f'<{{p}}xf numFmtId="0" {attributes} {flags}><{{p}}alignment {alignment}/></{{p}}xf>'
        )

    def marked(self, style: str, colour: str) -> int:
        """Return the number of a format as another one, but on a light colour, on which light letters become dark.

        Args:
            style: the other one's number as a cell has it, empty where it has none.
            colour: the colour, as ARGB.
        """
        key = style, colour
        if key not in self._marked:
            original = self._item("cellXfs", _number(style)) or self._item("cellXfs", 0)
            text = self._xml[original.start : original.end] if original else self._added["cellXfs"][0].encode()
            end = tag_end(text, 0)
            changes = {"fillId": str(self._fill(colour)), "applyFill": "1"}
            font = self._item("fonts", _number(original.attributes.get("fontId"))) if original else None
            if font and (dark := self._darkened(font)):
                changes |= {"fontId": str(self._add("fonts", dark)), "applyFont": "1"}
            tag = text[:end].decode()
            for name, value in changes.items():
                tag = with_attribute(tag, name, value)
            self._marked[key] = self._add("cellXfs", tag + text[end:].decode())
        return self._marked[key]

    def xml(self) -> bytes:
        """Return the stylesheet with what was added."""
        if not self._root.children:
            return spliced(self._xml, self._root.appended(self._xml, "".join(self._list(name) for name in _FIRST)))
        return spliced(self._xml, [edit for name in _FIRST for edit in self._edits(name)])

    def _edits(self, name: str) -> Iterator[Edit]:
        element, added = self._lists[name], self._added[name]
        if element is None:
            followers = _ORDER[_ORDER.index(name) + 1 :]
            behind = (child.start for child in self._root.children if child.local_name in followers)
            place = next(behind, self._root.inner_end)
            yield place, place, self._list(name)
        elif added:
            total = {"count": str(self._given(name) + len(added))} if "count" in element.attributes else {}
            yield from element.appended(self._xml, "".join(added), total)

    def _list(self, name: str) -> str:
        tag, added = f"{self._root.prefix}{name}", self._added[name]
        return f'<{tag} count="{len(added)}">{"".join(added)}</{tag}>'

    def _given(self, name: str) -> int:
        element = self._lists[name]
        return len(element.children) if element else 0

    def _item(self, name: str, number: int) -> ElementSpan | None:
        element = self._lists[name]
        return element.children[number] if element and number < len(element.children) else None

    def _fill(self, colour: str) -> int:
        pattern = f'<{{p}}patternFill patternType="solid"><{{p}}fgColor rgb="{colour}"/></{{p}}patternFill>'
        return self._add("fills", f"<{{p}}fill>{pattern}</{{p}}fill>")

    def _darkened(self, font: ElementSpan) -> str:
        """Return a font with its letters dark, if they are light; else nothing."""
        colour = next(font.named("color"), None)
        if colour is None or not _is_light(colour.attributes):
            return ""
        start, end = colour.start - font.start, colour.end - font.start
        old = self._xml[font.start : font.end]
        return spliced(old, [(start, end, f'<{colour.written_name} rgb="{_DARK}"/>')]).decode()

    def _add(self, name: str, text: str) -> int:
        text = text.replace("{p}", self._root.prefix)
        added = self._added[name]
        if text not in added:
            added.append(text)
        return self._given(name) + added.index(text)


def _is_light(colour: Mapping[str, str]) -> bool:
    rgb = colour.get("rgb", "")[-6:]
    try:
        red, green, blue = bytes.fromhex(rgb)
    except ValueError:
        return colour.get("theme") in _WHITE_THEMES or colour.get("indexed") in _WHITE_INDEXES
    return 0.299 * red + 0.587 * green + 0.114 * blue > 150


def _number(text: str | None) -> int:
    return int(text) if text and text.isdecimal() and len(text) < 10 else 0
