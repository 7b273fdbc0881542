"""Backpropagation in live Excel formulas, and a CNN trained on handwritten digits.

These are the names for your own Python. Each loads what it needs when it is first used, so ``import s6xl`` is quick.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from s6xl.version import __version__

if TYPE_CHECKING:
    from s6xl.api import audit_workbook, build_workbook, predict, train
    from s6xl.audit.findings import FileReport, Finding
    from s6xl.backprop.descent import descend
    from s6xl.backprop.experiment import Experiment
    from s6xl.errors import UserError
    from s6xl.mnist.record import Run
else:
    _MODULES = {
        "Experiment": "s6xl.backprop.experiment",
        "FileReport": "s6xl.audit.findings",
        "Finding": "s6xl.audit.findings",
        "Run": "s6xl.mnist.record",
        "UserError": "s6xl.errors",
        "audit_workbook": "s6xl.api",
        "build_workbook": "s6xl.api",
        "descend": "s6xl.backprop.descent",
        "predict": "s6xl.api",
        "train": "s6xl.api",
    }

    def __getattr__(name):
        """Load a public name when it is first used (PEP 562)."""
        if name not in _MODULES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = globals()[name] = getattr(import_module(_MODULES[name]), name)
        return value

    def __dir__():
        return sorted({*globals(), *__all__})


__all__ = [
    "Experiment",
    "FileReport",
    "Finding",
    "Run",
    "UserError",
    "__version__",
    "audit_workbook",
    "build_workbook",
    "descend",
    "predict",
    "train",
]
