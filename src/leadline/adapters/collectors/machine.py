"""The collectors behind their port; each is imported when first asked."""

from __future__ import annotations

import os
from collections.abc import Mapping

from leadline.core.typed import TYPE_CHECKING, Any

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


class MachineCollectors:
    """``cache_dir`` keeps what does not change from run to run (interpreter, packages, hardware of
    this boot).

    ``settings``: ``run.expected_devices`` (a count), ``run.lock_files`` and ``run.device_files``
    (further paths).
    """

    def __init__(self, cache_dir: str, settings: Mapping[str, Any] | None = None) -> None:
        self.cache_dir = cache_dir
        self.settings = settings or {}

    def environment(self, env: Mapping[str, str], allow: list[str]) -> EnvironmentFacts:
        from leadline.adapters.collectors import environment

        return environment.collect(env, allow)

    def software(self, argv: list[str], env: Mapping[str, str], cwd: str) -> SoftwareFacts:
        from leadline.adapters.collectors import software

        return software.collect(argv, env, cwd, self.cache_dir)

    def hardware(self) -> HardwareFacts:
        from leadline.adapters.collectors import hardware

        return hardware.collect(self.cache_dir)

    def devices(self, env: Mapping[str, str]) -> DeviceFacts:
        from leadline.adapters.collectors import hardware

        return hardware.devices(env)

    def preflight(self, env: Mapping[str, str] | None = None) -> Preflight:
        from leadline.adapters.collectors import hygiene

        return hygiene.preflight(
            devices=self.devices(os.environ if env is None else env),
            expected_devices=self._checked("run.expected_devices", "a count, as 4"),
            lock_files=self._checked("run.lock_files", 'a list of paths, as ["/tmp/device.lock"]')
            or (),
            device_paths=self._checked("run.device_files", 'a list of paths, as ["/dev/npu0"]')
            or (),
        )

    def _checked(self, name: str, wanted: str) -> Any:
        value = self.settings.get(name)
        count = type(value) is int and value >= 0
        paths = isinstance(value, list) and all(
            isinstance(v, str) and v.startswith("/") for v in value
        )
        if value is None or (count if name == "run.expected_devices" else paths):
            return value
        from leadline.core.errors import usage

        raise usage(
            "bad-settings",
            f"the setting {name} is {value!r}",
            why=f"it must be {wanted}",
            do="edit leadline.toml",
        )

    def after_run(self, before: Preflight, contention: During, wall_s: float | None) -> Hygiene:
        from leadline.adapters.collectors import hygiene

        return hygiene.after_run(before, contention, wall_s)

    def prepare(self) -> None:
        from leadline.adapters.collectors import hygiene  # noqa: F401
        from leadline.adapters.extractors import registry

        for name in ("metrics", "stdout"):  # what every run is looked through for
            registry.load(name)

    def extract(
        self, specs: list[ExtractionSpec], files: RunFiles, definitions: Mapping[str, MetricDef]
    ) -> Extraction:
        from leadline.adapters.extractors import registry

        return registry.extract(specs, files, definitions)
