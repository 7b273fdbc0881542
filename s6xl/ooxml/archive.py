"""A workbook's file is a ZIP archive of parts: some are replaced, and all others stay as they are."""

import shutil
import struct
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path

# The date that XlsxWriter gives to its parts: same content, same bytes.
NO_DATE = (1980, 1, 31, 0, 0, 0)
# bzip2 and LZMA would unpack gigabytes from one small read, and no spreadsheet writes them.
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
# What reading an archive raises that is damaged, has a password or is packed in another way.
ZIP_ERRORS = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    NotImplementedError,
    RuntimeError,
    ValueError,
    OverflowError,
)


def replace_parts(old: zipfile.ZipFile, target: Path, parts: Mapping[str, bytes]) -> None:
    """Write a copy of an archive with some parts replaced or added; the others are never in memory as a whole.

    Args:
        old: the archive.
        target: the copy's path.
        parts: the new content of parts by their names in the archive.

    Raises:
        OSError: if it cannot be written.
        ZIP_ERRORS: if a part cannot be read.
    """
    left = dict(parts)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.infolist():
            if (content := left.pop(entry.filename, None)) is not None:
                new.writestr(_like(entry, len(content)), content)
                continue
            with old.open(entry) as reading, new.open(_like(entry, entry.file_size), "w") as writing:
                shutil.copyfileobj(reading, writing)
        for name, content in left.items():
            added = zipfile.ZipInfo(name, NO_DATE)
            added.compress_type = zipfile.ZIP_DEFLATED
            new.writestr(added, content)


def _like(entry: zipfile.ZipInfo, size: int) -> zipfile.ZipInfo:
    """Return a new entry of the same name, date and method."""
    copy = zipfile.ZipInfo(entry.filename, entry.date_time)
    copy.compress_type = entry.compress_type
    copy.external_attr = entry.external_attr
    copy.file_size = size  # so that only a part that needs a ZIP64 header gets one
    return copy
