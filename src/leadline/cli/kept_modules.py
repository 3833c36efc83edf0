"""The compiled modules of the program in one file: a verb opens that one, and looks for none of two
hundred, which is a sixth of the time of a reading verb.

A module is taken from it only while its source is the file that was compiled; any other is imported
as ever, and who met one writes the file anew when its verb is done. Nothing rests on it: where it is
not there, damaged or of another Python, or where nothing compiled is to be kept, all are imported one
by one. It lies where Python keeps its own compiled modules, so that who can change it can change the
program as well.
"""

from __future__ import annotations

import marshal
import os
import sys
from _frozen_importlib import ModuleSpec  # loaded already, where `importlib` is not
from _frozen_importlib_external import MAGIC_NUMBER, SourceFileLoader

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import CodeType

    Stamp = tuple[int, ...]
    Row = tuple[bool, Stamp | None, int, int]  # is a package; of its source; place and size of code

_TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
_PACKAGE = __name__.partition(".")[0]
_TAG = sys.implementation.cache_tag or ""
# Where Python would keep ``compiled.py``, which is for no more: what uninstalls the program knows the place.
FILE = f"{os.path.dirname(os.path.abspath(__file__))}/__pycache__/compiled.{_TAG}.pyc"
_MARK = b"kept" + MAGIC_NUMBER  # no such file of Python's begins like this
_SIZE_BYTES = 8
# what a power cut left, among others
UNUSABLE = (OSError, ValueError, EOFError, TypeError, OverflowError, MemoryError)


class KeptModules:
    """A finder, for ``sys.meta_path``, over the file at ``path``."""

    def __init__(self, path: str) -> None:
        self._path, self._fd, self._begin = path, -1, 0
        self._rows: dict[str, Row] = {}
        self._missed: list[str] = []
        try:
            self._fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
            head = os.pread(self._fd, len(_MARK) + _SIZE_BYTES, 0)
            if head.startswith(_MARK):
                size = int.from_bytes(head[len(_MARK) :], "little")
                self._begin = len(head) + size
                self._rows = dict(marshal.loads(os.pread(self._fd, size, len(head))))
        except UNUSABLE:
            pass

    def find_spec(self, name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        """See ``importlib.abc.MetaPathFinder``; None where others are to look."""
        if not name.startswith(f"{_PACKAGE}."):
            return None
        if (row := self._rows.get(name)) is not None:
            source = _source(name, row[0])
            if _stamp(source) == row[1] and (code := self._code(row)) is not None:
                return _spec(name, source, code, row[0])
        self._missed.append(name)
        return None

    def _code(self, row: Row) -> CodeType | None:
        try:
            code: CodeType = marshal.loads(self._data(row))
        except UNUSABLE:
            return None
        return code

    def _data(self, row: Row) -> bytes:
        return os.pread(self._fd, row[3], self._begin + row[2])

    def keep(self) -> None:
        """Write what had to be imported one by one beside what is kept already. Whatever that meets
        (a source that is being edited, say), nothing else is concerned."""
        try:
            self._keep()
        except Exception:
            return

    def _keep(self) -> None:
        met = {name: sys.modules[name].__spec__ for name in self._missed if name in sys.modules}
        new = {n: s.loader for n, s in met.items() if s and type(s.loader) is SourceFileLoader}
        if (
            not new
            or sys.dont_write_bytecode
            or not os.access(os.path.dirname(self._path), os.W_OK)
        ):
            return
        rows: dict[str, Row] = {}
        data: list[bytes] = []
        at = 0
        for name in (*(self._rows.keys() - new.keys()), *new):
            if (loader := new.get(name)) is not None:
                is_package, stamp = loader.is_package(name), _stamp(loader.path)
                code = marshal.dumps(loader.get_code(name))  # after the stamp: an edit shows
            else:
                is_package, stamp, *_ = row = self._rows[name]
                if _stamp(_source(name, is_package)) != stamp:
                    continue
                code = self._data(row)
            rows[name] = (is_package, stamp, at, len(code))
            data.append(code)
            at += len(code)
        head = marshal.dumps(rows)
        size = len(head).to_bytes(_SIZE_BYTES, "little")
        temporary = f"{self._path}.{os.getpid()}"
        try:
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
            with open(os.open(temporary, flags, 0o644), "wb") as file:
                file.write(b"".join((_MARK, size, head, *data)))
            os.replace(temporary, self._path)
        except OSError:
            os.unlink(temporary)


class _Loader(SourceFileLoader):
    """Of a module whose code was read already."""

    def __init__(self, name: str, source: str, code: CodeType) -> None:
        super().__init__(name, source)
        self._read: CodeType | None = code

    def get_code(self, fullname: str) -> CodeType | None:
        code, self._read = self._read, None
        return super().get_code(fullname) if code is None else code


def _spec(name: str, source: str, code: CodeType, is_package: bool) -> ModuleSpec:
    spec = ModuleSpec(name, _Loader(name, source, code), origin=source)
    folder, _, file = source.rpartition("/")
    spec.has_location = True
    spec.cached = f"{folder}/__pycache__/{file[:-3]}.{_TAG}.pyc"
    if is_package:
        spec.submodule_search_locations = [folder]
    return spec


def _source(name: str, is_package: bool) -> str:
    path = f"{_TOP}{name.removeprefix(_PACKAGE).replace('.', '/')}"
    return f"{path}/__init__.py" if is_package else f"{path}.py"


def _stamp(source: str) -> Stamp | None:
    """What a file is at this moment; None where there is none."""
    try:
        s = os.stat(source)
    except OSError:
        return None
    return s.st_mtime_ns, s.st_ctime_ns, s.st_size, s.st_ino


def begin() -> Callable[[], None]:
    """Look there first from now on, and return what is to be called when the verb is done and its
    answer is out. Where modules are compiled otherwise, or kept elsewhere, both do nothing."""
    if sys.flags.optimize or sys.pycache_prefix or not _TAG:
        return lambda: None
    kept = KeptModules(FILE)
    sys.meta_path.insert(0, kept)
    return kept.keep
