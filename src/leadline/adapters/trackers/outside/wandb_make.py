"""Makes an offline W&B run of a Leadline run; started by path in a Python that has wandb, with JSON
on stdin.

The run has the id given, so making it twice makes the same run. Nothing here talks to a server.
"""

from __future__ import annotations

import json
import os
import sys


def main() -> None:
    given = json.load(sys.stdin)
    sys.stdout = sys.stderr  # wandb prints
    import wandb

    run = wandb.init(
        id=given["id"],
        project=given["project"],
        name=given["name"],
        group=given["group"],
        tags=given["tags"],
        notes=given["notes"],
        job_type="run",
        config=given["config"],
        dir=given["folder"],
        mode="offline",
        settings=wandb.Settings(
            silent=True, console="off", disable_git=True, x_disable_stats=True, save_code=False
        ),
    )
    for step, values in given["rows"]:
        run.log({k: float(v) for k, v in values.items()}, step=step)
    for name, value in given["summary"].items():
        run.summary[name] = float(value)
    for name, path in given["artifacts"].items():
        artifact = wandb.Artifact(
            given["id"] + "-" + "".join(c if c.isalnum() else "-" for c in name)[-90:], "file"
        )
        artifact.add_file(path, name)
        run.log_artifact(artifact)
    folder = os.path.dirname(run.dir)
    run.finish(exit_code=given["exit_code"])
    os.write(1, (json.dumps({"folder": folder}) + "\n").encode())


if __name__ == "__main__":
    main()
