"""Takes pictures of every page of the real window, light and dark, on a real model: screenshots.py FOLDER."""

import os
import shutil
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from drive import Window  # noqa: E402

# The page follows the system's theme, so each theme is a start of its own.
THEMES = {"light": "Adwaita", "dark": "Adwaita:dark"}
PAGES = ("chat", "discover", "library", "machine", "settings")


def take(theme, gtk, base, folder):
    window = Window(os.path.join(base, theme), {"GTK_THEME": gtk})

    def picture(page):
        time.sleep(1.2)  # fonts and figures have settled
        window.screenshot(os.path.join(folder, f"{page}-{theme}.png"))

    window.find("Start chatting")
    picture("welcome")
    window.press("Start chatting")
    window.say("What is the capital of France?")
    window.sees("t/s", 60)
    window.say("Write a short Python function that reverses a string.")
    window.until("the second answer's figures", lambda: window.words().count("t/s") >= 2, 120)
    for page in PAGES:
        window.press(page.capitalize())
        picture(page)
    window.close()


def main(folder):
    os.makedirs(folder, exist_ok=True)
    base = tempfile.mkdtemp(prefix="weightroom-pictures-")
    try:
        for theme, gtk in THEMES.items():
            take(theme, gtk, base, folder)
    finally:
        shutil.rmtree(base, ignore_errors=True)


if __name__ == "__main__":
    main(sys.argv[1])
