"""A pyarrow that cannot be imported is not tried again.

Streamlit tries it each time that a component is drawn. Blender's wheel is pinned to a NumPy that pyarrow refuses, and
each try in vain leaves about 0.3 MiB of half an extension module behind for good.
"""

import importlib
import sys
from types import ModuleType
from typing import cast


def try_pyarrow_once() -> bool:
    """Whether it can be imported; if not, every later import of it fails at once. Call it before Streamlit serves."""
    try:
        importlib.import_module("pyarrow")
    except ImportError:
        for name in [name for name in sys.modules if name.partition(".")[0] == "pyarrow"]:
            del sys.modules[name]
        # None is how Python marks what shall not be imported (https://docs.python.org/3/reference/import.html).
        sys.modules["pyarrow"] = cast("ModuleType", None)
        return False
    return True
