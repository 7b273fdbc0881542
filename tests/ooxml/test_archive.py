"""A copy of an archive has the new parts, and all others as they were, with their dates and methods."""

import zipfile
from pathlib import Path

import pytest

from s6xl.ooxml.archive import ZIP_ERRORS, replace_parts


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """An archive with parts of both methods and of another date."""
    path = tmp_path / "old.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("kept.xml", b"kept" * 10_000)
        archive.writestr(zipfile.ZipInfo("stored.bin", (2020, 2, 2, 2, 2, 2)), b"stored" * 100)
        archive.writestr("changed.xml", b"before")
        archive.writestr("empty/", b"")
    return path


def test_parts_are_replaced_and_added(old: Path, tmp_path: Path) -> None:
    parts = {"changed.xml": b"after" * 1_000, "added.xml": b"added"}
    with zipfile.ZipFile(old) as archive:
        replace_parts(archive, tmp_path / "new.zip", parts)
        before = archive.infolist()
        contents = {entry.filename: archive.read(entry) for entry in before}
    with zipfile.ZipFile(tmp_path / "new.zip") as archive:
        assert archive.testzip() is None
        assert {name: archive.read(name) for name in archive.namelist()} == {**contents, **parts}
        *after, added = archive.infolist()
    assert [(entry.filename, entry.date_time, entry.compress_type) for entry in after] == [
        (entry.filename, entry.date_time, entry.compress_type) for entry in before
    ]
    assert (added.date_time, added.compress_type) == ((1980, 1, 31, 0, 0, 0), zipfile.ZIP_DEFLATED)


def test_the_same_parts_give_the_same_bytes(old: Path, tmp_path: Path) -> None:
    for name in ("one.zip", "other.zip"):
        with zipfile.ZipFile(old) as archive:
            replace_parts(archive, tmp_path / name, {"added.xml": b"added"})
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "other.zip").read_bytes()


def test_damage_is_not_copied(old: Path, tmp_path: Path) -> None:
    content = bytearray(old.read_bytes())
    content[content.index(b"storedstored")] ^= 0xFF
    old.write_bytes(content)
    with zipfile.ZipFile(old) as archive, pytest.raises(ZIP_ERRORS):
        replace_parts(archive, tmp_path / "new.zip", {})
