"""While a call waits, other threads run, and Ctrl-C ends it."""

import os
import signal
import socket
import subprocess
import sys
import textwrap
import threading
import time

import pytest
from conftest import environment, put_gateway

import cmgateway
from cmgateway.errors import StoppedError

HOLD_LOCK = """
import sqlite3, sys
site = sqlite3.connect(sys.argv[1])
site.execute("BEGIN IMMEDIATE")
print("held", flush=True)
sys.stdin.read()
"""

WAIT_FOR_LOCK = """
import sys, cmgateway
site = cmgateway.connect("sqlite:" + sys.argv[1])
print("ready", flush=True)
try:
    site.put(site.new("SMS_AzureService", Name="late"))
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""

WAIT_FOR_ANSWER = """
import sys, cmgateway
site = cmgateway.connect("https://127.0.0.1:" + sys.argv[1] + "/AdminService", token="x")
print("ready", flush=True)
try:
    site.code()
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""


READ_FILE = """
import sys, cmgateway
file = sys.argv[1]
print("ready", flush=True)
try:
    cmgateway.cert.load_cer(file)
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""

PLAN_WITH_FILE = """
import sys, cmgateway
sub_ca = cmgateway.connect("sqlite:" + sys.argv[1] + ".db").gateways()[0].sub_ca
print("ready", flush=True)
try:
    sub_ca.plan("add", sys.argv[1])
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""


@pytest.fixture
def lock(site, tmp_path):
    """Another process that holds the site file until it is closed; in our own one, locks do not stop us."""
    pytest.importorskip("sqlite3")
    command = [sys.executable, "-c", HOLD_LOCK, str(tmp_path / "site.db")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout.readline() == "held\n"
        yield other
        other.stdin.close()


def interrupt(script, argument):
    """Runs a script that waits, presses Ctrl-C, and gives what it says and how long that took."""
    # A shell that runs the tests in its background has them ignore Ctrl-C, and their children with them.
    heard = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
    command = [sys.executable, "-c", heard + textwrap.dedent(script), str(argument)]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment())
    try:
        assert child.stdout.readline() == "ready\n"
        time.sleep(0.5)  # until the child is inside the call; a shorter one would only make the test weaker
        assert child.poll() is None
        start = time.monotonic()
        child.send_signal(signal.SIGINT)
        said = child.stdout.readline()
        return said, time.monotonic() - start
    finally:
        child.kill()
        child.wait()
        child.stdout.close()


@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C reaches a whole console on Windows")
@pytest.mark.usefixtures("lock")
def test_ctrl_c_ends_a_wait_for_a_lock(tmp_path):
    said, seconds = interrupt(WAIT_FOR_LOCK, tmp_path / "site.db")
    assert said == "interrupted\n"
    assert seconds < 1


@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C reaches a whole console on Windows")
def test_ctrl_c_ends_a_wait_for_a_server_that_never_answers():
    with socket.create_server(("127.0.0.1", 0)) as server:
        said, seconds = interrupt(WAIT_FOR_ANSWER, server.getsockname()[1])
    assert said == "interrupted\n"
    assert seconds < 1


@pytest.mark.parametrize("script", [READ_FILE, PLAN_WITH_FILE])
def test_ctrl_c_ends_a_wait_for_a_file(tmp_path, certificates, script):
    fcntl = pytest.importorskip("fcntl")
    if not hasattr(fcntl, "F_SETLEASE"):
        pytest.skip("this system has no leases, which make an open wait")
    file = tmp_path / "held"
    put_gateway(cmgateway.create_site(tmp_path / "held.db", "GF1"))
    file.write_bytes((certificates / "subca1.cer").read_bytes())
    with file.open("r+b") as held:
        before = signal.signal(
            signal.SIGIO, signal.SIG_IGN
        )  # what the system asks us to give the file back with
        try:
            fcntl.fcntl(held, fcntl.F_SETLEASE, fcntl.F_WRLCK)
        except OSError:
            signal.signal(signal.SIGIO, before)
            pytest.skip("this file system has no leases")
        try:
            said, seconds = interrupt(script, file)
        finally:
            fcntl.fcntl(held, fcntl.F_SETLEASE, fcntl.F_UNLCK)
            signal.signal(signal.SIGIO, before)
    assert said == "interrupted\n"
    assert seconds < 1


def test_other_threads_run_while_a_call_waits(site, lock):
    done = threading.Event()
    writer = threading.Thread(target=lambda: (put_gateway(site), done.set()))
    writer.start()
    # Were the GIL held, this thread would stand still until the put is over, and the lock with it.
    turns = 0
    end = time.monotonic() + 0.5
    while time.monotonic() < end:
        turns += 1
    assert not done.is_set()
    lock.stdin.close()
    writer.join(10)
    assert done.is_set()
    assert turns > 1000


def test_other_threads_run_while_many_certificates_are_read(pki):
    content = pki.sub_cas[0].certificate_pem.encode() * 9000
    started, seconds = threading.Event(), []

    def read():
        started.set()
        start = time.monotonic()
        cmgateway.cert.load_cer(content)
        seconds.append(time.monotonic() - start)

    reader = threading.Thread(target=read)
    reader.start()
    started.wait()
    longest, last = 0, time.monotonic()
    while not seconds:
        now = time.monotonic()
        longest, last = max(longest, now - last), now
    reader.join()
    # With the GIL held, this thread would have stood still nearly all the time.
    assert longest < seconds[0] / 2


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_connection_does_not_cross_a_fork_and_a_new_one_works(site, tmp_path):
    put_gateway(site)
    child = os.fork()
    if child == 0:
        answer = 1
        try:
            try:
                site.code()
            except StoppedError as error:
                answer = 0 if "fork" in str(error) else 2
            if cmgateway.connect(f"sqlite:{tmp_path / 'site.db'}").code() != "GF1":
                answer = 3
        finally:
            os._exit(answer)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert site.code() == "GF1"
