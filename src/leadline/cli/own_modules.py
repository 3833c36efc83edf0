"""The program's own modules, taken from where Python keeps them compiled: where each lies follows from
its name, so none is looked for. Of a reading verb's hundred modules that is a tenth of the time.

What is not there as Python would take it (never compiled, compiled of another source, by another
Python, damaged, kept elsewhere) is left to Python, which compiles and keeps it.
"""

from __future__ import annotations

import marshal
import os
import sys
from _frozen_importlib import ModuleSpec  # loaded already, where `importlib` is not
from _frozen_importlib_external import MAGIC_NUMBER, SourceFileLoader

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import CodeType

_PACKAGE = __name__.partition(".")[0]
_TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
_BY_TIME = MAGIC_NUMBER + bytes(4)  # how the file begins; time and size of the source follow
_BEGIN = 16
_MARSHAL_RAISES = (ValueError, EOFError, TypeError, OverflowError, MemoryError)


class OwnModules:
    """A finder, for ``sys.meta_path``."""

    @staticmethod
    def find_spec(name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        """See ``importlib.abc.MetaPathFinder``; None where others are to look."""
        if not name.startswith(f"{_PACKAGE}."):
            return None
        place = f"{_TOP}{name[len(_PACKAGE) :].replace('.', '/')}"
        spec = _spec(name, *place.rsplit("/", 1))
        if spec is None and (spec := _spec(name, place, "__init__")) is not None:
            spec.submodule_search_locations = [place]
        return spec


class _Loader(SourceFileLoader):
    """Of a module whose code was read already."""

    def __init__(self, name: str, source: str, code: CodeType) -> None:
        super().__init__(name, source)
        self._read: CodeType | None = code

    def get_code(self, fullname: str) -> CodeType | None:
        code, self._read = self._read, None
        return super().get_code(fullname) if code is None else code


def _spec(name: str, folder: str, stem: str) -> ModuleSpec | None:
    """None unless it lies there as compiled of the source as that is now, by Python's own rule."""
    source = f"{folder}/{stem}.py"
    kept = f"{folder}/__pycache__/{stem}.{sys.implementation.cache_tag}.pyc"
    try:
        stat = os.stat(source)
        fd = os.open(kept, os.O_RDONLY | os.O_CLOEXEC)
        try:
            data = os.read(fd, os.fstat(fd).st_size)
        finally:
            os.close(fd)
        stamp = [int(n) & 0xFFFF_FFFF for n in (stat.st_mtime, stat.st_size)]
        if data[:_BEGIN] != _BY_TIME + b"".join(n.to_bytes(4, "little") for n in stamp):
            return None
        code: CodeType = marshal.loads(memoryview(data)[_BEGIN:])
    except (OSError, *_MARSHAL_RAISES):
        return None
    spec = ModuleSpec(name, _Loader(name, source, code), origin=source)
    spec.has_location, spec.cached = True, kept
    return spec


def come_first() -> None:
    """Look there first from now on; nothing where modules are compiled otherwise or kept elsewhere."""
    if sys.implementation.cache_tag and not sys.flags.optimize and not sys.pycache_prefix:
        sys.meta_path.insert(0, OwnModules)
