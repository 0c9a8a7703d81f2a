"""What one trivial call costs, beside one of a plain C extension: `python tests/bench/bench_calls.py [LUA ...]`.

Each interpreter of Lua that is named runs the other half, with the module on its LUA_CPATH. Median of interleaved
rounds, in nanoseconds.
"""

import datetime
import statistics
import subprocess
import sys
import timeit
import zlib

import cmgateway

CALLS = 200_000
ROUNDS = 9

LUA = """
local cmgateway = require "cmgateway"
local file = os.tmpname() .. ".db"
local site = assert(cmgateway.create_site(file, "GF1"))
local calls = { { "site.address", function() return site.address end },
    { "string.upper (C)", function() return ("SMS_Site"):upper() end } }
local times = {}
for _ = 1, 9 do
    for at, call in ipairs(calls) do
        local run, before = call[2], os.clock()
        for _ = 1, 200000 do run() end
        times[at] = times[at] or {}
        table.insert(times[at], (os.clock() - before) / 200000 * 1e9)
    end
end
for at, call in ipairs(calls) do
    table.sort(times[at])
    print(("%s %.0f"):format((call[1]:gsub(" ", "_")), times[at][5]))
end
site:close()
os.remove(file)
"""


def show(where, measured):
    (ours, mine), (theirs, plain) = measured
    print(f"{where}: {ours} {mine:.0f} ns, {theirs} {plain:.0f} ns, ratio {mine / plain:.2f}")


def main():
    path = cmgateway.ObjectPath("SMS_Site.SiteCode='GF1'")
    day = datetime.timedelta(days=1)
    pairs = [
        ("path.class_name", lambda: path.class_name, "timedelta.days", lambda: day.days),
        ("is_same_path", lambda: path == path, "zlib.crc32", lambda: zlib.crc32(b"x")),
    ]
    for ours, mine, theirs, plain in pairs:
        times = ([], [])
        for _ in range(ROUNDS):
            for kept, call in zip(times, (mine, plain)):
                kept.append(timeit.timeit(call, number=CALLS) / CALLS * 1e9)
        show("Python", [(ours, statistics.median(times[0])), (theirs, statistics.median(times[1]))])
    for interpreter in sys.argv[1:]:
        done = subprocess.run([interpreter, "-e", LUA], check=True, capture_output=True, text=True)
        lines = [line.split() for line in done.stdout.splitlines()]
        show(interpreter, [(name, float(time)) for name, time in lines])


if __name__ == "__main__":
    main()
