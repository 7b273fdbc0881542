"""What one would write first: put every cell into a workbook with openpyxl. `openpyxl_script.py CELLS.json OUT.xlsx`"""

import json
import sys
from pathlib import Path

import openpyxl

workbook = openpyxl.Workbook(write_only=False)
del workbook[workbook.sheetnames[0]]
for name, cells in json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")).items():
    sheet = workbook.create_sheet(name)
    for address, value in cells.items():
        sheet[address] = value
workbook.save(sys.argv[2])
