#!/usr/bin/env bash
# Runs a command with a display, a session bus and an accessibility bus of its own, so that it can drive the window.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
for tool in xvfb-run dbus-run-session xdotool import; do
  command -v "$tool" >/dev/null 2>&1 || { echo "window: $tool is missing. Run 'make deps-test' and try again." >&2; exit 1; }
done
export GTK_MODULES=gail:atk-bridge NO_AT_BRIDGE=0 LIBGL_ALWAYS_SOFTWARE=1
export WEBKIT_DISABLE_DMABUF_RENDERER=1 # there is no GL here
export GSETTINGS_BACKEND=memory XDG_CURRENT_DESKTOP=
unset WAYLAND_DISPLAY
# shellcheck disable=SC2016 # the inner shell expands it
exec xvfb-run --auto-servernum --server-args="-screen 0 ${SCREEN:-1280x820}x24 -nolisten tcp" \
  dbus-run-session -- bash -c '/usr/libexec/at-spi-bus-launcher --launch-immediately 2>/dev/null & exec "$@" 2> >(grep -v "^dbus-daemon\|SpiRegistry" >&2)' run "$@"
