"""Every example of the stub and of errors.py runs as it is printed, and its result is as it is printed."""

import ast
import doctest
import inspect

import pytest
from conftest import ROOT

import cmgateway

PACKAGE = ROOT / "bindings-python" / "python" / "cmgateway"


def documented(file):
    """Each documented item of a file, `Class.method` or `function`, with its text."""
    tree = ast.parse((PACKAGE / file).read_text(encoding="utf-8"))
    for node in tree.body:
        if isinstance(node, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node.name, ast.get_docstring(node)
            for child in node.body if isinstance(node, ast.ClassDef) else []:
                if isinstance(child, ast.FunctionDef):
                    yield f"{node.name}.{child.name}", ast.get_docstring(child)


ITEMS = [(name, text) for file in ("_native.pyi", "errors.py") for name, text in documented(file)]
EXAMPLES = [(name, text) for name, text in ITEMS if text and ">>>" in text]


@pytest.mark.parametrize(("name", "text"), EXAMPLES, ids=[name for name, _ in EXAMPLES])
def test_examples_run(lab, name, text):
    names = {"cmgateway": cmgateway, "site": cmgateway.connect("sqlite:lab.db")}
    test = doctest.DocTestParser().get_doctest(text, names, name, None, None)
    said = []
    result = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(test, out=said.append)
    assert result.attempted
    assert not result.failed, "".join(said)


def test_every_public_item_is_documented_and_every_function_and_class_has_an_example():
    for name, text in ITEMS:
        member = name.rpartition(".")[2]
        if member.startswith("_"):
            continue
        assert text, name
        assert text.splitlines()[0].endswith("."), f"{name}: the first sentence fills the first line"
        cmgateway_item = getattr(cmgateway._native, name.partition(".")[0], None)
        if "." not in name and cmgateway_item is not None:
            assert ">>>" in text, f"{name} has no example"


def test_what_help_shows_begins_as_the_stub_does():
    for name, text in ITEMS:
        item = cmgateway._native
        for part in name.split("."):
            item = getattr(item, part, None)
        if text and item is not None and not name.rpartition(".")[2].startswith("_"):
            shown = inspect.getdoc(item)
            assert shown, name
            assert shown.splitlines()[0] == text.splitlines()[0], name
