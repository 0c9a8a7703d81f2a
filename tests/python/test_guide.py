"""The guide runs as it stands: its Python, its settings files, the lines of the program, and what all of them print."""

import contextlib
import difflib
import doctest
import io
import os
import re
import shlex
import subprocess
import sys

import pytest
from conftest import ROOT

from cmgateway import errors

PROGRAM = os.environ.get("CMGATEWAY_PROGRAM") or str(ROOT / "target" / "debug" / "cmgateway")
FOLDER = ROOT / "core" / "src" / "guide"
CHAPTERS = {file.stem: file.read_text(encoding="utf-8") for file in sorted(FOLDER.glob("*.md"))}
# rustdoc runs what has no language, readers of VBScript have it elsewhere, and Lua has a story of its own.
LANGUAGES = {"", "python", "lua", "toml", "console", "text", "vbscript"}


def blocks(chapter):
    """The fenced blocks of a chapter: their language, their text, and the line before it."""
    for block in re.finditer(r"^```(\S*)\n(.*?)^```$", CHAPTERS[chapter], re.DOTALL | re.MULTILINE):
        yield block[1], block[2], CHAPTERS[chapter][: block.start(2)].count("\n")


class Reader:
    """Somebody who does what a chapter says, in an empty folder."""

    def __init__(self, chapter):
        self.chapter = chapter
        self.names = {"__name__": "__main__"}
        self.said = ""

    def read(self):
        for language, text, line in blocks(self.chapter):
            if language == "python":
                self.run_python(text, line)
            elif language == "toml":
                self.write_settings(text)
            elif language == "console":
                self.run_program(text)
            elif language == "text" and self.said:
                self.compare(text, self.said)
                self.said = ""
        assert self.said == "", "what a chapter prints stands in a text block behind it"

    def run_python(self, text, line):
        said = io.StringIO()
        code = compile("\n" * line + text, f"{self.chapter}.md", "exec")
        with contextlib.redirect_stdout(said):
            exec(code, self.names)
        self.said += said.getvalue()

    def write_settings(self, text):
        """The first line names the file."""
        name = re.match(r"# (\w+\.toml)\b", text)
        assert name, text
        with open(name[1], "w", encoding="utf-8") as file:
            file.write(text)

    def run_program(self, text):
        """Lines that begin with `$` are run, the others are what they print."""
        for command in re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", text, re.MULTILINE):
            words = shlex.split(command[0])
            assert words[0] == "cmgateway", f"only the program is run: {command[0]}"
            done = subprocess.run(
                [PROGRAM, *words[1:]],
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                encoding="utf-8",
                timeout=60,
                check=False,
            )
            self.compare(command[1], done.stdout)

    def compare(self, told, said):
        if not doctest.OutputChecker().check_output(told, said, doctest.ELLIPSIS):
            pytest.fail("\n".join(difflib.ndiff(told.splitlines(), said.splitlines())), pytrace=False)

    def tidy(self):
        """Takes away what a chapter that broke off has left."""
        for value in list(self.names.values()):
            if hasattr(value, "stop"):
                with contextlib.suppress(errors.Error, TypeError):
                    value.stop()
        if "cloud" in self.names:
            with contextlib.suppress(errors.Error):
                self.names["cloud"].delete(self.names["site"], self.names["NAME"])


def needs_the_program(chapter):
    return any(language == "console" or "local_cloud(" in text for language, text, _ in blocks(chapter))


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_a_chapter_does_what_it_says(chapter, tmp_path, monkeypatch):
    if not any(language in ("python", "toml", "console") for language, _, _ in blocks(chapter)):
        pytest.skip("it has nothing for this test")
    if needs_the_program(chapter):
        if not os.path.isfile(PROGRAM):
            pytest.skip("the program cmgateway is not built")
        monkeypatch.setenv("CMGATEWAY_PROGRAM", PROGRAM)
    monkeypatch.chdir(tmp_path)
    # Names in a script stay what they are, whatever the shell of the caller says.
    for name in ("CMGATEWAY_SITE", "CMGATEWAY_TOKEN", "CMGATEWAY_CA_FILE"):
        monkeypatch.delenv(name, raising=False)
    reader = Reader(chapter)
    try:
        reader.read()
    finally:
        reader.tidy()


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_every_block_is_in_a_language_that_some_test_runs(chapter):
    assert {language for language, _, _ in blocks(chapter)} <= LANGUAGES
    assert not re.search(r"^[ >]+```", CHAPTERS[chapter], re.MULTILINE), "an indented block is not seen"
    for language, text, _ in blocks(chapter):
        if language not in ("", "text"):
            assert max(map(len, text.splitlines())) <= 120, text


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_the_program_takes_the_lines_that_nobody_runs(chapter):
    told = "\n".join(text for language, text, _ in blocks(chapter) if language == "text")
    lines = re.findall(r"^cmgateway (?!service ).*", told, re.MULTILINE)
    if sys.platform == "win32":
        lines += re.findall(r"^cmgateway service .*", told, re.MULTILINE)
    if not lines or not os.path.isfile(PROGRAM):
        pytest.skip("no such line" if not lines else "the program cmgateway is not built")
    for line in lines:
        # Help comes last, when all before it was understood.
        command = [PROGRAM, *line.split()[1:], "--help"]
        done = subprocess.run(command, capture_output=True, encoding="utf-8", timeout=60, check=False)
        assert done.returncode == 0, f"{line}: {done.stderr}"


def test_the_guide_is_whole():
    told = (FOLDER / "mod.rs").read_text(encoding="utf-8")
    assert set(re.findall(r'include_str!\("(\w+)\.md"\)\]', told)) == set(CHAPTERS)
