"""Every chart of the workbook: a loss curve for each learning rate, and their comparison on two scales."""

from collections.abc import Sequence
from typing import Any

from s6xl.workbook.book import Book
from s6xl.workbook.layout import TITLE_CELL, TableLayout, absolute, on_sheet
from s6xl.workbook.sheet import Sheet
from s6xl.workbook.styles import INK, LINE, LOSS, MUTED, series_line

_GRID = {"visible": True, "line": {"color": LINE, "width": 0.75}}


def insert_loss_chart(
    book: Book, sheet: Sheet, cell: str, layout: TableLayout, loss: str, name: str, rate: str
) -> None:
    """One learning rate's loss over its steps, on its own sheet."""
    chart = book.workbook.add_chart({"type": "line"})
    chart.add_series({**_series(layout, loss, name), "line": {"color": LOSS, "width": 2.25}})
    chart.set_title({"name": "Total error", "name_font": _font(11, bold=True), "overlay": False})
    chart.set_legend({"none": True})
    _set_axes(chart, layout, size=9)
    # Low as it is, the chart spends its height on the curve.
    chart.set_plotarea({"layout": {"x": 0.09, "y": 0.13, "width": 0.89, "height": 0.6}})
    _frame(chart, 760, 236)
    description = f"Line chart of E_total over the steps of gradient descent at the learning rate {rate}."
    sheet.insert_chart(cell, chart, {"description": description, "object_position": 3})


def insert_comparison(
    book: Book, sheet: Sheet, cell: str, layout: TableLayout, loss: str, names: Sequence[str], *, logarithmic: bool
) -> None:
    """The losses of all learning rates in one chart; `names` are their sheets."""
    chart = book.workbook.add_chart({"type": "line"})
    for index, name in enumerate(names):
        chart.add_series({**_series(layout, loss, name), "line": series_line(index)})
    title = "Total error, logarithmic scale: the tail" if logarithmic else "Total error at each learning rate"
    chart.set_title({"name": title, "name_font": _font(16, bold=True), "overlay": False})
    chart.set_legend({"position": "right", "font": _font(11)})
    _set_axes(chart, layout, size=11, logarithmic=logarithmic)
    _frame(chart, 1090, 560)
    scale = "a logarithmic" if logarithmic else "a linear"
    description = f"Line chart on {scale} scale: E_total over the steps of gradient descent, one line a learning rate."
    sheet.insert_chart(cell, chart, {"x_offset": 11, "y_offset": 11, "description": description})


def _series(layout: TableLayout, loss: str, name: str) -> dict[str, Any]:
    return {
        "name": f"={on_sheet(name, absolute(TITLE_CELL))}",
        "categories": f"={on_sheet(name, layout.steps)}",
        "values": f"={on_sheet(name, layout.column(loss))}",
        "smooth": False,
    }


def _set_axes(chart: Any, layout: TableLayout, *, size: int, logarithmic: bool = False) -> None:
    interval = _nice_interval(layout.last_row - layout.first_row + 1)
    chart.set_x_axis(
        {
            "name": "Step",
            "name_font": _font(size, bold=True),
            "num_font": _font(size, colour=MUTED),
            "interval_unit": interval,
            "interval_tick": interval,
            "label_position": "low",
            "line": {"color": MUTED},
        }
    )
    chart.set_y_axis(
        {
            "name": "E_total",
            "name_font": _font(size, bold=True),
            "num_font": _font(size, colour=MUTED),
            "num_format": "0E+00" if logarithmic else "General",
            "major_gridlines": _GRID,
            "line": {"none": True},
            # Without this the steps' axis crosses a logarithmic scale at 1, above every error.
            "crossing": "min",
            **({"log_base": 10} if logarithmic else {"min": 0}),
        }
    )


def _nice_interval(steps: int) -> int:
    """A round number of steps between two labels, for some ten labels."""
    power = 1
    while True:
        for interval in (power, 2 * power, 5 * power):
            if steps / interval <= 14:
                return interval
        power *= 10


def _font(size: int, *, bold: bool = False, colour: str = INK) -> dict[str, Any]:
    return {"size": size, "bold": bold, "color": colour}


def _frame(chart: Any, width: int, height: int) -> None:
    chart.set_size({"width": width, "height": height})
    chart.set_chartarea({"border": {"color": LINE}})
    chart.show_na_as_empty_cell()
