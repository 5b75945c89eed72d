"""Chats to measure the page with: long ones, pinned so that their places in the list are known, and many short ones."""

import datetime
import json
import os
import subprocess

LONG = ("Small chat", "One line of 10,000 characters", "300 messages", "An answer of 150 kB", "Code of 150 kB", "300 messages with code")
SHORT = 220

PARAGRAPH = ("The lamp of the **lighthouse** turned once in twelve seconds, and the keeper wrote `ships`, weather and oil into "
             "the book that had been begun before he came. On clear nights he could see as far as the other island. ")
LIST = "\n\n1. First the oil\n2. Then the glass\n3. Then the book, and *never* in another order\n\n"
CODE = "\n\n```python\ndef lamp(turns):\n    for turn in range(turns):\n        yield turn * 12  # seconds\n```\n\n"
BEGIN = datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc)


class Chat:
    """One chat of an export, message after message."""

    def __init__(self, number, title, model, pinned=False):
        self.id, self.at, self.parent = f"seed{number:08d}", BEGIN + datetime.timedelta(hours=number), ""
        self.model, self.messages = model, []
        self.chat = {"id": self.id, "title": title, "named": True, "model": model, "system": "", "sampling": {}, "leaf": "", "draft": "",
                     "pinned": pinned, "created": self.at.isoformat(), "updated": self.at.isoformat()}

    def says(self, text, role="user"):
        self.at += datetime.timedelta(seconds=1)
        message = {"id": f"m{len(self.messages):08d}", "chatId": self.id, "parent": self.parent, "role": role, "text": text,
                   "state": "done", "created": self.at.isoformat(), "metrics": {}}
        if role == "assistant":
            message |= {"model": self.model, "metrics": {"promptTokens": 100, "tokens": 200, "tokensPerSecond": 31.5,
                                                         "promptTokensPerSecond": 200, "timeToFirstTokenSeconds": 0.4}}
        self.messages.append(message)
        self.parent = self.chat["leaf"] = message["id"]
        return self

    def turn(self, question, answer):
        return self.says(question).says(answer, "assistant")

    def exported(self):
        return {"chat": self.chat, "messages": self.messages}


def prose(size):
    """An answer of about so many bytes, with headings, lists and code."""
    text, part = "", 0
    while len(text) < size:
        part += 1
        text += f"## Part {part}\n\n{PARAGRAPH * 3}\n\n{PARAGRAPH}{LIST if part % 3 == 0 else ''}{CODE if part % 4 == 0 else ''}\n\n"
    return text[:size]


def code(size):
    lines, number = ["```python"], 0
    while 64 * number < size:
        number += 1
        lines.append(f"    lamp_{number:05d} = turn(the_glass[{number}], seconds=12)  # night {number}")
    return "\n".join([*lines, "```"])


def archive(model):
    """An export of all of them, answered by one model."""
    # The list is newest first: the last number is the first row.
    number = iter(range(len(LONG) + SHORT, 0, -1))
    small, line, many, long, program, coded = (Chat(next(number), title, model, pinned=True) for title in LONG)
    small.turn("What is the capital of France?", "The capital of France is Paris.")
    line.turn("One line, please.", "x" * 10_000)
    for n in range(150):
        many.turn(f"Question {n} about the lighthouse?", f"Answer {n}. {PARAGRAPH * 3}{LIST if n % 3 == 0 else ''}")
        coded.turn(f"Question {n} about the program?", f"Answer {n}. {PARAGRAPH}{CODE}")
    long.turn("Tell me everything.", prose(150_000))
    program.turn("Write all of it.", code(150_000))
    chats = [small, line, many, long, program, coded]
    for n in range(SHORT):
        chats.append(Chat(next(number), f"Short chat {n} about some everyday matter", model).turn(f"What about {n}?", PARAGRAPH))
    return {"weightroom": 1, "exported": BEGIN.isoformat(), "chats": [c.exported() for c in chats]}


def seed(data, exported):
    """Adds an export to the history of a data folder that no app has open."""
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    subprocess.run(["go", "run", "./build/bench/seed", data], input=json.dumps(exported), text=True, check=True, cwd=root)
