"""Trials of the real window with the real engine and real weights, seen through the accessibility tree."""

import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

import pyatspi

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "bench"))
from chats import archive, seed  # noqa: E402
from deaths import NOTICE, Deaths, page_of, returns, typed  # noqa: E402
from drive import BINARY, CONTRACT, LONG_TEXT, Window, act, ask, clipboard, command, listeners, name, role, runs, text  # noqa: E402
from registry import Registry, other_starter  # noqa: E402

HEADINGS = {"Library": "SmolLM2 135M", "Machine": "This machine", "Settings": "Changes are saved as you make them.", "Chat": "New chat"}
STORY = "Write a very long story about a lighthouse keeper and his cat."


class Trial(unittest.TestCase):
    """A window on an empty data folder."""

    def setUp(self):
        self.base = tempfile.mkdtemp(prefix="weightroom-window-")
        self.data = os.path.join(self.base, "data")
        self.window = None

    def tearDown(self):
        if self.window and self.window.process.poll() is None:
            failed = any(error for _, error in getattr(self._outcome, "errors", []) or []) or (
                self._outcome.result and any(test is self for test, _ in
                                             self._outcome.result.failures + self._outcome.result.errors))
            if failed and os.environ.get("PICTURES"):
                self.window.screenshot(os.path.join(os.environ["PICTURES"], self.id() + ".png"))
            self.window.kill()
        shutil.rmtree(self.base, ignore_errors=True)

    def start(self):
        self.window = Window(self.data)
        return self.window

    def start_chat(self):
        """A window in a new chat with the starter model."""
        window = self.start()
        window.press("Start chatting")
        window.find("Message", ("entry", "text"))
        return window

    def all_end(self, pids, what):
        """Waits until none of the processes runs. On an idle machine that is at once."""
        deadline = time.monotonic() + 30
        while (left := [command(p) for p in pids if runs(p)]) and time.monotonic() < deadline:
            time.sleep(0.05)
        self.assertEqual(left, [], what)

    def ask(self, *arguments):
        """Runs a command on the same data folder and gives its JSON."""
        return ask(self.data, *arguments)

    def server(self):
        """The process id of llama-server."""
        return self.window.until("llama-server", lambda: next(
            (pid for pid in self.window.processes() if "llama-server --model" in command(pid)), None))

    def begin_story(self):
        """Sends a prompt with a long answer and waits until it streams."""
        self.window.say(STORY)
        self.window.find("Stop", seconds=60, exact=False)
        return self.window.until("the first words", self.answer, 60)

    def stops(self):
        """Stops the answer that streams, unless it has ended, and says whether it has."""
        window = self.window
        if "You stopped this answer." in window.words() or "first token" in window.words():
            return True
        for node in window.nodes():
            if name(node).startswith("Stop") and role(node) == "push button":
                act(node)
                break
        return False

    def answer(self):
        """What is stored of the last answer, by way of the running window."""
        chats = self.ask("chats", "list")["chats"]
        messages = self.ask("chats", "export", chats[0]["id"])["chats"][0]["messages"] if chats else []
        return messages[-1]["text"] if messages and messages[-1]["role"] == "assistant" else ""


class Conversation(Trial):
    def test_type_send_see_the_answer_close_start_again_same_chat(self):
        window = self.start_chat()
        window.say("What is the capital of France?")
        window.sees("Paris", 60)
        window.sees("t/s")
        window.sees("first token")
        said = self.answer()
        self.assertIn("Paris", said)
        pids = window.processes()
        window.close()
        self.all_end(pids, "left after closing")

        window = self.start()
        window.sees("What is the capital of France?")
        window.press("What is the capital of France?", exact=False)
        window.sees(said.strip().splitlines()[0][:60])
        window.say("And of Italy?")
        window.until("a second answer", lambda: len(self.ask("chats", "list")["chats"]) == 1 and
                     self.ask("chats", "list")["chats"][0]["messages"] == 4 and self.answer(), 60)

    def test_stop_keeps_what_was_written(self):
        window = self.start_chat()
        self.begin_story()
        window.press("Stop", exact=False)
        window.sees("You stopped this answer.", 5)
        self.assertTrue(self.answer())
        window.find("Send", seconds=5, exact=False)

    def test_killed_llama_server_is_said_and_the_next_prompt_works(self):
        window = self.start_chat()
        self.begin_story()
        os.kill(self.server(), 9)
        window.sees("The engine stopped", 15)
        self.assertTrue(self.answer(), "the partial answer is kept")
        window.say("What is the capital of France?")
        window.until("an answer", lambda: "Paris" in self.answer(), 60)


