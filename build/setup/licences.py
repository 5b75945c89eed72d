#!/usr/bin/env python3
"""Writes the licences of everything that is built into the app: the Go modules that it links, the packages of its page, and
the engine. The page shows the file; a test holds it to go.mod and package.json."""
import json
import pathlib
import re
import subprocess
import sys

TOP = pathlib.Path(__file__).resolve().parents[2]
PAGE = TOP / "frontend"
OUT = PAGE / "src" / "assets" / "licences.json"
TAGS = "desktop,production,webkit2_41"
NAMES = re.compile(r"^(licen[cs]e|copying|notice|unlicense)([.-].*)?$", re.IGNORECASE)

MIT = """MIT License

Copyright (c) {holder}

Permission is hereby granted, free of charge, to any person obtaining a copy
of this software and associated documentation files (the "Software"), to deal
in the Software without restriction, including without limitation the rights
to use, copy, modify, merge, publish, distribute, sublicense, and/or sell
copies of the Software, and to permit persons to whom the Software is
furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all
copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR
IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY,
FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE
AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER
LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM,
OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE
SOFTWARE.
"""


def text_in(folder):
    """The words of the licence files of a folder, or nothing."""
    found = sorted(p for p in folder.iterdir() if p.is_file() and NAMES.match(p.name))
    return "\n\n".join(p.read_text(encoding="utf-8", errors="replace").strip() for p in found)


def kind_of(text):
    """What a licence is called, by its words."""
    for words, kind in (
        ("Apache License", "Apache 2.0"), ("SIL OPEN FONT", "OFL 1.1"), ("Mozilla Public License", "MPL 2.0"),
        ("Permission is hereby granted, free of charge", "MIT"), ("Permission to use, copy, modify", "ISC"),
        ("Neither the name", "BSD 3-Clause"), ("Redistributions in binary form", "BSD 2-Clause"), ("unlicense", "Unlicense"),
    ):
        if words.lower() in text.lower():
            return kind
    return ""


def modules():
    form = "{{with .Module}}{{if not .Main}}{{.Path}}\t{{.Version}}\t{{.Dir}}{{end}}{{end}}"
    out = subprocess.run(["go", "list", "-deps", "-tags", TAGS, "-f", form, "."], cwd=TOP, check=True, capture_output=True, text=True)
    for line in sorted(set(filter(None, out.stdout.splitlines()))):
        name, version, folder = line.split("\t")
        yield name, version, text_in(pathlib.Path(folder)), ""


def packages():
    """Everything that package.json needs at run time, with what that needs."""
    seen, todo = {}, list(json.loads((PAGE / "package.json").read_text())["dependencies"])
    while todo:
        name = todo.pop()
        about = PAGE / "node_modules" / name / "package.json"
        if name in seen or not about.exists():
            continue
        about = json.loads(about.read_text())
        said = about.get("license", "")
        seen[name] = (about["version"], text_in(PAGE / "node_modules" / name), said if isinstance(said, str) else "")
        todo += about.get("dependencies", {})
    for name in sorted(seen):
        yield name, *seen[name]


def main():
    texts, rows = [], []

    def add(name, version, text, said):
        if not text and said == "MIT":
            text = MIT.format(holder=f"the authors of {name}")
        if not text:
            sys.exit(f"licences: none found for {name} {version}")
        if text not in texts:
            texts.append(text)
        rows.append({"name": name, "version": version, "licence": kind_of(text) or said, "text": texts.index(text)})

    add("llama.cpp and ggml", "", MIT.format(holder="2023-2026 The ggml authors"), "")
    for one in modules():
        add(*one)
    for one in packages():
        add(*one)
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(json.dumps({"parts": rows, "texts": texts}, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    print(f"{len(rows)} parts, {len(texts)} texts, {OUT.stat().st_size} bytes: {OUT.relative_to(TOP)}")


main()
