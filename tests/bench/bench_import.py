"""How long `import cmgateway` takes, and how large the package is: `python tests/bench/bench_import.py [WHEEL]`.

Each import is a process of its own; one that imports nothing is taken off. CPU time, since machines are busy.
"""

import os
import resource
import statistics
import subprocess
import sys
from pathlib import Path

RUNS = 15


def cpu_seconds(code):
    """User and system time of a Python that runs this."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", code], check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main():
    measured = {"pass": [], "import cmgateway": [], "import cmgateway.aio": []}
    for _ in range(RUNS):
        for code, times in measured.items():
            times.append(cpu_seconds(code))
    nothing = statistics.median(measured.pop("pass"))
    print(f"an empty Python: {nothing * 1000:.1f} ms")
    for code, times in measured.items():
        print(f"{code}: {(statistics.median(times) - nothing) * 1000:.1f} ms more")

    import cmgateway._native

    library = os.path.getsize(cmgateway._native.__file__)
    print(f"native library: {library / 1e6:.1f} MB")
    for wheel in sys.argv[1:]:
        print(f"{Path(wheel).name}: {os.path.getsize(wheel) / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
