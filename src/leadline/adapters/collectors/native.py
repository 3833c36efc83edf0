"""What conda installs that is no Python and yet decides what a number is: CUDA, MPI, BLAS, compilers.

Read from names of files, never by starting a program. What a job loads of it, or from elsewhere, the job
program sees (``job/loaded.py``).
"""

from __future__ import annotations

import os

from leadline.core.patterns import later

_OF_CONDA = later(
    r"(cuda-(?:version|cudart|nvcc)|cudatoolkit|cudnn|nccl|libcublas|openmpi|mpich|mkl|libopenblas|libblas|"
    r"gcc|gxx|gcc_linux-64|gxx_linux-64|clang|llvm-openmp|rocm-core)-([^-]+)-[^-]+\.json"
)


def parts(prefix: str) -> dict[str, str]:
    """Version by name (``conda cudnn``). ``prefix``: of the interpreter."""
    try:
        names = os.listdir(os.path.join(prefix, "conda-meta"))
    except OSError:
        return {}
    told = filter(None, map(_OF_CONDA.fullmatch, names))
    return {f"conda {one[1]}": one[2] for one in told}
