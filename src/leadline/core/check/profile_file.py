"""Reads the file of a profile (TOML): what it may say, and what of it cannot be meant."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from leadline.core.check.kickoff import parse_metric
from leadline.core.errors import LeadlineError, usage
from leadline.core.metric.contract import OBSERVED
from leadline.core.profile import POINTS, PREFLIGHT
from leadline.core.settings_file import variable_problem
from leadline.core.typed import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from leadline.core.record.bodies import MetricBody, ProfileAct, ProfileBody, ProfileKey

NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,59}\Z")
_TEXTS = ("environment", "ruler", "measuring", "guards", "curves", "told")
_WORDS = ("about", "skill", "executor", "production_path")
_ACT_WORDS = ("name", "about", "call", "mend")
_METRIC_WORDS = ("unit", "direction", "reduce", "description", "observed", "per", "limit")


def read_profile(data: Mapping[str, object], name: str, source: str) -> ProfileBody:
    """The profile that a file says. Raises LeadlineError(usage, ``bad-profile``) naming what in it
    cannot be meant: a typing error in it must not weaken what it asks."""
    if not NAME.match(name):
        raise _bad(name, "has a name that cannot be one", "small letters, digits, - and _")
    known = {*_WORDS, *_TEXTS, "strict", "keys", "metrics", PREFLIGHT, "check"}
    if unknown := sorted(set(data) - known):
        raise _bad(name, f"says {unknown[0]!r}", f"it may say: {', '.join(sorted(known))}")
    body: ProfileBody = {"name": name, "source": source}
    for field in _WORDS:
        if data.get(field):
            body[field] = _text(name, field, data[field])  # type: ignore[literal-required]
    for field in _TEXTS:
        if data.get(field):
            body[field] = _texts(name, field, data[field])  # type: ignore[literal-required]
    if data.get("strict"):
        body["strict"] = _flag(name, "strict", data["strict"])
    if keys := _table(name, "keys", data.get("keys", {})):
        body["keys"] = {key: _key(name, key, said) for key, said in keys.items()}
    if metrics := _table(name, "metrics", data.get("metrics", {})):
        body["metrics"] = [_metric(name, metric, said) for metric, said in metrics.items()]
    acts = [
        *(_act(name, said, PREFLIGHT) for said in _rows(name, PREFLIGHT, data)),
        *(_act(name, said, "") for said in _rows(name, "check", data)),
    ]
    if acts:
        body["acts"] = acts
    _check_variables(name, body)
    return body


def _key(profile: str, name: str, said: object) -> ProfileKey:
    where = f"keys.{name}"
    row = _table(profile, where, said)
    _only(profile, where, row, ("about", "required", "stated", "captured", "aliases", "default"))
    key: ProfileKey = {}
    for word in ("about", "captured"):
        if word in row:
            key[word] = _text(profile, f"{where}.{word}", row[word])
    for flag in ("required", "stated"):
        if flag in row:
            key[flag] = _flag(profile, f"{where}.{flag}", row[flag])
    if "aliases" in row:
        key["aliases"] = _texts(profile, f"{where}.aliases", row["aliases"])
    if "default" in row:
        if not isinstance(row["default"], (str, int, float, bool)):
            raise _bad(profile, f"says {where}.default", "a default is one value of a config")
        key["default"] = row["default"]
    return key


def _metric(profile: str, name: str, said: object) -> MetricBody:
    where = f"metrics.{name}"
    if name.count("*") > 1 or not name.strip("* "):
        raise _bad(profile, f"knows a metric {name!r}", "a name may hold one * among other letters")
    row = _table(profile, where, said)
    _only(profile, where, row, _METRIC_WORDS)
    words = {field: _text(profile, f"{where}.{field}", value) for field, value in row.items()}
    try:
        parse_metric(
            ":".join(
                [
                    "m",
                    "",
                    words.get("direction", ""),
                    words.get("reduce", ""),
                    words.get("limit", ""),
                ]
            )
        )
    except LeadlineError as error:
        raise _bad(profile, f"says {where}: {error.what}", error.why) from None
    if words.get("observed", OBSERVED[0]) not in OBSERVED:
        raise _bad(profile, f"says {where}.observed", f"it is one of {', '.join(OBSERVED)}")
    return cast("MetricBody", {"name": name, **words})


def _act(profile: str, said: object, at: str) -> ProfileAct:
    where = at or "check"
    row = dict(_table(profile, where, said))
    if not at:
        at = str(row.pop("at", ""))
        if at not in POINTS:
            raise _bad(profile, f"has a check at {at!r}", f"it stands at {', '.join(POINTS)}")
    _only(profile, where, row, (*_ACT_WORDS, "command"))
    act = cast("ProfileAct", {"at": at})
    for field in _ACT_WORDS:
        if row.get(field):
            act[field] = _text(profile, f"{where}.{field}", row[field])  # type: ignore[literal-required]
    if row.get("command"):
        act["command"] = _texts(profile, f"{where}.command", row["command"])
    if "name" not in act or ("command" in act) == ("call" in act):
        raise _bad(
            profile,
            f"has a {where} without a name, or not one of command and call",
            "a command is a list of words, a call `package.module:function`",
        )
    return act


def _check_variables(name: str, body: ProfileBody) -> None:
    for variable in body.get("environment", ()):
        if problem := variable_problem(variable):
            raise _bad(name, f"says environment {variable!r}", problem)


def _rows(profile: str, field: str, data: Mapping[str, object]) -> list[object]:
    rows = data.get(field, [])
    if not isinstance(rows, list):
        raise _bad(profile, f"says {field}", f"in TOML it is [[{field}]]")
    return rows


def _checked(test: Callable[[Any], bool], wanted: str) -> Callable[[str, str, object], Any]:
    def check(profile: str, field: str, value: object) -> Any:
        if not test(value):
            raise _bad(profile, f"says {field}", f"it is {wanted}")
        return value

    return check


_text = _checked(lambda value: isinstance(value, str), "a text")
_flag = _checked(lambda value: isinstance(value, bool), "true or false")
_table = _checked(lambda value: isinstance(value, dict), "a table")
_texts = _checked(
    lambda value: isinstance(value, list) and all(isinstance(one, str) for one in value),
    "a list of texts",
)


def _only(profile: str, where: str, row: Mapping[str, object], fields: Sequence[str]) -> None:
    if unknown := sorted(set(row) - set(fields)):
        raise _bad(profile, f"says {where}.{unknown[0]}", f"there it may say: {', '.join(fields)}")


def _bad(profile: str, what: str, why: str) -> LeadlineError:
    return usage(
        "bad-profile", f"the profile {profile!r} {what}", why=why, do="leadline profile show kernel"
    )
