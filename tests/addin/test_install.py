"""Installing, reporting and taking back, in folders laid out as on Windows and on macOS."""

import re
import sys
from dataclasses import replace
from pathlib import Path
from unittest import mock

import platformdirs
import pytest

import s6xl.addin.install as installation
from s6xl.addin import sources
from s6xl.addin.install import install, note_interpreter, uninstall
from s6xl.addin.package import build_add_in
from s6xl.addin.places import MACOS, WINDOWS, Places, places
from s6xl.addin.status import StatusLine, status
from s6xl.addin.vba import modules
from s6xl.errors import ImpossibleHereError, UserError

PYTHON = r"C:\Users\ada\venv\Scripts\python.exe"


def here(system: str, home: Path) -> Places:
    with mock.patch.object(platformdirs, "user_data_path", return_value=home / "data" / "s6xl"):
        return places(system, home, home / "AppData" / "Roaming")


@pytest.fixture(params=[WINDOWS, MACOS])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Places:
    return here(request.param, tmp_path)


def content(folder: Path) -> dict[str, bytes | None]:
    """Every file with its bytes, every folder with none."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() if path.is_file() else None for path in folder.rglob("*")
    }


def test_places_on_windows(tmp_path: Path) -> None:
    place = here(WINDOWS, tmp_path)
    assert place.add_in == tmp_path / "AppData" / "Roaming" / "Microsoft" / "Excel" / "XLSTART" / "s6.xlam"
    assert place.settings == tmp_path / ".s6" / "s6.conf"
    assert place.interpreter == "INTERPRETER_WIN"
    assert place.script is None


def test_places_on_macos(tmp_path: Path) -> None:
    place = here(MACOS, tmp_path)
    library = tmp_path / "Library"
    startup = library / "Group Containers" / "UBF8T346G9.Office" / "User Content.localized" / "Startup.localized"
    assert place.add_in == startup / "Excel" / "s6.xlam"
    assert place.settings == library / "Containers" / "com.microsoft.Excel" / "Data" / "s6.conf"
    assert place.interpreter == "INTERPRETER_MAC"
    script = f"xlwings-{sources.xlwings_version()}.applescript"
    assert place.script == library / "Application Scripts" / "com.microsoft.Excel" / script


def test_the_settings_are_where_xlwings_macros_look() -> None:
    (code,) = [module.source for module in modules(add_in=True) if module.name == "xlwings"]
    assert r'Environ("USERPROFILE") & "\." & PROJECT_NAME & "\" & PROJECT_NAME & ".conf"' in code
    assert 'GetMacDir("$HOME", False) & "/" & PROJECT_NAME & ".conf"' in code
    assert 'GetConfig("INTERPRETER_WIN", "")' in code
    assert 'GetConfig("INTERPRETER_MAC", "")' in code
    assert 'AppleScriptTask("xlwings-" & XLWINGS_VERSION & ".applescript", "VbaHandler", ParameterString)' in code


def test_elsewhere_nothing_is_possible(tmp_path: Path) -> None:
    with pytest.raises(ImpossibleHereError, match="Excel runs on Windows and macOS, not on Linux"):
        here("linux", tmp_path)
    assert not list(tmp_path.iterdir())


def test_install_writes_the_add_in_and_the_interpreter(place: Places, tmp_path: Path) -> None:
    install(place, PYTHON)
    build_add_in(tmp_path / "expected.xlam")
    assert place.add_in.read_bytes() == (tmp_path / "expected.xlam").read_bytes()
    assert place.settings.read_text() == f'"{place.interpreter}","{PYTHON}"\n'
    if place.script:
        assert "on VbaHandler(ParameterString)" in place.script.read_text(encoding="utf-8")


def test_uninstall_takes_back_exactly_what_install_did(place: Places, tmp_path: Path) -> None:
    (tmp_path / "AppData").mkdir()
    (tmp_path / "AppData" / "mine.txt").write_text("mine")
    before = content(tmp_path)
    install(place, PYTHON)
    assert content(tmp_path) != before
    lines = list(uninstall(place))
    assert f"removed {place.add_in}" in lines
    left = content(tmp_path)
    assert left == before


def test_other_settings_and_files_are_left_as_they_were(place: Places) -> None:
    for folder in (place.add_in.parent, place.settings.parent):
        folder.mkdir(parents=True)
    (place.add_in.parent / "other.xlam").write_bytes(b"other")
    was = f'"SHOW CONSOLE","True"\n"{place.interpreter}","C:\\old\\python.exe"\n'
    place.settings.write_text(was)
    install(place, PYTHON)
    assert '"SHOW CONSOLE","True"' in place.settings.read_text()
    assert PYTHON in place.settings.read_text()
    list(uninstall(place))
    assert place.settings.read_text() == was
    assert (place.add_in.parent / "other.xlam").read_bytes() == b"other"
    assert not place.add_in.exists()


def test_a_second_install_brings_it_up_to_date_and_is_taken_back_as_one(place: Places, tmp_path: Path) -> None:
    before = content(tmp_path)
    install(place, r"C:\first\python.exe")
    place.add_in.write_bytes(b"an older one")
    install(place, PYTHON)
    assert next(status(place)) == StatusLine(True, f"add-in: {place.add_in}")
    assert PYTHON in place.settings.read_text()
    list(uninstall(place))
    assert content(tmp_path) == before


def test_what_has_changed_since_is_left(place: Places) -> None:
    install(place, PYTHON)
    place.add_in.write_bytes(b"changed by somebody")
    lines = list(uninstall(place))
    assert lines[0].startswith(f"left {place.add_in}: it has changed since it was installed")
    assert place.add_in.read_bytes() == b"changed by somebody"


def test_uninstall_with_nothing_installed(place: Places) -> None:
    with pytest.raises(ImpossibleHereError, match="the add-in is not installed"):
        list(uninstall(place))


def test_an_add_in_that_excel_holds_open(place: Places) -> None:
    install(place, PYTHON)
    before = place.add_in.read_bytes()
    (place.add_in.parent / "~$s6.xlam").touch()
    with pytest.raises(UserError, match=r"is open in another program: close it there, or install again when that is"):
        install(place, PYTHON)
    assert place.add_in.read_bytes() == before


def test_an_add_in_that_windows_does_not_let_go(place: Places) -> None:
    install(place, PYTHON)
    with (
        mock.patch.object(Path, "replace", side_effect=PermissionError(13, "in use")),
        pytest.raises(UserError, match=r"no permission to write .*s6\.xlam: close Excel if it is running, and install"),
    ):
        # The receipt is written first, by replacing, too.
        installation._write_add_in(place.add_in)


def test_a_failed_first_install_can_be_taken_back(place: Places, tmp_path: Path) -> None:
    before = content(tmp_path)
    with (
        mock.patch.object(installation, "build_add_in", side_effect=UserError("the disk is full")),
        pytest.raises(UserError, match="the disk is full"),
    ):
        install(place, PYTHON)
    list(uninstall(place))
    assert content(tmp_path) == before


def test_a_file_that_cannot_be_removed_can_be_later(place: Places, tmp_path: Path) -> None:
    install(place, PYTHON)
    with (
        mock.patch.object(Path, "unlink", side_effect=PermissionError(13, "in use")),
        pytest.raises(UserError, match=r"cannot remove .* \(in use\): close Excel and try again\."),
    ):
        list(uninstall(place))
    assert place.add_in.exists()
    list(uninstall(place))
    assert not place.add_in.exists()


def test_pythons_that_excel_cannot_run(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="path contains a space: install s6xl in a folder without spaces"):
        install(here(MACOS, tmp_path), "/Users/ada/my venv/bin/python")
    with pytest.raises(UserError, match=r"a Python from the Microsoft Store: install Python from python\.org"):
        install(here(WINDOWS, tmp_path), r"C:\Users\ada\AppData\Local\Microsoft\WindowsApps\python.exe")
    assert not list(tmp_path.iterdir())


def test_a_virtual_environment_of_the_microsoft_stores_python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What such a Python writes for Excel, Windows keeps to itself."""
    monkeypatch.setattr(sys, "base_prefix", r"C:\Program Files\WindowsApps\PythonSoftwareFoundation.Python.3.11")
    with pytest.raises(UserError, match=r"a Python from the Microsoft Store: install Python from python\.org"):
        install(here(WINDOWS, tmp_path), r"C:\venv\Scripts\python.exe")
    assert not list(tmp_path.iterdir())


