"""A small window that files can be dragged from, for trials of a drop: drag.py FILE…

It says "ready" on standard output when it is shown, and ends with the drag.
"""

import pathlib
import sys

import gi

gi.require_version("Gdk", "3.0")
gi.require_version("Gtk", "3.0")
from gi.repository import Gdk, GLib, Gtk  # noqa: E402

SIZE = 60  # pixels, in the corner of the screen


def main():
    uris = [pathlib.Path(path).resolve().as_uri() for path in sys.argv[1:]]
    window = Gtk.Window(type=Gtk.WindowType.POPUP)
    window.set_default_size(SIZE, SIZE)
    box = Gtk.EventBox()
    box.drag_source_set(Gdk.ModifierType.BUTTON1_MASK, [], Gdk.DragAction.COPY)
    box.drag_source_add_uri_targets()
    box.connect("drag-data-get", lambda _box, _context, data, _info, _time: data.set_uris(uris))
    box.connect("drag-end", lambda *_: Gtk.main_quit())
    window.add(box)
    window.show_all()
    window.move(0, 0)
    GLib.timeout_add(200, lambda: print("ready", flush=True))  # it is drawn by then
    Gtk.main()


main()
