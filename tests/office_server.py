"""Drives one headless LibreOffice over UNO; run by a Python that can import uno, spoken to in lines of JSON.

A request is {"path": FILE, "changes": {sheet: {cell: value or "=formula"}}, "shown": {sheet: [cell]}, "hard": whether
to recalculate everything}; the answer is {"values": {sheet: {cell: number or text}}, "errors": {sheet: [cell]},
"shown": {sheet: {cell: text as its number format shows it}}}. The file itself is not changed.
"""

import json
import shutil
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path

import uno
from com.sun.star.beans import PropertyValue
from com.sun.star.connection import NoConnectException

ERROR_RESULT = 4  # com.sun.star.sheet.FormulaResult.ERROR
START_SECONDS = 120


def start(soffice, profile):
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


def column_name(index):
    name = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        name = chr(ord("A") + rest) + name
    return name


def read(sheet):
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


def options(path):
    chosen = {"Hidden": True}
    if path.endswith(".xlam"):
        # LibreOffice reads add-ins, but does not know them by their ending.
        chosen["FilterName"] = "Calc MS Excel 2007 VBA XML"
    return tuple(option(name, value) for name, value in chosen.items())


def option(name, value):
    made = PropertyValue()
    made.Name, made.Value = name, value
    return made


def recalculate(desktop, path, changes, shown, hard):
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
            answer = {"values": {}, "errors": {}, "shown": {}}
            for name in document.Sheets.ElementNames:
                answer["values"][name], answer["errors"][name] = read(document.Sheets.getByName(name))
            for name, addresses in shown.items():
                sheet = document.Sheets.getByName(name)
                answer["shown"][name] = {cell: sheet.getCellRangeByName(cell).getString() for cell in addresses}
            return answer
        finally:
            document.close(True)


def main():
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        process, desktop = start(sys.argv[1], profile)
        try:
            print(json.dumps("ready"), flush=True)
            for line in sys.stdin:
                request = json.loads(line)
                try:
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
