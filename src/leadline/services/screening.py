"""What stands between Leadline and everything it writes or sends: secrets are hidden, and it is said.

What is hidden is said at once, on stderr, with its sort and where it stood, so that a false alarm can
be answered: the same command with ``--not-secret`` writes it as it stands, and keeps a keyed digest
of it in the git directory, so that it passes from then on without the option. The digests never leave
this machine; another one asks again.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping

from leadline.core.secrets.quick import may_hold, names_suspect
from leadline.core.typed import TYPE_CHECKING, Any, cast
from leadline.services.out_path import write_whole

if TYPE_CHECKING:
    from leadline.core.secrets.content import ContentRules
    from leadline.core.secrets.redact import Hidden, Redactor
    from leadline.core.secrets.sealed import Sealed

NOT_SECRET = "not-secret.json"


class Screen:
    """Of one command. ``lets_pass``: what it would hide is declared to be no secret."""

    def __init__(self, root: str, environ: Mapping[str, str], warn: Callable[[str], None]) -> None:
        self.lets_pass = False
        self._root, self._environ, self._warn = root, environ, warn
        self._told: set[Hidden] = set()
        self._declared: tuple[bytes, set[str]] | None = None

    def body(self, kind: str, body: Mapping[str, Any], line: str) -> Mapping[str, Any]:
        """The body of a record about to be appended, and itself where nothing is hidden in it;
        ``line`` is it in its record. ``id``, ``refs`` and the like hold ids that Leadline made."""
        if not may_hold(line) and not names_suspect(self._environ):
            return body
        from leadline.core.record.kinds import WOVEN  # noqa: PLC0415  start-up: only where something may be

        redactor = self.redactor()
        if not redactor.holds(line):
            return body
        clean: dict[str, Any] = {}
        for field, value in body.items():
            named = self.redactor(f"{field} of the {kind.replace('-', ' ')} record")
            woven = field in WOVEN
            clean |= {field: value} if woven else named.value({field: value})
        return body if clean == body else clean

    def redactor(
        self,
        where: str = "",
        environ: Mapping[str, str] | None = None,
        sealed: Sealed | None = None,
    ) -> Redactor:
        """Made anew each time: what is secret is what the environment holds at that moment. With
        ``where``, what it hides is said."""
        from leadline.core.secrets.environment import secret_values  # noqa: PLC0415  start-up: 0.4 ms
        from leadline.core.secrets.redact import Redactor  # noqa: PLC0415  start-up: 0.8 ms

        def tell(hidden: Hidden) -> None:
            self._tell(where, hidden)

        secrets = secret_values(self._environ if environ is None else environ)
        return Redactor(secrets, self._passes, sealed, tell if where else None)

    def content_rules(self) -> ContentRules:
        """What counts as a secret in the bytes of a file."""
        from leadline.core.secrets.content import ContentRules  # noqa: PLC0415  start-up: only who looks at files
        from leadline.core.secrets.environment import secret_values  # noqa: PLC0415  start-up: 0.4 ms

        return ContentRules(secret_values(self._environ), self._declared_before)

    def _tell(self, where: str, hidden: Hidden) -> None:
        if hidden in self._told:
            return
        self._told.add(hidden)
        self._warn(
            f"hidden in {where}: {_sort(hidden.sort)} of {len(hidden.text)} characters; "
            "if it is no secret, give the command again with --not-secret"
        )

    # ---- what somebody declared to be none -------------------------------------------------------

    def _declared_before(self, text: str) -> bool:
        """Of files: who declares what a command says to be no secret has not seen them."""
        if not os.path.exists(os.path.join(self._root, NOT_SECRET)):
            return False
        return self._passes(text, learns=False)

    def _passes(self, text: str, learns: bool = True) -> bool:
        from leadline.core.secrets.sealed import digest_of  # noqa: PLC0415  start-up: only where something is found

        key, digests = self._declared or self._read()
        self._declared = key, digests
        digest = digest_of(key, text)
        if digest in digests:
            return True
        if not (self.lets_pass and learns):
            return False
        digests.add(digest)
        kept = {"v": 1, "key": key.hex(), "digests": sorted(digests)}
        write_whole(os.path.join(self._root, NOT_SECRET), json.dumps(kept).encode())
        return True

    def _read(self) -> tuple[bytes, set[str]]:
        try:
            with open(os.path.join(self._root, NOT_SECRET), "rb") as file:
                kept = cast("dict[str, Any]", json.loads(file.read()))
            return bytes.fromhex(kept["key"]), set(map(str, kept["digests"]))
        except (OSError, ValueError, KeyError, TypeError):
            return os.urandom(32), set()


def _sort(sort: str) -> str:
    kind, _, name = sort.partition(" ")
    if kind == "env":
        return f"the value of ${name},"
    if kind == "flag":
        return f"the value of {name},"
    return f"a {sort}"
