"""The engines: one sheet whose cells are answered by formulas, by LAMBDAs in names, or by Python."""

import re
import zipfile
from functools import cache
from pathlib import Path

import numpy as np
import openpyxl
import pytest
from openpyxl.workbook import Workbook
from openpyxl.worksheet.formula import ArrayFormula
from pyopenvba.apps.excel import ExcelApplication

from s6xl.addin.package import build_macro_workbook
from s6xl.backprop.descent import descend
from s6xl.backprop.experiment import Experiment
from s6xl.backprop.network import Network
from s6xl.backprop.worked_example import NETWORK, NETWORK_AS_SUBMITTED
from s6xl.errors import UserError
from s6xl.workbook.backprop.engine import Engine
from s6xl.workbook.composition.build import build
from tests.support import witness
from tests.support.excel_com import call

RATES = (0.1, 0.5, 2.0)
STEPS = 12
COLUMNS = [*"BCDEFGHIJKLMNOPQRSTUVWXYZ", "AA", "AB", "AC", "AD", "AE", "AF"]
Books = dict[Engine, Path]


def build_all(folder: Path, experiment: Experiment) -> Books:
    paths = {engine: folder / f"{engine}.{'xlsm' if engine is Engine.UDF else 'xlsx'}" for engine in Engine}
    build(experiment, paths[Engine.FORMULAS])
    build(experiment, paths[Engine.LAMBDA], engine=Engine.LAMBDA)
    build_macro_workbook(experiment, paths[Engine.UDF])
    return paths


@pytest.fixture(scope="module")
def books(tmp_path_factory: pytest.TempPathFactory) -> Books:
    return build_all(tmp_path_factory.mktemp("engines"), Experiment(learning_rates=RATES, steps=STEPS))


@pytest.fixture(scope="module")
def submitted(tmp_path_factory: pytest.TempPathFactory) -> Books:
    experiment = Experiment(learning_rates=(2.0,), steps=STEPS, network=NETWORK_AS_SUBMITTED)
    return build_all(tmp_path_factory.mktemp("submitted"), experiment)


@cache
def loaded(path: Path, *, data_only: bool = False) -> Workbook:
    """A workbook, which no test changes."""
    return openpyxl.load_workbook(path, data_only=data_only)


def formulas(path: Path, sheet: str) -> dict[str, str]:
    """A sheet's formulas by address, without the ``=``."""
    found = {}
    for row in loaded(path)[sheet].iter_rows():
        for cell in row:
            text = cell.value.text if isinstance(cell.value, ArrayFormula) else cell.value
            if isinstance(text, str) and text.startswith("="):
                found[cell.coordinate] = text.removeprefix("=")
    return found


def values(path: Path, sheet: str) -> dict[str, object]:
    rows = loaded(path, data_only=True)[sheet].iter_rows()
    return {cell.coordinate: cell.value for row in rows for cell in row if cell.value is not None}


@pytest.mark.parametrize("engine", [Engine.LAMBDA, Engine.UDF])
def test_cells_call_functions(books: Books, engine: Engine) -> None:
    found = formulas(books[engine], "LR=0.5")
    assert found["AC33"] == "S6_DELTA_W5(B33,K33,S33)"
    assert found["Y44"] == "S6_DELTA_W1(B44,C44,D44,K44,N44,P44,S44,U44)"
    assert found["J33"] == "S6_H1(D33,E33,F33,G33)"
    assert found["K34"] == "S6_A_H1(J34)"
    assert found["X33"] == "S6_E_TOTAL(V33,W33)"
    assert found["F34"] == "S6_UPDATE(F33,$G$31,Y33)"
    assert found["N40"] == "S6_UPDATE(N39,$G$31,AC39)"
    assert found["B34"] == "B33"
    assert found["F33"] == "'Start'!$C$11"


def test_both_kinds_of_calls_have_the_same_text(books: Books) -> None:
    for rate in ("LR=0.1", "LR=0.5", "LR=2"):
        assert formulas(books[Engine.LAMBDA], rate) == formulas(books[Engine.UDF], rate)


@pytest.mark.slow
def test_all_engines_carry_the_same_values(books: Books) -> None:
    sheets = loaded(books[Engine.FORMULAS]).sheetnames
    for engine in (Engine.LAMBDA, Engine.UDF):
        visible = [sheet.title for sheet in loaded(books[engine]) if sheet.sheet_state == "visible"]
        assert visible == sheets
        for sheet in sheets:
            expected, found = values(books[Engine.FORMULAS], sheet), values(books[engine], sheet)
            different = {cell for cell in {*expected, *found} if expected.get(cell) != found.get(cell)}
            assert different <= ({"B3", "B29"} if sheet == "Start" else set())  # what computes it is said there


