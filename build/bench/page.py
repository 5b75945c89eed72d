"""Measures what a person waits for in the chats of the real window, by its pixels: page.py [BINARY [PART…]], where a part
is one of chats, pages, paste and typing; all without.

Long chats, many chats, a long paste, typing while an answer streams, and the memory of the page. Times are from the
key or the click to the first pixel that changes and to the last before the picture stands still. No accessibility
client is there, as for most people; each figure comes with the machine's load beside it."""

import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import zlib

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "window"))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from bench import pss  # noqa: E402
from chats import LONG, archive, seed  # noqa: E402
from drive import BINARY, LONG_TEXT, Window, X, clipboard, command, display  # noqa: E402

BINARY = os.path.abspath(sys.argv[1]) if len(sys.argv) > 1 else BINARY
PARTS = sys.argv[2:] or ["chats", "pages", "paste", "typing"]
ROUNDS = int(os.environ.get("ROUNDS", "5"))
STILL = 0.45  # seconds without a change: the picture stands still, but for the caret, which blinks more slowly
# Where things are in a window of 1280 by 820: x, y, width, height.
MESSAGES = (440, 70, 780, 500)
PAGE = (69, 0, 1211, 690)
COMPOSER = (440, 560, 780, 250)
FIRST_ROW = (180, 157)  # of the chat list, below the heading "Pinned"
ROW = 36


class Screen:
    """The pixels of the display."""

    def __init__(self):
        self.display = display.Display()
        self.root = self.display.screen().root

    def look(self, area):
        return zlib.crc32(self.root.get_image(*area, X.ZPixmap, 0xFFFFFFFF).data)

    def time(self, do, area, longest=12):
        """Seconds from do() to the first change in an area and to the last; None where nothing changes."""
        before = last = self.look(area)
        began = time.monotonic()
        do()
        first = changed = None
        while time.monotonic() - began < longest:
            now, at = self.look(area), time.monotonic()
            if now != last:
                last, changed = now, at
                if first is None and now != before:
                    first = at
            if changed and at - changed > STILL:
                break
        return (first and first - began, changed and changed - began)

    def settles(self, longest=15):
        """Waits until the messages have stood still for a moment."""
        last = self.look(MESSAGES)
        began = since = time.monotonic()
        while time.monotonic() - since < 2 * STILL and time.monotonic() - began < longest:
            now = self.look(MESSAGES)
            if now != last:
                last, since = now, time.monotonic()
            time.sleep(0.02)


class Bare(Window):
    """A window that no accessibility client looks at."""

    def _find_app(self):
        return True if self._windows() else None


def load():
    return f"load {os.getloadavg()[0]:.1f}"


def tell(what, times):
    """One line: the medians and ranges in milliseconds."""

    def line(values):
        values = [1000 * v for v in values if v]
        return f"{statistics.median(values):.0f} ({min(values):.0f} to {max(values):.0f})" if values else "no change"

    print(f"{what}: first pixel {line([t[0] for t in times])} ms, still {line([t[1] for t in times])} ms, "
          f"n={len(times)}, {load()}", flush=True)


def page_process(window):
    return [pid for pid in window.processes() if "WebKitWebProcess" in command(pid)]


