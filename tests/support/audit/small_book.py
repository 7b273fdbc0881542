"""A right workbook of a few steps: small enough to be spoilt in thousands of ways."""

import io

import xlsxwriter
from xlsxwriter.utility import xl_col_to_name

from s6xl.backprop.descent import descend
from s6xl.backprop.expression import expand, to_excel
from s6xl.backprop.network import gradient, symbol
from s6xl.backprop.worked_example import INPUTS, NETWORK, TARGETS, WEIGHTS

STEPS = 6
RATE, RATE_CELL = 0.5, "$B$1"


def small_book(header: int = 2, left: int = 0, *, listed: bool = False) -> bytes:
    """A workbook with a table, a chart of its loss, and a name for its rate.

    `header` is the row of the table's headers and `left` its first column, both counted from 0; `listed` makes it a
    table in Excel's own sense.
    """
    column = {name: xl_col_to_name(left + index) for index, name in enumerate(NETWORK.columns)}

    def formula(name: str, row: int) -> str:
        """What a quantity's column holds in a row, counted from 1; what is given comes from the row before."""
        if name in NETWORK.weights:
            return f"={column[name]}{row - 1}-{RATE_CELL}*{column[gradient(name)]}{row - 1}"
        if name in NETWORK.givens:
            return f"={column[name]}{row - 1}"
        return "=" + to_excel(expand(NETWORK[name].expression), lambda used: f"{column[used]}{row}")

    start = dict(zip((*NETWORK.targets, *NETWORK.inputs, *NETWORK.weights), (*TARGETS, *INPUTS, *WEIGHTS), strict=True))
    values = descend(NETWORK, start, RATE, STEPS)
    file = io.BytesIO()
    book = xlsxwriter.Workbook(file)
    sheet = book.add_worksheet("Descent")
    sheet.write_row(0, 0, ["η =", RATE])
    headers = [symbol(name) for name in NETWORK.columns]
    first, last, right = header + 1, header + STEPS, left + len(headers) - 1
    sheet.write_row(header, left, headers)
    if listed:
        sheet.add_table(header, left, last, right, {"name": "Steps", "columns": [{"header": text} for text in headers]})
    for step, row in enumerate(values):
        for index, name in enumerate(NETWORK.columns):
            if step == 0 and name in start:
                sheet.write_number(first, left + index, start[name])
            else:
                sheet.write_formula(first + step, left + index, formula(name, first + step + 1), None, row[index])
    book.define_name("rate", f"=Descent!{RATE_CELL}")
    chart = book.add_chart({"type": "line"})
    loss = left + NETWORK.columns.index(NETWORK.loss)
    chart.add_series({"values": ["Descent", first, loss, last, loss]})
    chart.set_title({"name": "Loss"})
    sheet.insert_chart(last + 2, 1, chart)
    book.close()
    return file.getvalue()
