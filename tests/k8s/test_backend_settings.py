"""What API and runners are told is what cloud/settings.py takes: a misspelt name would be ignored without a word."""

import pytest

from cloud.settings import Settings
from cloud.start import variable_of
from tests.k8s.manifests import Manifests


def test_every_name_is_a_setting(overlay: Manifests) -> None:
    known = {variable_of(name) for name in Settings.model_fields}

    assert sorted(set(overlay.settings) - known) == []


def test_every_value_can_be_used(overlay: Manifests, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in overlay.settings.items():
        monkeypatch.setenv(name, value)

    settings = Settings()

    assert settings.runner_concurrency == int(overlay.settings["P2M_RUNNER_CONCURRENCY"])
    assert settings.runner_grace_s == float(overlay.settings["P2M_RUNNER_GRACE_S"])
