"""examples/python/run_gateway.py serves real clients through two instances and two connection points."""

import os
import re
import shutil
import subprocess

import pytest
from conftest import ROOT, environment

SCRIPT = ROOT / "examples" / "python" / "run_gateway.py"


def run(python, *arguments):
    return subprocess.run(
        [python, SCRIPT, *arguments],
        capture_output=True,
        encoding="utf-8",
        env=environment(),
        timeout=120,
        check=False,
    )


def has_nginx():
    path = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin"])
    return all(shutil.which(name, path=path) for name in ("nginx", "curl", "openssl"))


def test_curl_and_openssl_are_served(python, tmp_path):
    if not has_nginx():
        pytest.skip("nginx, curl or openssl is not installed")
    done = run(python, tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    by_way_of = r"curl through instance {}: 200 127\.0\.0\.1 over CN=CP[12]\.contoso\.com"
    for line in (
        by_way_of.format(0),
        by_way_of.format(1),
        "curl without a certificate: 403 CMGService_Clientcertificaterequired",
        r"openssl s_client: New, TLSv1\.3, .*; HTTP/1\.1 200 OK",
        r"CP1 has stopped; curl: 200 127\.0\.0\.1 over CN=CP2\.contoso\.com",
        "instance 0: 3 requests, 3 handshakes, by way of CP2",
        "instance 1: 2 requests, 2 handshakes, by way of CP2",
    ):
        assert re.search(f"^{line}$", done.stdout, re.MULTILINE), (line, done.stdout)


def test_a_wrong_call_shows_how(python):
    done = run(python, "--help")
    assert done.returncode == 0
    assert "run_gateway.py [FOLDER]" in done.stdout


@pytest.mark.skipif(os.name == "nt", reason="a file stands for the folder in the Unix way")
def test_a_folder_that_cannot_be_is_told(python, tmp_path):
    (tmp_path / "file").write_text("", encoding="ascii")
    done = run(python, tmp_path / "file")
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
