"""XML that changes at single spots, and stays byte by byte as it is everywhere else."""

import codecs
import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from html import escape
from xml.parsers import expat

# A tag, in which quoted values may hold the sign that ends it.
_TAG = re.compile(rb"""<(?:[^"'>]|"[^"]*"|'[^']*')*>""")
_TAG_NAME = re.compile(r"<[^\s/>]+")
_ATTRIBUTE = re.compile(r"""\s+([^\s=]+)\s*=\s*("[^"]*"|'[^']*')""")
_MOST_ELEMENTS = 500_000  # of a part that is held as a tree; Excel's 64,000 formats are fewer

# What takes the place of the bytes from one place up to another.
Edit = tuple[int, int, str]


class XmlError(Exception):
    """Why XML cannot be changed, as the end of a sentence."""


class Scan(ABC):
    """Goes through the elements of XML and tells where they are, as bytes from its start.

    Names are as they are written, with their prefixes.
    """

    def __init__(self, xml: bytes) -> None:
        self.xml = xml
        if xml.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            raise XmlError("its XML is written in UTF-16")
        self._parser = parser = expat.ParserCreate()
        parser.StartElementHandler, parser.EndElementHandler = self._begin, self._close
        parser.StartDoctypeDeclHandler = _refuse
        parser.XmlDeclHandler = _check_encoding
        try:
            parser.Parse(xml, True)
        except expat.ExpatError as error:
            raise XmlError(f"its XML is damaged ({error})") from None

    @abstractmethod
    def _begin(self, name: str, attributes: dict[str, str]) -> None:
        """An element starts here."""

    @abstractmethod
    def _close(self, name: str) -> None:
        """An element's content ends here."""

    @property
    def _here(self) -> int:
        return self._parser.CurrentByteIndex

    def _end(self, start: int) -> tuple[int, int]:
        """Where an element that ends here has its content's end and its own.

        The content of an element of a single tag ends where the element starts.
        """
        first_tag_end = tag_end(self.xml, start)
        if self.xml[first_tag_end - 2 : first_tag_end] == b"/>":
            return start, first_tag_end
        return self._here, tag_end(self.xml, self._here)


@dataclass(slots=True)
class ElementSpan:
    """An element in XML: its name and attributes as they are written, and where it is in bytes."""

    name: str
    attributes: Mapping[str, str]
    start: int
    children: "list[ElementSpan]" = field(default_factory=list)
    end: int = 0
    inner_end: int = 0  # of its content; of an element of a single tag where it starts

    @property
    def prefix(self) -> str:
        """What stands before the names of its namespace: empty, or such as ``x:``."""
        return "".join(self.name.rpartition(":")[:2])

    @property
    def namespace(self) -> str:
        """The namespace that it is in, where it declares that itself, as a part's outermost element does."""
        return self.attributes.get(f"xmlns:{self.prefix}".rstrip(":"), "")

    def named(self, local: str) -> "Iterator[ElementSpan]":
        """Its children of a name, whatever their prefix."""
        return (child for child in self.children if child.name.rpartition(":")[2] == local)

    def appended(self, xml: bytes, content: str, attributes: Mapping[str, str] | None = None) -> Iterator[Edit]:
        """What puts more at the end of its content, and gives it other attributes."""
        first_tag_end = tag_end(xml, self.start)
        tag = old = xml[self.start : first_tag_end].decode()
        for name, value in (attributes or {}).items():
            tag = with_attribute(tag, name, value)
        if self.inner_end == self.start:
            yield self.start, self.end, f"{tag.removesuffix('/>').rstrip()}>{content}</{self.name}>"
            return
        if tag != old:
            yield self.start, first_tag_end, tag
        yield self.inner_end, self.inner_end, content


def elements(xml: bytes) -> ElementSpan:
    """The outermost element of a part, with all that is in it.

    Raises:
        XmlError: if it cannot be read.
    """
    return _Tree(xml).root


class _Tree(Scan):
    def __init__(self, xml: bytes) -> None:
        self._open = [ElementSpan("", {}, 0)]
        self._count = 0
        super().__init__(xml)
        [self.root] = self._open[0].children

    def _begin(self, name: str, attributes: dict[str, str]) -> None:
        self._count += 1
        if self._count > _MOST_ELEMENTS:
            raise XmlError("its XML is too large")
        element = ElementSpan(name, attributes, self._here)
        self._open[-1].children.append(element)
        self._open.append(element)

    def _close(self, name: str) -> None:
        element = self._open.pop()
        element.inner_end, element.end = self._end(element.start)


def spliced(xml: bytes, edits: Iterable[Edit]) -> bytes:
    """The XML with its edits made. Of those at one place the insertions come first, in the order given."""
    pieces, done = [], 0
    for start, end, text in sorted(edits, key=lambda edit: edit[:2]):
        pieces += [xml[done:start], text.encode()]
        done = end
    return b"".join([*pieces, xml[done:]])


def tag_end(xml: bytes, start: int) -> int:
    """Where the tag that starts at a place ends."""
    match = _TAG.match(xml, start)
    assert match
    return match.end()


def with_attribute(tag: str, name: str, value: str) -> str:
    """A start tag with another value of an attribute, which it may not have yet."""
    match = _TAG_NAME.match(tag)
    assert match
    behind = match.end()
    written = f'"{escape(value)}"'
    for attribute in _ATTRIBUTE.finditer(tag, behind):
        if attribute[1] == name:
            return tag[: attribute.start(2)] + written + tag[attribute.end(2) :]
        behind = attribute.end()
    return f"{tag[:behind]} {name}={written}{tag[behind:]}"


def _refuse(*declaration: object) -> None:
    raise XmlError("its XML is of a kind that no spreadsheet writes")


def _check_encoding(version: str, encoding: str | None, standalone: int) -> None:
    if encoding and encoding.lower() not in ("utf-8", "ascii", "us-ascii"):
        raise XmlError(f"its XML is written in {encoding}")
