"""Puts a Leadline run into a trackio store; started by path in a Python that has trackio, with JSON
on stdin.

A run that carries the same uid in its config is brought up to date, so doing it twice leaves one.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile


def main() -> None:
    given = json.load(sys.stdin)
    sys.stdout = sys.stderr  # trackio prints
    import trackio

    there = given["there"]
    run = trackio.init(
        project=given["project"],
        name=given["name"],
        group=given["group"],
        config=given["config"],
        resume="must" if there else "never",
        embed=False,
        auto_log_gpu=False,
        auto_log_cpu=False,
    )
    for step, values in given["rows"]:
        trackio.log({k: float(v) for k, v in values.items()}, step=step)
    for name, path in given["artifacts"].items():  # the same content again makes no new version
        # the content of a record is kept under its digest, not its name
        with tempfile.TemporaryDirectory() as folder:
            called = os.path.join(folder, os.path.basename(name))
            os.symlink(path, called)
            trackio.log_artifact(
                called,
                name="".join(c if c.isalnum() or c in "._-" else "-" for c in name),
                type="file",
            )
    run.finish()
    os.write(1, (json.dumps({"id": str(getattr(run, "id", ""))}) + "\n").encode())


if __name__ == "__main__":
    main()
