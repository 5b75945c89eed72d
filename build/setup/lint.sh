#!/usr/bin/env bash
# Checks style and that generated files are current. The linter is built once into the user's cache folder.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

version=v2.15.0
cache="${WEIGHTROOM_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/weightroom}/tools"
linter="$cache/golangci-lint-$version-$(go env GOVERSION)"
if [ ! -x "$linter" ]; then
  echo "lint: building golangci-lint $version" >&2
  mkdir -p "$cache"
  work=$(mktemp -d "$cache/lint-XXXXXX")
  trap 'rm -rf "$work"' EXIT
  GOBIN="$work" go install "github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$version"
  mv "$work/golangci-lint" "$linter"
fi
"$linter" run ./...
shellcheck build/*/*.sh .ci/run
git diff --exit-code --stat -- frontend/wailsjs frontend/src/bridge/events.gen.ts || {
  echo "lint: the page's bindings and events are not those of package app. Run 'make bindings' and commit the result." >&2
  exit 1
}
