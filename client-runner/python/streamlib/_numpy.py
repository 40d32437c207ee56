"""numpy, imported when it is first needed: a processor without pictures starts faster."""

from __future__ import annotations

from types import ModuleType
from typing import Any

_numpy: ModuleType | None = None


def numpy_module() -> Any:
    """The module ``numpy``."""
    global _numpy
    if _numpy is None:
        import numpy

        _numpy = numpy
    return _numpy