class TheWholeWindow(Trial):
    """What holds on every page: the size of text, what is typed, the focus."""

    def width(self):
        node = self.window.find("Library", ("push button", "button", "toggle button"))
        return node.queryComponent().getExtents(pyatspi.DESKTOP_COORDS).width

    def grows(self, width):
        self.window.until(f"a page {width} wide at the rail", lambda: abs(self.width() - width) <= 2)

    def test_text_grows_with_its_keys_and_stays_so(self):
        window = self.start_chat()
        usual = self.width()
        window.focus()
        window.key("ctrl+plus", "ctrl+plus", "ctrl+plus")
        self.grows(round(usual * 1.5))
        window.close()
        window = self.start()
        self.grows(round(usual * 1.5))
        window.focus()
        window.key("ctrl+0")
        self.grows(usual)

    def test_what_is_typed_into_settings_is_there_after_the_window_is_closed_without_leaving_the_field(self):
        window = self.start_chat()
        window.press("Settings")
        window.fill("System prompt", "Answer in rhymes.")
        window.close()
        window = self.start()
        window.press("Settings")
        field = window.find("System prompt", ("entry", "text"))
        window.until("the system prompt", lambda: text(field) == "Answer in rhymes.")

    def test_what_is_typed_in_the_last_moment_is_there_after_the_window_is_closed(self):
        def types(field, words, between=40):
            """Closes the window right after the last key, without looking whether the page has it. At 40 milliseconds a key
            the hand is quick; at 2 the keys are there at once, and the page needs seconds for them."""
            window.focus()
            window.find(field, ("entry", "text")).queryComponent().grabFocus()
            window.type(words, between)
            window.close()

        def there(field, words):
            self.window = self.start()
            return self.window.until(words, lambda: typed(self.window, field) == words and self.window)

        window = self.start_chat()
        types("Message", "The last words of a new chat")
        window = there("Message", "The last words of a new chat")
        window.fill("Message", "Hello")
        window.key("Return")
        window.sees("first token", 90)
        many = "the last words of a stored chat, and so many of them that the page is behind for a while"
        types("Message", many, 2)
        window = there("Message", many)
        window.press("Edit")
        window.until("the editor", lambda: typed(window, "Edit your message") == "Hello")
        types("Edit your message", " and the last of an edit", 2)
        window = there("Edit your message", "Hello and the last of an edit")
        window.press("Cancel")
        window.press("Rename this chat")
        types("New title", "The last words of a title")  # what stands there is selected
        window = self.start()
        window.sees("The last words of a title")

    def test_a_long_paste_is_kept_over_a_restart_and_taken_away_by_the_undo_key(self):
        window = self.start_chat()
        window.fill("Message", "Read this: ")
        pasted = f"Show the pasted text: {len(LONG_TEXT.splitlines()):,} lines, 200 kB"
        with clipboard(LONG_TEXT):
            window.key("ctrl+v")
            window.find(pasted)
            window.key("ctrl+z")
            window.until("no pasted text", lambda: not window.has(pasted))
            window.key("ctrl+v")
            window.find(pasted)
        self.assertEqual(typed(window, "Message"), "Read this: ")
        window.close()
        window = self.start()
        window.find(pasted)
        self.assertEqual(typed(window, "Message"), "Read this: ")

    def test_a_page_that_hangs_does_not_hold_the_window_and_the_answer_keeps_its_words(self):
        window = self.start_chat()
        before = self.begin_story()
        page = page_of(window)
        os.kill(page, signal.SIGSTOP)
        window.close()
        with open(os.path.join(self.data, "logs", "weightroom.log")) as log:
            self.assertIn("the page has not handed over what is typed", log.read())
        self.start()
        self.assertTrue(self.answer().startswith(before[:200]))

    def test_a_page_opened_by_its_key_has_the_focus_at_its_heading(self):
        window = self.start_chat()
        window.focus()
        for key, heading in (("ctrl+3", "Library"), ("ctrl+5", "This machine"), ("ctrl+comma", "Settings")):
            window.key(key)
            window.until(f"the focus at {heading}", lambda: any(
                name(node) == heading and node.getState().contains(pyatspi.STATE_FOCUSED) for node in window.nodes() if role(node) == "heading"))


