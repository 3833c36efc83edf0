"""What is known of a run before its command starts: code, command, config, environment, machine."""

from __future__ import annotations

import os
from collections.abc import Callable

from leadline.core.canonical import canonical_json, digest_of
from leadline.core.secrets.redact import Redactor, secret_values
from leadline.core.typed import Any
from leadline.services.context import Context
from leadline.services.run.request import RunRequest


def environment_of(context: Context, request: RunRequest) -> dict[str, str]:
    """The variables that the command will see; one that is set to None is taken away."""
    environ: dict[str, str | None] = {**context.environ, **request.set_environment}
    return {name: value for name, value in environ.items() if value is not None}


def gather(
    context: Context, request: RunRequest, first: Callable[[], Any] | None = None
) -> dict[str, Any]:
    """Every fact that is recorded before the command starts: code, command, config, environment,
    machine.

    Most of them while git looks at the files. ``first`` is called ahead of these: it may still
    complete the request.
    """
    beside: dict[str, Any] = {}

    def ask() -> None:
        if first is not None:
            first()
        beside.update(_beside_the_code(context, request))

    if request.code is None:
        code = capture_code(context, ask)
    else:
        code = request.code
        ask()
    cwd = beside["cwd"]
    if request.folder and code.get("cwd"):
        cwd = code["cwd"]
    return {
        **beside,
        "cwd": cwd,
        "code": {k: v for k, v in code.items() if k != "cwd"},
        # Last, when git is done: what it takes of the machine is ours.
        "hygiene": context.collectors.preflight(environment_of(context, request)),
        "key": digest_of(
            {
                "argv": beside["argv"],
                "cwd": cwd,
                "config": beside["config"],
                "tree": code.get("tree"),
            }
        ),
    }


def _beside_the_code(context: Context, request: RunRequest) -> dict[str, Any]:
    environ = environment_of(context, request)
    redactor = Redactor(secret_values(environ))
    folder = request.folder or context.cwd
    software = context.collectors.software(request.argv, environ, folder)
    packages = software.pop("packages", None)
    if packages:
        software["packages_blob"] = context.blobs.put(canonical_json(packages).encode())
    argv, config = redactor.argv(request.argv), redactor.value(request.config)
    cwd = (
        os.path.relpath(folder, context.vcs.toplevel)
        if context.vcs.toplevel and not request.folder
        else "."
    )
    allow = [
        *context.setting("run.environment"),
        *request.allow_environment,
        *request.set_environment,
    ]
    return {
        "argv": argv,
        "cwd": cwd,
        "config": config,
        "environment": context.collectors.environment(environ, allow)["variables"],
        "software": software,
        "hardware": context.collectors.hardware(),
        "devices": context.collectors.devices(environ),
        "executor": context.executor.name,
    }


def capture_code(context: Context, meanwhile: Callable[[], None] | None = None) -> dict[str, Any]:
    """The exact code state as recorded, lists capped with their totals. ``meanwhile`` as
    ``Vcs.capture`` has it."""
    state = context.vcs.capture([context.setting("logbook.folder") + "/"], meanwhile=meanwhile)
    code = state.as_dict()
    code["changed_files"] = code["changed_files"][:20]
    code["gaps_total"] = len(code["gaps"])
    code["gaps"] = code["gaps"][:20]
    return {k: v for k, v in code.items() if v not in (None, [], "")} | {"dirty": state.dirty}


def facts_of_cell(facts: dict[str, Any], argv: list[str], config: dict[str, Any]) -> dict[str, Any]:
    """The facts of another command and config at the same code, place and machine; both already
    redacted."""
    key = digest_of(
        {"argv": argv, "cwd": facts["cwd"], "config": config, "tree": facts["code"].get("tree")}
    )
    return {**facts, "argv": argv, "config": config, "key": key}


def default_title(argv: list[str], config: dict[str, Any]) -> str:
    """What an untitled experiment is called: its config, else its command, cut at 60 characters."""
    text = ", ".join(f"{k}={v}" for k, v in config.items()) or " ".join(
        os.path.basename(a) if i == 0 else a for i, a in enumerate(argv)
    )
    text = " ".join(text.split())
    return text if len(text) <= 60 else text[:59] + "…"
