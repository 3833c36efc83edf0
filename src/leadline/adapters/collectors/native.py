"""What is no Python and yet decides what a number is: CUDA, cuDNN, NCCL, MPI, the compiler, and those of
conda's packages. Read from names of files, never by starting a program: a dozen looks, 0.1 ms.

Only what was found is told, so that two sides are compared where both have it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping

from leadline.adapters.own_programs import program
from leadline.core.patterns import later

_LIBRARIES = {"cudnn": ("libcudnn.so.9", "libcudnn.so.8"), "nccl": ("libnccl.so.2",)}
_MPI = ("libmpi.so.40", "libmpi.so.12", "libmpi.so")  # Open MPI, MPICH, either
_SYSTEM = ("/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib64")
_OF_CONDA = later(
    r"(cuda-(?:version|cudart|nvcc)|cudatoolkit|cudnn|nccl|libcublas|openmpi|mpich|mkl|libopenblas|libblas|"
    r"gcc|gxx|gcc_linux-64|gxx_linux-64|clang|llvm-openmp|rocm-core)-([^-]+)-[^-]+\.json"
)
_VERSION = later(r"\.so\.(\d[\d.]*)\Z")


def parts(prefix: str, env: Mapping[str, str], compiled: bool) -> dict[str, str]:
    """Version by name. ``prefix``: of the interpreter, "" without; ``compiled``: what runs is no Python,
    so that the compiler matters."""
    found = dict(_of_conda(prefix)) if prefix else {}
    cuda = env.get("CUDA_HOME") or env.get("CUDA_PATH") or "/usr/local/cuda"
    if version := _cuda(cuda):
        found["cuda"] = version
    searched = [*env.get("LD_LIBRARY_PATH", "").split(os.pathsep), os.path.join(cuda, "lib64")]
    searched += _SYSTEM
    for name, files in _LIBRARIES.items():
        if version := _of_library(searched, files):
            found[name] = version
    if launcher := program("mpirun", env):
        home = os.path.dirname(os.path.dirname(os.path.realpath(launcher)))
        version = _of_library([os.path.join(home, "lib"), *searched], _MPI)
        found["mpi"] = version or os.path.basename(os.path.realpath(launcher))
    if compiled and (compiler := _compiler(env.get("CC") or "cc", env)):
        found["compiler"] = os.path.basename(os.path.realpath(compiler))
    return found


def _of_conda(prefix: str) -> Iterator[tuple[str, str]]:
    try:
        names = os.listdir(os.path.join(prefix, "conda-meta"))
    except OSError:
        return
    for name in names:
        if told := _OF_CONDA.fullmatch(name):
            yield f"conda {told[1]}", told[2]


def _cuda(home: str) -> str:
    try:
        with open(os.path.join(home, "version.json"), "rb") as file:
            return str(json.load(file)["cuda"]["version"])
    except (OSError, ValueError, LookupError, TypeError):
        return ""


def _of_library(folders: list[str], names: tuple[str, ...]) -> str:
    """The version of the first library of one of these names that is there."""
    for folder in filter(os.path.isabs, folders):
        for name in names:
            path = os.path.join(folder, name)
            if os.path.exists(path) and (told := _VERSION.search(os.path.realpath(path))):
                return told[1]
    return ""


def _compiler(said: str, env: Mapping[str, str]) -> str:
    if os.sep in said or not said.strip():
        return said if os.path.isabs(said) and os.path.isfile(said) else ""
    return program(said, env)
