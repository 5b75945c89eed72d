#!/usr/bin/env bash
# Runs a command with a display, a session bus and an accessibility bus of its own, so that it can drive the window, and
# with folders of its own for what the desktop keeps (keyrings, the web view's storage, sockets): another copy may be
# open on this machine meanwhile.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
for tool in xvfb-run dbus-run-session xdotool import; do
  command -v "$tool" >/dev/null 2>&1 || { echo "window: $tool is missing. Run 'make deps-test' and try again." >&2; exit 1; }
done
own=$(mktemp -d "${TMPDIR:-/tmp}/weightroom-desktop-XXXXXX")
trap 'rm -rf "$own"' EXIT
mkdir -m 700 "$own"/{run,data,cache,config,state}
export XDG_RUNTIME_DIR="$own/run" XDG_DATA_HOME="$own/data" XDG_CACHE_HOME="$own/cache" XDG_CONFIG_HOME="$own/config" XDG_STATE_HOME="$own/state"
export GTK_MODULES=gail:atk-bridge NO_AT_BRIDGE=0 LIBGL_ALWAYS_SOFTWARE=1
export WEBKIT_DISABLE_DMABUF_RENDERER=1 # there is no GL here
export GSETTINGS_BACKEND=memory XDG_CURRENT_DESKTOP=
unset WAYLAND_DISPLAY DBUS_SESSION_BUS_ADDRESS
# shellcheck disable=SC2016 # the inner shell expands it
xvfb-run --auto-servernum --server-args="-screen 0 ${SCREEN:-1280x820}x24 -nolisten tcp" \
  dbus-run-session -- bash -c '/usr/libexec/at-spi-bus-launcher --launch-immediately 2>/dev/null & exec "$@" 2> >(grep --line-buffered -v "^dbus-daemon\|SpiRegistry" >&2)' run "$@"
