"""The command `cmgateway` that pip installs, and `python -m cmgateway`."""

import os
import signal
import socket
import subprocess
import sys
from importlib.metadata import distribution
from pathlib import Path

import pytest

import cmgateway

SCRIPT = Path(sys.executable).with_name("cmgateway.exe" if os.name == "nt" else "cmgateway")
WAYS = {"module": [sys.executable, "-m", "cmgateway"], "script": [str(SCRIPT)]}


@pytest.fixture(params=WAYS)
def command(request):
    if request.param == "script" and not SCRIPT.is_file():
        pytest.skip("the package is not installed into this environment")
    return WAYS[request.param]


def ended(command, *arguments):
    return subprocess.run([*command, *arguments], capture_output=True, text=True, timeout=60, check=False)


def test_it_tells_the_version_of_the_package(command):
    result = ended(command, "--version")
    assert (result.returncode, result.stdout) == (0, f"cmgateway {cmgateway.__version__}\n")


def test_it_is_the_whole_program(command):
    assert ended(command, "analyze", "--list-checks").stdout == cmgateway.checks_page()


def test_exit_codes_and_messages_are_those_of_the_program(command, lab):
    assert ended(command, "gateway", "check", "--config", "instance.toml").returncode == 0
    missing = ended(command, "gateway", "check", "--config", "missing.toml")
    assert missing.returncode == 1
    assert missing.stderr.startswith("cmgateway: could not ")
    misspelt = ended(command, "gatway")
    assert misspelt.returncode == 2
    assert "unrecognized subcommand 'gatway'" in misspelt.stderr


@pytest.mark.skipif(os.name == "nt", reason="signals of Unix")
@pytest.mark.parametrize("told", [signal.SIGINT, signal.SIGTERM])
def test_an_instance_runs_until_it_is_told_to_stop(command, lab, told):
    arguments = ["gateway", "run", "--config", "instance.toml"]
    with subprocess.Popen([*command, *arguments], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("listening on 127.0.0.1:")
        process.send_signal(told)
        assert process.wait(20) == 0


@pytest.mark.skipif(os.name == "nt", reason="signals of Unix")
def test_ctrl_c_ends_a_command_that_has_no_handler_of_its_own(command, lab):
    # It takes connections and never says a word.
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"127.0.0.1:{silent.getsockname()[1]}"
        arguments = ["analyze", "--service-name", "gw.example.com", "--address", address, "--timeout", "50"]
        with subprocess.Popen([*command, *arguments], stderr=subprocess.DEVNULL) as process:
            with pytest.raises(subprocess.TimeoutExpired):
                process.wait(2)
            process.send_signal(signal.SIGINT)
            assert process.wait(10) == -signal.SIGINT


def test_the_package_says_what_it_is():
    try:
        package = distribution("cmgateway")
    except ImportError:
        pytest.skip("the package is not installed into this environment")
    about = package.metadata
    assert about["Requires-Python"] == ">=3.9"
    assert about["License-Expression"] == "MIT OR Apache-2.0"
    assert set(about.get_all("License-File") or []) == {"LICENSE-MIT", "LICENSE-APACHE"}
    assert about["Summary"]
    assert "sub-CA" in (about["Description"] or package.read_text("METADATA") or "")
    assert {url.split(",")[0] for url in about.get_all("Project-URL") or []} >= {
        "Repository",
        "Changelog",
        "Security",
    }
    assert any(entry.name == "cmgateway" for entry in package.entry_points)
    assert Path(cmgateway.__file__).with_name("py.typed").is_file()
