"""Looks at a gateway once, and tells what has changed since the last run: to standard output, a webhook, or by mail.

Meant for cron or the task scheduler. What was told is kept in a file for each recipient, so that each change is told
once, and once more when it is over. A recipient that cannot be reached is told with the next run.

    tell_notices.py --site sqlite:site.db GraniteFalls.contoso.com
    tell_notices.py --site sqlite:site.db --webhook https://hooks.contoso.com/cmg --secret-file hook GF.contoso.com
    tell_notices.py --site sqlite:site.db --mail smtp.contoso.com --from a@contoso.com --to b@contoso.com GF.contoso.com
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Union

import cmgateway

To = Union[cmgateway.Webhook, cmgateway.Mail, Callable[[list[dict[str, Any]]], object]]


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("service_name")
    parser.add_argument(
        "--site", required=True, help="the embedded site that the gateway writes its traffic to"
    )
    parser.add_argument("--connection-point", help="its settings file: what of it ends soon is told")
    parser.add_argument("--kept", type=Path, default=Path("."), help="the folder for what was told so far")
    parser.add_argument("--webhook", help="an https: address")
    parser.add_argument("--secret-file", type=Path, help="what signs the webhook's messages")
    parser.add_argument("--mail", help="a mail server with STARTTLS, host or host:port")
    parser.add_argument("--from", dest="sender")
    parser.add_argument("--to", action="append", default=[])
    given = parser.parse_args()
    if given.webhook and not given.secret_file:
        parser.error("--webhook needs --secret-file")
    if given.mail and not (given.sender and given.to):
        parser.error("--mail needs --from and --to")
    return given


def printed(notices: list[dict[str, Any]]) -> None:
    for notice in notices:
        word = "over" if notice["is_recovery"] else notice["level"]
        print(notice["at"], word, notice["id"], notice["text"], sep="\t")


def recipients(given: argparse.Namespace) -> Iterator[tuple[str, To]]:
    yield "stdout", printed
    if given.webhook:
        yield (
            "webhook",
            cmgateway.Webhook(given.webhook, given.secret_file.read_text(encoding="utf-8").strip()),
        )
    if given.mail:
        yield "mail", cmgateway.Mail(given.mail, given.sender, given.to)


def main() -> int:
    given = arguments()
    report = cmgateway.connect(given.site).gateway(given.service_name).monitor.check()
    warnings = cmgateway.expiry_warnings(connection_point_file=given.connection_point)
    failed = False
    for name, to in recipients(given):
        file = given.kept / f"told-{name}.json"
        known = file.exists()
        notices = cmgateway.Notices.from_json(file.read_text("utf-8")) if known else cmgateway.Notices()
        try:
            notices.tell(to, report=report, warnings=warnings)
        except cmgateway.errors.Error as error:
            print(f"{name}: {error}", file=sys.stderr)
            failed = True
        file.write_text(notices.to_json(), encoding="utf-8")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
