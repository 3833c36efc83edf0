"""The forges by name. One of a third party (entry point ``leadline.forges``) is looked up only when
named; ``local`` is made by whoever has the record."""

from __future__ import annotations

from leadline.adapters.plug_ins import added, entries, ours
from leadline.core.errors import usage
from leadline.core.record.thread import IN_RECORD
from leadline.core.typed import TYPE_CHECKING
from leadline.ports.forge_kind import ForgeKind

if TYPE_CHECKING:
    from leadline.ports.forge import Forge
    from leadline.ports.forge_setup import Factory, ForgeSetup

ENTRY_POINTS = "leadline.forges"
BUILTIN = {"github": "leadline.adapters.forges.github.place:make"}
KINDS = {
    IN_RECORD: ForgeKind(IN_RECORD, outside=False),
    "github": ForgeKind(
        "github",
        package="httpx2",
        use="issues on GitHub",
        install="pip install 'leadline[github]'",
    ),
}


def load(name: str, setup: ForgeSetup) -> Forge:
    """The forge called ``name`` (the local one is made elsewhere: it needs the record).
    LeadlineError(usage, ``unknown-forge``), (environment, ``broken-forge``)."""
    if name in BUILTIN:
        make: Factory = ours(BUILTIN[name])
        return make(setup)
    made: Forge | None = added("broken-forge", ENTRY_POINTS, name, "forge", lambda f: f(setup))
    if made is not None:
        return made
    raise usage(
        "unknown-forge",
        f"{name!r} is no forge",
        why=f"known: {', '.join(names())}",
        do=f"leadline init --forge {IN_RECORD}",
    )


def kind(name: str) -> ForgeKind:
    """What is known of a forge, loaded or not."""
    return KINDS.get(name) or ForgeKind(name)


def names() -> list[str]:
    """Of all forges that can be chosen here."""
    return sorted({*KINDS, *(entry.name for entry in entries(ENTRY_POINTS))})
