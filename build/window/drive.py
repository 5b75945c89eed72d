"""Drives the real window through the accessibility tree, which is also what a screen reader gets."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time

import pyatspi
from gi.repository import GLib
from Xlib import X, display
from Xlib.protocol import event

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BINARY = os.path.join(ROOT, "build", "bin", "weightroom")
CONTRACT = BINARY + "-contract"  # of contract.sh


# A busy machine takes several times as long as an idle one, for which the waits are written; what is there ends one.
PATIENCE = 4


class Missing(AssertionError):
    """Something a person should find on the page is not there."""


def walk(node, depth=0):
    """Yields node and everything below it. A page that changes meanwhile loses nodes, not the walk."""
    try:
        yield node
        if depth > 60:
            return
        children = [node.getChildAtIndex(i) for i in range(node.childCount)]
    except Exception:
        return
    for child in children:
        if child is not None:
            yield from walk(child, depth + 1)


def role(node):
    try:
        return node.getRoleName()
    except Exception:
        return ""


def name(node):
    try:
        return node.name or ""
    except Exception:
        return ""


def text(node):
    """The text of a node, or its name."""
    try:
        return node.queryText().getText(0, -1).replace("\ufffc", "")
    except Exception:
        return name(node)


def act(node):
    """Does what a control is for, and says whether it could."""
    action = node.queryAction()
    for i in range(action.nActions):
        if action.getName(i).lower() in ("press", "click", "jump", "activate", "select", "toggle", "invoke", ""):
            try:
                action.doAction(i)
            except GLib.GError:
                pass  # a busy window answers too late, and acts all the same; what is waited for next tells
            return True
    return False


LONG_TEXT = "\n".join(f"Line {n} of what is pasted, long enough to be a line." for n in range(3800))[:200_000]


@contextlib.contextmanager
def clipboard(words):
    """Has the clipboard hold words, as a program does that they were copied in."""
    owner = subprocess.Popen([sys.executable, "-W", "ignore", "-c", """
