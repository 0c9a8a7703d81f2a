"""Speed of an embedded site from Python: `python tests/bench/bench_site.py [COUNT]`, a million instances by default.

Prints one line a measure: seconds, or a rate. Cold means a new connection after the file's pages were dropped from the
system's cache; warm is the median of three runs after it. Rows are filled in with plain SQL, so that setting the stage
takes seconds; the puts go through the site. Python's own `sqlite3` reading the same rows is the peer of the full read.
"""

import concurrent.futures
import contextlib
import functools
import http.client
import os
import resource
import sqlite3
import ssl
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import urlsplit

import cmgateway

COLUMNS = ("ResourceID", "Name", "Domain", "Client", "Build", "Created", "Site", "Memory")
CLASSES = """
class Bench_Computer { [key] uint32 ResourceID; string Name; string Domain; boolean Client; string Build;
    datetime Created; string Site; uint64 Memory; };
class Bench_Model { [key] uint32 ResourceID; string Model; };
"""
FILL = """WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1)
INSERT INTO instances_Bench_Computer (ResourceID, Name, Domain, Client, Build, Created, Site, Memory)
SELECT i, 'PC' || i, 'CONTOSO', i % 2, '10.0.' || (i % 100), '20260101000000.000000+000', 'GF1', i * 1024 FROM n"""
FILL_MODELS = """WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1)
INSERT INTO instances_Bench_Model (ResourceID, Model) SELECT i, 'Model ' || (i % 1000) FROM n"""


def plain(file):
    connection = sqlite3.connect(file)
    connection.create_collation("wmi_text", lambda a, b: (a > b) - (a < b))
    return connection


def forget(file):
    """Drops the file from the system's cache, as far as the system does it."""
    with contextlib.suppress(AttributeError), open(file, "rb") as opened:
        os.fsync(opened.fileno())
        os.posix_fadvise(opened.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def seconds(work):
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def processor(work):
    begun = time.process_time()
    work()
    return time.process_time() - begun


def report(what, value, unit):
    print(f"{what:<58} {value:>14,.6g} {unit}", flush=True)


def megabytes():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def first(rows, count):
    with rows:
        return [row for row, _ in zip(rows, range(count))]


def queries(file, count):
    middle = count // 2
    measures = {
        "query by key": lambda site: site.query(
            "SELECT * FROM Bench_Computer WHERE ResourceID = ?", middle
        ).all(),
        "query LIKE 'PC1234%', no index": lambda site: site.query(
            "SELECT * FROM Bench_Computer WHERE Name LIKE 'PC1234%'"
        ).all(),
        "join of two classes, 0.1% of the rows": lambda site: site.query(
            "SELECT c.Name, m.Model FROM Bench_Computer AS c INNER JOIN Bench_Model AS m "
            "ON m.ResourceID = c.ResourceID WHERE m.Model = 'Model 7'"
        ).all(),
        "ORDER BY Name, the first 100": lambda site: first(
            site.query("SELECT * FROM Bench_Computer ORDER BY Name"), 100
        ),
        "COUNT(*)": lambda site: site.query("SELECT COUNT(*) FROM Bench_Computer").all(),
    }
    for name, work in measures.items():
        forget(file)
        with cmgateway.connect(f"sqlite:{file}") as site:
            times = [seconds(functools.partial(work, site)) for _ in range(4)]
        report(f"{name}, cold", times[0], "s")
        report(f"{name}, warm", statistics.median(times[1:]), "s")


def full_read(file, count):
    def ours():
        with cmgateway.connect(f"sqlite:{file}") as site:
            assert sum(1 for _ in site.query("SELECT * FROM Bench_Computer")) == count

    def ours_with_values():
        with cmgateway.connect(f"sqlite:{file}") as site:
            for row in site.query("SELECT * FROM Bench_Computer"):
                row.Name, row.Memory, row.Client  # noqa: B018

    def theirs():
        connection = plain(file)
        names = ", ".join(COLUMNS)
        assert sum(1 for _ in connection.execute(f"SELECT {names} FROM instances_Bench_Computer")) == count

    theirs()
    before = megabytes()
    kinds = {"plain sqlite3": theirs, "rows alone": ours, "three values of each": ours_with_values}
    # Interleaved, and in time of the processor, so that a busy machine does not tilt the ratio.
    runs = [{name: processor(work) for name, work in kinds.items()} for _ in range(3)]
    took = {name: statistics.median(run[name] for run in runs) for name in kinds}
    for name, time_taken in took.items():
        report(f"full read, {name} (processor)", time_taken / count * 1e6, "us a row")
    report("full read, ratio to plain sqlite3", took["rows alone"] / took["plain sqlite3"], "times")
    report("full read, rows alone (clock)", seconds(ours) / count * 1e6, "us a row")
    report("full read, growth of the peak memory", megabytes() - before, "MiB")


def put(file, start, count):
    with cmgateway.connect(f"sqlite:{file}") as site:
        for number in range(start, start + count):
            site.new("Bench_Computer", ResourceID=number, Name=f"new{number}", Client=True).put_(
                "create_only"
            )


def puts(file, count, each=500):
    report("put, one process", each / seconds(lambda: put(file, count + 1, each)), "a second")

    def four():
        commands = [
            [sys.executable, __file__, "--put", str(file), str(count + each * (process + 2)), str(each)]
            for process in range(4)
        ]
        running = [subprocess.Popen(command) for command in commands]
        assert [process.wait() for process in running] == [0] * 4

    report("put, four processes together", 4 * each / seconds(four), "a second")


def serve(file, folder):
    with cmgateway.connect(f"sqlite:{file}") as site:
        files = {"certificate_file": f"{folder}/server.pem", "key_file": f"{folder}/server.key"}
        with site.serve(token="bench", **files) as server:
            print(server.url, flush=True)
            sys.stdin.readline()
            print(megabytes(), flush=True)


def requests(file, folder, count, each=1000, clients=4):
    pki = cmgateway.cert.DevelopmentPki()
    pki.write_to(folder)
    command = [sys.executable, __file__, "--serve", str(file), str(folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8") as server:
        url = urlsplit(server.stdout.readline().strip())

        def client(number):
            context = ssl.create_default_context(cadata=(folder / "root.cer").read_bytes())
            context.check_hostname = False
            connection = http.client.HTTPSConnection(url.hostname, url.port, context=context)
            for request in range(each):
                key = (number * each + request) % count + 1
                path = f"{url.path.rstrip('/')}/wmi/Bench_Computer({key})".replace("/wmi/wmi/", "/wmi/")
                connection.request("GET", path, headers={"Authorization": "Bearer bench"})
                answer = connection.getresponse()
                assert (answer.status, bool(answer.read())) == (200, True)

        def run():
            with concurrent.futures.ThreadPoolExecutor(clients) as pool:
                list(pool.map(client, range(clients)))

        report(f"AdminService: GET by key, {clients} connections", clients * each / seconds(run), "a second")
        memory = server.communicate("\n")[0]
        report("AdminService: peak memory of the server", float(memory), "MiB")


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "bench.db"
        with cmgateway.create_site(file, "GF1") as site:
            site.compile_mof(CLASSES)
        connection = plain(file)
        with connection:
            connection.execute(FILL, [count])
            connection.execute(FILL_MODELS, [count])
        connection.close()
        print(f"{count:,} instances of two classes each, {file.stat().st_size >> 20} MiB")
        queries(file, count)
        full_read(file, count)
        puts(file, count)
        requests(file, Path(folder), count)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--put"]:
        put(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
    elif sys.argv[1:2] == ["--serve"]:
        serve(sys.argv[2], sys.argv[3])
    else:
        main()
