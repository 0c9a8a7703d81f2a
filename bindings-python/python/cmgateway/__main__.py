"""The program `cmgateway`: `python -m cmgateway`, and the command that pip installs.

It runs an instance or a connection point of a gateway and analyzes one; `cmgateway help` tells how.
"""

import os
import signal
import sys

from ._native import _main


def main() -> int:
    """Runs the program with the arguments of this process and returns its exit code."""
    # Python's own handler would only note Ctrl-C and wait for the program to end.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    # What starts itself again, as a supervisor does, must start this command and not Python.
    command = os.path.join(
        os.path.dirname(sys.executable), "cmgateway.exe" if os.name == "nt" else "cmgateway"
    )
    if os.path.isfile(command):
        os.environ.setdefault("CMGATEWAY_PROGRAM", command)
    return _main(["cmgateway", *sys.argv[1:]])


if __name__ == "__main__":
    sys.exit(main())