import gi, sys
gi.require_version("Gtk", "3.0")
from gi.repository import Gtk, Gdk
Gtk.Clipboard.get(Gdk.SELECTION_CLIPBOARD).set_text(sys.stdin.read(), -1)
print("owned", flush=True)
Gtk.main()"""], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        owner.stdin.write(words)
        owner.stdin.close()
        owner.stdout.readline()
        yield
    finally:
        owner.kill()
        owner.wait()


def ask(data, *arguments, seconds=300):
    """Runs a command on a data folder, with the window that is open on it where there is one, and gives its JSON."""
    run = subprocess.run([BINARY, "--data", data, "--json", *arguments], capture_output=True, text=True, timeout=seconds)
    if run.returncode != 0:
        raise Missing(f"{' '.join(arguments)} ended with {run.returncode}: {run.stderr[-2000:]}")
    return json.loads(run.stdout)


class Window:
    """One run of the app on a data folder."""

    def __init__(self, data, env=None, binary=BINARY):
        self.data = data
        environment = dict(os.environ, WEIGHTROOM_DATA=data, **(env or {}))
        self.log = open(os.path.join(os.path.dirname(data), "window.log"), "ab")
        self.logged = self.log.tell()  # by earlier runs
        self.started = time.monotonic()
        self.process = subprocess.Popen([binary], env=environment, stdout=self.log, stderr=self.log)
        self.app = self.until("the window", self._find_app, 30)

    def _find_app(self):
        desktop = pyatspi.Registry.getDesktop(0)
        for i in range(desktop.childCount):
            app = desktop.getChildAtIndex(i)
            try:
                if app is not None and app.get_process_id() == self.process.pid and app.childCount:
                    return app
            except Exception:
                continue
        return None

    def settles(self):
        """Waits until the page has stopped changing: what it shows is the same twice, half a second apart."""
        last = [None]

        def same():
            before, last[0] = last[0], self.words()
            time.sleep(0.5)
            return before == last[0]

        self.until("end of the changes", same, 60)

    def until(self, what, find, seconds=20):
        """Waits for find() to give something true, and gives it."""
        seconds *= PATIENCE
        deadline, pause = time.monotonic() + seconds, 0.05
        while time.monotonic() < deadline:
            found = find()
            if found:
                return found
            if self.process.poll() is not None:
                raise Missing(f"the app ended with {self.process.returncode} while waiting for {what}")
            time.sleep(pause)
            pause = min(1.2 * pause, max(0.05, min(1, seconds / 100)))  # looking costs the app time too
        raise Missing(f"no {what} after {seconds} s; on screen: {self.words()[:1500]!r}")

    def nodes(self):
        return walk(self.app)

    def words(self):
        """Everything readable on the page."""
        seen = []
        for node in self.nodes():
            if role(node) in ("paragraph", "static", "heading", "text", "label", "section", "list item", "push button",
                              "link", "entry", "table cell", "block quote", "code", "alert", "notification", "comment"):
                piece = text(node).strip()
                if piece and (not seen or seen[-1] != piece):
                    seen.append(piece)
        return "\n".join(seen)

    def find(self, wanted, roles=None, seconds=20, exact=True):
        """The node whose accessible name is wanted (or begins with it), of one of the roles."""

        def look():
            for node in self.nodes():
                label = name(node)
                if (label == wanted if exact else label.startswith(wanted)) and (not roles or role(node) in roles):
                    return node
            return None

        return self.until(f"{'/'.join(roles or ['control'])} called {wanted!r}", look, seconds)

    def has(self, wanted, roles=None):
        return any(name(n) == wanted and (not roles or role(n) in roles) for n in self.nodes())

    def sees(self, words, seconds=30):
        """Waits until the page shows words."""
        self.until(f"text {words!r}", lambda: words in self.words(), seconds)

    def press(self, wanted, roles=("push button", "button", "link", "radio button", "page tab", "menu item", "toggle button", "push button menu", "button menu",
                                     "popup menu", "pop up button", "combo box"),
              seconds=20, exact=True):
        """Presses a control as a screen reader does."""
        node = self.find(wanted, roles, seconds, exact)
        if not act(node):
            raise Missing(f"{wanted!r} can't be pressed")
        return node

    def click(self, node):
        """Clicks in the middle of a node with the mouse. What is out of sight is brought into sight by the keyboard's focus."""
        node.queryComponent().grabFocus()
        box = node.queryComponent().getExtents(pyatspi.DESKTOP_COORDS)
        subprocess.run(["xdotool", "mousemove", str(box.x + box.width // 2), str(box.y + box.height // 2), "click", "1"], check=True)
        time.sleep(0.1)

    def focus(self):
        """Gives the window the keyboard: there is no window manager here to do it."""
        for window in self._windows():
            subprocess.run(["xdotool", "windowfocus", "--sync", window], check=False)

    def _windows(self):
        """The window. For a drag GTK has another of one pixel, called as the program is, which a search takes for it too."""
        found = subprocess.run(["xdotool", "search", "--all", "--onlyvisible", "--pid", str(self.process.pid), "--name", "^Weightroom$"],
                               capture_output=True, text=True)
        called = lambda one: subprocess.run(["xdotool", "getwindowname", one], capture_output=True, text=True).stdout.strip()  # noqa: E731
        return [one for one in found.stdout.split() if called(one) == "Weightroom"][-1:]

    def type(self, words, between=2):
        subprocess.run(["xdotool", "type", "--delay", str(between), words], check=True)

    def fill(self, wanted, words):
        """Writes words into the field with that name, in the place of what is in it, and waits until it has them."""
        field = self.find(wanted, ("entry", "text", "spin button"))
        self.focus()

        def write():
            # By focus and not by the mouse: a field that is scrolled into sight moves for a moment.
            field.queryComponent().grabFocus()
            if not self.soon(lambda: field.getState().contains(pyatspi.STATE_FOCUSED)):
                return False
            self.key("ctrl+a")
            self.type(words)
            return self.soon(lambda: text(field) == words)

        self.until(f"{words!r} in {wanted!r}", write)

    def soon(self, fact):
        """Reports whether a fact holds within moments."""
        try:
            return self.until("fact", fact, 1)
        except Missing:
            return False

    def key(self, *keys):
        subprocess.run(["xdotool", "key", *keys], check=True)

    def say(self, words):
        """Writes words into the message field and sends them."""
        self.focus()
        self.click(self.find("Message", ("entry", "text")))
        self.type(words)
        self.key("Return")

    def drop(self, *paths):
        """Drags files from another window into this one and lets go of them."""
        here = os.path.dirname(os.path.abspath(__file__))
        source = subprocess.Popen([sys.executable, "-W", "ignore", os.path.join(here, "drag.py"), *paths], stdout=subprocess.PIPE, text=True)
        if not source.stdout.readline():
            raise Missing("no window to drag from")
        mouse = lambda *words: (subprocess.run(["xdotool", *words], check=True), time.sleep(0.1))  # noqa: E731
        mouse("mousemove", "30", "30", "mousedown", "1")
        for at in range(60, 460, 20):
            mouse("mousemove", str(at), str(at))
        self.sees("Drop it here")
        mouse("mouseup", "1")
        try:
            source.wait(10 * PATIENCE)
        except subprocess.TimeoutExpired as error:
            source.kill()
            raise Missing("the drag does not end") from error

    def processes(self):
        """Process ids of the app and everything it started, by the host's numbers."""
        return [self.process.pid, *descendants(self.process.pid)]

    def screenshot(self, path):
        subprocess.run(["import", "-window", "root", path], check=True)

    def close(self, seconds=10):
        """Closes the window as its close button does."""
        for window in self.until("its window", self._windows, 5):
            ask_to_close(int(window))
        try:
            self.process.wait(PATIENCE * seconds)
        except subprocess.TimeoutExpired:
            self.process.send_signal(signal.SIGQUIT)  # its stacks go to the log
            self.process.wait(seconds)
            with open(self.log.name, errors="replace") as log:
                log.seek(self.logged)
                ours = [stack for stack in log.read().split("\n\n") if "weightroom/" in stack]
            raise Missing("the window does not close:\n" + "\n\n".join(ours)[:6000])
        finally:
            self.log.close()

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.log.close()


def ask_to_close(window):
    """Sends what a window manager sends when the close button is pressed (ICCCM, WM_DELETE_WINDOW)."""
    screen = display.Display()
    target = screen.create_resource_object("window", window)
    protocols, delete = screen.intern_atom("WM_PROTOCOLS"), screen.intern_atom("WM_DELETE_WINDOW")
    target.send_event(event.ClientMessage(window=target, client_type=protocols, data=(32, [delete, X.CurrentTime, 0, 0, 0])))
    screen.sync()  # a server that is busy drops what a client has sent that is gone
    screen.close()


def descendants(pid):
    """Process ids below pid, by the host's numbers."""
    parents = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                with open(f"/proc/{entry}/stat") as stat:
                    parents[int(entry)] = int(stat.read().rsplit(")", 1)[1].split()[1])
            except OSError:
                continue
    found, queue = [], [pid]
    while queue:
        current = queue.pop()
        below = [child for child, parent in parents.items() if parent == current]
        found += below
        queue += below
    return found


def command(pid):
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as line:
            return line.read().replace(b"\0", b" ").decode(errors="replace").strip()
    except OSError:
        return ""


def runs(pid):
    """Whether a process runs; one that nobody has waited for yet does not."""
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rsplit(")", 1)[1].split()[0] not in ("Z", "X")
    except OSError:
        return False


def listeners(pids):
    """Lines of `ss -ltnp` that belong to one of the processes."""
    lines = subprocess.run(["ss", "-ltnpH"], capture_output=True, text=True, check=True).stdout.splitlines()
    return [line for line in lines if any(f"pid={pid}," in line for pid in pids)]
