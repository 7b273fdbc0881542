"""The look: one palette, and every cell format by its role."""

from collections.abc import Mapping
from typing import Any

from xlsxwriter import Workbook
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from s6xl.palette import (
    BACKGROUND,
    BAD,
    BAD_TEXT,
    GOOD,
    GOOD_TEXT,
    INK,
    INPUT,
    LINE,
    LINK,
    LOSS,
    MUTED,
    NEUTRAL,
    SERIES,
    UNKNOWN,
    UNKNOWN_TEXT,
)

DASHES = ("solid", "dash", "round_dot", "long_dash_dot")

SCIENTIFIC = "0.00E+00"
# A probability below 1 is not rounded up to 100 %.
BELOW_CERTAINTY = '[=1]0.0%;[>=0.9995]"99.9%";0.0%'


def series_line(index: int) -> dict[str, Any]:
    """Return the line of the series with this index, counted from 0, in a chart of many."""
    return {
        "color": SERIES[index % len(SERIES)],
        "width": 2,
        "dash_type": DASHES[index // len(SERIES) % len(DASHES)],
    }


def colours_up_to(largest: float, lowest_colour: str, highest_colour: str) -> dict[str, Any]:
    """Return a conditional format that colours numbers from one colour for 0 to another for `largest`."""
    return {
        "type": "2_color_scale",
        "min_type": "num",
        "min_value": 0,
        "min_color": lowest_colour,
        "max_type": "num",
        "max_value": largest,
        "max_color": highest_colour,
    }


_BASE: Mapping[str, Any] = {"font_color": INK, "valign": "vcenter"}
_BOX: Mapping[str, Any] = {**_BASE, "border": 1, "border_color": LINE}
_HEADER: Mapping[str, Any] = {**_BOX, "bold": True, "font_color": "#FFFFFF", "bg_color": INK, "align": "center"}

_FORMATS: Mapping[str, Mapping[str, Any]] = {
    "text": _BASE,
    "muted": {**_BASE, "font_color": MUTED},
    "muted_centre": {**_BASE, "font_color": MUTED, "align": "center"},
    "italic": {**_BASE, "font_color": MUTED, "italic": True},
    "title": {**_BASE, "bold": True, "font_size": 20},
    "table_title": {**_BASE, "bold": True, "font_size": 14},
    "section": {**_BASE, "bold": True, "font_size": 13, "bottom": 2, "bottom_color": INK},
    "link": {**_BASE, "font_color": LINK, "underline": 1},
    "link_box": {**_BOX, "font_color": LINK, "underline": 1, "shrink": True},
    "header": _HEADER,
    "header_loss": {**_HEADER, "bg_color": LOSS},
    "label": {**_BASE, "bold": True, "align": "right", "indent": 1},
    "input": {**_BOX, "bg_color": INPUT, "align": "center", "bold": True},
    "input_left": {**_BOX, "num_format": "@", "bg_color": INPUT, "align": "left", "bold": True},
    "input_shrunk": {**_BOX, "bg_color": INPUT, "align": "center", "bold": True, "shrink": True},
    "rate": {**_BOX, "align": "center", "bold": True},
    "box": {**_BOX, "align": "left"},
    "box_bold": {**_BOX, "bold": True},
    "given": {**_BOX, "align": "center", "font_color": MUTED},
    "value": {**_BOX, "num_format": "0.0000000"},
    "fine_value": {**_BOX, "num_format": "0.000000000000", "align": "center"},
    "slope": {**_BOX, "num_format": "0.000000000"},
    "total": {**_BOX, "num_format": "0.000000000", "align": "center"},
    "general": {**_BOX, "align": "center"},
    "loss": {**_BOX, "bold": True, "font_color": LOSS, "bg_color": "#FEF2F2", "num_format": "0.000000000"},
    "error": {**_BOX, "num_format": SCIENTIFIC, "align": "center"},
    "percent": {**_BOX, "num_format": "+0.00%;-0.00%;0.00%", "align": "center"},
    "verdict": {**_BOX, "bold": True, "align": "center"},
    "banner": {**_BOX, "bold": True, "font_size": 13, "align": "left", "indent": 1},
    "node": {**_BOX, "num_format": "0.0000", "align": "center", "bold": True},
    "node_name": {**_BOX, "align": "center", "bg_color": BACKGROUND},
    "edge_name": {**_BASE, "align": "right", "font_color": MUTED, "indent": 1},
    "small_value": {**_BOX, "num_format": "0.000000", "align": "center"},
    "loss_small": {**_BOX, "bold": True, "font_color": LOSS, "num_format": "0.000000", "align": "center"},
    "numbers": {**_BOX, "font_color": LINK, "align": "left"},
    # Part 2. Its table has lines where it is filled, and results have no box.
    "text_bold": {**_BASE, "bold": True},
    "note": {**_BASE, "font_color": MUTED, "indent": 1},
    "epoch": {**_BASE, "align": "center"},
    "small_loss": {**_BASE, "num_format": "0.0000", "align": "center"},
    "accuracy": {**_BASE, "num_format": "0.00%", "align": "center"},
    "seconds": {**_BASE, "num_format": "0.0", "align": "center"},
    "lined": {"border": 1, "border_color": LINE},
    "result_text": {**_BASE, "align": "left", "num_format": "@"},
    "result_accuracy": {**_BASE, "align": "left", "bold": True, "num_format": "0.00%"},
    "result_loss": {**_BASE, "align": "left", "num_format": "0.0000"},
    "result_seconds": {**_BASE, "align": "left", "num_format": "#,##0.0"},
    "result_count": {**_BASE, "align": "left", "num_format": "#,##0"},
    "count": {**_BOX, "num_format": "#,##0", "align": "center"},
    "total_count": {**_BOX, "num_format": "#,##0", "align": "center", "bold": True, "bg_color": BACKGROUND},
    "boxed_accuracy": {**_BOX, "num_format": "0.00%", "align": "center"},
    "total_accuracy": {**_BOX, "num_format": "0.00%", "align": "center", "bold": True, "bg_color": BACKGROUND},
    "label_of_digit": {**_BASE, "align": "center", "bold": True, "font_size": 12},
    "probability": {**_BASE, "align": "center", "font_color": MUTED, "num_format": BELOW_CERTAINTY},
    # The network in cells: a small cell tells its number by its colour.
    "small_cell": {"num_format": ";;;"},
    "small_cell_below": {"num_format": ";;;", "top": 1, "top_color": MUTED},
    "padding": {"bg_color": BACKGROUND},
    "marked": {"border": 1, "border_color": BAD},
    "tiny": {**_BASE, "font_size": 8, "font_color": MUTED, "align": "center"},
    "tiny_left": {**_BASE, "font_size": 8, "font_color": MUTED},
    "tiny_box": {**_BOX, "font_size": 8, "align": "center", "bold": True},
    "tiny_value": {**_BOX, "font_size": 8, "align": "center", "num_format": "0.000"},
    "tiny_sum": {**_BOX, "font_size": 8, "align": "center", "num_format": "0.00"},
    "sign": {**_BASE, "font_color": MUTED, "align": "center"},
    "probability_box": {**_BOX, "num_format": "0.0000%", "align": "center"},
    "paint": {
        **_BOX,
        "num_format": '"•";"•";"•";@',
        "font_color": SERIES[1],
        "align": "center",
        "font_size": 8,
        "shrink": True,
    },
    "bar": {"num_format": ";;;", "bottom": 2, "bottom_color": NEUTRAL},
    "answer": {**_BOX, "bold": True, "font_size": 96, "align": "center"},
    "outgrown": {"num_format": SCIENTIFIC},
    "good": {"bg_color": GOOD, "font_color": GOOD_TEXT},
    "bad": {"bg_color": BAD, "font_color": BAD_TEXT, "bold": True},
    "bad_text": {"font_color": BAD, "bold": True},
    "unknown": {"bg_color": UNKNOWN, "font_color": UNKNOWN_TEXT},
    "warning": {**_BASE, "bold": True, "font_color": BAD},
    # The written derivation: a box around each block.
    "block_title": {**_BASE, "bold": True, "left": 1, "right": 1, "top": 1, "align": "left", "bg_color": BACKGROUND},
    "block_line": {**_BASE, "left": 1, "right": 1},
    "block_last": {**_BASE, "left": 1, "right": 1, "bottom": 1},
}


class Styles:
    """The cell formats of one workbook, each made when first asked for: ``styles["title"]``."""

    def __init__(self, workbook: Workbook) -> None:
        self._workbook = workbook
        self._formats: dict[tuple[str, tuple[tuple[str, Any], ...]], Format] = {}

    def __getitem__(self, role: str) -> Format:
        return self.varied(role)

    def keep_readable(self, sheet: Worksheet, cells: str, *, largest: float, smallest: float = 0) -> None:
        """Show numbers with an exponent that would not fit into their column or would be rounded to 0.

        This is a conditional format: the last section of a number format with conditions drops a negative sign.

        Args:
            sheet: the sheet.
            cells: a range of cells, such as ``C8:O14``.
            largest: the size from which on a number has an exponent.
            smallest: the size below which a number has one.
        """
        first = cells.split(":")[0]
        size = f"ABS({first})"
        outgrown = f"{size}>={largest}"
        if smallest:
            outgrown = f"OR({outgrown},AND({size}<{smallest:.0E},{first}<>0))"
        rule = {"type": "formula", "criteria": f"={outgrown}", "format": self["outgrown"]}
        sheet.conditional_format(cells, rule)

    def varied(self, role: str, **changes: Any) -> Format:
        """Return a role's format with some properties changed."""
        key = (role, tuple(sorted(changes.items())))
        if key not in self._formats:
            self._formats[key] = self._workbook.add_format({**_FORMATS[role], **changes})
        return self._formats[key]
