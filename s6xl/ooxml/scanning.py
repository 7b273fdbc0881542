"""Goes through the XML of a workbook's file, whoever wrote it, and tells its elements and where they are.

Both what reads a stranger's file and what edits one element of a part go through XML in this way alone. What is
dangerous in XML is refused: entities, which need a DOCTYPE, and elements and texts without end.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from xml.parsers import expat

from s6xl.ooxml.addresses import AddressError

_DEEPEST = 200  # elements within one another; Excel's own parts stay below 40
LONGEST_TEXT = 1 << 18  # characters; Excel's cells hold 32,767, of which each can be written as seven
_LONGEST_TAG = 8 << 20  # bytes

Attributes = dict[str, str]


class XmlError(Exception):
    """What is wrong with XML, as the middle of a sentence."""


class Scanner(ABC):
    """Goes through XML in pieces; names are ``namespace}name``, or as they are written where they have no namespace."""

    def __init__(self) -> None:
        self.text = ""  # since the last tag
        self.depth = 0  # of the element at hand; the outermost one has 1
        self._parser = parser = expat.ParserCreate(namespace_separator="}")
        parser.buffer_text = True
        parser.StartElementHandler, parser.EndElementHandler = self._start, self._end
        parser.CharacterDataHandler = self._add_text
        parser.StartDoctypeDeclHandler = _refuse

    @abstractmethod
    def begin(self, name: str, attributes: Attributes) -> None:
        """Take note of an element that starts here."""

    @abstractmethod
    def close(self, name: str) -> None:
        """Take note of an element whose content ends here."""

    @property
    def here(self) -> int:
        """Where the tag at hand starts, in bytes from the start of the XML."""
        return self._parser.CurrentByteIndex

    def scan(self, pieces: Iterable[bytes], most: int) -> Iterator[None]:
        """Go through XML of at most so many bytes, and pause after each piece.

        Raises:
            XmlError: if it cannot be read.
        """
        fed = 0
        try:
            for piece in pieces:
                fed += len(piece)
                self._parser.Parse(piece, False)
                if fed > most or fed - self.here > _LONGEST_TAG:
                    raise XmlError("it is too large")
                yield
            self._parser.Parse(b"", True)
        except expat.ExpatError as error:
            raise XmlError(f"its XML has an error ({error})") from error
        except AddressError as error:
            raise XmlError(str(error)) from error
        except (ValueError, LookupError) as error:
            raise XmlError("it has a number or a character that cannot be read") from error
        yield

    def _start(self, name: str, attributes: Attributes) -> None:
        self.depth += 1
        if self.depth > _DEEPEST:
            raise XmlError("its XML is nested too deeply")
        self.text = ""
        self.begin(name, attributes)

    def _end(self, name: str) -> None:
        self.close(name)
        self.depth -= 1
        self.text = ""

    def _add_text(self, data: str) -> None:
        self.text += data
        if len(self.text) > LONGEST_TEXT:
            raise XmlError("it holds too long a text")


def local_name(name: str) -> str:
    """Return a name without its namespace."""
    return name.rpartition("}")[2]


def namespace_of(name: str) -> str:
    """Return a name's namespace, empty where it has none."""
    return name.rpartition("}")[0]


def _refuse(*declaration: object) -> None:
    raise XmlError("it has a DOCTYPE, which no spreadsheet writes")
