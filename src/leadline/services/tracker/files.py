"""Files that go to a tracker beside a run: what may go, how large, and what the record keeps of
them."""

from __future__ import annotations

import os
import stat

from leadline.core.canonical import digest_of_file
from leadline.core.errors import not_found, refused, usage
from leadline.core.record.artifact import latest
from leadline.core.record.run import Run
from leadline.core.secrets.content import reason_of
from leadline.core.secrets.names import secret_name_reason
from leadline.core.typed import TYPE_CHECKING
from leadline.services.artifact.artifacts import artifacts_of, where_made
from leadline.services.context import Context

if TYPE_CHECKING:
    from leadline.core.record.bodies import SentFile
    from leadline.core.tracker.rows import LeftHere

CARRIED = "tracker.recorded_artifact_mb"
MOST_CARRIED = 100
NOT_SERVED = "artifacts-not-served"  # said when the run is there already
# codes of a tracker's no to files, not to the run
TAKES_NO_FILES = ("artifact-too-late", NOT_SERVED)


def checked_files(context: Context, paths: list[str]) -> tuple[dict[str, str], dict[str, SentFile]]:
    """Name to absolute path, and name to ``{size_bytes, digest}``, of files that may be sent. Read
    in blocks.

    Raises LeadlineError: ``no-such-file`` (not_found); ``bad-artifact`` (usage) for what is no
    regular file, or two of one name; ``artifact-too-large``, ``secret-in-artifact`` (refused).
    """
    limit_bytes = int(context.setting("tracker.artifact_limit_mb") * 1_000_000)
    found: dict[str, str] = {}
    facts: dict[str, SentFile] = {}
    for given in paths:
        path, name = os.path.join(context.cwd, given), os.path.basename(os.path.abspath(given))
        try:
            seen = os.stat(path)
        except OSError as error:
            raise not_found(
                "no-such-file",
                f"cannot read {given}: {error.strerror}",
                do="leadline tracker --help",
            ) from None
        if not stat.S_ISREG(seen.st_mode) or name in found:
            why = (
                f"there are two files called {name}"
                if name in found
                else f"{given} is no regular file"
            )
            raise usage("bad-artifact", why, do=f"tar -czf {name}.tar.gz {given}")
        if seen.st_size > limit_bytes:
            raise refused(
                "artifact-too-large",
                f"{given} has {seen.st_size / 1e6:,.0f} MB, and the limit is {limit_bytes / 1e6:,.0f}",
                why="a tracker would copy and keep all of it; nothing was read or sent",
                do=f"leadline init --artifact-limit-mb {-(-seen.st_size // 1_000_000)}",
            )
        facts[name] = {"size_bytes": seen.st_size, "digest": _digest(context, path, given)}
        found[name] = path
    return found, facts


def recorded_files(
    context: Context, run: Run, named: dict[str, str], again: bool
) -> tuple[dict[str, str], dict[str, SentFile], list[LeftHere]]:
    """The artifacts that the record of ``run`` names, for its tracker: name to the path of the
    content, name to ``{size_bytes, digest}``, and ``{name, why}`` of those that stay here. The last
    version of each name; what is ``named`` on the command line is in none of them, nor what was
    sent before, unless ``again``: of a folder that may be another one now, and takes the same
    content once. LeadlineError(usage) for a bad setting."""
    most_bytes = _carried_bytes(context)
    files: dict[str, str] = {}
    facts: dict[str, SentFile] = {}
    left: list[LeftHere] = []
    if not most_bytes:
        return files, facts, left
    before = {} if again else dict(run.tracker.get("artifacts") or {})
    for artifact in latest(artifacts_of(context, run)):
        name = artifact.name
        if name in named or dict(before.get(name) or {}).get("digest") == artifact.digest:
            continue
        why = ""
        if not artifact.path:
            why = f"its content is on {where_made(run)}"
        elif artifact.size_bytes > most_bytes:
            why = f"{artifact.size_bytes / 1e6:,.6g} MB, above the {most_bytes / 1e6:,.6g} MB of {CARRIED}"
        elif len(files) >= MOST_CARRIED:
            why = f"no more than {MOST_CARRIED} files of a run are sent"
        if why:
            left.append({"name": name, "why": why})
        else:
            files[name] = artifact.path
            facts[name] = {"size_bytes": artifact.size_bytes, "digest": artifact.digest}
    return files, facts, left


def _carried_bytes(context: Context) -> int:
    return int(context.setting(CARRIED) * 1_000_000)


def _digest(context: Context, path: str, shown: str) -> str:
    """The digest of a file that holds no secret."""
    with open(path, "rb") as file:
        held = reason_of(context.screen.found_in_made(file, path))
        if reason := secret_name_reason(path) or held:
            raise refused(
                "secret-in-artifact",
                f"{shown} {reason}",
                why="nothing was sent",
                do="leadline tracker --help",
            )
        file.seek(0)
        return digest_of_file(file)
