"""The program's own modules: taken from where Python keeps them compiled, only as Python would take
them, and left to Python otherwise."""

from __future__ import annotations

import importlib.util
import os
import py_compile
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from leadline.cli import own_modules
from leadline.cli.own_modules import OwnModules, _Loader

BOTH = ["house.room", "house.room.chair"]


class House:
    """A package of two modules, ``room`` and ``room.chair``."""

    def __init__(self, top: Path) -> None:
        self.top = top
        (top / "room").mkdir(parents=True)
        (top / "__init__.py").write_text("")
        (top / "room" / "__init__.py").write_text("WIDTH = 4\n")
        (top / "room" / "chair.py").write_text("LEGS = 4\n")

    @property
    def kept(self) -> Path:
        return Path(importlib.util.cache_from_source(str(self.top / "room" / "chair.py")))

    def visit(self) -> list[str]:
        """Import all in a process of its own, as it were; which modules were not looked for."""
        for name in [name for name in sys.modules if name.split(".")[0] == "house"]:
            del sys.modules[name]
        importlib.invalidate_caches()
        importlib.import_module("house")
        sys.meta_path.insert(0, OwnModules)
        try:
            importlib.import_module("house.room.chair")
            with pytest.raises(ImportError):
                importlib.import_module("house.room.table")
        finally:
            sys.meta_path.remove(OwnModules)
        return [name for name in BOTH if isinstance(sys.modules[name].__loader__, _Loader)]


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    monkeypatch.setattr(own_modules, "_TOP", str(tmp_path / "house"))
    monkeypatch.setattr(own_modules, "_PACKAGE", "house")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield House(tmp_path / "house")
    for name in [name for name in sys.modules if name.split(".")[0] == "house"]:
        del sys.modules[name]


def test_what_was_imported_once_is_not_looked_for_and_is_the_same(house: House) -> None:
    assert house.visit() == []
    first = {name: dict(vars(sys.modules[name])) for name in BOTH}
    assert house.visit() == BOTH
    for name in BOTH:
        again = vars(sys.modules[name])
        differs = {"__spec__", "__loader__", "__builtins__", "chair"}
        assert {k: v for k, v in first[name].items() if k not in differs} == {
            k: v for k, v in again.items() if k not in differs
        }
        assert again["__spec__"].cached == first[name]["__spec__"].cached
        assert again["__loader__"].get_source(name).endswith("= 4\n")


def test_a_source_that_changed_is_compiled_anew(house: House) -> None:
    house.visit()
    chair = house.top / "room" / "chair.py"
    chair.write_text("LEGS = 3\n")  # as long as before
    os.utime(chair, (9, 9))
    assert house.visit() == ["house.room"]
    assert sys.modules["house.room.chair"].LEGS == 3
    assert house.visit() == BOTH
    assert sys.modules["house.room.chair"].LEGS == 3


@pytest.mark.parametrize("left", [0, 3, 12, 16, 30])
def test_what_is_damaged_is_left_to_python(house: House, left: int) -> None:
    house.visit()
    house.kept.write_bytes(house.kept.read_bytes()[:left])
    assert OwnModules.find_spec("house.room.chair") is None


def test_what_another_python_compiled_is_passed_over(house: House) -> None:
    house.visit()
    whole = bytearray(house.kept.read_bytes())
    whole[0] ^= 1
    house.kept.write_bytes(whole)
    assert house.visit() == ["house.room"]


def test_what_is_checked_by_its_content_is_left_to_python(house: House) -> None:
    mode = py_compile.PycInvalidationMode.CHECKED_HASH
    py_compile.compile(str(house.top / "room" / "chair.py"), invalidation_mode=mode)
    assert OwnModules.find_spec("house.room.chair") is None


@pytest.mark.parametrize(("options", "loader"), [([], "_Loader"), (["-O"], "SourceFileLoader")])
def test_the_program_takes_its_modules_from_there(options: list[str], loader: str) -> None:
    code = (
        "import sys\n"
        "from leadline.cli import start\n"
        "sys.argv = ['leadline', '--version']\n"
        "class Told:\n"
        "    def __init__(self, out): self.out = out\n"
        "    def write(self, text): self.out.write(type(sys.modules['leadline.cli.main'].__loader__).__name__)\n"
        "    def flush(self): self.out.flush()\n"
        "sys.stdout = Told(sys.stdout)\n"
        "start.entry()\n"
    )
    environ = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    environ["PYTHONPATH"] = os.pathsep.join(filter(None, sys.path))
    argv = [sys.executable, *options, "-c", code]
    said = [subprocess.run(argv, env=environ, capture_output=True, text=True) for _ in range(2)]
    assert said[-1].stdout == loader, said
