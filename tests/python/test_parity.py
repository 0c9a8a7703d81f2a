"""Rust, Python and Lua say the same: each row of tests/parity/api.toml against stub, package and Rust source."""

import pytest
from conftest import ROOT
from test_documentation import documented

import cmgateway

try:
    import tomllib
except ImportError:
    import tomli as tomllib

ROWS = tomllib.loads((ROOT / "tests" / "parity" / "api.toml").read_text(encoding="utf-8"))["api"]
RUST = "".join(file.read_text(encoding="utf-8") for file in sorted((ROOT / "core" / "src").rglob("*.rs")))
STUB = dict(documented("_native.pyi"))


@pytest.mark.parametrize("row", ROWS, ids=[row["python"] for row in ROWS])
def test_the_stub_begins_with_the_summary(row):
    name = row["python"]
    item = cmgateway
    for part in name.split("."):
        item = getattr(item, part)
    stub_name = name.removeprefix("cert.").removeprefix("wmi.").removeprefix("azure.")
    assert stub_name in STUB, f"{name} is not in the stub"
    assert (STUB[stub_name] or "").splitlines()[0] == row["summary"]


@pytest.mark.parametrize("row", ROWS, ids=[row["rust"] for row in ROWS])
def test_rust_begins_with_the_summary(row):
    assert f"/// {row['summary']}\n" in RUST
