"""examples/porting: every VBScript has its Python counterpart, and it does on a copy what the VBScript does."""

import subprocess

import pytest
from conftest import ROOT, environment

import cmgateway

FOLDER = ROOT / "examples" / "porting"
STORED = {
    "05_collection_rule": (
        "SMS_Collection.CollectionID='GF100001'",
        lambda it: (len(it.CollectionRules), it.CollectionRules[0].QueryExpression),
        (3, 'SELECT * FROM SMS_R_System WHERE Name LIKE "SRV[0-9]%"'),
    ),
    "06_site_control_property": (
        "SMS_SCI_Component.FileType=2,ItemName='SMS_NETWORK_DISCOVERY|CM1',ItemType='Component',SiteCode='GF1'",
        lambda it: [(prop.PropertyName, prop.Value) for prop in it.Props],
        [("Discovery Enabled", 1), ("Period", 7)],
    ),
    "07_maintenance_window": (
        "SMS_CollectionSettings.CollectionID='GF100001'",
        lambda it: [(window.Name, window.IsEnabled) for window in it.ServiceWindows],
        [("Saturday night", True)],
    ),
    "09_import_with_a_returned_object": (
        "SMS_Driver.CI_ID=17",
        lambda it: (it.ContentSourcePath, it.IsEnabled),
        ("\\\\cm1\\drivers", True),
    ),
}


def cases():
    table = (ROOT / "tests" / "parity" / "porting_guide.txt").read_text(encoding="utf-8")
    for block in table.split("\n\n"):
        lines = [line.partition(" ") for line in block.splitlines() if not line.startswith("#")]
        if lines:
            yield [(key, text) for key, _, text in lines]


CASES = list(cases())


@pytest.fixture
def copy(tmp_path):
    with cmgateway.create_site(tmp_path / "copy.db", "GF1") as site:
        site.compile_mof_file(FOLDER / "rehearsal.mof")
        yield site


def texts(case, key):
    return [text for name, text in case if name == key]


def command(python, script, *words):
    return [python, FOLDER / f"{script}.py", *words]


def variables(site):
    return {**environment(), "CMGATEWAY_REHEARSE": site.address}


@pytest.mark.parametrize("case", CASES, ids=[case[0][1] for case in CASES])
def test_a_script_does_what_the_table_says(case, copy, python):
    script = case[0][1]
    done = subprocess.run(
        command(python, script, *texts(case, "word")),
        capture_output=True,
        encoding="utf-8",
        env=variables(copy),
        timeout=60,
        check=False,
    )
    assert (done.stdout.splitlines(), done.stderr) == (
        [line.replace("<TAB>", "\t") for line in texts(case, "out")],
        "",
    )
    assert done.returncode == int((texts(case, "code") or ["0"])[0])
    if script in STORED:
        path, read, expected = STORED[script]
        assert read(copy.get(path)) == expected
    if script == "10_delete":
        left = copy.query("SELECT * FROM SMS_Collection").all()
        assert [collection.CollectionID for collection in left] == ["GF100001"]


def test_the_watch_sees_what_is_made_meanwhile(copy, python):
    with subprocess.Popen(
        command(python, "11_watch", "cm1"), stdout=subprocess.PIPE, encoding="utf-8", env=variables(copy)
    ) as script:
        assert script.stdout.readline() == "Watching\n"
        copy.new("SMS_Collection", CollectionID="GF100009", Name="Fresh").put_()
        assert script.stdout.read() == "New collection Fresh\n"
        assert script.wait(30) == 0


def test_every_script_is_there_in_three_languages():
    names = {path.stem for path in FOLDER.glob("[0-9]*.vbs")}
    assert len(names) == 12
    for ending in ("py", "lua"):
        assert {path.stem for path in FOLDER.glob(f"[0-9]*.{ending}")} == names
    tried = {case[0][1] for case in CASES} | {"11_watch"}
    assert tried == names
    guide = (FOLDER / "README.md").read_text(encoding="utf-8")
    for name in names:
        assert f"[{name}.vbs]({name}.vbs)" in guide
