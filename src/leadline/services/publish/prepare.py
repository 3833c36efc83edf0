"""Prepare a repository for a forge: which one, what its settings say, and the issue template for
people."""

from __future__ import annotations

import os
from collections.abc import Mapping

from leadline.core.config import parse_value
from leadline.core.errors import LeadlineError, conflict, environment, not_found, usage
from leadline.core.issue.remote import agreement
from leadline.core.settings import SETTINGS, TEXT
from leadline.core.settings_file import TYPED, check_value
from leadline.render.issue.template import PATH, render_issue_template
from leadline.services.branch.permalink import LAYOUTS
from leadline.services.branch.whose_branch import refuse_another
from leadline.services.context import Context
from leadline.services.out_path import behind_link


def write_template(context: Context, label: str, force: bool = False) -> dict[str, str]:
    """Write the issue template into the work tree, uncommitted. Returns ``{path, state}`` with
    state ``written``, ``unchanged``, ``kept`` (another text is there; ``force`` replaces it) or
    ``replaced``.

    Raises LeadlineError: environment (bare repository, cannot be written), conflict (behind a
    symbolic link that leads out of the work tree).
    """
    text = render_issue_template(label)
    full = os.path.join(context.toplevel, PATH)
    if behind_link(context.toplevel, PATH):
        raise conflict(
            "behind-a-link",
            f"{PATH} is, or lies behind, a symbolic link",
            why="nothing is written through it",
            do=f"ls -l {os.path.dirname(PATH)}",
        )
    try:
        present = None
        if os.path.exists(full):
            with open(full, encoding="utf-8", errors="replace", newline="") as file:
                present = file.read()
        if present == text:
            return {"path": PATH, "state": "unchanged"}
        if present is not None and not force:
            return {"path": PATH, "state": "kept"}
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
    except OSError as error:
        what = f"{PATH} cannot be written: {error.strerror}"
        raise environment("not-writable", what, do=f"ls -ld {context.toplevel}") from error
    return {"path": PATH, "state": "written" if present is None else "replaced"}


def setting_named(given: str) -> tuple[str, object]:
    """Name and value of ``NAME=VALUE``; the value None for ``NAME=``. Raises LeadlineError(usage)."""
    name, equals, text = given.partition("=")
    if not equals or name not in SETTINGS:
        known = ", ".join(SETTINGS)
        raise usage(
            "no-such-setting",
            f"{given!r} names no setting" if equals else f"{given!r} is not NAME=VALUE",
            why=f"there are: {known}",
            do="leadline init --set update.every_hours=12",
        )
    if not text:
        return name, None
    value = parse_value(text)
    return name, text if SETTINGS[name].kind == TEXT else value


def check_settings(context: Context, changes: Mapping[str, object]) -> None:
    """Before anything is saved: raises LeadlineError (not_found, usage) for a setting that cannot
    be meant."""
    for name, value in changes.items():
        if value is not None:
            check_value(name, value, TYPED)
        if isinstance(value, str):
            context.screen.refuse_as_name(value, f"the setting {name}", "leadline init --help")
    remote = changes.get("remote")
    if remote and remote not in (remotes := context.vcs.remotes()):
        raise not_found(
            "no-such-remote",
            f"this repository has no remote {remote!r}",
            why=f"remotes: {', '.join(remotes) or 'none'}",
            do=f"git remote add {remote} URL",
        )
    if branch := changes.get("record_branch"):
        _check_record_branch(context, str(branch))
    if executor := changes.get("run.executor"):
        context.executor_for(str(executor))
    for option, name in (("--api-url", "forge.api_url"), ("--web-url", "forge.web_url")):
        if (url := changes.get(name)) is not None:
            _check_url(option, str(url))
    pages = changes.get("forge.pages")
    if pages is not None and pages not in LAYOUTS:
        raise usage(
            "bad-pages",
            f"{pages!r} is no layout of pages",
            why=f"known: {', '.join(LAYOUTS)}",
            do="leadline init --pages github",
        )


def _check_record_branch(context: Context, name: str) -> None:
    """Raises LeadlineError(conflict) for a branch that is there, here or at a remote, and that
    Leadline did not make."""
    refs = [f"refs/heads/{name}", *(f"refs/remotes/{r}/{name}" for r in context.vcs.remotes())]
    for ref in refs:
        if tip := context.vcs.ref(ref):
            where = f"the branch {ref.removeprefix('refs/heads/').removeprefix('refs/remotes/')}"
            refuse_another(context, tip, context.vcs.read_tree_files(tip), where)


def _check_url(option: str, url: str) -> None:
    if not url.startswith(("https://", "http://")):
        raise usage(
            "bad-url",
            f"{option} {url} is no web address",
            why="it begins with https://",
            do=f"leadline init {option} https://HOST",
        )
    if "@" in url.split("/")[2]:
        raise usage(
            "secret-in-url",
            f"{option} holds a name or password",
            why="settings hold no secret: the token comes from the environment or from gh",
            do=f"leadline init {option} https://HOST",
        )


def forge_as_set(context: Context, changes: Mapping[str, object]) -> dict[str, str]:
    """What the forge of new threads will be after ``changes``: ``{name, repository, web, from,
    agreed}``, the last as the setting ``forge.agreed`` names it. Asks nobody.

    Raises LeadlineError(usage) when the settings and the git remote do not say enough, so that
    nothing is saved then.
    """
    kept = dict(context.settings)
    context.settings.update({k: v for k, v in changes.items() if v is not None})
    try:
        forge = context.forge_for("")
    except LeadlineError:
        context.settings.clear()
        context.settings.update(kept)
        raise
    told = (
        "settings"
        if context.settings.get("forge.repository")
        else f"remote {context.setting('remote')}"
    )
    api_url = str(getattr(forge, "api_url", ""))
    agreed = agreement(forge.name, api_url, forge.repository) if forge.outside else ""
    return {
        "name": forge.name,
        "repository": forge.repository,
        "web": forge.web_url,
        "from": told,
        "agreed": agreed,
    }