class LongChats(Trial):
    """Chats that were imported: long ones, and so many that the list scrolls."""

    def open_seeded(self):
        self.start_chat().close()
        seed(self.data, archive(self.ask("models")["models"][0]["ref"]))
        return self.start()

    def jump(self):
        return self.window.has("Jump to latest", ("push button", "button"))

    def test_a_long_chat_opens_at_its_end_draws_little_and_finds_what_is_not_drawn(self):
        window = self.open_seeded()
        window.press("300 messages")
        window.sees("Answer 149.")
        self.assertNotIn("Answer 100.", window.words())
        self.assertFalse(self.jump())
        window.focus()
        window.key("ctrl+f")
        window.fill("Find in this chat", "question 3 about")
        window.sees("Question 3 about the lighthouse?")
        self.assertNotIn("Answer 149.", window.words())
        window.key("Escape")
        window.press("Jump to latest")
        window.sees("Answer 149.")
        self.assertTrue(window.soon(lambda: not self.jump()))

    def test_a_chat_with_code_stays_at_its_end_and_one_that_does_not_scroll_has_nothing_below(self):
        window = self.open_seeded()
        for title, words in (("An answer of 150 kB", "first token"), ("Code of 150 kB", "first token"), ("300 messages with code", "Answer 149.")):
            window.press(title)
            window.sees(words)
            window.settles()
            self.assertFalse(self.jump(), title)
        window.press("Small chat")
        window.sees("The capital of France is Paris.")
        window.focus()
        subprocess.run(["xdotool", "mousemove", "800", "400", "click", "4", "click", "4"], check=True)
        window.settles()
        self.assertFalse(self.jump())

    def test_the_chat_that_was_open_is_open_again_and_a_search_leads_to_its_message(self):
        window = self.open_seeded()
        window.press("Short chat 3 about some everyday matter")
        window.sees("What about 3?")
        window.close()
        window = self.start()
        window.sees("What about 3?")
        window.fill("Search chats", "question 140 lighthouse")
        window.sees("Question 140 about the lighthouse?")
        window.key("Return")
        window.sees("Question 140 about the lighthouse?")
        window.sees("Answer 140.")


class BeforeTheDownload(Trial):
    def test_discover_picks_a_model_with_reasons(self):
        window = self.start_chat()
        window.press("Discover")
        window.sees("Best for chat on this machine", 30)
        window.sees("engine plan", 30)
        window.press("Why not a bigger one?")
        window.sees("GB", 10)

    def test_a_drive_of_a_weightless_model_is_timed_and_leaves_nothing(self):
        ran = self.ask("testdrive", "smollm2-135m:Q8_0")
        self.assertGreater(ran["tokensPerSecond"], 1)
        self.assertGreater(ran["promptTokensPerSecond"], ran["tokensPerSecond"])
        self.assertLess(ran["diskBytes"], 1_000_000)
        self.assertEqual(os.listdir(os.path.join(self.data, "drives")), [])
        plan = self.ask("fit", "llama-3.1-8b:Q4_K_M", "--context", "4096")
        self.assertEqual(plan["fit"], "ram")
        self.assertAlmostEqual(plan["memory"]["weightsBytes"] / 4.92e9, 1, delta=0.03)


class Lab(Trial):
    def test_two_quants_are_compared_and_the_verdict_is_seen(self):
        window = self.start_chat()
        window.press("Lab")
        window.press("New comparison")
        # The starter is a quant itself, and the page says so.
        window.sees("requantized", 60)
        window.sees("2 rows.", 60)
        window.fill("Rounds", "1")
        window.key("Tab")
        window.press("Compare")
        window.sees("If you stop, the finished rows are kept.", 60)
        window.until("a verdict", lambda: any(words in window.words() for words in
                     ("use it", "Use it", "stay with", "Stay with", "nothing to choose between")), 1800)
        rows = self.ask("lab", "list")["comparisons"]
        self.assertEqual([row["state"] for row in rows], ["done"])
        shown = self.ask("lab", "show", rows[0]["id"])
        self.assertEqual(shown["settings"]["rounds"], 1)
        self.assertEqual(sorted(row["quant"] for row in shown["rows"]), ["Q4_1", "Q4_K_M"])
        window.find("All figures", seconds=5)
        if os.environ.get("PICTURES"):
            window.screenshot(os.path.join(os.environ["PICTURES"], "lab.png"))

    def test_side_by_side_streams_two_answers(self):
        self.ask("lab", "quantize", "smollm2-135m", "--to", "Q2_K")
        window = self.start()
        window.press("Start chatting")
        window.press("Lab")
        window.press("Side by side")
        for quant in ("Q4_1", "Q2_K"):
            window.click(window.find(f"SmolLM2 135M {quant}", ("check box",), exact=False))
        window.fill("Prompt", "Name three colours.")
        window.press("Send to all")
        window.until("two answers with figures", lambda: window.words().count("t/s") >= 2, 300)


