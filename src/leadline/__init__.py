"""Leadline keeps agent-directed research honest across sessions.

Inside a job, ``import leadline as ll; ll.log(step=3, loss=0.7)`` records metrics; outside one it
does nothing. This module stays almost empty: every job and every command imports it, so each name
is loaded when first used.
"""

from os import environ

__version__ = "0.1.0"

_LAZY = {
    "log": "leadline.job.log",
    "log_artifact": "leadline.job.artifact",
    "progress": "leadline.job.progress",
    "open": "leadline.api",
    "run": "leadline.calls",
}


if "LEADLINE_RUN_DIR" in environ and any(name.endswith(("RANK", "_PROCID")) for name in environ):
    import leadline.job.rank_output  # noqa: F401


def __getattr__(name: str) -> object:
    if name in _LAZY:
        from importlib import import_module

        return getattr(import_module(_LAZY[name]), name)
    raise AttributeError(f"module 'leadline' has no attribute {name!r}")
