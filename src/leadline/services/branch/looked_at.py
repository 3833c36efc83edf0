"""Tips of branches that were looked at and are not again: a file of the cache for each who looks."""

from __future__ import annotations

import os

from leadline.job.disk import open_small
from leadline.services.context import Context
from leadline.services.out_path import write_if_it_can


def looked_at(context: Context, name: str) -> str:
    """The last commit that ``looked_at_now`` was told under ``name``; "" for none."""
    try:
        with open(open_small(_path(context, name)), encoding="ascii") as file:
            return file.read(64)
    except (OSError, ValueError):
        return ""


def looked_at_now(context: Context, name: str, tip: str) -> None:
    write_if_it_can(_path(context, name), tip.encode())  # it is looked at once more, no harm


def _path(context: Context, name: str) -> str:
    return os.path.join(context.root, "cache", name)
