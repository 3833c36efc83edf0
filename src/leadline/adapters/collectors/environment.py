"""Which environment variables a run's record keeps: those that change what a computation does or
how fast it is.

An allow-list, because a whole environment is mostly noise and partly secret. ``PATH`` is left out
on purpose: it differs between any two shells, and what it decides (which interpreter, which
libraries) is recorded by ``software``; a project that needs it names it in ``allow``. How many
variables were not recorded is kept, so that the gap shows.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping

from leadline.core.secrets.quick import may_hold, names_suspect
from leadline.core.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from leadline.core.record.bodies import EnvironmentFacts

ALLOWED_PREFIXES = (
    "PYTHON",
    "CUDA_",
    "CUBLAS_",
    "CUDNN_",
    "NVIDIA_",
    "HIP_",
    "ROCR_",
    "HSA_",
    "XLA_",
    "JAX_",
    "TPU_",
    "LIBTPU",
    "PJRT_",
    "OMP_",
    "GOMP_",
    "KMP_",
    "MKL_",
    "OPENBLAS_",
    "BLIS_",
    "NUMEXPR_",
    "VECLIB_",
    "TORCH_",
    "PYTORCH_",
    "TORCHINDUCTOR_",
    "TRITON_",
    "NCCL_",
    "GLOO_",
    "UCX_",
    "TF_",
    "MALLOC_",
    "GLIBC_",
    "LC_",
)
ALLOWED_NAMES = frozenset(
    (
        "LD_LIBRARY_PATH",
        "LD_PRELOAD",
        "VIRTUAL_ENV",
        "CONDA_PREFIX",
        "LANG",
        "LANGUAGE",
        "TZ",
        "SLURM_JOB_ID",
        "SLURM_JOB_NAME",
        "SLURM_JOB_PARTITION",
        "SLURM_JOB_NUM_NODES",
        "SLURM_NTASKS",
        "SLURM_PROCID",
        "SLURM_CPUS_PER_TASK",
        "SLURM_GPUS",
        "SLURM_JOB_GPUS",
        "SLURM_NODELIST",
        "SLURM_ARRAY_JOB_ID",
        "SLURM_ARRAY_TASK_ID",
        "RANK",
        "LOCAL_RANK",
        "WORLD_SIZE",
        "TOKENIZERS_PARALLELISM",
        "HF_HUB_OFFLINE",
        "TRANSFORMERS_OFFLINE",
    )
)
# Terraform has the same prefix
NOT_TENSORFLOW = ("TF_CLI_", "TF_VAR_", "TF_LOG", "TF_DATA_DIR", "TF_WORKSPACE")
MAX_VALUE_CHARS = 4000


def collect(env: Mapping[str, str], allow: Iterable[str] = ()) -> EnvironmentFacts:
    """``{"variables": {name: value}, "not_recorded": count}`` of ``env``.

    ``allow`` names further variables; a name that ends in ``*`` is a prefix. A secret value is
    replaced by a visible mark even when its name is allowed. Values over 4,000 characters are cut,
    with their length and digest.
    """
    extra = list(allow)
    names = ALLOWED_NAMES.union(name for name in extra if not name.endswith("*"))
    prefixes = ALLOWED_PREFIXES + tuple(name[:-1] for name in extra if name.endswith("*"))
    found = {
        name: env[name]
        for name in sorted(env)
        if name in names or (name.startswith(prefixes) and not name.startswith(NOT_TENSORFLOW))
    }
    secrets: Mapping[str, str] = {}
    if names_suspect(env):
        from leadline.core.secrets.environment import secret_values

        secrets = secret_values(env)
    if secrets or any(map(may_hold, found.values())):  # a no to both is sure
        from leadline.core.secrets.redact import Redactor

        redactor = Redactor(secrets)
        found = {name: redactor.text(value) for name, value in found.items()}
    variables = {name: _bounded(value) for name, value in found.items()}
    return {"variables": variables, "not_recorded": len(env) - len(variables)}


def _bounded(value: str) -> str:
    if len(value) <= MAX_VALUE_CHARS:
        return value
    from leadline.core.canonical import digest_bytes

    return f"{value[:200]}… [cut: {len(value)} characters, {digest_bytes(os.fsencode(value))}]"
