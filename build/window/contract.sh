#!/usr/bin/env bash
# Builds the app with another page in it: one that holds the window to what the page relies on (frontend/src/bridge/
# contract) and says what came of it. It is for test_window.py alone; nothing of it is in the app that is shipped.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
page=build/tmp/contract
(cd frontend && npm run --silent build -- --mode contract --logLevel warn --outDir "../$page" --emptyOutDir)
# The embedded folder is overlaid: what is in it is taken out, and the other page put in.
{
  separator='{"Replace":{'
  while IFS= read -r file; do
    [ -e "$page/${file#frontend/dist/}" ] || { printf '%s"%s":""' "$separator" "$PWD/$file"; separator=,; }
  done < <(find frontend/dist -type f)
  while IFS= read -r file; do
    printf '%s"%s":"%s"' "$separator" "$PWD/frontend/dist/${file#"$page"/}" "$PWD/$file"; separator=,
  done < <(find "$page" -type f)
  printf '}}'
} >build/tmp/contract-overlay.json
go build -trimpath -overlay build/tmp/contract-overlay.json -tags "$1" -o "$2" .
