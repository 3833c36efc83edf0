"""Modules taken from one file: only while their sources are what was compiled, and never needed."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from leadline.cli import kept_modules
from leadline.cli.kept_modules import KeptModules, _Loader


class House:
    """A package of two modules, ``room`` and ``room.chair``, and the file that keeps them."""

    def __init__(self, top: Path) -> None:
        self.top, self.file = top, str(top / "__pycache__" / "modules.bin")
        (top / "room").mkdir(parents=True)
        (top / "__pycache__").mkdir()
        (top / "__init__.py").write_text("")
        (top / "room" / "__init__.py").write_text("WIDTH = 4\n")
        (top / "room" / "chair.py").write_text("LEGS = 4\n")

    def visit(self) -> list[str]:
        """Import all in a process of its own, as it were; which modules came from the file."""
        for name in [name for name in sys.modules if name.split(".")[0] == "house"]:
            del sys.modules[name]
        importlib.invalidate_caches()
        importlib.import_module("house")
        kept = KeptModules(self.file)
        sys.meta_path.insert(0, kept)  # type: ignore[arg-type]
        try:
            importlib.import_module("house.room.chair")
            with pytest.raises(ImportError):
                importlib.import_module("house.room.table")
        finally:
            sys.meta_path.remove(kept)  # type: ignore[arg-type]
        kept.keep()
        return [name for name in BOTH if isinstance(sys.modules[name].__loader__, _Loader)]


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    monkeypatch.setattr(kept_modules, "_TOP", str(tmp_path / "house"))
    monkeypatch.setattr(kept_modules, "_PACKAGE", "house")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield House(tmp_path / "house")
    for name in [name for name in sys.modules if name.split(".")[0] == "house"]:
        del sys.modules[name]


BOTH = ["house.room", "house.room.chair"]


def test_what_was_imported_once_comes_from_the_file_and_is_the_same(house: House) -> None:
    assert house.visit() == []
    first = {name: dict(vars(sys.modules[name])) for name in BOTH}
    written = os.stat(house.file)
    assert house.visit() == BOTH
    for name in BOTH:
        again = vars(sys.modules[name])
        differs = {"__spec__", "__loader__", "__builtins__", "chair"}
        assert {k: v for k, v in first[name].items() if k not in differs} == {
            k: v for k, v in again.items() if k not in differs
        }
        assert again["__loader__"].get_source(name).endswith("= 4\n")
    # what is nowhere is looked for each time, and is no reason to write anew
    assert os.stat(house.file).st_mtime_ns == written.st_mtime_ns


def test_a_source_that_changed_is_compiled_and_kept_anew(house: House) -> None:
    house.visit()
    chair = house.top / "room" / "chair.py"
    chair.write_text("LEGS = 3\n")  # as long as before
    os.utime(chair, (9, 9))  # Python itself looks at whole seconds
    assert house.visit() == ["house.room"]
    assert sys.modules["house.room.chair"].LEGS == 3
    assert house.visit() == BOTH
    assert sys.modules["house.room.chair"].LEGS == 3


@pytest.mark.parametrize("left", [0, 3, 30, -1, -40])
def test_a_damaged_file_is_passed_over_and_written_anew(house: House, left: int) -> None:
    house.visit()
    whole = Path(house.file).read_bytes()
    Path(house.file).write_bytes(whole[:left] + bytes(len(whole[left:])))
    house.visit()
    assert sys.modules["house.room.chair"].LEGS == 4
    assert house.visit() == BOTH


def test_a_size_that_no_file_has_is_damage(house: House) -> None:
    house.visit()
    Path(house.file).write_bytes(kept_modules._MARK + b"\xff" * 100)
    house.visit()
    assert house.visit() == BOTH


def test_a_file_of_another_python_is_passed_over(house: House) -> None:
    house.visit()
    whole = bytearray(Path(house.file).read_bytes())
    whole[0] ^= 1
    Path(house.file).write_bytes(whole)
    assert house.visit() == []


def test_where_nothing_compiled_is_to_be_kept_nothing_is_written(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    assert house.visit() == house.visit() == []
    assert not os.path.exists(house.file)


def test_the_program_keeps_what_it_imports_and_takes_it_from_there(tmp_path: Path) -> None:
    code = (
        "import sys\n"
        "from leadline.cli import kept_modules, start\n"
        f"kept_modules.FILE = {str(tmp_path / 'modules.bin')!r}\n"
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
    said = [
        subprocess.run([sys.executable, "-c", code], env=environ, capture_output=True, text=True)
        for _ in range(2)
    ]
    assert [done.stdout for done in said] == ["SourceFileLoader", "_Loader"], said
