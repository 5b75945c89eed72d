#!/usr/bin/env bash
# Installs what is missing, by the system's package manager: "run" for building and running, "test" for the tests.
# Go, Node and Python must be there; their versions are checked.
set -euo pipefail

say() { printf 'deps: %s\n' "$*" >&2; }
die() { say "$1"; [ $# -lt 2 ] || say "  $2"; exit 1; }

at_least() { [ "$(printf '%s\n' "$1" "$2" | sort -V | head -n 1)" = "$1" ]; }

command -v go >/dev/null 2>&1 || die "Go is missing." "Install Go 1.26 or newer."
go_version=$(go env GOVERSION | sed 's/^go//')
at_least 1.26 "$go_version" || die "Go is $go_version; 1.26 or newer is needed." "Install a newer Go."
{ command -v node && command -v npm; } >/dev/null 2>&1 || die "Node.js is missing." "Install Node.js 20.19 or newer, with npm."
node_version=$(node --version | sed 's/^v//')
at_least 20.19 "$node_version" || die "Node.js is $node_version; 20.19 or newer is needed." "Install a newer Node.js."

if ! command -v apt-get >/dev/null 2>&1; then
  say "no apt-get here; make sure that CMake, a C++ compiler, pip, GTK 3 and WebKitGTK 4.1 are installed."
  exit 0
fi

packages=()
for group in "${@:-run}"; do
  case $group in
    run) packages+=(build-essential cmake git pkg-config libgtk-3-dev libwebkit2gtk-4.1-dev)
      python3 -m pip --version >/dev/null 2>&1 || packages+=(python3 python3-pip) ;;
    test) packages+=(at-spi2-core dbus dbus-x11 docker-registry fonts-dejavu-core gir1.2-atspi-2.0 gnome-keyring imagemagick iproute2 procps python3-pyatspi python3-xlib shellcheck strace x11-utils xauth xdotool xvfb) ;;
    *) die "unknown group $group." "Use run or test." ;;
  esac
done

missing=()
for package in "${packages[@]}"; do
  dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0

sudo=()
if [ "$(id -u)" -ne 0 ]; then
  command -v sudo >/dev/null 2>&1 || die "these packages are missing: ${missing[*]}" "Install them as root and try again."
  sudo=(sudo)
fi
say "installing ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
log=$(mktemp)
trap 'rm -f "$log"' EXIT
{ "${sudo[@]}" apt-get update && "${sudo[@]}" apt-get install -y --no-install-recommends "${missing[@]}"; } >"$log" 2>&1 ||
  { tail -n 20 "$log" >&2; die "the packages could not be installed." "The lines above say why."; }
