#!/usr/bin/env python3
"""Set the sub-CA thumbprints of a cloud management gateway: UpdateSubCAThumbprints.vbs in Python.

As the VBScript was called, message for message and exit code for exit code:

    update_subca_thumbprints.py <ServiceCName> <thumbprints, separated by ;>

The site then comes from --site or from the environment: CMGATEWAY_SITE, CMGATEWAY_TOKEN, CMGATEWAY_CA_FILE.
The list is written as it stands; --set, --add, --remove and --from-cert check first, show a plan, and read back:

    update_subca_thumbprints.py --site sqlite:site.db GraniteFalls.contoso.com --add subca2.cer --plan
"""

import argparse
import os
import sys

import cmgateway
from cmgateway.errors import Error

USAGE = "Usage: update_subca_thumbprints.py <ServiceCName> <SubCA cert thumbprints, separated by ;>"
QUERY = "SELECT * From SMS_AzureService WHERE ServiceType = 'CloudProxyService' AND ServiceCName = "


def options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("service_name", metavar="ServiceCName")
    parser.add_argument(
        "thumbprints", nargs="?", help="the whole list, separated by ; (as the VBScript took it)"
    )
    parser.add_argument(
        "--site", default=os.environ.get("CMGATEWAY_SITE"), help="sqlite:FILE or https://HOST/AdminService"
    )
    parser.add_argument(
        "--ca-file", default=os.environ.get("CMGATEWAY_CA_FILE"), help="CA of the AdminService"
    )
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


def connect(args: argparse.Namespace) -> cmgateway.Site:
    token = os.environ.get("CMGATEWAY_TOKEN")
    if args.token_file:
        with open(args.token_file, encoding="utf-8-sig") as file:
            token = file.read().strip()
    if not args.site:
        raise SystemExit(
            "no site: give --site or set CMGATEWAY_SITE (sqlite:FILE or https://HOST/AdminService)"
        )
    return cmgateway.connect(args.site, token=token or None, ca_file=args.ca_file)


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
    kind, sources = "set", args.set if args.set is not None else args.from_cert
    if args.add:
        kind, sources = "add", args.add
    elif args.remove:
        kind, sources = "remove", args.remove
    elif args.thumbprints is not None:
        sources = args.thumbprints.split(";")
    plan = sub_ca.plan(kind, sources)
    print(plan.to_json() if args.json else plan)
    if not args.plan:
        sub_ca.apply(plan)
        if plan.is_change and not args.json:
            print("  applied and read back")
    return 0


def main() -> int:
    """Tells the old call from the new ones; the exit code is 0, 1 for a failure, 2 for wrong options."""
    words = sys.argv[1:]
    if len(words) != 2 and not any(word.startswith("-") for word in words):
        print(USAGE)
        return 1
    args = options().parse_args(words)
    given = (args.thumbprints, args.set, args.add, args.remove, args.from_cert, args.list or None)
    if sum(way is not None for way in given) != 1:
        print(USAGE)
        return 1
    try:
        if args.thumbprints is not None and not (args.plan or args.json):
            return as_the_vbscript(args)
        return with_a_plan(args)
    except Error as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