def test_a_path_that_vba_cannot_read(tmp_path: Path) -> None:
    place = replace(here(WINDOWS, tmp_path), encoding="cp1252")
    install(place, r"C:\Users\Zoë\python.exe")
    assert place.settings.read_bytes() == b'"INTERPRETER_WIN","C:\\Users\\Zo\xeb\\python.exe"\r\n'
    with pytest.raises(UserError, match="cannot read a path with '太郎' in it"):
        install(place, r"C:\Users\太郎\python.exe")
    assert b"Zo\xeb" in place.settings.read_bytes()


@pytest.mark.parametrize("damage", [b"\x00\xff no json", b"[1]", b'{"unknown": 1}', b'{"settings": {"a": {}}}', b"{}"])
def test_a_damaged_receipt(place: Places, damage: bytes) -> None:
    install(place, PYTHON)
    place.receipt.write_bytes(damage)
    with pytest.raises(UserError, match=r"installed\.json is damaged .*: delete it, then install again"):
        list(uninstall(place))


def test_a_setting_that_the_user_has_changed_since_is_left(place: Places) -> None:
    install(place, PYTHON)
    place.settings.write_text(f'"{place.interpreter}","C:\\mine\\python.exe"\n')
    lines = list(uninstall(place))
    assert f"left {place.interpreter} in {place.settings}: it has changed since the installation" in lines
    assert "mine" in place.settings.read_text()


