"""Every kind of fault in this folder, by the name of its module."""

from __future__ import annotations

import importlib
import pkgutil

import tests.campaign
from tests.campaign.fault import Faults


def kinds() -> dict[str, Faults]:
    names = sorted(found.name for found in pkgutil.iter_modules(tests.campaign.__path__))
    modules = {
        name: importlib.import_module(f"tests.campaign.{name}")
        for name in names
        if not name.startswith(("test_", "__"))
    }
    return {name: module.FAULTS for name, module in modules.items() if hasattr(module, "FAULTS")}
