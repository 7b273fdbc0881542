"""What many tests share: built workbooks, the original's reference data, and LibreOffice."""

import os
import signal
import sys
from collections.abc import Generator, Iterator
from pathlib import Path

import hypothesis
import pytest

from s6xl.backprop.experiment import Experiment
from s6xl.backprop.worked_example import NETWORK_AS_SUBMITTED
from s6xl.mnist.record import Run
from s6xl.workbook.composition.build import build
from tests.support import office
from tests.support.places import ROOT

pytest_plugins = ["tests.support.digits"]

# CI tries the same examples each time, so that a failure there is the change's; elsewhere each run tries new ones.
# Nowhere does it matter how long an example takes.
hypothesis.settings.register_profile(
    "s6xl",
    deadline=None,
    derandomize=bool(os.environ.get("CI")),
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("s6xl")

# A shell's background jobs ignore Ctrl-C, and those of nohup a hang-up, too; the programs that the tests start would
# inherit that, but not what is handled here.
signal.signal(signal.SIGINT, signal.default_int_handler)
if sys.platform != "win32" and signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
    signal.signal(signal.SIGHUP, lambda number, frame: None)


# What a fixture brings with it, to every test that asks for it.
MARKS = {"libreoffice": "office", "desk": "process"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        for fixture in MARKS.keys() & set(getattr(item, "fixturenames", ())):
            item.add_marker(MARKS[fixture])


_quick: pytest.Item | None = None  # the test that runs, if it is to start no program


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Hold that a test which starts a program is marked for it."""
    global _quick
    _quick = None if any(map(item.get_closest_marker, ("process", "office", "excel"))) else item
    try:
        return (yield)
    finally:
        _quick = None


def _watch(event: str, arguments: tuple[object, ...]) -> None:
    if event == "subprocess.Popen" and _quick is not None:
        raise AssertionError(f"mark {_quick.name} with process: it starts {arguments[1]}")


sys.addaudithook(_watch)


@pytest.fixture(scope="session", autouse=True)
def _log_of_the_tests(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No test writes into the log of the person who runs it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
        yield


@pytest.fixture(scope="session")
def libreoffice() -> Iterator[office.Office]:
    """A running LibreOffice; where S6XL_REQUIRE_LIBREOFFICE is set, as in CI, its absence is a failure."""
    found = office.find()
    if found is None:
        missing = "LibreOffice with its Python bridge uno is not installed (Debian: libreoffice-calc python3-uno)"
        if os.environ.get("S6XL_REQUIRE_LIBREOFFICE"):
            pytest.fail(missing)
        pytest.skip(missing)
    running = office.Office(*found)
    yield running
    running.close()


@pytest.fixture(scope="session")
def reference() -> Path:
    """The folder with the original workbook: S6XL_REFERENCE, or shared/reference beside the repository."""
    folder = Path(os.environ.get("S6XL_REFERENCE", ROOT.parent / "shared" / "reference"))
    if not (folder / "original_workbook.xlsx").is_file():
        pytest.skip(f"the original workbook is not in {folder} (set S6XL_REFERENCE)")
    return folder


@pytest.fixture(scope="session")
def book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The default workbook."""
    path = tmp_path_factory.mktemp("default") / "s6.xlsx"
    build(Experiment(), path)
    return path


@pytest.fixture(scope="session")
def submitted_book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The workbook with the original's mistake."""
    path = tmp_path_factory.mktemp("submitted") / "s6.xlsx"
    build(Experiment(network=NETWORK_AS_SUBMITTED), path)
    return path


@pytest.fixture(scope="session")
def digit_book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The workbook of the run that comes with the package."""
    path = tmp_path_factory.mktemp("digit") / "digits.xlsx"
    build(Experiment(), path, run=Run.open(Path("pretrained")))
    return path


@pytest.fixture(scope="session")
def recalculated(libreoffice: office.Office, book: Path) -> office.Recalculated:
    """The default workbook, recalculated by LibreOffice."""
    return libreoffice.recalculate(book)
