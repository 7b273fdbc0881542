"""The file of settings that xlwings' macros read: a line a setting, ``"NAME","value"``, as VBA writes it."""

import csv
import io
from pathlib import Path

from s6xl.errors import UserError


def read_settings(path: Path, encoding: str) -> dict[str, str]:
    """The settings in a file; none where there is no file.

    Raises:
        UserError: if the file cannot be read.
    """
    try:
        text = path.read_text(encoding=encoding)
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"cannot read the settings in {path} ({error}): mend the file, or delete it.") from error
    return {row[0]: row[1] for row in csv.reader(io.StringIO(text)) if len(row) > 1}


def settings_bytes(settings: dict[str, str], encoding: str) -> bytes:
    """What a file of these settings holds.

    Raises:
        UserError: if a value cannot be spelled in the encoding that VBA reads.
    """
    text = io.StringIO()
    csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\r\n").writerows(settings.items())
    try:
        return text.getvalue().encode(encoding)
    except UnicodeEncodeError as error:
        letters = error.object[error.start : error.end]
        raise UserError(
            f"Excel's macros cannot read a path with {letters!r} in it: install Python and s6xl in a folder without."
        ) from None