class Imports(Trial):
    def test_dropped_files_are_imported_under_the_name_in_their_header_renamed_and_brought_back(self):
        model = other_starter("Granite 3.3 2B")
        whole, cut = os.path.join(self.base, "some-file.gguf"), os.path.join(self.base, "cut.gguf")
        for path, data in ((whole, model), (cut, model[:-1_800_000])):
            with open(path, "wb") as file:
                file.write(data)
        window = self.start()
        window.press("Start chatting")
        window.drop(cut)
        window.sees("1.8 MB of its 98.4 MB are missing")
        self.assertFalse(window.find("Import", ("push button",)).getState().contains(pyatspi.STATE_SENSITIVE))
        window.press("Cancel")
        window.drop(whole)
        window.find("Name", ("entry", "text"))
        window.press("Import")
        window.sees("Granite 3.3 2B is in your library")
        names = lambda: {m["ref"]: m["name"] for m in self.ask("models")["models"]}  # noqa: E731
        ref = next(ref for ref, called in names().items() if called == "Granite 3.3 2B")

        window.press("Library")
        window.press("More actions for Granite 3.3 2B")
        window.press("Rename…")
        window.fill("Name", "My best one")
        window.key("Return")
        window.until("its new name", lambda: names()[ref] == "My best one")
        window.find("Details of My best one")
        window.press("Undo")
        window.until("its old name", lambda: names()[ref] == "Granite 3.3 2B")

        window.press("More actions for Granite 3.3 2B")
        window.press("Remove")
        window.until("its end", lambda: not window.has("Details of Granite 3.3 2B"))
        window.press("Undo")
        row = window.find("Details of Granite 3.3 2B")
        window.until("the focus at the row", lambda: row.getState().contains(pyatspi.STATE_FOCUSED))


    def test_files_dropped_on_the_open_form_join_it_and_never_replace_the_page(self):
        model = other_starter("Granite 3.3 2B")
        whole, cut, empty = (os.path.join(self.base, f"{name}.gguf") for name in ("whole", "cut", "empty"))
        for path, data in ((whole, model), (cut, model[:-1_800_000]), (empty, b"")):
            with open(path, "wb") as file:
                file.write(data)
        window = self.start()
        window.press("Start chatting")
        window.press("Library")
        for _ in range(2):  # at the second time the web view opens the first file, if it may
            window.drop(cut, whole)
            window.sees("Granite 3.3 2B")
            window.drop(empty, cut)
            window.sees("This file is empty")
            self.assertIn("Granite 3.3 2B", window.words())
            self.assertIn("Import a model", window.words())  # the one that can be
            window.until("the end of what a drag shows", lambda: "Drop it here" not in window.words(), 1)
            window.press("Cancel")
        window.find("Models", exact=False)


class Contract(Trial):
    def test_the_window_keeps_what_the_page_relies_on(self):
        self.ask("lab", "quantize", "smollm2-135m", "--to", "Q2_K")  # the contract needs two models
        self.window = Window(self.data, binary=CONTRACT)
        window = self.window
        window.until("the end of the contract", lambda: "Contract: " in window.words(), 3000)
        said = window.words()
        self.assertNotIn("Broken: ", said)
        print(said, flush=True)
        self.assertEqual(self.ask("chats", "list")["chats"], [], "chats are left")


