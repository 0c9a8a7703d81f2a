"""A little of everything, with the standard library alone: run under each Python that this machine has.

`python smoke.py FOLDER`: the package lies in FOLDER, as it does in site-packages.
"""

import asyncio
import os
import subprocess
import sys
import tempfile

sys.path.insert(0, sys.argv[1])

import cmgateway
from cmgateway import aio, errors

NAME = "GraniteFalls.contoso.com"


async def names(address):
    async with await aio.connect(address) as site:
        return [row.ServiceCName async for row in await site.query("SELECT * FROM SMS_AzureService")]


def check(folder):
    file = os.path.join(folder, "site.db")
    with cmgateway.create_site(file, "GF1") as site:
        site.put(site.new("SMS_AzureService", ServiceCName=NAME, ServiceType="CloudProxyService"))
        pki = cmgateway.cert.DevelopmentPki()
        pki.write_to(os.path.join(folder, "pki"))
        done = site.gateway(NAME).sub_ca.add([os.path.join(folder, "pki", "subca1.cer")])
        assert "1 to add" in str(done), done
        assert site.gateway(NAME).sub_ca.list()[0] == pki.sub_cas[0].certificate.thumbprint
        with site.query("SELECT ServiceCName FROM SMS_AzureService WHERE ServiceCName = ?", NAME) as rows:
            assert [row.ServiceCName for row in rows] == [NAME]
        try:
            site.query("SELEKT")
        except errors.ConfigError as error:
            assert str(error).startswith("could not "), error  # noqa: PT017, no pytest here
        else:
            raise AssertionError("a query of nonsense is taken")
    assert asyncio.run(names("sqlite:" + file)) == [NAME]


with tempfile.TemporaryDirectory() as temporary:
    check(temporary)
environment = dict(os.environ, PYTHONPATH=sys.argv[1])
command = [sys.executable, "-m", "cmgateway", "--version"]
version = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True, text=True)
assert version.stdout == f"cmgateway {cmgateway.__version__}\n", version.stdout
print(f"Python {sys.version.split()[0]}: cmgateway {cmgateway.__version__} works")
