"""Which libraries that are no Python a job has loaded, and which compilers it started: CUDA, MPI, BLAS,
OpenMP, and those that lie outside the system and the code.

Read from ``/proc/PID/maps`` while it runs, at doubling distances, and never asked of the job: what is
installed decides nothing, and what a short job loads just before its end may not be seen. Stands alone
as the supervisor does; whatever fails ends the looking and never the run.
"""

from __future__ import annotations

import os
import stat
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import BinaryIO

PROC = "/proc"
LEAST_S, MOST_S = 0.005, 5.0  # between two looks
LOOK_MOST_S = 0.05  # of many processes the first are looked at
MOST_NAMES = 100
NOTE_BYTES, BUILD_BYTES = 1 << 16, 6
PT_NOTE = 4
GNU_BUILD_ID = (3).to_bytes(4, sys.byteorder) + b"GNU\0"
# Of a role one library is as good as another, and which it is matters.
ROLES = {
    "mpi": ("libmpi", "libmpich", "libmsmpi"),
    "blas": (
        *("libopenblas", "libscipy_openblas", "libmkl_", "libblas", "libcblas", "liblapack"),
        *("libatlas", "libblis", "libflexiblas", "libarmpl", "libnvpl_blas"),
    ),
    "openmp": ("libgomp", "libiomp5", "libomp.", "libomp-"),
    "allocator": ("libjemalloc", "libtcmalloc", "libmimalloc"),
    "compiler": ("libLLVM", "libclang", "libnvrtc.", "libnvrtc-"),
}
KNOWN = (
    *("libcudart", "libcublas", "libcudnn", "libcufft", "libcurand", "libcusolver", "libcusparse"),
    *("libcutensor", "libcuda.", "libnvJitLink", "libnccl", "libnvinfer", "libamdhip64", "librccl"),
    *("librocblas", "libhipblas", "libMIOpen", "libhsa-runtime64", "libze_loader", "libOpenCL"),
    *("libtpu", "libucp", "libfabric", "libfftw3", "libhdf5"),
)
COMPILERS = ("cc1", "cc1plus", "f951", "clang", "nvcc", "cicc", "ptxas", "rustc", "icx", "icpx")
SYSTEM = ("/lib/", "/lib64/", "/usr/lib/", "/usr/lib64/", "/usr/libexec/")
GONE = " (deleted)"
PACKAGES = ("/site-packages/", "/dist-packages/", "/lib-dynload/")


class Loaded:
    """``look`` while it runs, ``facts`` at the end. ``started``: monotonic."""

    def __init__(self, cwd: str, started: float) -> None:
        self.started = started
        self.code = top_of(cwd)  # what lies below it is code
        self.found: dict[str, dict[str, None]] = {}
        self.seen: set[str] = set()

    def look(self, pids: Iterable[int]) -> float:
        """Takes in what these processes have loaded. Returns when to look again."""
        now = time.monotonic()
        for pid in pids:
            self.look_at(pid)
            if time.monotonic() > now + LOOK_MOST_S:
                break
        return now + min(max(now - self.started, LEAST_S), MOST_S)

    def look_at(self, pid: int) -> None:
        try:
            program = os.readlink(f"{PROC}/{pid}/exe")
            with open(f"{PROC}/{pid}/maps", "rb") as file:
                lines = file.read().split(b"\n")
        except OSError:
            return  # it has ended, or is not ours to look at
        if os.path.basename(program).partition("-")[0] in COMPILERS:
            self.take("compiler", program, pid)
        own = os.path.dirname(os.path.dirname(program)) + "/" if is_python(program) else ""
        for line in lines:
            if b".so" in line and b" r-xp " in line:
                path = os.fsdecode(line.split(None, 5)[5])
                if path not in self.seen and (name := self.named(path, own)):
                    self.take(name, path, pid)

    def named(self, path: str, own: str) -> str:
        """What a library is recorded as; "" for one that is the system's, the code's or a package's.
        ``own``: the folder that the interpreter is installed in."""
        name = os.path.basename(path)
        for role, beginnings in ROLES.items():
            if name.startswith(beginnings):
                return role
        for beginning in KNOWN:
            if name.startswith(beginning):
                return beginning.rstrip(".")
        beside = path.startswith((*SYSTEM, self.code, *([own] if own else [])))
        if name.startswith("lib") and not beside and not any(part in path for part in PACKAGES):
            return name.partition(".")[0]
        return ""

    def take(self, name: str, path: str, pid: int) -> None:
        """``path`` as the process ``pid`` sees it."""
        if path in self.seen or len(self.seen) >= MOST_NAMES:
            return
        self.seen.add(path)
        folder, text = os.path.split(path.removesuffix(GONE))
        version = os.path.basename(folder)
        if name == "compiler" and version[:1].isdigit():
            text += f" {version}"  # gcc lies in a folder of its version
        if not path.endswith(GONE) and (content := content_of(f"{PROC}/{pid}/root{path}")):
            text += f" ({content})"
        self.found.setdefault(name, {})[text.replace(", ", " ")] = None

    def facts(self) -> dict[str, str]:
        """What was loaded, by role or library: file name and the beginning of its build id."""
        return {name: ", ".join(sorted(texts)) for name, texts in sorted(self.found.items())}


def is_python(program: str) -> bool:
    return os.path.basename(program).startswith(("python", "pypy"))


def top_of(folder: str) -> str:
    """The folder of the repository that holds ``folder``, with a slash; else itself."""
    at = os.path.realpath(folder)
    while not os.path.exists(f"{at}/.git"):
        above = os.path.dirname(at)
        if above == at:
            return os.path.realpath(folder).rstrip("/") + "/"
        at = above
    return at.rstrip("/") + "/"


def content_of(path: str) -> str:
    """What the linker named a file by, else its size; "" where it cannot be read. What a job put in the
    place of a library, a pipe say, is not waited for."""
    try:
        with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
            told = os.fstat(file.fileno())
            if not stat.S_ISREG(told.st_mode):
                return ""
            return build_of(file) or f"{told.st_size} bytes"
    except OSError:
        return ""


def build_of(file: BinaryIO) -> str:
    """The beginning of the build id of an ELF file of 64 bits and of this machine's order; "" without."""
    head = file.read(4096)
    if head[:5] != b"\x7fELF\2":
        return ""
    table, size, count = number(head, 32, 8), number(head, 54, 2), number(head, 56, 2)
    for at in (table + size * n for n in range(count)):
        if number(head, at, 4) == PT_NOTE:
            file.seek(number(head, at + 8, 8))
            notes = file.read(min(number(head, at + 32, 8), NOTE_BYTES))
            if (begin := notes.find(GNU_BUILD_ID)) >= 0:
                return f"build {notes[begin + 8 :][:BUILD_BYTES].hex()}"
    return ""


def number(data: bytes, at: int, size: int) -> int:
    return int.from_bytes(data[at : at + size], sys.byteorder)