class Life(Trial):
    def test_killed_window_leaves_nothing_running_and_loses_no_text(self):
        window = self.start_chat()
        before = self.begin_story()
        pids = window.processes()
        self.assertTrue(any("llama-server" in command(p) for p in pids))
        window.kill()
        self.all_end(pids, "left after kill -9")
        window = self.start()
        window.press(STORY[:20], exact=False)
        window.sees("This answer was cut off", 10)
        self.assertTrue(self.answer().startswith(before[:200]))

    def test_second_start_hands_over(self):
        window = self.start_chat()
        took = []
        while len(took) < 5 and min(took, default=2) >= 2:  # a busy machine may be late, but not each time
            began = time.monotonic()
            second = subprocess.run([BINARY, "--data", self.data], timeout=60)
            self.assertEqual(second.returncode, 0)
            took.append(time.monotonic() - began)
        self.assertLess(min(took), 2)
        self.assertIsNone(window.process.poll())
        window.say("Hello")
        window.until("the chat, read by a command through the window", self.answer, 60)

    def test_nothing_of_ours_listens_while_a_model_is_loaded(self):
        window = self.start_chat()
        window.say("Hello")
        window.until("an answer", self.answer, 60)
        self.server()
        self.assertEqual(listeners(window.processes()), [])

    def test_every_control_has_a_name(self):
        window = self.start_chat()
        for page in ("Library", "Machine", "Settings", "Chat"):
            window.press(page)
            window.sees(HEADINGS[page])
            window.settles()
            unnamed = [role(node) for node in window.nodes()
                       if role(node) in ("push button", "entry", "link", "combo box", "check box", "slider", "toggle button",
                                         "radio button", "spin button") and not name(node).strip()]
            self.assertEqual(unnamed, [], f"on the page {page}")


class PageDeath(Trial):
    """The page's process ends or hangs, and the page comes back."""

    first = "What is the capital of France?"
    _registry = None

    def tearDown(self):
        if self._registry:
            self._registry.close()
        super().tearDown()

    def registry(self):
        """One that has nothing yet."""
        self._registry = self._registry or Registry(os.path.join(self.base, "registry"))
        return self._registry

    def in_a_chat(self):
        """A window in a chat with a message and its answer."""
        self.title = self.first
        window = self.start_chat()
        window.say(self.first)
        window.sees("first token", 90)
        return window

    def ends(self, total, seed):
        """Kills the page total times, in all states in turn, two times a window: the second time a person is asked."""
        chance = random.Random(seed)
        order, asked, done = [], 0, 0
        while done < total:
            self.in_a_chat()
            deaths = Deaths(self, chance)
            for _ in range(min(2, total - done)):
                if not order:
                    order = [state for state, _ in deaths.states()]
                    chance.shuffle(order)
                state = order.pop()
                asked += deaths.die(state, dict(deaths.states())[state])
                done += 1
                print(f"  {done} of {total} killed {state}: chat and draft are there", flush=True)
            self.window.kill()
            shutil.rmtree(self.data)
        print(f"  {done} killed, {done} came back with the same chat and draft; {asked} of them asked first; seed {seed}", flush=True)

    def test_a_page_that_is_killed_comes_back_with_the_same_chat_and_draft(self):
        self.ends(int(os.environ.get("WEIGHTROOM_PAGE_KILLS", 5)), int(os.environ.get("WEIGHTROOM_SEED", 1)))

    def test_a_page_that_hangs_or_aborts_comes_back(self):
        self.in_a_chat()
        deaths = Deaths(self, random.Random(1))
        self.assertFalse(deaths.die("that hangs", deaths.nothing, signal.SIGSTOP))
        self.assertTrue(deaths.die("that aborts", deaths.nothing, signal.SIGABRT))

    def test_a_page_that_stops_again_may_be_given_up(self):
        window = self.in_a_chat()
        page = page_of(window)
        os.kill(page, signal.SIGKILL)
        returns(window, page)
        os.kill(page_of(window), signal.SIGKILL)
        window.sees("The page in this window has stopped again: its process ended.", 20)
        window.sees(os.path.join(self.data, "logs", "weightroom.log"), 5)
        window.press("No")
        self.assertEqual(window.process.wait(60), 0)
        with open(os.path.join(self.data, "logs", "weightroom.log")) as log:
            self.assertEqual(log.read().count("page stopped"), 2)

    def test_a_page_that_is_busy_hidden_or_asleep_is_left_alone(self):
        window = self.in_a_chat()
        page, ours = page_of(window), window._windows()[0]
        subprocess.run(["xdotool", "windowunmap", ours], check=True)
        time.sleep(40)
        subprocess.run(["xdotool", "windowmap", ours], check=True)
        os.kill(page, signal.SIGSTOP)
        window.process.send_signal(signal.SIGSTOP)  # as a machine that sleeps
        time.sleep(40)
        window.process.send_signal(signal.SIGCONT)
        os.kill(page, signal.SIGCONT)
        window.press("Library")
        window.press("Add a model")
        window.press("Import a GGUF file…")
        time.sleep(40)  # with the system's own dialog open
        self.assertEqual(page_of(window), page)
        self.assertNotIn(NOTICE, window.words())


