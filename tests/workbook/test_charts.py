"""The charts: what they plot, from which step on, and that they can be read."""

import zipfile
from pathlib import Path
from xml.etree import ElementTree

import openpyxl
import pytest
from openpyxl.chart.line_chart import LineChart
from openpyxl.chart.title import Title
from openpyxl.worksheet.worksheet import Worksheet

from s6xl.backprop.experiment import Experiment
from s6xl.workbook.charts import nice_interval
from s6xl.workbook.composition.build import build
from tests.support.sheets import charts as charts_of

RATE_SHEETS = ["LR=0.1", "LR=0.2", "LR=0.5", "LR=0.8", "LR=1", "LR=2"]
DRAWING = "{http://schemas.openxmlformats.org/drawingml/2006/main}"


def charts(sheet: Worksheet) -> list[LineChart]:
    found = charts_of(sheet)
    assert all(isinstance(chart, LineChart) for chart in found)
    return found


def text(title: Title | None) -> str:
    assert title is not None
    assert title.tx is not None
    assert title.tx.rich is not None
    return "".join(run.t for paragraph in title.tx.rich.p for run in paragraph.r or ())


def assert_readable(chart: LineChart) -> None:
    assert text(chart.title)
    assert text(chart.x_axis.title) == "Step"
    assert text(chart.y_axis.title) == "E_tot"
    assert not chart.x_axis.delete
    assert not chart.y_axis.delete


def test_comparison_covers_every_rate_from_step_1(book: Path) -> None:
    linear, logarithmic = charts(openpyxl.load_workbook(book)["LossPlot"])
    for chart in (linear, logarithmic):
        assert_readable(chart)
        assert chart.legend is not None
        assert [series.val.numRef.f for series in chart.series] == [f"'{name}'!$X$33:$X$100" for name in RATE_SHEETS]
        assert [series.cat.numRef.f for series in chart.series] == [f"'{name}'!$A$33:$A$100" for name in RATE_SHEETS]
        assert [series.tx.strRef.f for series in chart.series] == [f"'{name}'!$B$1" for name in RATE_SHEETS]
        colours = {series.graphicalProperties.line.solidFill.srgbClr for series in chart.series}
        assert len(colours) == len(RATE_SHEETS)
    assert linear.y_axis.scaling.logBase is None
    assert linear.y_axis.scaling.min == 0
    assert text(linear.title) == "Total error at each learning rate"
    assert logarithmic.y_axis.scaling.logBase == 10
    assert text(logarithmic.title) == "Total error at each learning rate, logarithmic scale"
    assert logarithmic.y_axis.number_format.formatCode == "0E+00"
    # Its ends are the spreadsheet's to find, so that it follows other rates; the steps stand at the bottom.
    assert logarithmic.y_axis.scaling.min is None
    assert logarithmic.x_axis.crosses == "min"


def test_a_logarithmic_chart_shows_what_is_above_nought(tmp_path: Path) -> None:
    """At the rate 1000000 the error is 0 from step 2 on, which would leave LibreOffice's chart empty."""
    path = tmp_path / "nought.xlsx"
    build(Experiment(learning_rates=(2.0, 1e6)), path)
    values = openpyxl.load_workbook(path, data_only=True)
    assert values["LR=1000000"]["X34"].value == 0
    _, chart = charts(openpyxl.load_workbook(path)["LossPlot"])
    assert chart.y_axis.scaling.min == 1e-6 < values["LR=2"]["X100"].value < 1e-5


def test_lines_are_plain_and_end_where_a_descent_diverges(book: Path) -> None:
    """They are not rounded off, carry no points, and do not fall to 0 where a number is missing."""
    with zipfile.ZipFile(book) as archive:
        parts = [archive.read(f"xl/charts/chart{k}.xml").decode() for k in range(1, 9)]
    for part in parts:
        assert '<c:dispBlanksAs val="span"/>' in part
        assert '<c:smooth val="1"/>' not in part
        assert '<c:symbol val="none"/>' in part
        assert '<c:tickLblSkip val="5"/>' in part


def test_few_steps_are_points(tmp_path: Path) -> None:
    path = tmp_path / "few.xlsx"
    build(Experiment(learning_rates=(0.5,), steps=1), path)
    loaded = openpyxl.load_workbook(path)
    for chart in (*charts(loaded["LossPlot"]), *charts(loaded["LR=0.5"])):
        assert [series.marker.symbol for series in chart.series] == ["circle"]


@pytest.mark.parametrize(
    "name", [RATE_SHEETS[0], *(pytest.param(name, marks=pytest.mark.slow) for name in RATE_SHEETS[1:])]
)
def test_each_sheets_own_chart(book: Path, name: str) -> None:
    (chart,) = charts(openpyxl.load_workbook(book)[name])
    assert_readable(chart)
    (series,) = chart.series
    assert series.val.numRef.f == f"'{name}'!$X$33:$X$100"
    assert chart.legend is None


def test_charts_carry_their_own_copy_of_the_data(book: Path) -> None:
    """So that a preview that computes nothing still shows the curves."""
    losses = [row[0].value for row in openpyxl.load_workbook(book, data_only=True)["LR=2"]["X33:X100"]]
    with zipfile.ZipFile(book) as archive:
        parts = [archive.read(f"xl/charts/chart{number}.xml") for number in range(1, 9)]
    copies = [
        [float(point[0].text or "nan") for point in values.iterfind(".//{*}pt")]
        for part in parts
        for values in ElementTree.fromstring(part).iter()
        if values.tag.endswith("}val")
    ]
    assert len(copies) == 6 + 6 + 6
    assert copies.count([float(loss) for loss in losses]) == 3
    names = {
        point.findtext("{*}v") for part in parts for point in ElementTree.fromstring(part).iterfind(".//{*}tx//{*}pt")
    }
    assert names == {"η = 0.1", "η = 0.2", "η = 0.5", "η = 0.8", "η = 1", "η = 2"}


def test_charts_follow_other_rates_and_steps(tmp_path: Path) -> None:
    path = tmp_path / "other.xlsx"
    build(Experiment(learning_rates=(0.05, 3.0), steps=200), path)
    loaded = openpyxl.load_workbook(path)
    for chart in charts(loaded["LossPlot"]):
        assert [series.val.numRef.f for series in chart.series] == ["'LR=0.05'!$X$33:$X$232", "'LR=3'!$X$33:$X$232"]


@pytest.mark.slow
def test_twenty_lines_can_be_told_apart(tmp_path: Path) -> None:
    path = tmp_path / "many.xlsx"
    build(Experiment(learning_rates=tuple(k / 10 for k in range(1, 21)), steps=2), path)
    chart = charts(openpyxl.load_workbook(path)["LossPlot"])[0]
    lines = [series.graphicalProperties.line for series in chart.series]
    assert len({(line.solidFill.srgbClr, line.prstDash) for line in lines}) == 20


@pytest.mark.parametrize(
    ("steps", "interval"), [(1, 1), (10, 1), (68, 5), (200, 20), (5000, 500), (1_000_000, 100_000)]
)
def test_labels_stand_at_round_steps(steps: int, interval: int) -> None:
    assert nice_interval(steps) == interval
