#!/usr/bin/env python3
"""Set the sub-CA thumbprints of a cloud management gateway: UpdateSubCAThumbprints.vbs in Python.

As the VBScript was called, message for message and exit code for exit code:

    update_subca_thumbprints.py <ServiceCName> <thumbprints, separated by ;>

The site then comes from --site or from the environment: CMGATEWAY_SITE, CMGATEWAY_TOKEN, CMGATEWAY_CA_FILE.
The list is written as it stands; --set, --add, --remove and --from-cert check first, show a plan, and read back:

    update_subca_thumbprints.py --site sqlite:site.db GraniteFalls.contoso.com --add subca2.cer --plan
"""

import argparse
import io
import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, Union

import cmgateway
from cmgateway.cert import Thumbprint
from cmgateway.errors import Error

USAGE = "Usage: update_subca_thumbprints.py <ServiceCName> <SubCA cert thumbprints, separated by ;>"
QUERY = "SELECT * From SMS_AzureService WHERE ServiceType = 'CloudProxyService' AND ServiceCName = "


def options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    parser.add_argument("service_name", metavar="ServiceCName")
    parser.add_argument(
        "thumbprints", nargs="?", help="the whole list, separated by ; (as the VBScript took it)"
    )
    parser.add_argument(
        "--site", default=os.environ.get("CMGATEWAY_SITE"), help="sqlite:FILE or https://HOST/AdminService"
    )
    parser.add_argument("--ca-file", help="CA of the AdminService (else CMGATEWAY_CA_FILE)")
    parser.add_argument("--token-file", help="file with the bearer token (else CMGATEWAY_TOKEN)")
    parser.add_argument("--set", nargs="*", metavar="SUBCA", help="make the list exactly these")
    parser.add_argument(
        "--add", nargs="+", metavar="SUBCA", help="add these: thumbprints or certificate files"
    )
    parser.add_argument("--remove", nargs="+", metavar="SUBCA", help="remove these")
    parser.add_argument(
        "--from-cert", nargs="+", metavar="FILE", help="the list, taken from certificate files"
    )
    parser.add_argument("--list", action="store_true", help="print the list, one thumbprint a line")
    parser.add_argument("--plan", action="store_true", help="show what would change, and change nothing")
    parser.add_argument("--json", action="store_true", help="print the plan as JSON")
    return parser


def read(words: Sequence[str]) -> argparse.Namespace:
    """Options may stand before, between and after the name and the list; after `--` there are none."""
    parser = options()
    at = words.index("--") if "--" in words else len(words)
    for word in words[:at]:
        if re.match(r"-[^-]", word) and word != "-h":  # argparse takes -5 for a value
            parser.error(f"unrecognized arguments: {word}")
    return parser.parse_intermixed_args(words)


def connect(args: argparse.Namespace) -> cmgateway.Site:
    if not args.site:
        raise SystemExit(
            "no site: give --site or set CMGATEWAY_SITE (sqlite:FILE or https://HOST/AdminService)"
        )
    token, ca_file = None, args.ca_file
    if args.site.lower().startswith(
        "https:"
    ):  # a site file takes neither; the environment may still have them
        token = os.environ.get("CMGATEWAY_TOKEN")
        ca_file = ca_file or os.environ.get("CMGATEWAY_CA_FILE")
    if args.token_file:
        with open(args.token_file, encoding="utf-8-sig") as file:
            token = file.read().strip()
    return cmgateway.connect(args.site, token=token or None, ca_file=ca_file or None)


def warn_of_what_is_no_thumbprint(text: str) -> None:
    """The old call takes any text, as the VBScript did; a slip is at least said."""
    items = text.split(";")
    for number, item in enumerate(items, 1):
        try:
            Thumbprint.from_hex(item)
        except Error as error:
            print(f"warning: item {number} of {len(items)} is no thumbprint: {error.cause}", file=sys.stderr)


def as_the_vbscript(args: argparse.Namespace) -> int:
    """Line for line what the VBScript did, with the `Put_` that the published page lost."""
    print("Searching for SMS Provider for local site...")
    site = connect(args)
    site_code = ""
    for location in site.query("SELECT * From SMS_ProviderLocation WHERE ProviderForLocalSite = true"):
        site_code = location.SiteCode
    if not site_code:
        print("Failed to locate SMS provider.")
        return 1
    print("SiteCode = " + site_code)

    print("Run WQL query: " + QUERY + "'" + args.service_name + "'")
    # The name goes in as a value: a quote in it cannot change the query, as it could in the VBScript.
    services = site.query(QUERY + "?", args.service_name).all()
    if not services:
        print("Failed to get Azure_Service instance.")
        return 1
    if len(services) > 1:  # the VBScript silently took the last one
        print(f"could not update: the site has {len(services)} gateways of this name", file=sys.stderr)
        return 1
    service = services[0]
    if service.ServiceCName.lower() != args.service_name.lower():
        print(f"could not update: the site answered with {service.ServiceCName}", file=sys.stderr)
        return 1

    warn_of_what_is_no_thumbprint(args.thumbprints)
    print("Update [SubCACertThumbprint] to " + args.thumbprints)
    service.SubCACertThumbprint = args.thumbprints
    site.put(service)
    print("[SubCACertThumbprint] is updated successfully.")
    return 0


def with_a_plan(args: argparse.Namespace) -> int:
    """Checks, shows what changes, changes it, reads back."""
    sub_ca = connect(args).gateway(args.service_name).sub_ca
    if args.list:
        stored = sub_ca.list()
        print("\n".join([str(item) for item in stored] + stored.others) or "the list is empty")
        return 0
    kind: Literal["set", "add", "remove"] = "set"
    sources: Union[str, Sequence[Union[str, Path]]]
    if args.add is not None:
        kind, sources = "add", args.add
    elif args.remove is not None:
        kind, sources = "remove", args.remove
    elif args.from_cert is not None:
        sources = [Path(file) for file in args.from_cert]  # a path is a file, never a thumbprint
    else:
        sources = args.thumbprints if args.set is None else args.set
    plan = sub_ca.plan(kind, sources)
    print(plan.to_json() if args.json else plan)
    if not args.plan:
        sub_ca.apply(plan)
        if plan.is_change and not args.json:
            print("  applied and read back")
    return 0


def main(words: Sequence[str]) -> int:
    """Tells the old call from the new ones; the exit code is 0, 1 for a failure, 2 for wrong options."""
    if len(words) != 2 and not any(word.startswith("-") for word in words):
        print(USAGE)
        return 1
    args = read(words)
    given = (args.thumbprints, args.set, args.add, args.remove, args.from_cert, args.list or None)
    if sum(way is not None for way in given) != 1:
        print(USAGE)
        return 1
    if args.thumbprints is not None and not (args.plan or args.json):
        return as_the_vbscript(args)
    return with_a_plan(args)


def run() -> int:
    """The exit code; what goes wrong is one line on standard error."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a console may not have every character
            stream.reconfigure(errors="backslashreplace")
    try:
        code = main(sys.argv[1:])
        sys.stdout.flush()
        return code
    except BrokenPipeError:
        # Whoever read the output has seen enough; Python flushes once more when it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except (Error, OSError, UnicodeError) as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(run())
