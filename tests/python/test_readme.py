"""The README's Python is run as it stands, on a site of the test's own."""

import re

from conftest import NAME, ROOT, A


def test_the_python_of_the_readme_runs(lab, capsys):
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    names = {"address": "sqlite:lab.db", "token": None, "service_name": NAME, "thumbprints": A}
    exec(compile(block, "README.md", "exec"), names)
    after = names["site"].gateway(NAME).sub_ca.list()
    assert len(after) == 3
    assert str(after).startswith(A)
    assert "2 to add, 0 to remove, 1 kept" in capsys.readouterr().out
