"""Takes pictures of every page of the real window, light and dark, on real models: screenshots.py FOLDER.

Everything they show is made here, in folders of their own: two answers of the starter model, a comparison of quants
that are made from it, and downloads from a registry on loopback. On an idle machine that takes a quarter of an hour."""

import os
import shutil
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from drive import Window, ask  # noqa: E402
from registry import Registry, other_starter  # noqa: E402

# The accessible names and words of the page that this script goes by.
NAMES = {
    "begin": "Start chatting",
    "figures": "t/s",
    "cost": "Cost calculator",
    "unfitted": "Speeds are only rough so far",
    "downloads": "Downloads",  # how the tab's name begins
    "lab": "All figures",
    "library": "SmolLM2 135M",
    "machine": "This machine",
    "settings": "Look and writing",
    "cost page": "Memory for the weights",
}
# The page follows the system's theme, so each theme is a start of its own.
THEMES = {"light": "Adwaita", "dark": "Adwaita:dark"}
PROMPTS = ("What is the capital of France?", "Write a short Python function that reverses a string.")
DERIVED = "Q8_0,Q6_K,Q5_K_M,Q4_K_M,Q3_K_M,Q2_K"
SLOW = 400_000  # bytes per second: the picture of a download is not in a hurry


def say(what):
    print(f"screenshots: {what}", file=sys.stderr, flush=True)


def main(folder):
    os.makedirs(folder, exist_ok=True)
    base = tempfile.mkdtemp(prefix="weightroom-pictures-")
    registry = Registry(os.path.join(base, "registry"))
    try:
        data = os.path.join(base, "data")
        say("two answers of the starter model")
        converse(data)
        say("measuring quants for the lab")
        ask(data, "lab", "quantize", "smollm2-135m", "--to", "F16", seconds=1800)
        ask(data, "lab", "compare", "smollm2-135m:F16", "--derive", DERIVED, "--seed", "1", seconds=3 * 3600)
        refs = [registry.push(f"library/{name.lower().replace(' ', '-')}", "q4_1", other_starter(name)) for name in ("Small one", "Small two")]
        for theme, gtk in THEMES.items():
            say(f"the {theme} theme")
            welcome(os.path.join(base, "welcome-" + theme), gtk, os.path.join(folder, f"welcome-{theme}.png"))
            Pictures(data, theme, gtk, folder, registry, refs).take()
    finally:
        registry.close()
        shutil.rmtree(base, ignore_errors=True)


def converse(data):
    """Writes the chat that both themes show, while the starter is the only model."""
    window = Window(data)
    window.press(NAMES["begin"])
    for n, prompt in enumerate(PROMPTS, 1):
        window.say(prompt)
        window.until("the answer's figures", lambda: window.words().count(NAMES["figures"]) >= n, 300)
    window.close()


def welcome(data, gtk, path):
    """The first start, on an empty folder."""
    window = Window(data, {"GTK_THEME": gtk})
    window.find(NAMES["begin"])
    settled(window, path)
    window.close()


def settled(window, path):
    time.sleep(1.2)  # fonts are read and transitions over
    window.screenshot(path)


class Pictures:
    """One run of the window on the data that both themes show."""

    def __init__(self, data, theme, gtk, folder, registry, refs):
        self.data, self.theme, self.folder, self.registry, self.refs = data, theme, folder, registry, refs
        self.window = Window(data, {"GTK_THEME": gtk})

    def take(self):
        for page in ("chat", "discover", "cost", "library", "downloads", "lab", "machine", "settings"):
            getattr(self, page)()
            settled(self.window, os.path.join(self.folder, f"{page}-{self.theme}.png"))
        self.window.close()

    def chat(self):
        window = self.window
        window.press(PROMPTS[0], exact=False)
        window.until("both answers", lambda: window.words().count(NAMES["figures"]) >= len(PROMPTS), 60)

    def discover(self):
        self.window.press("Discover")
        self.window.sees(NAMES["figures"], 60)
        self.window.until("speeds fitted to this machine", lambda: NAMES["unfitted"] not in self.window.words(), 1800)

    def cost(self):
        self.window.press(NAMES["cost"])
        self.window.sees(NAMES["cost page"])

    def library(self):
        self.window.press("Library")
        self.window.sees(NAMES["library"])

    def downloads(self):
        """One that goes on, and one that waits for it."""
        self.registry.limit(6_000_000)
        for ref in self.refs:
            ask(self.data, "downloads", "add", ref)
        self.window.until("a third of a download", lambda: max(d["done"] for d in ask(self.data, "downloads")["downloads"]) > 33_000_000, 120)
        self.registry.limit(SLOW)
        self.window.press(NAMES["downloads"], exact=False)
        self.window.sees("small-one")

    def lab(self):
        for ref in reversed(self.refs):  # neither shows elsewhere
            self.window.press("Cancel " + ref.split("/")[-1].split(":")[0], exact=False)
        self.window.until("an empty queue", lambda: not ask(self.data, "downloads")["downloads"])
        self.window.press("Lab")
        self.window.find(NAMES["lab"], seconds=30)

    def machine(self):
        self.window.press("Machine")
        self.window.sees(NAMES["machine"])

    def settings(self):
        self.window.press("Settings")
        self.window.sees(NAMES["settings"])


if __name__ == "__main__":
    main(sys.argv[1])
