"""A workbook's file is a ZIP archive of parts: some are replaced, and all others stay as they are."""

import shutil
import zipfile
from collections.abc import Mapping
from pathlib import Path

# The date that XlsxWriter gives to its parts: same content, same bytes.
NO_DATE = (1980, 1, 31, 0, 0, 0)


def replace_parts(source: Path, target: Path, parts: Mapping[str, bytes]) -> None:
    """Write `source` to `target` with some parts replaced or added; the others are never held in memory as a whole."""
    left = dict(parts)
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
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
    """A new entry of the same name, date and method."""
    copy = zipfile.ZipInfo(entry.filename, entry.date_time)
    copy.compress_type = entry.compress_type
    copy.external_attr = entry.external_attr
    copy.file_size = size  # so that only a part that needs a ZIP64 header gets one
    return copy
