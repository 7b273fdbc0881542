"""The file of settings that xlwings' macros read: a line a setting, ``"NAME","value"``, as VBA's Write # spells it.

VBA takes the first line of a name, in capitals or not. Here one line is changed, and every other byte is left.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from s6xl.errors import UserError

# A line that VBA finds a setting on, and one that holds just one setting.
_LINE = re.compile(r'\s*"?(?P<name>[^",]*?)"?\s*,\s*(?:"(?P<quoted>[^"]*)"|(?P<plain>[^,\r\n]*?))\s*(?:,.*)?')
_PAIR = re.compile(r'\s*("[^"]*"|[^",]+?)\s*,\s*("[^"]*"|[^",]*?)\s*')


@dataclass
class Settings:
    """The lines of a file, each with its end."""

    lines: list[str]
    encoding: str

    @classmethod
    def read(cls, path: Path, encoding: str) -> "Settings":
        """Return the settings in a file; none where there is no file.

        Raises:
            UserError: if the file cannot be read.
        """
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            content = b""
        except OSError as error:
            raise UserError(f"cannot read {path} ({error.strerror}): make it readable, or delete it.") from error
        # What is not text in this encoding is kept as it is.
        lines = content.splitlines(keepends=True)
        return cls([line.decode(encoding, "surrogateescape") for line in lines], encoding)

    def value(self, name: str) -> str | None:
        """Return a setting's value, None where it has none."""
        if (found := self._find(name)) is None:
            return None
        _, match = found
        return str(match["plain"] if match["quoted"] is None else match["quoted"])

    def line(self, name: str) -> str | None:
        """Return the line of a setting, None where there is none."""
        found = self._find(name)
        return None if found is None else self.lines[found[0]]

    def fault(self) -> int | None:
        """Return the number of the first line that is not a setting: it shifts what VBA reads of all after it."""
        for number, line in enumerate(self.lines, start=1):
            if not _PAIR.fullmatch(line.rstrip("\r\n")):
                return number
        return None

    def put(self, name: str, line: str | None) -> None:
        """Put a line in place of a setting's, or behind all others; None takes the setting's away."""
        if (found := self._find(name)) is not None:
            index, _ = found
        else:
            index = len(self.lines)
            if index and not self.lines[-1].endswith("\n"):
                self.lines[-1] += "\r\n"
        self.lines[index : index + 1] = [] if line is None else [line]

    def content(self) -> bytes:
        """Return what the file is to hold.

        Raises:
            UserError: if a value cannot be spelled in the encoding that VBA reads.
        """
        try:
            return "".join(self.lines).encode(self.encoding, "surrogateescape")
        except UnicodeEncodeError as error:
            letters = error.object[error.start : error.end]
            raise UserError(
                f"Excel's macros cannot read a path with {letters!r} in it: "
                "install s6xl in a folder without these letters."
            ) from error

    def _find(self, name: str) -> tuple[int, re.Match[str]] | None:
        """Return the first line of a setting, as its index and its parts."""
        for index, line in enumerate(self.lines):
            match = _LINE.fullmatch(line.rstrip("\r\n"))
            if match and match["name"].casefold() == name.casefold():
                return index, match
        return None


def setting_line(name: str, value: str) -> str:
    """Return a setting as VBA spells it."""
    return f'"{name}","{value}"\r\n'
