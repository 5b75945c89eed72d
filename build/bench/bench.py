"""Measures the app beside its peers and prints ratios: start, memory, and decode speed against llama-bench."""

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "window"))
from drive import BINARY, ROOT, Window  # noqa: E402

MODEL = os.path.join(ROOT, "build", "share", "weightroom", "SmolLM2-135M-Instruct.Q4_1.gguf")
BENCH = os.path.join(ROOT, "build", "lib", "ollama", "llama-bench")
TOKENS = 128
ROUNDS = int(os.environ.get("ROUNDS", "7"))


def pss(pids):
    """Proportional set size of processes, in bytes."""
    total = 0
    for pid in pids:
        try:
            with open(f"/proc/{pid}/smaps_rollup") as rollup:
                total += sum(int(line.split()[1]) for line in rollup if line.startswith("Pss:")) * 1024
        except OSError:
            continue
    return total


def spread(values):
    return f"median {statistics.median(values):.3f}, {min(values):.3f} to {max(values):.3f}, n={len(values)}"


def start(data):
    """Seconds from start to a page that can be used, and memory when idle, over a few starts."""
    times, memory = [], []
    log = os.path.join(data, "logs", "weightroom.log")
    for _ in range(ROUNDS):
        window = Window(data)
        window.find("Message", ("entry", "text"))
        times.append(time.monotonic() - window.started)
        time.sleep(3)
        memory.append(pss(window.processes()) / 2**20)
        window.close()
    with open(log) as lines:
        asked = [float(line.rsplit("seconds=", 1)[1]) for line in lines if "page is up" in line][-ROUNDS:]
    print(f"idle start, the page's first call answered after (s): {spread(asked)}")
    print(f"idle start, message field in the accessibility tree after (s): {spread(times)}")
    print(f"idle start, PSS of all processes (MiB): {spread(memory)}")


def chat(data, directory):
    """Decode speed of the app's own chat: `run` on the starter, the engine's figure."""
    run = subprocess.run([BINARY, "--data", data, "--json", "run", "smollm2-135m", "Write a very long story about the sea.",
                          "--max-tokens", str(TOKENS), "--temperature", "0", "--context", "2048"],
                         capture_output=True, text=True, check=True, cwd=directory)
    return json.loads(run.stdout)["tokensPerSecond"]


def bench():
    """llama-bench at the depth at which the chat begins."""
    run = subprocess.run([BENCH, "-m", MODEL, "-p", "0", "-n", str(TOKENS), "-d", "40", "-r", "1", "-o", "json"],
                         capture_output=True, text=True, check=True)
    return json.loads(run.stdout)[-1]["avg_ts"]


def speed(data, directory):
    """Pairs of runs in turn, so that a machine that slows down slows both."""
    ours, theirs, ratios = [], [], []
    for i in range(ROUNDS):
        if i % 2 == 0:
            a, b = chat(data, directory), bench()
        else:
            b, a = bench(), chat(data, directory)
        ours.append(a)
        theirs.append(b)
        ratios.append(a / b)
    print(f"our chat (tokens/s): {spread(ours)}")
    print(f"llama-bench (tokens/s): {spread(theirs)}")
    print(f"ratio, pair by pair: {spread(ratios)}")


def main():
    base = tempfile.mkdtemp(prefix="weightroom-bench-")
    try:
        data = os.path.join(base, "data")
        window = Window(data)
        window.press("Start chatting")
        window.find("Message", ("entry", "text"))
        window.close()
        start(data)
        speed(data, base)
    finally:
        shutil.rmtree(base, ignore_errors=True)


if __name__ == "__main__":
    main()
