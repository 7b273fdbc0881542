"""The charts of a sheet: a drawing says where each stands, and a part of its own what it shows."""

from collections.abc import Iterator
from contextlib import suppress
from itertools import islice

from s6xl.ooxml.addresses import address
from s6xl.ooxml.book import Chart, Series
from s6xl.ooxml.package import DamagedPartError, Package

_MOST_SERIES = 255  # as in Excel
_MOST_CHARTS = 1000  # in a drawing
_ANCHORS = ("oneCellAnchor", "twoCellAnchor", "absoluteAnchor")
_TITLE = ("chartSpace", "chart", "title", "tx", "rich")
_VALUES, _CATEGORIES = ("val", "yVal"), ("cat", "xVal")


def charts_of(package: Package, part: str) -> list[Chart]:
    """Return the charts of a worksheet or chart sheet; one that is damaged is left out.

    Raises:
        DamagedPartError: if what the sheet refers to cannot be read.
    """
    charts: list[Chart] = []
    for drawing in package.targets(part, "drawing"):
        with suppress(DamagedPartError):
            parts = package.relationships(drawing)
            # All frames before any chart: one part is open at a time.
            for corner, relationship in list(islice(_frames(package, drawing), _MOST_CHARTS)):
                if relationship in parts and parts[relationship].kind == "chart":
                    with suppress(DamagedPartError):
                        charts.append(_chart(package, parts[relationship].part, corner))
    return charts


def _frames(package: Package, drawing: str) -> Iterator[tuple[str, str]]:
    """Yield the corner and the relationship of each chart in a drawing."""
    row = column = 0
    for path, attributes, text in package.elements(drawing):
        match path[-2:]:
            # For programs that do not know the kind of what stands beside it.
            case _ if "Fallback" in path:
                pass
            case ("from", "row"):
                row = _index(text)
            case ("from", "col"):
                column = _index(text)
            case (_, "chart") if "id" in attributes:
                yield address(row + 1, column + 1), attributes["id"]
            case (_, anchor) if anchor in _ANCHORS:
                row = column = 0


def _chart(package: Package, part: str, corner: str) -> Chart:
    series: list[Series] = []
    references: dict[str, str] = {}
    paragraphs = [""]
    for path, _, text in package.elements(part):
        match path[-4:]:
            # There are the series that a filter hides, and references that Excel keeps beside those in use.
            case _ if "extLst" in path or "Fallback" in path:
                pass
            case ("ser", role, _, "f"):
                references[role] = text.strip()
            case (*_, "ser"):
                series.append(Series(_reference(references, _VALUES), _reference(references, _CATEGORIES)))
                references = {}
                if len(series) > _MOST_SERIES:
                    raise DamagedPartError("it has too many series")
            case (*_, "t") if path[:5] == _TITLE:
                paragraphs[-1] += text
            case (*_, "p" | "br") if path[:5] == _TITLE:
                paragraphs.append("")
    return Chart(" ".join(filter(None, paragraphs)), corner, tuple(series))


def _reference(references: dict[str, str], roles: tuple[str, ...]) -> str:
    return next((references[role] for role in roles if role in references), "")


def _index(text: str) -> int:
    if not text.strip().isdecimal() or len(text) > 20:
        raise DamagedPartError(f"an anchor is at {text[:20]}")
    return int(text)