INSTALLED = [
    "",
    '"PYTHONPATH", "C:\\x"\r\n',
    '"Interpreter_Win","C:\\first.exe"\r\n"interpreter_mac","/first"\r\n',
    '"INTERPRETER_WIN","1"\r\n"INTERPRETER_WIN","2"\r\n"INTERPRETER_MAC",1\r\n"INTERPRETER_MAC",2\r\n',
    'a comment\n\n"A"\n"B","b","c"\n"PYTHONPATH","C:\\a\n"USE UDF SERVER","True"',
    "\ufeffgarbage \x00\x85 without an end",
    '"LONG","' + "x" * 200_000 + '"\n',
]


@pytest.mark.parametrize("before", INSTALLED, ids=range(len(INSTALLED)))
def test_every_byte_of_other_settings_is_left_and_comes_back(place: Places, before: str) -> None:
    place.settings.parent.mkdir(parents=True)
    place.settings.write_bytes(before.encode("utf-8"))
    install(place, PYTHON)
    after = place.settings.read_bytes().decode("utf-8")
    assert first_value(after, place.interpreter) == PYTHON
    # All other lines stand as they stood.
    kept = [line for line in before.splitlines() if not line.lower().startswith(f'"{place.interpreter.lower()}"')]
    assert [line for line in kept if line not in after.splitlines()] == []
    list(uninstall(place))
    restored = place.settings.read_bytes().decode("utf-8") if place.settings.exists() else ""
    # A last line without an end has got one.
    assert restored in (before, before + "\r\n")


def first_value(text: str, name: str) -> str:
    """What VBA's Input # would find, read item by item."""
    items = re.findall(r'"([^"]*)"|([^,\r\n]+)', text)
    values = [quoted or plain for quoted, plain in items]
    return values[[value.casefold() for value in values].index(name.casefold()) + 1]


def test_a_failed_reinstall_loses_nothing(place: Places) -> None:
    was = f'"{place.interpreter}","C:\\mine\\python.exe"\r\n'
    place.settings.parent.mkdir(parents=True)
    place.settings.write_bytes(was.encode())
    install(place, r"C:\first\python.exe")
    with (
        mock.patch.object(installation, "build_add_in", side_effect=UserError("Excel is open")),
        pytest.raises(UserError, match="Excel is open"),
    ):
        install(place, PYTHON)
    install(place, PYTHON)
    assert not [line for line in uninstall(place) if line.startswith("left")]
    assert place.settings.read_bytes() == was.encode()


@pytest.mark.parametrize("times", [1, 2])
def test_failed_installs_are_taken_back_without_complaint(place: Places, times: int, tmp_path: Path) -> None:
    with mock.patch.object(installation, "build_add_in", side_effect=UserError("Excel is open")):
        for python in ("first", "second")[:times]:
            with pytest.raises(UserError, match="Excel is open"):
                install(place, python)
    assert not [line for line in uninstall(place) if line.startswith("left")]
    assert not list(tmp_path.iterdir())


def test_somebody_elses_add_in_of_that_name_is_not_touched(place: Places) -> None:
    place.add_in.parent.mkdir(parents=True)
    place.add_in.write_bytes(b"mine")
    with pytest.raises(UserError, match=r"s6\.xlam already exists and is not s6xl's: move it elsewhere"):
        install(place, PYTHON)
    assert place.add_in.read_bytes() == b"mine"
    assert not place.settings.exists()


def test_an_installation_whose_notes_are_gone(place: Places) -> None:
    install(place, PYTHON)
    place.receipt.unlink()
    with pytest.raises(
        ImpossibleHereError, match=r"record of the installation, .*, is missing: delete .*s6\.xlam by hand"
    ):
        list(uninstall(place))
    # It is known again, and can be renewed and taken back.
    install(place, PYTHON)
    list(uninstall(place))
    assert not place.add_in.exists()


