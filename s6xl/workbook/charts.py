"""Every chart of the workbook: a loss curve for each learning rate, and their comparison on two scales."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from s6xl.backprop.network import symbol
from s6xl.palette import INK, LINE, LOSS, MUTED
from s6xl.workbook.book import NewBook
from s6xl.workbook.layout import RATE_SHEET, TITLE_CELL, TableLayout, absolute, on_sheet
from s6xl.workbook.sheet import NewSheet
from s6xl.workbook.styles import series_line

FEW_STEPS = 12
# What differs between an axis of one kind and the other.
Scale = Mapping[str, Any]
LINEAR: Scale = {"min": 0, "num_format": "General"}
_LOGARITHMIC: Scale = {"log_base": 10, "num_format": "0E+00"}
# What a spreadsheet shows of less is chance.
_SMALLEST_SHOWN = 1e-300
_GRID = {"visible": True, "line": {"color": LINE, "width": 0.75}}


def insert_loss_chart(book: NewBook, sheet: NewSheet, cell: str, layout: TableLayout, name: str) -> None:
    """Insert one learning rate's loss curve.

    Args:
        book: the workbook.
        sheet: the sheet that the chart goes on.
        cell: the chart's upper left corner.
        layout: where the losses are.
        name: the name of the learning rate's sheet.
    """
    chart = book.workbook.add_chart({"type": "line"})
    chart.add_series({**_series(layout, name), "line": {"color": LOSS, "width": 2.25}})
    chart.set_title({"name": "Total error", "name_font": _font(11, bold=True), "overlay": False})
    chart.set_legend({"none": True})
    _set_axes(chart, layout, size=9, scale=LINEAR)
    # Low as it is, the chart spends its height on the curve.
    chart.set_plotarea({"layout": {"x": 0.09, "y": 0.13, "width": 0.89, "height": 0.6}})
    _frame(chart, 760, 236)
    loss, rate = symbol(layout.loss), name.replace(RATE_SHEET, "learning rate ")
    description = f"Line chart of {loss} over the steps of gradient descent at {rate}."
    sheet.insert_chart(cell, chart, {"description": description, "object_position": 3})


def insert_comparison(book: NewBook, sheet: NewSheet, cell: str, layout: TableLayout, *, scale: Scale) -> None:
    """Insert the loss curves of all learning rates in one chart, which holds at most 255 series.

    Args:
        book: the workbook.
        sheet: the sheet that the chart goes on.
        cell: the chart's upper left corner.
        layout: where the losses are.
        scale: the axis of the losses, `LINEAR` or a `logarithmic_scale`.
    """
    logarithmic = "log_base" in scale
    chart = book.workbook.add_chart({"type": "line"})
    for index, name in enumerate(layout.rate_sheets):
        chart.add_series({**_series(layout, name), "line": series_line(index)})
    title = (
        "Total error at each learning rate, logarithmic scale" if logarithmic else "Total error at each learning rate"
    )
    chart.set_title({"name": title, "name_font": _font(16, bold=True), "overlay": False})
    chart.set_legend({"position": "right", "font": _font(11)})
    _set_axes(chart, layout, size=11, scale=scale)
    _frame(chart, 1090, 560)
    kind = "a logarithmic" if logarithmic else "a linear"
    loss = symbol(layout.loss)
    description = (
        f"Line chart on {kind} scale: {loss} over the steps of gradient descent, one line for each learning rate."
    )
    sheet.insert_chart(cell, chart, {"x_offset": 11, "y_offset": 11, "description": description})


def logarithmic_scale(losses: NDArray[np.float64]) -> Scale:
    """Return a scale in powers of ten for losses of any shape.

    Normally the spreadsheet chooses the ends of the scale, so that it follows later changes. But a loss of 0 has
    no place on it, and LibreOffice would leave the chart empty; then the scale has a lower end.
    """
    positive = losses[losses > _SMALLEST_SHOWN]
    if positive.size == 0 or not np.any(losses <= _SMALLEST_SHOWN):
        return _LOGARITHMIC
    return {**_LOGARITHMIC, "min": 10.0 ** math.floor(math.log10(positive.min()))}


def _series(layout: TableLayout, name: str) -> dict[str, Any]:
    return {
        "name": f"={on_sheet(name, absolute(TITLE_CELL))}",
        "categories": f"={on_sheet(name, layout.numbers())}",
        "values": f"={on_sheet(name, layout.column(layout.loss))}",
        "smooth": False,
        # Of few steps the points are shown, too; a single one would otherwise be invisible.
        "marker": {"type": "circle", "size": 5} if layout.steps <= FEW_STEPS else {"type": "none"},
    }


def _set_axes(chart: Any, layout: TableLayout, *, size: int, scale: Scale) -> None:
    interval = nice_interval(layout.steps)
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
            "name": symbol(layout.loss),
            "name_font": _font(size, bold=True),
            "num_font": _font(size, colour=MUTED),
            "major_gridlines": _GRID,
            "line": {"none": True},
            # Without this the steps' axis crosses a logarithmic scale at 1, above every error.
            "crossing": "min",
            **scale,
        }
    )


def nice_interval(steps: int) -> int:
    """Return a round number of steps or epochs between two labels, for ten labels or so."""
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
    # A line ends where its descent diverges; without this LibreOffice lets it fall to 0.
    chart.show_blanks_as("span")