def sheet_xml(path: Path, sheet: str) -> str:
    number = loaded(path).sheetnames.index(sheet) + 1
    with zipfile.ZipFile(path) as archive:
        return archive.read(f"xl/worksheets/sheet{number}.xml").decode()


@pytest.mark.parametrize("engine", [Engine.LAMBDA, Engine.UDF])
def test_every_call_is_stored_as_what_may_spill(books: Books, engine: Engine) -> None:
    # Stored otherwise, Excel shows =@S6_DELTA_W5(...).
    cells = re.findall(r'<c r="(\w+)"[^>]*?( cm="1")?><f([^>]*)>([^<]*)</f>', sheet_xml(books[engine], "LR=2"))
    calls = [(address, metadata, attributes) for address, metadata, attributes, text in cells if text.startswith("S6_")]
    assert len(calls) == 19 * STEPS + 8 * (STEPS - 1)
    for address, metadata, attributes in calls:
        assert metadata
        assert attributes == f' t="array" ref="{address}"'
    others = [metadata or attributes for _, metadata, attributes, text in cells if not text.startswith("S6_")]
    assert not any(others)
    with zipfile.ZipFile(books[engine]) as archive:
        metadata = archive.read("xl/metadata.xml").decode()
        types = archive.read("[Content_Types].xml").decode()
        relationships = archive.read("xl/_rels/workbook.xml.rels").decode()
    assert '<cellMetadata count="1"><bk><rc t="1" v="0"/></bk></cellMetadata>' in metadata
    assert 'dynamicArrayProperties fDynamic="1"' in metadata
    assert "/xl/metadata.xml" in types
    assert "metadata.xml" in relationships


def test_plain_formulas_need_no_metadata(books: Books) -> None:
    with zipfile.ZipFile(books[Engine.FORMULAS]) as archive:
        assert "xl/metadata.xml" not in archive.namelist()


@pytest.mark.parametrize("engine", Engine)
def test_excel_computes_on_opening_only_what_it_surely_can(books: Books, engine: Engine) -> None:
    with zipfile.ZipFile(books[engine]) as archive:
        workbook = archive.read("xl/workbook.xml").decode()
    assert ("fullCalcOnLoad" in workbook) == (engine is Engine.FORMULAS)
    # It computes anew, too, where it has features of calculation that the file does not name.
    features = re.findall(r'<calcPr calcId="191029"/><extLst>.*?</extLst></workbook>', workbook)
    assert bool(features) == (engine is not Engine.FORMULAS)
    if features:
        named = re.findall(r'<xcalcf:feature name="microsoft.com:(\w+)"/>', features[0])
        assert named == ["RD", "Single", "FV", "CNMTM", "LET_WF", "LAMBDA_WF", "ARRAYTEXT_WF"]


def lambdas(path: Path) -> dict[str, tuple[list[str], str]]:
    """The parameters and the body of each LAMBDA among a workbook's names, as the file stores them."""
    found = {}
    for name, definition in loaded(path).defined_names.items():
        if match := re.fullmatch(r"_xlfn\.LAMBDA\((.*)\)", definition.attr_text):
            *parameters, body = re.split(r",(?![^(]*\))", match[1])
            assert all(parameter.startswith("_xlpm.") for parameter in parameters)
            found[name] = ([parameter.removeprefix("_xlpm.") for parameter in parameters], body)
    return found


def test_every_function_of_numbers_is_a_name(books: Books) -> None:
    names = lambdas(books[Engine.LAMBDA])
    assert set(names) == {"S6_SIGMOID", "S6_UPDATE", *witness.QUANTITIES}
    assert names["S6_DELTA_W5"][0] == ["t_1", "a_h1", "a_o1"]
    for parameters, _ in names.values():
        for parameter in parameters:
            # Excel takes no parameter that looks like a cell.
            assert not re.fullmatch(r"[A-Za-z]{1,3}\d+|[RrCc]\d*", parameter)