def test_a_setting_that_is_not_text_comes_back(place: Places) -> None:
    was = f'"{place.interpreter}","C:\\'.encode() + b"\xff\x81" + b'\\python.exe"\r\n'
    place.settings.parent.mkdir(parents=True)
    place.settings.write_bytes(was)
    install(place, PYTHON)
    assert PYTHON.encode() in place.settings.read_bytes()
    list(uninstall(place))
    assert place.settings.read_bytes() == was


def test_a_folder_in_the_add_ins_place(place: Places) -> None:
    install(place, PYTHON)
    place.add_in.unlink()
    place.add_in.mkdir()
    for attempt in (lambda: list(uninstall(place)), lambda: list(status(place))):
        with pytest.raises(UserError, match=r"cannot read .*s6\.xlam \(Is a directory\): move it away"):
            attempt()


def test_settings_that_are_a_folder(place: Places) -> None:
    place.settings.mkdir(parents=True)
    for attempt in (lambda: install(place, PYTHON), lambda: note_interpreter(place, PYTHON)):
        with pytest.raises(
            UserError, match=r"cannot read .*s6\.conf \(Is a directory\): make it readable, or delete it"
        ):
            attempt()


def test_interpreters_that_are_named_otherwise(place: Places, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    install(place, PYTHON)
    (tmp_path / "python3").touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("FOLDER", str(tmp_path))
    for value, good in (("python3", True), ("$FOLDER/python3", True), ("python4", False), ("", False)):
        place.settings.write_text(f'"{place.interpreter}","{value}"\n')
        assert list(status(place))[1].good is good


def test_a_setting_changed_between_two_installs_is_what_is_restored(place: Places) -> None:
    install(place, r"C:\first\python.exe")
    place.settings.write_text(f'"{place.interpreter}","C:\\mine\\python.exe"\n')
    install(place, PYTHON)
    list(uninstall(place))
    assert place.settings.read_text() == f'"{place.interpreter}","C:\\mine\\python.exe"\n'


def test_xlwings_own_script_is_left_where_it_was(tmp_path: Path) -> None:
    place = here(MACOS, tmp_path)
    assert place.script
    place.script.parent.mkdir(parents=True)
    place.script.write_text("of xlwings' own installation")
    install(place, PYTHON)
    assert place.script.read_text() == "of xlwings' own installation"
    list(uninstall(place))
    assert place.script.read_text() == "of xlwings' own installation"


def test_status_before_and_after(place: Places, tmp_path: Path) -> None:
    python = tmp_path / "python.exe"
    python.touch()
    lines = list(status(place, str(python)))
    assert not any(line.good for line in lines)
    assert lines[0].text.startswith("add-in: not installed; `python -m s6xl addin install` installs it at ")
    assert lines[1].text.startswith(f"Python: not set in {place.settings}")
    install(place, str(python))
    lines = list(status(place, str(python)))
    assert all(line.good for line in lines)
    assert lines[0].text == f"add-in: {place.add_in}"
    assert lines[1].text == f"Python: {python}, set in {place.settings}"
    assert [line.text for line in lines[2:]] == ([f"script: {place.script}"] if place.script else [])
    assert list(status(place, "another"))[1].text.endswith("; this command runs in another")
    python.unlink()
    lines = list(status(place, str(python)))
    assert [line.good for line in lines[:2]] == [True, False]
    assert lines[1].text.startswith(f"Python: {python}, set in {place.settings}, is missing; ")
    place.add_in.write_bytes(b"")
    first = next(status(place))
    assert (first.good, "has changed since it was installed" in first.text) == (False, True)


@pytest.mark.parametrize("line", ["", "a comment", '"A"', '"A","b","c"', '"A", "b" "c"'])
def test_a_line_that_shifts_what_vba_reads_is_named(place: Places, line: str) -> None:
    place.settings.parent.mkdir(parents=True)
    place.settings.write_text(f'"SHOW CONSOLE",True\n "TEMP DIR" , "C:\\temp"\n{line}\n"A",""\n')
    install(place, PYTHON)
    (bad,) = [found for found in status(place, PYTHON) if found.text.startswith("settings: ")]
    assert bad == StatusLine(
        False, f"settings: line 3 of {place.settings} is not a setting, so Excel misreads those after it: delete it"
    )


def test_noting_the_interpreter_changes_no_other(place: Places) -> None:
    assert note_interpreter(place, PYTHON)
    assert not note_interpreter(place, "another")
    assert PYTHON in place.settings.read_text()
