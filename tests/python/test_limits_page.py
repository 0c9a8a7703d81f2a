"""The guide's table of limits is made from the code: `python tests/python/test_limits_page.py` writes it anew."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "core" / "src" / "limits.rs"
PAGE = ROOT / "core" / "src" / "guide" / "limits.md"
HEAD = """\
Every limit, with its value.

This page is made from `core/src/limits.rs` by `python tests/python/test_limits_page.py`; a test compares them. The
unit stands in the value, or in what the limit is for.

| limit | value | what it is for |
| --- | --- | --- |
"""
CONSTANT = re.compile(
    r"((?:^ *///.*\n)+)^ *pub(?:\([a-z]+\))? const ([A-Z0-9_]+): [^=]+=\s*([^;]+);", re.MULTILINE
)


def value(name, expression):
    """How a person writes it."""
    text = " ".join(expression.split())
    duration = re.fullmatch(r"Duration::from_(secs|millis)\(([^)]*)\)", text)
    if duration:
        count = number(duration[2])
        if duration[1] == "millis":
            return f"{count:,} ms"
        for size, unit in ((86_400, "days"), (3_600, "hours"), (60, "minutes")):
            if count >= 2 * size and count % size == 0:
                return f"{count // size:,} {unit}"
        return f"{count:,} s"
    if re.fullmatch(r"[0-9_ *<]+", text):
        count = number(text)
        # Powers of two are written by shifts; only of bytes are they written by units.
        for size, unit in ((1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")):
            if "_BYTES" in name and "<<" in text and count >= size and count % size == 0:
                return f"{count // size:,} {unit}"
        return f"{count:,}"
    return f"`{text}`"


def number(text):
    result = 1
    for factor in text.replace("_", "").split("*"):
        base, _, shift = factor.partition("<<")
        result *= int(base) << int(shift or 0)
    return result


def page():
    source = SOURCE.read_text(encoding="utf-8")
    found = CONSTANT.findall(source)
    assert len(found) == len(re.findall(r"^ *pub(?:\([a-z]+\))? const ", source, re.MULTILINE)), (
        "one is new in form"
    )
    rows = []
    for comment, name, expression in found:
        words = " ".join(line.strip().removeprefix("///").strip() for line in comment.splitlines())
        words = re.sub(r"\[`([^`]+)`\]", r"`\1`", words).replace("|", "\\|")
        rows.append(f"| `{name}` | {value(name, expression)} | {words} |\n")
    return HEAD + "".join(rows)


def test_the_page_is_what_the_code_says():
    assert PAGE.read_text(encoding="utf-8") == page(), (
        "write it anew: python tests/python/test_limits_page.py"
    )


def test_values_are_written_as_people_write_them():
    assert value("X_BYTES_MAX", "16 << 20") == "16 MiB"
    assert value("X_BYTES_MAX", "Duration::from_secs(7 * 24 * 60 * 60)") == "7 days"
    assert value("X_BYTES_MAX", "Duration::from_millis(50)") == "50 ms"
    assert value("COMPARISONS_MAX", "1 << 20") == "1,048,576"
    assert value("X_BYTES_MAX", "60_000") == "60,000"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