class Titles(Trial):
    def test_a_title_is_renamed_by_keys_while_an_assistive_technology_focuses_its_field(self):
        """Focusing a field takes the focus from it first. One that went meanwhile took the page's process with it."""
        window = self.start_chat()
        window.say("Hello")
        window.sees("first token", 90)
        window.focus()
        page = page_of(window)

        def rename(begin, words, end):
            begin()
            field = window.find("New title", ("entry", "text"))
            field.queryComponent().grabFocus()
            time.sleep(0.5)
            window.key("ctrl+a")
            window.type(words)
            window.key(end)
            time.sleep(1)
            self.assertEqual(page_of(window), page, "the page ended")
            self.assertFalse(window.has("New title"), "the field stays")

        for begin in (lambda: window.key("F2"), lambda: window.press("Rename this chat")):
            rename(begin, "A new title", "Return")
            window.sees("A new title", 10)
            rename(begin, "Not this one", "Escape")
            self.assertNotIn("Not this one", window.words())
            rename(begin, "Hello again", "Return")


class Weights(Trial):
    """A model that comes from a registry: Debian's, on loopback."""

    def setUp(self):
        super().setUp()
        self.registry = Registry(os.path.join(self.base, "registry"))

    def tearDown(self):
        self.registry.close()
        super().tearDown()

    def test_pull_a_model_into_the_library_and_chat_with_it(self):
        ref = self.registry.push("library/small", "q4_1", other_starter())
        window = self.start()
        window.press("Start chatting")
        window.press("Library")
        window.press("Add a model")
        window.press("Download by name or address…")
        window.fill("Name or address", ref)
        window.press("See what it is")
        window.press("Download 98.4 MB", seconds=30)
        window.until("the model", lambda: ref in [m["ref"] for m in self.ask("models")["models"]], 120)
        window.sees("Pulled small model Q4_1 is in your library", 10)
        self.assertEqual(self.ask("models", "verify", ref)["bad"], [])
        why = [c["why"] for c in self.ask("ledger")["connections"]]
        self.assertTrue(any(w.startswith("You downloaded") for w in why), why)
        self.assertEqual({c["host"] for c in self.ask("ledger")["connections"]}, {self.registry.host})

        window.press("Library")
        window.press("Chat with Pulled", exact=False)
        window.say("What is the capital of France?")
        # Whatever it says, and however long: no settings that would keep it to the likeliest came with it.
        window.until("an answer", self.answer, 90)
        window.until("its end", self.stops, 90)

        window.press("Machine")
        window.sees("You downloaded", 20)

    def test_a_download_goes_on_after_a_restart_and_is_never_fetched_twice(self):
        self.registry.limit(6_000_000)
        ref = self.registry.push("library/small", "q4_1", other_starter())
        window = self.start()
        window.press("Start chatting")
        begun = self.ask("downloads", "add", ref)["download"]
        window.until("some megabytes", lambda: self.ask("downloads")["downloads"][0]["done"] > 20_000_000, 60)
        window.close()

        window = self.start()
        window.find("Library")
        self.assertEqual([m["ref"] for m in self.ask("pull", ref)["models"]], [ref], "a pull beside the window waits for its end")
        self.assertEqual(self.ask("downloads", "show", begun["id"])["download"]["state"], "done")
        self.assertLess(self.registry.sent(), 1.25 * 98_362_432)


if __name__ == "__main__":
    result = unittest.main(exit=False, verbosity=2).result
    failed = len(result.failures) + len(result.errors)
    print(f"{result.testsRun - failed} passed, {failed} failed")
    sys.exit(failed > 0)
