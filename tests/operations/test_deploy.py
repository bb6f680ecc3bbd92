"""Files for running it elsewhere name only what there is: settings, paths, commands, figures; what docs/operating.md
has people type is what works here."""

import re
import shlex
import subprocess
import sys
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from operations.conftest import ROOT

from msme_calls import cli, metrics, outbox, uploads
from msme_calls.accounts.views import doors
from msme_calls.settings import Settings, from_environment

DEPLOY, GUIDE = ROOT / "deploy", (ROOT / "docs" / "operating.md").read_text("utf-8")
FILES = [path for path in sorted(DEPLOY.rglob("*")) if path.is_file() and path.suffix != ".pyc"]
KNOWN = {f"MSME_{f.name.upper()}" for f in fields(Settings)}


@pytest.mark.parametrize("path", [*FILES, ROOT / "docs" / "operating.md"], ids=lambda p: p.name)
def test_every_setting_that_is_named_exists(path: Path) -> None:
    assert set(re.findall(r"MSME_[A-Z_]+[A-Z]", path.read_text("utf-8"))) <= KNOWN


def test_the_image_is_made_of_what_there_is() -> None:
    text = (DEPLOY / "Dockerfile").read_text("utf-8")
    copied = [line.split()[1:-1] for line in re.findall(r"^COPY (?!--from).*", text, re.M)]
    assert copied and all((ROOT / name).exists() for names in copied for name in names)
    assert text.count("\nFROM ") == 2 and "--require-hashes" in text
    user, command = text.rindex("\nUSER calls"), text.rindex("\nCMD")
    assert user < command and "USER root" not in text
    check = re.search(r'CMD \["python", "-c", "(.*)"\]', text)
    assert check and compile(check[1], "healthcheck", "exec")
    assert "COPY . " not in text and "SECRET" not in text


def compose() -> dict[str, Any]:
    return yaml.safe_load((DEPLOY / "compose.yaml").read_text("utf-8"))


def test_the_compose_file_holds_together() -> None:
    whole = compose()
    services, volumes = whole["services"], set(whole["volumes"])
    assert {"upgrade", "web", "worker", "nginx", "postgres", "redis"} <= set(services)
    for name, service in services.items():
        assert set(service.get("depends_on", [])) <= set(services), name
        for source in (mount.split(":")[0] for mount in service.get("volumes", [])):
            local = (DEPLOY / source).exists() or source == "./certificates"
            assert local if source.startswith(".") else source in volumes, (name, source)
        assert name == "nginx" or "ports" not in service, f"{name} is reachable from outside"
    assert (DEPLOY / services["web"]["build"]["context"] / services["web"]["build"]["dockerfile"]).exists()
    for name in ("web", "worker", "upgrade"):
        assert services[name]["read_only"] and services[name]["cap_drop"] == ["ALL"]
    commands = {
        service["command"][1] for service in services.values() if service.get("command", "x")[0] == "msme-calls"
    }
    assert commands == {"upgrade", "worker"} <= set(cli.main.commands)


def test_the_example_of_settings_lacks_nothing_but_secrets(tmp_path: Path) -> None:
    lines = (DEPLOY / "calls.env.example").read_text("utf-8").splitlines()
    given = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    made = from_environment({**given, "MSME_SECRET_KEY": "x" * 40, "MSME_DATA": str(tmp_path)})
    assert made.production and made.trusted_proxies == 1
    secret = {f"MSME_{f.name.upper()}" for f in fields(Settings) if f.metadata["secret"]}
    assert all(not given[name] for name in secret & set(given))


def test_units_start_what_there_is() -> None:
    for path in sorted((DEPLOY / "systemd").glob("*.service")):
        text = path.read_text("utf-8")
        program = shlex.split(re.search(r"^ExecStart=(.*)", text, re.M)[1])  # type: ignore[index]
        assert (Path(sys.executable).parent / Path(program[0]).name).exists(), program
        assert "msme-calls" not in program[0] or program[1] in cli.main.commands
        assert "-c" not in program or (ROOT / program[program.index("-c") + 1]).exists()
        assert "User=calls" in text and "NoNewPrivileges=yes" in text


def test_gunicorn_takes_its_configuration(tmp_path: Path) -> None:
    checked = subprocess.run(
        [sys.executable, "-m", "gunicorn", "--check-config", "-c", "deploy/gunicorn.conf.py", "wsgi:app"],
        cwd=ROOT, capture_output=True, text=True, env={"MSME_DATA": str(tmp_path), "PATH": "/usr/bin:/bin"},
    )  # fmt: skip
    assert (checked.returncode, checked.stderr) == (0, "")


def test_commands_of_the_guide_are_commands() -> None:
    told = {name for name in re.findall(r"`?msme-calls ((?:[a-z]+-?)+)", GUIDE) if name not in ("web", "worker")}
    assert told <= set(cli.main.commands), told - set(cli.main.commands)
    for file in re.findall(r"`(deploy/[\w./-]+|requirements[\w.-]*|\.ci/\w+\.py)`", GUIDE):
        assert (ROOT / file).exists() or file in ("deploy/calls.env", "deploy/certificates"), file


def test_the_guide_s_first_steps_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Upgrade an empty database, invite the first administrator, fill the archive: as the guide says, in its order."""
    monkeypatch.setenv("MSME_DATA", str(tmp_path / "data"))
    steps = re.findall(r"`msme-calls (upgrade|invite-administrator [\w@.]+|record-past-editions)`", GUIDE)
    assert [step.split()[0] for step in steps][:3] == ["upgrade", "invite-administrator", "record-past-editions"]
    for step in steps[:3]:
        result = CliRunner().invoke(cli.main, step.split())
        assert result.exit_code == 0, result.output
    secret = re.search(r'python3 -c "(import secrets[^"]+)"', GUIDE)
    assert secret
    made = subprocess.run([sys.executable, "-c", secret[1]], capture_output=True, text=True, check=True).stdout.strip()
    assert len(made) >= 32


def test_what_is_to_be_alerted_on_is_told() -> None:
    """Every figure and every label of the guide's table is one that the product gives."""
    figures = set(re.findall(r"msme_calls_\w+", GUIDE))
    gauges = {f"msme_calls_{name}" for name in metrics.GAUGES}
    others = {"msme_calls_request_seconds", "msme_calls_request_seconds_count", "msme_calls_events_total",
              "msme_calls_last_timestamp_seconds", "msme_calls_database_up"}  # fmt: skip
    assert figures == gauges | others
    code = "".join(Path(str(module.__file__)).read_text("utf-8") for module in (uploads, doors, outbox))
    for label, value in re.findall(r'(event|result)="([\w ]+)"', GUIDE):
        assert f'"{value}"' in code, (label, value)
    links = re.findall(r"\]\(#([\w-]+)\)", GUIDE)
    heads = {head.lower().replace(" ", "-") for head in re.findall(r"^### (.+)", GUIDE, re.M)}
    assert links and set(links) <= heads