def alone(window, seconds=25):
    """Ends what the app times in the background on an idle start, which takes all cores for minutes."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for pid in window.processes():
            if "llama-bench" in command(pid):
                os.kill(pid, signal.SIGKILL)  # it is not tried again for an hour
        time.sleep(0.5)


def row(index):
    """Clicks on a row of the list."""
    x, y = FIRST_ROW[0], FIRST_ROW[1] + ROW * index
    subprocess.run(["xdotool", "mousemove", str(x), str(y), "click", "1"], check=True)


def key(*keys):
    subprocess.run(["xdotool", "key", *keys], check=True)


def picture(window, label):
    if os.environ.get("PICTURES"):
        window.screenshot(os.path.join(os.environ["PICTURES"], label.replace(" ", "-") + ".png"))


def long_chats(window, screen):
    for index, title in enumerate(LONG):
        if index == 0:
            continue
        times = []
        for _ in range(ROUNDS):
            row(0)
            screen.settles()
            times.append(screen.time(lambda: row(index), MESSAGES))
        tell(f"open “{title}”", times)
        picture(window, title)
    small = []
    for _ in range(ROUNDS):
        small.append(screen.time(lambda: row(0), MESSAGES))
        row(2)
        screen.settles()
    tell(f"open “{LONG[0]}”", small)


def pages(screen):
    for index in (0, 2):
        row(index)
        screen.settles()
        times = []
        for _ in range(ROUNDS):
            key("ctrl+3")
            screen.settles()
            times.append(screen.time(lambda: key("ctrl+1"), PAGE))
        tell(f"go to the Chat page with “{LONG[index]}” open and all chats in the list", times)


def paste(window, screen):
    with clipboard(LONG_TEXT):
        times, after = [], []
        for _ in range(ROUNDS):
            key("ctrl+n")
            screen.settles()
            times.append(screen.time(lambda: key("ctrl+v"), COMPOSER))
            picture(window, "pasted")
            after.append(screen.time(lambda: key("x"), COMPOSER))
            key("ctrl+a", "Delete", "BackSpace")
            screen.settles()
        tell("paste 200 kB", times)
        tell("a key after it", after)


def typing(window, screen):
    """Keys in the message field, idle and while an answer streams in the longest chat."""
    row(LONG.index("300 messages"))
    screen.settles()
    field = (460, 700, 500, 30)  # one line of the composer
    subprocess.run(["xdotool", "mousemove", "800", "725", "click", "1"], check=True)

    def keys():
        times = []
        for letter in "weightrooms":
            times.append(screen.time(lambda: key(letter), field, longest=1.5)[:1] * 2)
        key("ctrl+a", "Delete")
        return times

    screen.settles()
    picture(window, "typing")
    tell("key to pixel, idle", keys())
    subprocess.run(["xdotool", "type", "--delay", "10", "Write a very long story about a lighthouse keeper."], check=True)
    key("Return")
    time.sleep(15)  # the model is loaded and writes
    picture(window, "streaming")
    tell("key to pixel, while an answer streams", keys())
    picture(window, "streaming-end")
    key("Escape")


def main():
    base = tempfile.mkdtemp(prefix="weightroom-page-")
    try:
        data = os.path.join(base, "data")
        window = Window(data, binary=BINARY)
        window.press("Start chatting")
        window.find("Message", ("entry", "text"))
        window.close()
        model = json.loads(subprocess.run([BINARY, "--data", data, "--json", "models"], capture_output=True, check=True).stdout)
        seed(data, archive(model["models"][0]["ref"]))
        window = Bare(data, {"NO_AT_BRIDGE": "1", "GTK_MODULES": "", "WEBKIT_A11Y_BUS_ADDRESS": ""}, binary=BINARY)
        screen = Screen()
        screen.settles()
        window.focus()
        alone(window)
        picture(window, "start")
        print(f"page process at start: {pss(page_process(window)) / 2**20:.0f} MiB, {load()}", flush=True)
        if "chats" in PARTS:
            long_chats(window, screen)
            print(f"page process after opening all long chats {ROUNDS} times: {pss(page_process(window)) / 2**20:.0f} MiB, {load()}", flush=True)
        if "pages" in PARTS:
            pages(screen)
        if "paste" in PARTS:
            paste(window, screen)
        if "typing" in PARTS:
            typing(window, screen)
        print(f"page process at the end: {pss(page_process(window)) / 2**20:.0f} MiB, {load()}", flush=True)
        window.kill()
    finally:
        shutil.rmtree(base, ignore_errors=True)


if __name__ == "__main__":
    main()
