"""How many examples of chance a test tries: few in `make test`, all in the long tests, which carry
out every test of chance again (`--hypothesis-profile many`)."""

from __future__ import annotations

from hypothesis import settings

FEW = "few"
# without a deadline: a machine may be busy, and speed is no test's
settings.register_profile(FEW, deadline=None, max_examples=10)
settings.register_profile("many", deadline=None, max_examples=100)


def examples(many: int) -> int:
    """Of ``many``, the share that the profile in force tries; never so few that none is odd."""
    return max(many * settings().max_examples // 100, min(many, 5))
