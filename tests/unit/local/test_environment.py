from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from framework.local.environment import base_environment, make_overlay, region_variables


def test_little_of_the_caller_gets_through(tmp_path: Path) -> None:
    caller = {
        "AWS_SECRET_ACCESS_KEY": "s",
        "SMP_ROLE": "r",
        "PATH": "/somewhere",
        "PYTHONPATH": "/somewhere",
        "HOME": str(tmp_path),
        "PIP_INDEX_URL": "https://index/simple",
        "PIP_TARGET": "/somewhere",
        "PIP_USER": "1",
        "https_proxy": "http://proxy",
        "NO_PROXY": "x",
        "SSL_CERT_FILE": "/ca.pem",
    }
    (tmp_path / ".pip").mkdir()
    (tmp_path / ".pip" / "pip.conf").write_text("")
    found = base_environment(tmp_path / "bin", tmp_path / "step", tmp_path / "cache", caller)
    assert found == {
        "PATH": f"{tmp_path}/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "HOME": f"{tmp_path}/step",
        "LANG": "C.UTF-8",
        "PIP_CACHE_DIR": f"{tmp_path}/cache/pip",
        "PIP_CONFIG_FILE": f"{tmp_path}/.pip/pip.conf",
        "PIP_INDEX_URL": "https://index/simple",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_NO_INPUT": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONUNBUFFERED": "1",
        "https_proxy": "http://proxy",
        "NO_PROXY": "x",
        "SSL_CERT_FILE": "/ca.pem",
    }


@pytest.mark.parametrize(
    ("region", "image", "expected"),
    [
        ("eu-west-1", "123456789012.dkr.ecr.us-east-1.amazonaws.com/x:1", "eu-west-1"),
        (None, "123456789012.dkr.ecr.us-east-1.amazonaws.com/x:1", "us-east-1"),
        (None, "image", None),
    ],
)
def test_the_region_is_the_pipelines_or_the_images(region: str | None, image: str, expected: str | None) -> None:
    assert region_variables(region, image).get("AWS_REGION") == expected


def test_what_is_installed_is_seen_and_what_is_added_stays(tmp_path: Path) -> None:
    binaries = make_overlay(tmp_path / "python")
    code = "import pytest, sys, sysconfig; print(pytest.__file__); print(sysconfig.get_path('purelib'))"
    shown = subprocess.run([binaries / "python", "-c", code], env={}, capture_output=True, text=True, check=True, timeout=30)
    installed, own = shown.stdout.splitlines()
    assert installed == pytest.__file__
    assert Path(own).is_relative_to(tmp_path)
    version = subprocess.run([binaries / "pip", "--version"], env={}, capture_output=True, text=True, check=True, timeout=30)
    assert version.stdout.startswith("pip ")
