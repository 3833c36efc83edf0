"""What is known of a forge by its name, before one is made: whether it is outside, what it needs."""

from __future__ import annotations

from leadline.core.values import dataclass


@dataclass(frozen=True, slots=True)
class ForgeKind:
    """``outside``: its issues are where others see them, and a call may fail for reasons of the
    network; otherwise the issue is part of the record. ``package``: the Python package that it
    needs, "" for none, with what for (``use``) and how to get it (``install``). A third party's is
    outside and says what it needs itself."""

    name: str
    outside: bool = True
    package: str = ""
    use: str = ""
    install: str = ""
