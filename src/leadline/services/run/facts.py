"""What is known of a run before its command starts: code, command, config, environment, machine."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence

from leadline.core.canonical import canonical_json
from leadline.core.plain import shell_word
from leadline.core.record.run import program_of, run_key
from leadline.core.timestamps import few
from leadline.core.typed import TYPE_CHECKING, TypedDict, cast
from leadline.ports.executor import ELSEWHERE, make_ready
from leadline.services.context import Context
from leadline.services.run.request import Command, RunRequest
from leadline.services.run.same_program import with_program
from leadline.services.run.unlisted import unlisted_variables
from leadline.services.run.where import is_here, take_terms

if TYPE_CHECKING:
    from leadline.core.record.bodies import (
        CodeState,
        DeviceFacts,
        Gap,
        HardwareFacts,
        InputFacts,
        Preflight,
        RulerFacts,
        SoftwareFacts,
        TrackerPlace,
        UnlistedVariables,
    )

HELD = "its content holds "  # begins the reason of a file that looks like a secret
LISTED = 20  # of long lists; their totals are whole
TITLE_CHARS = 90


class PlanFacts(TypedDict, total=False):
    """Every fact that is recorded before a command starts; ``key`` is the digest of command, place,
    config and code. ``title``, ``tracker`` and ``ruler`` come with the plan."""

    argv: list[str]
    cwd: str
    config: dict[str, object]
    environment: Mapping[str, str | None]
    unlisted: UnlistedVariables
    data_files: dict[str, InputFacts]
    software: SoftwareFacts
    hardware: HardwareFacts
    devices: DeviceFacts
    executor: str
    code: CodeState
    hygiene: Preflight
    key: str
    title: str
    tracker: TrackerPlace
    ruler: RulerFacts


def environment_of(context: Context, command: Command) -> dict[str, str]:
    """The variables that the command will see; one that is set to None is taken away."""
    environ: dict[str, str | None] = {**context.environ, **command.set_environment}
    return {name: value for name, value in environ.items() if value is not None}


def gather(
    context: Context, request: RunRequest, first: Callable[[], object] | None = None
) -> PlanFacts:
    """Every fact that is recorded before the command starts: code, command, config, environment,
    machine.

    Most of them while git looks at the files. ``first`` is called ahead of these: it may still
    complete the request.
    """
    beside: PlanFacts = {}
    command = request.command

    take_terms(context, request)
    here = is_here(context, request.topic)
    make_ready(context.executor_for(context.executor_name(request.topic)))

    def ask() -> None:
        if first is not None:
            first()
        beside.update(_beside_the_code(context, request))
        if here:
            beside.update(_of_the_machine(context, command))

    if command.code is None:
        code = program_state(context, command.argv, ask)
        _tell_left_out(context, code)
    else:
        code = command.code
        ask()
    code = code_there(context, request.topic, code)
    if not here:
        _tell_not_there(context, request.topic, code)
    cwd = command.recorded_cwd or beside["cwd"]
    return {
        **beside,
        "cwd": cwd,
        "code": code,
        # Last, when git is done: what it takes of the machine is ours.
        "hygiene": preflight(context, request) if here else {},
        "key": run_key(beside["argv"], cwd, beside["config"], program_of(code)),
    }


def _tell_left_out(context: Context, code: CodeState) -> None:
    """Files that were not taken for what they hold: the run had them, and its record does not."""
    found = [gap for gap in code.get("gaps", ()) if gap.get("reason", "").startswith(HELD)]
    if not found:
        return
    named = [f"{gap['path']} ({gap['reason'].removeprefix(HELD)})" for gap in found]
    context.warn(
        f"left out of the code state: {few(named, 3)}; "
        f"if it is no secret: leadline run --not-secret-file {shell_word(found[0]['path'])} -- …"
    )


def code_there(context: Context, topic: str, code: CodeState) -> CodeState:
    """With what does not go over as a gap, where the executor's machine sees none of our files: of
    git-annex and git-lfs git has but pointers."""
    if context.executor_for(context.executor_name(topic)).place != ELSEWHERE:
        return code
    gaps = list(code.get("gaps") or ())
    named = {gap["path"] for gap in gaps}
    why = "its content lies beside git's objects and does not go over"
    more: list[Gap] = [
        {"path": path, "kind": "elsewhere", "reason": why}
        for path in context.vcs.pointers(code["tree"])
        if path not in named
    ]
    if not more:
        return code
    total = code.get("gaps_total", len(gaps)) + len(more)
    return {**code, "gaps": [*gaps, *more][:LISTED], "gaps_total": total}


def _tell_not_there(context: Context, topic: str, code: CodeState) -> None:
    """Files that a run here would find and one there does not."""
    gaps = [gap for gap in code.get("gaps") or [] if not gap["reason"].startswith(HELD)]
    if not gaps:
        return
    named = [f"{gap['path']} ({gap['reason']})" for gap in gaps]
    named += ["…"] * (code.get("gaps_total", LISTED) - LISTED)
    context.warn(
        f"not in the code that runs on {context.executor_name(topic)}: {few(named, 3)}; "
        "a run there finds what it names by a path of that machine"
    )


def _beside_the_code(context: Context, request: RunRequest) -> PlanFacts:
    command = request.command
    environ = environment_of(context, command)
    folder = command.folder or context.cwd
    argv = context.screen.redactor("the command line", environ).argv(command.argv)
    config = context.screen.redactor("the config", environ).value(command.config)
    top = context.vcs.toplevel
    cwd = os.path.relpath(folder, top) if top and not command.folder else "."
    allow = [
        *context.setting("run.environment"),
        *request.terms.allow_environment,
        # these are names, also where they look like a prefix
        *(name for name in command.set_environment if not name.endswith("*")),
    ]
    if request.profile.get("environment"):
        from leadline.services.run.profiled import recorded_variables  # noqa: PLC0415  start-up: 2 ms

        allow += recorded_variables(context, request.profile)
    listed = context.collectors.environment(environ, allow)["variables"]
    unlisted = unlisted_variables(context, environ, listed)
    return {
        **({"unlisted": unlisted} if unlisted else {}),
        "argv": argv,
        "cwd": cwd,
        "config": config,
        "environment": listed,
        "executor": context.executor_name(request.topic),
    }


def _of_the_machine(context: Context, command: Command) -> PlanFacts:
    """What this machine is, for a command that runs here."""
    environ = environment_of(context, command)
    software = context.collectors.software(command.argv, environ, command.folder or context.cwd)
    return {
        "software": with_packages_kept(context, software, environ),
        "hardware": context.collectors.hardware(),
        "devices": context.collectors.devices(environ),
    }


def with_packages_kept(
    context: Context, software: SoftwareFacts, environ: Mapping[str, str] | None = None
) -> SoftwareFacts:
    """``software`` with its list of packages as a blob, secrets hidden."""
    packages = software.pop("packages", None)
    if packages:
        shown = context.screen.redactor("the list of packages", environ).value(packages)
        software["packages_blob"] = context.blobs.put(canonical_json(shown).encode())
    return software


def preflight(context: Context, request: RunRequest) -> Preflight:
    """How busy this machine is, and what the profile of the thread finds wrong."""
    seen = context.collectors.preflight(environment_of(context, request.command))
    if not request.profile.get("acts"):
        return seen
    from leadline.services.run.profiled import looked_at  # noqa: PLC0415  start-up: 2 ms

    return looked_at(context, request.profile, seen)


def capture_code(context: Context, meanwhile: Callable[[], None] | None = None) -> CodeState:
    """The exact code state as recorded, lists capped with their totals. ``meanwhile`` as
    ``Vcs.capture`` has it."""
    excluded = [context.setting("logbook.folder") + "/"]
    state = context.vcs.capture(excluded, meanwhile=meanwhile, rules=context.screen.content_rules)
    code = state.as_dict()
    code |= {
        "changed_files": state.changed_files[:LISTED],
        "gaps": state.gaps[:LISTED],
        "gaps_total": len(state.gaps),
    }
    told = {k: v for k, v in code.items() if v not in (None, [], "")} | {"dirty": state.dirty}
    return cast("CodeState", told)


def program_state(
    context: Context, argv: Sequence[str], meanwhile: Callable[[], None] | None = None
) -> CodeState:
    """The code as it is now, with what program it holds. ``argv`` may be completed ``meanwhile``."""
    return with_program(context, capture_code(context, meanwhile), argv)


def facts_of_cell(facts: PlanFacts, argv: list[str], config: dict[str, object]) -> PlanFacts:
    """The facts of another command and config at the same code, place and machine; both already
    redacted."""
    key = run_key(argv, facts["cwd"], config, program_of(facts["code"]))
    return {**facts, "argv": argv, "config": config, "key": key}


def default_title(argv: list[str], config: Mapping[str, object]) -> str:
    """What an untitled experiment is called: its config, else its command, cut."""
    command = [*map(os.path.basename, argv[:1]), *argv[1:]]
    return title_of_config(config) or _cut(" ".join(command))


def title_of_config(config: Mapping[str, object]) -> str:
    """``shape=64x64, kern=tree``: all of it, cut, so that no two configs are called by one value."""
    return _cut(", ".join(f"{key}={value}" for key, value in config.items()))


def _cut(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= TITLE_CHARS else text[: TITLE_CHARS - 1] + "…"
