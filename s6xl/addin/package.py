"""The files: a workbook with macros and a ribbon tab, and the add-in s6.xlam."""

import io
import re
import zipfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

from xlsxwriter import Workbook

from s6xl.addin import sources, vba
from s6xl.backprop.experiment import Experiment
from s6xl.files import OTHER_FILE
from s6xl.mnist.record import Run
from s6xl.ooxml.archive import replace_parts
from s6xl.workbook.backprop.engine import Engine
from s6xl.workbook.book import Packaging, new_book
from s6xl.workbook.composition.build import build

TITLE = "S6: backpropagation and CNN training in Excel"
_RIBBON = "customUI/customUI14.xml"
_RIBBON_RELATIONSHIP = "http://schemas.microsoft.com/office/2007/relationships/ui/extensibility"
_IMAGE_RELATIONSHIP = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/image"
_RELATIONSHIPS = "http://schemas.openxmlformats.org/package/2006/relationships"
_MACRO_WORKBOOK_TYPE = b"application/vnd.ms-excel.sheet.macroEnabled.main+xml"
_ADD_IN_TYPE = b"application/vnd.ms-excel.addin.macroEnabled.main+xml"


def build_add_in(path: Path, *, instead: str = OTHER_FILE) -> None:
    """Write the add-in, whole or not at all; the same xlwings and sources give the same bytes.

    Args:
        path: the file, which ends in .xlam.
        instead: what the user can do where the file cannot be written.

    Raises:
        UserError: if the file cannot be written, or the installed xlwings cannot be used.
    """
    with new_book(path, title=TITLE, packaging=_ADD_IN, instead=instead) as book:
        # Its only sheet holds the settings: there is nothing for Excel to compute when it starts.
        book.keep_cached_values()


def is_add_in(path: Path) -> bool:
    """Return whether a file is an add-in that `build_add_in` has written, of whatever version."""
    try:
        with zipfile.ZipFile(path) as archive:
            return b"S6_Press" in archive.read(_RIBBON)
    except (OSError, KeyError, zipfile.BadZipFile):
        return False


def build_macro_workbook(
    experiment: Experiment,
    path: Path,
    *,
    run: Run | None = None,
    progress: Callable[[int], None] = lambda rows: None,
) -> None:
    """Write a workbook whose cells ask Python for their values.

    Args:
        experiment: what the workbook shows.
        path: the file, which ends in .xlsm.
        run: a training run to show, too.
        progress: is called with the number of rows that have been written.

    Raises:
        UserError: if the file cannot be written, or the installed xlwings cannot be used.
    """
    build(experiment, path, engine=Engine.UDF, packaging=_MACRO_WORKBOOK, run=run, progress=progress)


def _prepare(workbook: Workbook, folder: Path, *, add_in: bool) -> None:
    _add_settings_sheet(workbook, hidden=not add_in)
    project = vba.project(len(workbook.worksheets()), folder, add_in=add_in)
    workbook.add_vba_project(io.BytesIO(project), is_stream=True)


def _add_settings_sheet(workbook: Workbook, *, hidden: bool) -> None:
    """Add the sheet in which xlwings looks for settings first.

    It names no interpreter: that is each reader's own. But on a Mac, where a script of xlwings' starts Python, that is
    not to look for modules beside the workbook, where a student's random.py may lie.
    """
    sheet = workbook.add_worksheet(sources.SETTINGS_NAME)
    sheet.write_row("A1", ["ADD_WORKBOOK_TO_PYTHONPATH", "false"])
    if hidden:
        sheet.very_hidden()


def _finish(path: Path, *, add_in: bool) -> None:
    """Add the tab to a finished file, and make an add-in of it if it is to be one."""
    with zipfile.ZipFile(path) as archive:
        root = archive.read("_rels/.rels")
        types = _with_png(archive.read("[Content_Types].xml"))
        relationship = f'<Relationship Id="rIdRibbon" Type="{_RIBBON_RELATIONSHIP}" Target="{_RIBBON}"/>'
        parts = {
            "_rels/.rels": root.replace(b"</Relationships>", relationship.encode() + b"</Relationships>"),
            "[Content_Types].xml": types.replace(_MACRO_WORKBOOK_TYPE, _ADD_IN_TYPE) if add_in else types,
            _RIBBON: _ribbon(add_in=add_in),
            "customUI/_rels/customUI14.xml.rels": _icon_relationships(),
            **{f"customUI/{name}": sources.own(name) for name in sources.own_names("icons/*.png")},
        }
        changed = path.with_name(f"changed{path.suffix}")
        replace_parts(archive, changed, parts)
    changed.replace(path)


def _ribbon(*, add_in: bool) -> bytes:
    """Return the tab's XML; an add-in's tab never hides."""
    ribbon = sources.own("customUI14.xml")
    return ribbon.replace(b' getVisible="S6_GetVisible"', b"") if add_in else ribbon


def _with_png(types: bytes) -> bytes:
    if b'Extension="png"' in types:
        return types
    return re.sub(rb"(<Types[^>]*>)", rb'\1<Default Extension="png" ContentType="image/png"/>', types, count=1)


def _icon_relationships() -> bytes:
    """Return what binds the names of images in the ribbon's XML to the icons."""
    entries = "".join(
        f'<Relationship Id="{Path(name).stem}" Type="{_IMAGE_RELATIONSHIP}" Target="{name}"/>'
        for name in sources.own_names("icons/*.png")
    )
    return (
        f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
        f'<Relationships xmlns="{_RELATIONSHIPS}">{entries}</Relationships>'
    ).encode()


def _packaging(suffix: str, *, add_in: bool) -> Packaging:
    return Packaging(suffix, partial(_prepare, add_in=add_in), partial(_finish, add_in=add_in))


_MACRO_WORKBOOK = _packaging(".xlsm", add_in=False)
_ADD_IN = _packaging(".xlam", add_in=True)
