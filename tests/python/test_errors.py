"""A script can tell errors apart by class, and ask whose fault they are and whether to try again."""

import pickle

import pytest
from conftest import ROOT

import cmgateway
from cmgateway import errors

RUST = (ROOT / "core" / "src" / "error.rs").read_text(encoding="utf-8")
KINDS = [line.split('"')[1] for line in RUST.splitlines() if "ErrorKind::" in line and '=> "' in line]


def class_of(kind):
    return getattr(errors, "".join(word.capitalize() for word in kind.split("_")) + "Error")


def test_there_are_eleven_kinds():
    assert len(KINDS) == 11


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_a_class_below_error(kind):
    child = class_of(kind)
    assert issubclass(child, errors.Error)
    assert child.kind == kind
    assert child.__name__ in errors.__all__
    made = errors._make(kind, "could not x: y", "x", "y", "us", 0.5, {"a": "b"})
    assert type(made) is child
    assert str(made) == "could not x: y"
    back = pickle.loads(pickle.dumps(made))
    assert (type(back), str(back), back.__dict__) == (child, str(made), made.__dict__)
    assert (back.operation, back.cause, back.fault, back.retry_after) == ("x", "y", "us", 0.5)


def test_a_timeout_is_pythons_too():
    assert issubclass(errors.TimedOutError, TimeoutError)


def test_an_error_says_everything(site):
    with pytest.raises(errors.NotFoundError) as caught:
        site.gateway("nowhere")
    error = caught.value
    assert str(error) == f"could not {error.operation}: {error.cause}"
    assert "\n" not in str(error)
    assert (error.kind, error.fault, error.retry_after, error.context) == ("not_found", "caller", None, {})
    assert isinstance(error, cmgateway.Error)
