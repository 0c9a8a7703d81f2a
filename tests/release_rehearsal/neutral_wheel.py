"""Takes the folder that a wheel was built in out of its list of contents, so that any folder gives the same wheel.

    python neutral_wheel.py WHEEL FOLDER

Maturin names the packages of the checkout by their folders there, which would also tell everybody where that lay.
"""

import base64
import hashlib
import os
import sys
import zipfile
from pathlib import Path


def line_of_record(name: str, content: bytes) -> str:
    digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
    return f"{name},sha256={digest},{len(content)}"


def main() -> None:
    wheel, folder = Path(sys.argv[1]), Path(sys.argv[2]).resolve()
    with zipfile.ZipFile(wheel) as archive:
        members = {info.filename: (info, archive.read(info)) for info in archive.infolist()}
    lists = {}
    for name, (info, content) in members.items():
        if name.endswith(".cyclonedx.json"):
            neutral = content.replace(
                f"path+{folder.as_uri()}/".encode(), f"path+file:///{folder.name}/".encode()
            )
            lists[name], members[name] = line_of_record(name, neutral), (info, neutral)
    (record,) = (name for name in members if name.endswith(".dist-info/RECORD"))
    lines = members[record][1].decode().splitlines()
    lines = [lists.get(line.split(",")[0], line) for line in lines]
    members[record] = (members[record][0], "".join(f"{line}\n" for line in lines).encode())
    written = wheel.with_suffix(".new")
    with zipfile.ZipFile(written, "w") as archive:
        for info, content in members.values():
            archive.writestr(info, content)
    os.replace(written, wheel)


main()