def test_the_names_bodies_are_right_for_random_arguments(books: Books) -> None:
    """Each body, with cells for its parameters, by another formula engine against automatic differentiation."""
    application = ExcelApplication()
    application.add_workbook()
    sheet = application.sheet("Sheet1")
    for name, (parameters, body) in lambdas(books[Engine.LAMBDA]).items():
        for seed in range(10):
            step = witness.random_step(seed)
            step |= {"x": step["w1"], "w": step["w2"], "lr": 0.7, "delta": 0.2}
            text = body
            for column, parameter in enumerate(parameters):
                address = f"{chr(ord('A') + column)}1"
                sheet.set_value(address, step[re.sub(r"^([a-zA-Z])_(\d)$", r"\1\2", parameter)])
                text = re.sub(rf"_xlpm\.{parameter}\b", f"${address[0]}$1", text)
            assert "_xlpm" not in text
            sheet.set_value("Z9", f"={text}")
            expected = {
                "S6_SIGMOID": 1 / (1 + np.exp(-step["x"])),
                "S6_UPDATE": step["w"] - 0.7 * 0.2,
                **{function: step[quantity] for function, quantity in witness.QUANTITIES.items()},
            }[name]
            assert sheet.value("Z9") == pytest.approx(expected, rel=1e-12, abs=1e-14), name


@pytest.mark.slow
@pytest.mark.parametrize("network", [NETWORK, NETWORK_AS_SUBMITTED], ids=["right", "as submitted"])
def test_the_lambda_workbook_follows_a_change(books: Books, submitted: Books, network: Network) -> None:
    """Another engine computes the whole workbook through its names, from other start values."""
    right = network is NETWORK
    path = (books if right else submitted)[Engine.LAMBDA]
    application = ExcelApplication.open(path)
    start = application.sheet("Start")
    changed = {"t1": 0.01, "i2": -0.4, "w1": 0.35, "w8": -1.5}
    places = {loaded(path)["Start"][f"B{row}"].value: f"C{row}" for row in range(7, 19)}
    for name, value in changed.items():
        start.set_value(places[name], value)
    sheet = application.sheet("LR=2")
    found = [[sheet.value(f"{column}{row}") for column in COLUMNS] for row in range(33, 33 + STEPS)]
    expected = descend(
        NETWORK if right else NETWORK_AS_SUBMITTED, {**Experiment().start, **changed}, learning_rate=2.0, steps=STEPS
    )
    assert np.abs(np.array(found, dtype=float) - expected).max() <= 1e-15


@pytest.mark.parametrize("mistaken", [False, True], ids=["right", "as submitted"])
def test_python_answers_every_cell_with_its_cached_value(books: Books, submitted: Books, mistaken: bool) -> None:
    """Each call of the macro workbook, as xlwings' server answers it over the cached values of its cells."""
    path = (submitted if mistaken else books)[Engine.UDF]
    cached = values(path, "LR=2")
    calls = {cell: text for cell, text in formulas(path, "LR=2").items() if text.startswith("S6_")}
    assert len(calls) == 19 * STEPS + 8 * (STEPS - 1)
    for cell, text in calls.items():
        name, arguments = re.fullmatch(r"(\w+)\((.*)\)", text).groups()
        numbers = [cached[argument.replace("$", "")] for argument in arguments.split(",")]
        assert call(name, *numbers) == cached[cell], cell


def test_the_originals_mistake_stands_in_the_arguments(books: Books, submitted: Books) -> None:
    assert formulas(books[Engine.UDF], "LR=2")["AA33"] == "S6_DELTA_W3(B33,C33,D33,M33,O33,Q33,S33,U33)"
    assert formulas(submitted[Engine.UDF], "LR=2")["AA33"] == "S6_DELTA_W3(B33,C33,D33,K33,O33,Q33,S33,U33)"
    right, wrong = lambdas(books[Engine.LAMBDA]), lambdas(submitted[Engine.LAMBDA])
    assert right == wrong


def test_same_arguments_same_bytes(books: Books, tmp_path: Path) -> None:
    for engine, again in build_all(tmp_path, Experiment(learning_rates=RATES, steps=STEPS)).items():
        assert again.read_bytes() == books[engine].read_bytes()


def test_a_macro_workbook_needs_its_ending(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"is not the name of a \.xlsm file"):
        build_macro_workbook(Experiment(steps=1), tmp_path / "s6.xlsx")
    assert not list(tmp_path.iterdir())


def test_a_descent_that_diverges_is_the_same_in_all(tmp_path: Path) -> None:
    books = build_all(tmp_path, Experiment(learning_rates=(1e300,), steps=4))
    expected = values(books[Engine.FORMULAS], "LR=1E+300")
    assert "#NUM!" in expected.values()
    for engine in (Engine.LAMBDA, Engine.UDF):
        assert values(books[engine], "LR=1E+300") == expected
