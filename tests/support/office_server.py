"""Drives one headless LibreOffice over UNO; run by a Python that can import uno, spoken to in lines of JSON.

A request is {"path": FILE, "changes": {sheet: {cell: value or "=formula"}}, "shown": {sheet: [cell]}, "hard": whether
to recalculate everything}; the answer is {"values": {sheet: {cell: number or text}}, "errors": {sheet: [cell]},
"shown": {sheet: {cell: text as its number format shows it}}}. The file itself is not changed.

With "series": [changes, ...] in place of "changes", the workbook is loaded once, and each of them is made on top of
those before it; None empties a cell, rows of numbers fill a block. The answer is {"series": [{sheet: {cell: value}},
...]} for the cells in "read"; "save" may name an .xlsx file to write what came of it to.
"""

import json
import shutil
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path
from typing import Any

import uno
from com.sun.star.beans import PropertyValue
from com.sun.star.connection import NoConnectException

TEXT_RESULT, ERROR_RESULT = 2, 4  # com.sun.star.sheet.FormulaResult.STRING and ERROR
START_SECONDS = 900
Changes = dict[str, dict[str, Any]]  # what goes into a cell, by sheet and address
Addresses = dict[str, list[str]]


def start(soffice: str, profile: str) -> tuple[subprocess.Popen[bytes], Any]:
    pipe = f"s6xl-{uuid.uuid4().hex}"
    process = subprocess.Popen(
        [
            soffice,
            "--headless",
            "--norestore",
            "--nologo",
            "--nodefault",
            "--nofirststartwizard",
            "--nolockcheck",
            f"-env:UserInstallation={Path(profile).as_uri()}",
            f"--accept=pipe,name={pipe};urp;StarOffice.ComponentContext",
        ],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    context = uno.getComponentContext()
    resolver = context.ServiceManager.createInstanceWithContext("com.sun.star.bridge.UnoUrlResolver", context)
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            remote = resolver.resolve(f"uno:pipe,name={pipe};urp;StarOffice.ComponentContext")
            break
        except NoConnectException:
            if time.monotonic() > deadline:
                process.kill()
                raise
            time.sleep(0.1)
    return process, remote.ServiceManager.createInstanceWithContext("com.sun.star.frame.Desktop", remote)


def column_name(index: int) -> str:
    name = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        name = chr(ord("A") + rest) + name
    return name


def read(sheet: Any) -> tuple[dict[str, Any], list[str]]:
    cursor = sheet.createCursor()
    cursor.gotoStartOfUsedArea(False)
    cursor.gotoEndOfUsedArea(True)
    area = cursor.getRangeAddress()
    rows = sheet.getCellRangeByPosition(0, 0, area.EndColumn, area.EndRow).getDataArray()
    values = {}
    for row, cells in enumerate(rows, start=1):
        for column, value in enumerate(cells):
            if value != "":
                values[f"{column_name(column)}{row}"] = value
    errors = []
    for bad in sheet.queryFormulaCells(ERROR_RESULT).getRangeAddresses():
        for row in range(bad.StartRow, bad.EndRow + 1):
            for column in range(bad.StartColumn, bad.EndColumn + 1):
                errors.append(f"{column_name(column)}{row + 1}")
    return values, errors


def options(path: str) -> tuple[Any, ...]:
    chosen: dict[str, Any] = {"Hidden": True}
    if path.endswith(".xlam"):
        # LibreOffice reads add-ins, but does not know them by their ending.
        chosen["FilterName"] = "Calc MS Excel 2007 VBA XML"
    return tuple(option(name, value) for name, value in chosen.items())


def option(name: str, value: Any) -> Any:
    made = PropertyValue()
    made.Name, made.Value = name, value
    return made


def recalculate(desktop: Any, path: str, changes: Changes, shown: Addresses, hard: bool) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        copy = shutil.copy(path, folder)
        document = desktop.loadComponentFromURL(Path(copy).as_uri(), "_blank", 0, options(path))
        if document is None:
            raise RuntimeError(f"LibreOffice could not load {path}")
        try:
            for sheet, cells in changes.items():
                for address, value in cells.items():
                    cell = document.Sheets.getByName(sheet).getCellRangeByName(address)
                    if isinstance(value, str):
                        cell.setFormula(value)
                    else:
                        cell.setValue(value)
            if hard:
                document.calculateAll()
            answer: dict[str, Any] = {"values": {}, "errors": {}, "shown": {}}
            for name in document.Sheets.ElementNames:
                answer["values"][name], answer["errors"][name] = read(document.Sheets.getByName(name))
            for name, addresses in shown.items():
                sheet = document.Sheets.getByName(name)
                answer["shown"][name] = {cell: sheet.getCellRangeByName(cell).getString() for cell in addresses}
            return answer
        finally:
            document.close(True)


def recalculate_series(
    desktop: Any, path: str, series: list[Changes], read_cells: Addresses, hard: bool, save: str | None
) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        document = desktop.loadComponentFromURL(Path(shutil.copy(path, folder)).as_uri(), "_blank", 0, options(path))
        if document is None:
            raise RuntimeError(f"LibreOffice could not load {path}")
        try:
            # Else each cell of a change would be followed by a calculation of its own.
            document.enableAutomaticCalculation(not hard)
            answers = []
            for changes in series:
                for sheet, cells in changes.items():
                    for address, value in cells.items():
                        cell = document.Sheets.getByName(sheet).getCellRangeByName(address)
                        if isinstance(value, list):
                            cell.setDataArray(tuple(map(tuple, value)))
                        elif isinstance(value, float | int):
                            cell.setValue(value)
                        else:
                            cell.setFormula(value or "")
                if hard:
                    document.calculateAll()
                answers.append(
                    {
                        sheet: {
                            address: cell.getString() if cell.FormulaResultType2 == TEXT_RESULT else cell.getValue()
                            for address in addresses
                            for cell in [document.Sheets.getByName(sheet).getCellRangeByName(address)]
                        }
                        for sheet, addresses in read_cells.items()
                    }
                )
            if save:
                document.storeToURL(Path(save).as_uri(), (option("FilterName", "Calc MS Excel 2007 XML"),))
            return {"series": answers}
        finally:
            document.close(True)


def main() -> None:
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        process, desktop = start(sys.argv[1], profile)
        try:
            print(json.dumps("ready"), flush=True)
            for line in sys.stdin:
                request = json.loads(line)
                try:
                    if "series" in request:
                        answer = recalculate_series(
                            desktop,
                            request["path"],
                            request["series"],
                            request["read"],
                            request["hard"],
                            request["save"],
                        )
                    else:
                        answer = recalculate(
                            desktop, request["path"], request["changes"], request["shown"], request["hard"]
                        )
                except Exception as error:
                    answer = {"failure": repr(error)}
                print(json.dumps(answer), flush=True)
        finally:
            try:
                desktop.terminate()
                process.wait(30)
            except Exception:
                process.kill()


main()
