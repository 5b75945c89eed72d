"""The page's process ends, or hangs, in every state a person may be in; what they had must be there when it is back."""

import os
import random
import signal
import time

import pyatspi

from drive import act, command, descendants, name, role, runs, text
from registry import other_starter

# What is typed in the last moment may be lost: a second on a quiet machine.
KEPT = 3
NOTICE = "The page had stopped and was loaded again."
HEADINGS = {"Discover": "Discover", "Library": "SmolLM2 135M", "Lab": "Lab", "Machine": "This machine",
            "Settings": "Changes are saved as you make them."}


def page_of(window):
    """The process id of the page."""
    return next((pid for pid in descendants(window.process.pid) if "WebKitWebProcess" in command(pid) and runs(pid)), None)


def typed(window, label):
    """What is in the field of that name; nothing when there is none."""
    for node in window.nodes():
        if name(node) == label and role(node) in ("entry", "text"):
            return text(node)
    return None


def returns(window, before, seconds=60):
    """Waits until another page than that of the process before is drawn, and says yes to a dialog that asks for it."""

    def look():
        for node in window.nodes():
            if role(node) == "push button" and name(node) == "Yes":
                asked.append(True)
                act(node)
                return None
        now = page_of(window)
        return now if now and now != before and NOTICE in window.words() else None

    asked = []
    window.until("the page again", look, seconds)
    return bool(asked)


class Deaths:
    """Kills of the page in a chat with a message, each in another state with another draft."""

    def __init__(self, trial, chance):
        self.trial, self.window, self.random = trial, trial.window, chance
        self.draft = ""

    def states(self):
        idle = [(f"idle on {page}", lambda page=page: self.on(page)) for page in HEADINGS]
        return idle + [("idle in the chat", self.nothing), ("while an answer streams", self.answering),
                       ("while a chat is renamed", self.renaming), ("while a title is typed above its chat", self.heading), ("while a message is edited", self.editing),
                       ("with a dialog open", self.dialog), ("in the palette", self.palette), ("while a download runs", self.downloading),
                       ("just loading", self.loading)]

    def die(self, state, prepare, how=signal.SIGKILL):
        """One kill. Gives whether the person was asked."""
        window = self.window
        window.press("Chat")
        self.draft = f"draft {self.random.randrange(10**9)}"
        window.fill("Message", self.draft)
        holds = prepare()
        time.sleep(KEPT)
        page = page_of(window)
        os.kill(page, how)
        asked = returns(window, page)
        if holds:
            window.until(f"what was there {state}", holds, 20)
        window.press("Chat")
        window.until(f"the draft {state}", lambda: typed(window, "Message") == self.draft, 20)
        window.sees(self.trial.first, 10)
        window.press("Dismiss")
        return asked

    def nothing(self):
        return None

    def on(self, page):
        self.window.press(page)
        self.window.sees(HEADINGS[page])
        return lambda: HEADINGS[page] in self.window.words()

    def answering(self):
        window = self.window
        window.fill("Message", "Write a very long story about a lighthouse keeper.")
        window.key("Return")
        window.find("Stop", seconds=60, exact=False)
        self.draft = f"while it writes {self.random.randrange(10**9)}"
        window.fill("Message", self.draft)
        window.until("its first words", self.trial.answer, 60)
        before = len(self.trial.answer())

        def goes_on():
            shown, told = window.words(), self.trial.answer()
            if told[:40] not in shown or len(told) < before:
                return False
            window.until("the end of the answer", self.stopped, 60)
            return True

        return goes_on

    def stopped(self):
        """Stops the answer that streams, and says whether none does."""
        going = [node for node in self.window.nodes() if role(node) == "push button" and name(node).startswith("Stop")]
        for node in going:
            act(node)
        return not going

    def row(self):
        """The row of the open chat."""
        return next((n for n in self.window.nodes() if role(n) in ("push button", "button") and name(n).startswith(self.trial.title)), None)

    def renaming(self):
        window = self.window
        window.until("the row", self.row).queryComponent().grabFocus()
        window.key("F2")
        self.trial.title = f"half a title {self.random.randrange(10**6)}"
        window.find("New title", ("entry", "text"))
        window.key("ctrl+a")  # giving the window the keyboard would end the rename
        window.type(self.trial.title)
        return lambda: typed(window, "New title") == self.trial.title  # which another field's focus then stores

    def editing(self):
        window = self.window
        window.press("Edit")
        window.fill("Edit your message", "half an edit")

        def there():
            if typed(window, "Edit your message") != "half an edit":
                return False
            window.press("Cancel")
            return True

        return there

    def dialog(self):
        window = self.window
        window.press("Library")
        window.sees(HEADINGS["Library"])

        def chosen():
            window.press("Add a model")
            return window.soon(lambda: window.has("Download by name or address…")) and window.press("Download by name or address…")

        window.until("the menu", chosen)
        window.fill("Name or address", "half a name")

        def there():
            if typed(window, "Name or address") != "half a name":
                return False
            window.press("Cancel")
            return HEADINGS["Library"] in window.words()

        return there

    def downloading(self):
        """A slow download, which the page shows and Go goes on with."""
        window, registry = self.window, self.trial.registry()
        registry.limit(2_000_000)
        ref = registry.push(f"library/small{self.random.randrange(10**6)}", "q4_1", other_starter(str(self.random.random())))
        begun = self.trial.ask("downloads", "add", ref)["download"]

        def state():
            return self.trial.ask("downloads", "show", begun["id"])["download"]

        before = window.until("some megabytes", lambda: state()["done"] > 1_000_000 and state()["done"], 60)
        window.press("Library")
        window.sees(HEADINGS["Library"])

        def goes_on():
            return state()["done"] > before and HEADINGS["Library"] in window.words()

        return goes_on

    def palette(self):
        self.window.key("ctrl+k")
        self.window.find("Search chats and commands", ("combo box", "entry", "text"))
        self.window.type("half a word")

        def there():
            fields = [n for n in self.window.nodes() if name(n) == "Search chats and commands" and role(n) in ("combo box", "entry", "text")]
            if not any(text(field) == "half a word" for field in fields):
                return False
            self.window.focus()
            self.window.key("Escape")
            return True

        return there

    def heading(self):
        """The title above the chat is being typed."""
        window = self.window
        window.press("Rename this chat")
        self.trial.title = f"half a title {self.random.randrange(10**6)}"
        window.find("New title", ("entry", "text"))
        window.key("ctrl+a")
        window.type(self.trial.title)
        return lambda: typed(window, "New title") == self.trial.title  # which another field's focus then stores

    def loading(self):
        time.sleep(KEPT)
        page = page_of(self.window)
        os.kill(page, signal.SIGKILL)
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            for node in self.window.nodes():
                if role(node) == "push button" and name(node) == "Yes":
                    act(node)
            now = page_of(self.window)
            if now and now != page:
                break
            time.sleep(0.02)
        time.sleep(self.random.uniform(0, 0.6))
        return None
