"""XML that changes at single spots, and stays byte by byte as it is everywhere else."""

import codecs
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from html import escape

from s6xl.ooxml.scanning import Attributes, Scanner, XmlError, local_name, namespace_of

# A tag, in which quoted values may hold the sign that ends it.
_TAG = re.compile(rb"""<(?:[^"'>]|"[^"]*"|'[^']*')*>""")
_TAG_NAME = re.compile(rb"<([^\s/>]+)")
_ATTRIBUTE = re.compile(r"""\s+([^\s=]+)\s*=\s*("[^"]*"|'[^']*')""")
_MOST_ELEMENTS = 500_000  # of a part that is held as a tree; Excel's 64,000 formats are fewer

# What takes the place of the bytes from one place up to another.
Edit = tuple[int, int, str]


class SplicingScanner(Scanner):
    """Goes through XML that is in memory as a whole, so as to edit it; what it writes there is UTF-8.

    Raises:
        XmlError: if the XML cannot be read, or is written in an encoding other than UTF-8.
    """

    def __init__(self, xml: bytes) -> None:
        super().__init__()
        self.xml = xml
        if xml.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            raise XmlError("its XML is written in UTF-16")
        self._parser.XmlDeclHandler = _check_encoding
        for _ in self.scan([xml], len(xml)):
            pass

    def ends(self, start: int) -> tuple[int, int]:
        """Return where the content of the element that ends here has its end, and where the element has.

        The content of an element of a single tag ends where the element starts.
        """
        first_tag_end = tag_end(self.xml, start)
        if self.xml[first_tag_end - 2 : first_tag_end] == b"/>":
            return start, first_tag_end
        return self.here, tag_end(self.xml, self.here)


@dataclass(slots=True)
class ElementSpan:
    """An element in XML: its name, also as it is written, its attributes, and where it is in bytes."""

    name: str
    written_name: str
    attributes: Attributes
    start: int
    children: "list[ElementSpan]" = field(default_factory=list)
    end: int = 0
    inner_end: int = 0  # of its content; of an element of a single tag where it starts

    @property
    def prefix(self) -> str:
        """What is written before the names of its namespace: nothing, or such as ``x:``."""
        return prefix_of(self.written_name)

    @property
    def namespace(self) -> str:
        """The namespace that its name is in."""
        return namespace_of(self.name)

    @property
    def local_name(self) -> str:
        """Its name without its namespace."""
        return local_name(self.name)

    def named(self, local: str) -> "Iterator[ElementSpan]":
        """Yield its children of a name, whatever their namespace."""
        return (child for child in self.children if child.local_name == local)

    def appended(self, xml: bytes, content: str, attributes: Mapping[str, str] | None = None) -> Iterator[Edit]:
        """Yield what puts more at the end of its content, and gives it other attributes."""
        first_tag_end = tag_end(xml, self.start)
        tag = old = xml[self.start : first_tag_end].decode()
        for name, value in (attributes or {}).items():
            tag = with_attribute(tag, name, value)
        if self.inner_end == self.start:
            yield self.start, self.end, f"{tag.removesuffix('/>').rstrip()}>{content}</{self.written_name}>"
            return
        if tag != old:
            yield self.start, first_tag_end, tag
        yield self.inner_end, self.inner_end, content


def elements(xml: bytes) -> ElementSpan:
    """Return the outermost element of a part, with all that is in it.

    Raises:
        XmlError: if it cannot be read.
    """
    return _Tree(xml).root


class _Tree(SplicingScanner):
    def __init__(self, xml: bytes) -> None:
        self._open = [ElementSpan("", "", {}, 0)]
        self._count = 0
        super().__init__(xml)
        [self.root] = self._open[0].children

    def begin(self, name: str, attributes: Attributes) -> None:
        self._count += 1
        if self._count > _MOST_ELEMENTS:
            raise XmlError("its XML is too large")
        element = ElementSpan(name, written_name(self.xml, self.here), attributes, self.here)
        self._open[-1].children.append(element)
        self._open.append(element)

    def close(self, name: str) -> None:
        element = self._open.pop()
        element.inner_end, element.end = self.ends(element.start)


def spliced(xml: bytes, edits: Iterable[Edit]) -> bytes:
    """Return XML with its edits made.

    Args:
        xml: the XML before.
        edits: where in it each replaced piece starts and ends, in bytes, and what takes its place; an insertion starts
            where it ends. Pieces must not overlap. Of edits at one place the insertions come first, in the order given.
    """
    pieces, done = [], 0
    for start, end, text in sorted(edits, key=lambda edit: edit[:2]):
        pieces += [xml[done:start], text.encode()]
        done = end
    return b"".join([*pieces, xml[done:]])


def tag_end(xml: bytes, start: int) -> int:
    """Return the byte after a tag.

    Args:
        xml: what it stands in.
        start: its first byte, ``<``.
    """
    match = _TAG.match(xml, start)
    assert match
    return match.end()


def written_name(xml: bytes, start: int) -> str:
    """Return the name of an element as it is written, with its prefix.

    Args:
        xml: what it stands in.
        start: its first byte, ``<``.
    """
    match = _TAG_NAME.match(xml, start)
    assert match
    return match[1].decode()


def prefix_of(name: str) -> str:
    """Return the prefix of a name as it is written: nothing, or such as ``x:``."""
    return "".join(name.rpartition(":")[:2])


def with_attribute(tag: str, name: str, value: str) -> str:
    """Return a start tag with another value of an attribute.

    Args:
        tag: the tag, from ``<`` to ``>``.
        name: the attribute, as it is written; the tag may not have it yet.
        value: its value, not escaped.
    """
    behind = len(written_name(tag.encode(), 0)) + 1
    written = f'"{escape(value)}"'
    for attribute in _ATTRIBUTE.finditer(tag, behind):
        if attribute[1] == name:
            return tag[: attribute.start(2)] + written + tag[attribute.end(2) :]
        behind = attribute.end()
    return f"{tag[:behind]} {name}={written}{tag[behind:]}"


def _check_encoding(version: str, encoding: str | None, standalone: int) -> None:
    """Refuse XML in which what is written here would be other characters."""
    if encoding and encoding.lower() not in ("utf-8", "ascii", "us-ascii"):
        raise XmlError(f"its XML is written in {encoding}")
