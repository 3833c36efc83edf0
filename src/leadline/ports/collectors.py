"""Who looks at the machine before and after a run, and reads what the run left behind."""

from __future__ import annotations

from collections.abc import Mapping

from leadline.core.typed import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from leadline.core.extract.gather import Extraction
    from leadline.core.extract.spec import ExtractionSpec
    from leadline.core.record.bodies import (
        DeviceFacts,
        During,
        EnvironmentFacts,
        HardwareFacts,
        Hygiene,
        Preflight,
        SoftwareFacts,
    )
    from leadline.core.record.run import MetricDef
    from leadline.ports.extractor import RunFiles


# Programs that are Python themselves and start the interpreter that counts, most in an environment
# that they make.
LAUNCHERS = frozenset(
    (
        *("uv", "uvx", "poetry", "pdm", "hatch", "pipenv", "rye", "pip", "pipx", "nox", "tox"),
        *("conda", "mamba", "micromamba", "pixi", "virtualenv", "venv", "ensurepip"),
        *("invoke", "inv", "doit", "snakemake", "dvc", "guild", "pre-commit"),
    )
)
# The software of a command whose interpreter is not known.
NOT_SEEN: SoftwareFacts = {
    "python": None,
    "implementation": None,
    "interpreter": None,
    "packages_digest": None,
}


class Collectors(Protocol):
    """Facts about the machine, the command's interpreter and the environment; unknown is None,
    never guessed."""

    def environment(self, env: Mapping[str, str], allow: list[str]) -> EnvironmentFacts: ...

    def software(self, argv: list[str], env: Mapping[str, str], cwd: str) -> SoftwareFacts: ...

    def software_of(
        self, version: str, implementation: str, program: str, path: list[str]
    ) -> SoftwareFacts:
        """The same of an interpreter that told where it looks for packages."""
        ...

    def hardware(self) -> HardwareFacts: ...

    def devices(self, env: Mapping[str, str]) -> DeviceFacts: ...

    def preflight(self, env: Mapping[str, str] | None = None) -> Preflight: ...

    def preflight_there(self, seen: Preflight, devices: DeviceFacts | None) -> Preflight:
        """What the readings of another machine mean."""
        ...

    def after_run(self, before: Preflight, contention: During, wall_s: float | None) -> Hygiene: ...

    def prepare(self) -> None:
        """Load what ``extract`` and ``after_run`` need. Called while a command runs, so that its
        end waits for less."""
        ...

    def extract(
        self, specs: list[ExtractionSpec], files: RunFiles, definitions: Mapping[str, MetricDef]
    ) -> Extraction: ...
