"""What stands between Leadline and everything it writes or sends: secrets are hidden, and it is said.

What is hidden is said at once, on stderr, with its sort and where it stood, so that a false alarm can
be answered: the same command with ``--not-secret`` writes it as it stands, and keeps a keyed digest
of it in the git directory, so that it passes from then on without the option. The digests never leave
this machine; another one asks again.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial

from leadline.core.errors import not_found, refused
from leadline.core.secrets.quick import as_given, may_hold, names_suspect, suspects
from leadline.core.typed import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from typing import BinaryIO

    from leadline.core.record.event import Record
    from leadline.core.secrets.content import ContentRules, Found
    from leadline.core.secrets.redact import Hidden, Redactor
    from leadline.core.secrets.sealed import Sealed

NOT_SECRET = "not-secret.json"
_written = json.JSONEncoder(ensure_ascii=False, default=str, separators=(",", ":")).encode
OF_ENVIRONMENT = "env "  # how the sort of a variable's value begins
Screening = Callable[[Sequence[tuple[str, Mapping[str, Any], str]]], list[Mapping[str, Any]]]


class Hiding:
    """Hides secrets as ``core/secrets/redact.py`` does, whose rules are loaded where there may be
    one: most commands have none before them."""

    def __init__(
        self,
        secrets: Callable[[], Mapping[str, str]],
        always: bool,
        rules: Callable[[Mapping[str, str]], Redactor],
    ) -> None:
        self._ask, self._always, self._load = secrets, always, rules
        self._secrets: Mapping[str, str] | None = None
        self._rules: Redactor | None = None

    def holds(self, text: str) -> bool:
        """Whether anything may be hidden in ``text``; a no is sure."""
        if self._rules is None and not (self._always or self.secrets() or may_hold(text)):
            return False
        return self._loaded().holds(text)

    def suspects(self, texts: Sequence[str]) -> set[int]:
        """The places of those of ``texts`` of which ``holds`` says yes."""
        found = suspects(texts)
        if self._always or self.secrets():
            rules = self._loaded()
            found.update(at for at, text in enumerate(texts) if rules.holds_value(text))
        return found

    def text(self, text: str) -> str:
        return self._loaded().text(text) if self.holds(text) else text

    def value(self, value: Any) -> Any:
        """See ``Redactor.value``."""
        if not self.holds(as_given(_written(value))):
            return value
        return self._loaded().value(value)

    def argv(self, argv: Iterable[str]) -> list[str]:
        words: list[str] = self.value(list(argv))
        return words

    def secrets(self) -> Mapping[str, str]:
        if self._secrets is None:
            self._secrets = self._ask()
        return self._secrets

    def _loaded(self) -> Redactor:
        if self._rules is None:
            self._rules = self._load(self.secrets())
        return self._rules


class _Sorts:
    """Of what would be hidden, in words."""

    def __init__(self, of_environment: bool) -> None:
        self._of_environment, self.named = of_environment, set[str]()

    def take(self, hidden: Hidden) -> None:
        if hidden.sort.startswith(OF_ENVIRONMENT) or not self._of_environment:
            self.named.add(_sort(hidden.sort).rstrip(","))


class Screen:
    """Of one command. ``lets_pass``: what it would hide is declared to be no secret."""

    def __init__(self, root: str, environ: Mapping[str, str], warn: Callable[[str], None]) -> None:
        self.lets_pass = False
        self._root, self._environ, self._warn = root, environ, warn
        self._told: set[Hidden] = set()
        self._known: tuple[Mapping[str, str], Mapping[str, str]] = ({}, {})
        self._declared: tuple[bytes, set[str]] | None = None

    def of_records(self) -> Screening:
        """What the records of one transaction go through before they are appended. The environment
        is looked at once for all of them."""
        hiding = self.redactor()

        def cleared(
            records: Sequence[tuple[str, Mapping[str, Any], str]],
        ) -> list[Mapping[str, Any]]:
            """Of each kind, body and its JSON: the body, itself where nothing is hidden."""
            found = hiding.suspects([_searched(body, text) for _, body, text in records])
            clean = [body for _, body, _ in records]
            for at, fields in _odd_fields(hiding, clean, found).items():
                clean[at] = self._cleared(records[at][0], clean[at], fields)
            return clean

        return cleared

    def _cleared(
        self, kind: str, body: Mapping[str, Any], fields: Iterable[str]
    ) -> Mapping[str, Any]:
        clean = dict(body)
        for field in fields:
            named = self.redactor(f"{field} of the {kind.replace('-', ' ')} record")
            clean[field] = named.value(body[field])
        return body if clean == body else clean

    def suspects(self, texts: Sequence[str], of_environment: bool = False) -> set[int]:
        """The places of those of ``texts`` (``as_given``) that may hold something; of the others it
        is sure. ``of_environment``: of the values of variables alone."""
        hiding = self.redactor()
        if of_environment and not hiding.secrets():
            return set()
        return hiding.suspects(texts)

    def secrets_in(self, record: Record, of_environment: bool = False) -> set[str]:
        """Sorts of what would be hidden in a record that was written already; nothing is hidden.
        ``of_environment``: of the values of variables alone."""
        from leadline.core.record.kinds import WOVEN  # noqa: PLC0415  start-up: only where something may be

        value = {field: value for field, value in record.body.items() if field not in WOVEN}
        found = _Sorts(of_environment)
        self.redactor(tell=found.take).value({"by": record.actor, **value})
        return found.named

    def secrets_in_text(self, text: str, of_environment: bool = False) -> set[str]:
        """The same of a line that is no record."""
        found = _Sorts(of_environment)
        self.redactor(tell=found.take).text(text)
        return found.named

    def redactor(
        self,
        where: str = "",
        environ: Mapping[str, str] | None = None,
        sealed: Sealed | None = None,
        tell: Callable[[Hidden], None] | None = None,
    ) -> Hiding:
        """Made anew each time: what is secret is what the environment holds at that moment. With
        ``where``, what it hides is said; ``tell`` gets it instead."""
        chosen = self._environ if environ is None else environ

        def rules(secrets: Mapping[str, str]) -> Redactor:
            from leadline.core.secrets.redact import Redactor  # noqa: PLC0415  start-up: 1.5 ms

            told = tell or (partial(self._tell, where) if where else None)
            return Redactor(secrets, self._passes, sealed, told)

        return Hiding(partial(self._secrets_in, chosen), sealed is not None, rules)

    def _secrets_in(self, environ: Mapping[str, str]) -> Mapping[str, str]:
        """Of an environment as it is now: mostly as it was when it was last asked for."""
        now = dict(environ)
        if now != self._known[0]:
            found: Mapping[str, str] = {}
            if names_suspect(now):
                from leadline.core.secrets.environment import secret_values  # noqa: PLC0415  start-up: 0.4 ms

                found = secret_values(now)
            self._known = now, found
        return self._known[1]

    def shown(self, text: str) -> str:
        """``text`` without the tokens in it."""
        return self.redactor("the name of the actor").text(text)

    def refuse_as_name(self, text: str, what: str, do: str) -> None:
        """Raises LeadlineError(refused, ``secret-in-name``) where ``text``, which is to name
        something, holds a secret: a name stands in too many places to be hidden in them."""
        if self.redactor().text(text) != text:
            raise refused(
                "secret-in-name",
                f"{what} holds what looks like a secret",
                why="names stand in paths, refs and records; nothing was written",
                do=do,
            )

    def declare_file(self, path: str, shown: str) -> None:
        """What the file holds now is no secret, nor is its name; ``shown`` as git has it. Raises
        LeadlineError(not_found)."""
        try:
            with open(path, "rb") as file:
                found = set(self.found_in_made(file, shown))
        except OSError as error:
            what = f"cannot read {shown}: {error.strerror}"
            raise not_found("no-such-file", what, do="leadline run --help") from None
        for text in (f"file {shown}", *(one.text for one in found)):
            self._declare(text)

    def found_in_made(self, file: BinaryIO, name: str) -> Iterator[Found]:
        """What counts as a secret in a file called ``name`` that is no part of a code state."""
        from leadline.core.secrets.content import (  # noqa: PLC0415  start-up: only who looks at files
            Found,
            pieces_of,
            text_in,
        )

        yield from self.content_rules().found_in(pieces_of(file))
        text = text_in(file, name)
        if may_hold(text):
            from leadline.core.secrets.redact import Redactor  # noqa: PLC0415  start-up: 1.5 ms

            hidden: list[Hidden] = []
            Redactor(passes=self.declared_before, tell=hidden.append).text(text)
            yield from (Found(_sort(one.sort).rstrip(","), one.text) for one in hidden)

    def content_rules(self) -> ContentRules:
        """What counts as a secret in the bytes of a file."""
        from leadline.core.secrets.content import ContentRules  # noqa: PLC0415  start-up: only who looks at files
        from leadline.core.secrets.environment import secret_values  # noqa: PLC0415  start-up: 0.4 ms

        return ContentRules(secret_values(self._environ), self.declared_before)

    def _tell(self, where: str, hidden: Hidden) -> None:
        if hidden in self._told:
            return
        self._told.add(hidden)
        self._warn(
            f"hidden in {where}: {_sort(hidden.sort)} of {len(hidden.text)} characters; "
            "if it is no secret, give the command again with --not-secret"
        )

    # ---- what somebody declared to be none -------------------------------------------------------

    def declared_before(self, text: str) -> bool:
        """Of files, and of what is shown: who declares what a command writes has not seen them."""
        if not os.path.exists(os.path.join(self._root, NOT_SECRET)):
            return False
        return self._passes(text, learns=False)

    def _passes(self, text: str, learns: bool = True) -> bool:
        from leadline.core.secrets.sealed import digest_of  # noqa: PLC0415  start-up: only where something is found

        key, digests = self._declared = self._declared or self._read()
        if digest_of(key, text) in digests:
            return True
        if not (self.lets_pass and learns):
            return False
        self._declare(text)
        return True

    def _declare(self, text: str) -> None:
        from leadline.core.secrets.sealed import digest_of  # noqa: PLC0415  start-up: only who declares

        key, digests = self._declared = self._declared or self._read()
        digests.add(digest_of(key, text))
        from leadline.services.out_path import write_whole  # noqa: PLC0415  start-up: only who declares

        kept = {"v": 1, "key": key.hex(), "digests": sorted(digests)}
        write_whole(os.path.join(self._root, NOT_SECRET), json.dumps(kept).encode())

    def _read(self) -> tuple[bytes, set[str]]:
        try:
            with open(os.path.join(self._root, NOT_SECRET), "rb") as file:
                kept = cast("dict[str, Any]", json.loads(file.read()))
            return bytes.fromhex(kept["key"]), set(map(str, kept["digests"]))
        except (OSError, ValueError, KeyError, TypeError):
            return os.urandom(32), set()


def _odd_fields(
    hiding: Hiding, bodies: Sequence[Mapping[str, Any]], places: Iterable[int]
) -> dict[int, list[str]]:
    """The fields in which something is hidden, of the bodies at ``places``. Many are suspected, by a
    name in all of them, for the few that hold something; what they say alike is looked at once.
    ``id``, ``refs`` and the like hold ids that Leadline made."""
    from leadline.core.record.kinds import WOVEN  # noqa: PLC0415  start-up: only where something may be

    fields = [
        (at, field, as_given(_written(value)))
        for at in sorted(places)
        for field, value in bodies[at].items()
        if field not in WOVEN
    ]
    texts = [*{text for _, _, text in fields}]
    suspected = {texts[at] for at in hiding.suspects(texts)}
    odd: dict[int, list[str]] = {}
    for at, field, text in fields:
        if text in suspected and hiding.value(bodies[at][field]) != bodies[at][field]:
            odd.setdefault(at, []).append(field)
    return odd


def _searched(body: Mapping[str, Any], text: str) -> str:
    """What may be hidden in a record; what Leadline made in it holds nothing. Bytes that are no
    UTF-8, which a secret may have, stand in ``text`` as escapes."""
    if "\\\\" not in text:
        return as_given(text)
    try:
        return as_given(_written(body))
    except TypeError:  # a name that is none of JSON
        return as_given(text)


def _sort(sort: str) -> str:
    kind, _, name = sort.partition(" ")
    if kind == OF_ENVIRONMENT.strip():
        return f"the value of ${name},"
    if kind == "flag":
        return f"the value of {name},"
    return f"a {sort}"
