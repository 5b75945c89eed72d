"""Measures what the number of threads does where the machine allows less than it has, and prints a table.

Each model writes and reads under a quota of one core in a control group of its own (root makes it), on one core by
affinity, and with all cores: with as many threads as the machine has cores, which is what llama.cpp takes by itself, and
with as many as the app takes there. Both are run in turn. DATA=FOLDER takes what was tuned in that data folder,
ONLY=WORD the places whose name has it."""

import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BINARY = os.path.join(ROOT, "build", "bin", "weightroom")
STARTER = os.path.join(ROOT, "build", "share", "weightroom", "SmolLM2-135M-Instruct.Q4_1.gguf")
BENCH = os.path.join(ROOT, "build", "lib", "ollama", "llama-bench")
LARGER = os.environ.get("LARGER", "llama-3.2-1b:Q4_K_M")
ROUNDS = int(os.environ.get("ROUNDS", "5"))
CORES = os.cpu_count()
# Version 2 of control groups where it has the processor, else version 1.
V2, V1 = "/sys/fs/cgroup/weightroom-bench", "/sys/fs/cgroup/cpu/weightroom-bench"


def group():
    """Makes a control group with a quota of one core, and returns the file that takes a process into it."""
    for folder, quota in ((V2, ("cpu.max", "100000 100000")), (V1, ("cpu.cfs_quota_us", "100000"))):
        try:
            os.makedirs(folder, exist_ok=True)
            with open(os.path.join(folder, quota[0]), "r+") as limit:  # the kernel makes it, where this is a group with the processor
                limit.write(quota[1])
            return os.path.join(folder, "cgroup.procs")
        except OSError:
            if os.path.isdir(folder):
                os.rmdir(folder)
    return None


def run(limit, *command):
    def enter():
        if limit.startswith("/"):
            with open(limit, "w") as processes:
                processes.write(str(os.getpid()))
        elif limit == "taskset":
            os.sched_setaffinity(0, {0})

    done = subprocess.run(command, capture_output=True, text=True, preexec_fn=enter, env={**os.environ, "LLAMA_FILL_HOLES": "1"})
    if done.returncode:
        sys.exit(f"{' '.join(command)}: {done.stderr}")
    return done.stdout


def bench(limit, model, threads, read, write):
    tests = json.loads(run(limit, BENCH, "-m", model, "-t", str(threads), "-p", str(read), "-n", str(write), "-r", "1",
                           "-lm", "none", "-o", "json"))
    return [test["avg_ts"] for test in tests]


def line(place, name, limit, model, threads, read, write):
    taken = {CORES: [], threads: []}
    for i in range(ROUNDS):
        for n in sorted(taken, reverse=i % 2 == 1):
            taken[n].append(bench(limit, model, n, read, write))
    cells = []
    for n in (CORES, threads):
        for which in (1, 0):
            values = [t[which] for t in taken[n]]
            cells.append(f"{statistics.median(values):.1f} ({min(values):.1f} to {max(values):.1f})")
    gain = statistics.median(b[1] / a[1] for a, b in zip(taken[CORES], taken[threads]))
    print(f"| {name} | {place} | {CORES} | {cells[0]} | {cells[1]} | {threads} | {cells[2]} | {cells[3]} | {gain:.2f} |", flush=True)


def main():
    quota = group()
    places = [("a quota of one core", quota)] if quota else []
    if not quota:
        print("A control group with a quota can't be made here: run it as root.")
    if platform.system() == "Linux":
        places.append(("taskset -c 0", "taskset"))
    places.append(("all cores", ""))
    wanted = os.environ.get("ONLY", "")
    places = [place for place in places if wanted in place[0]]
    with tempfile.TemporaryDirectory(prefix="weightroom-bench-") as base:
        data = os.environ.get("DATA", base)
        larger = os.path.join(base, "larger.gguf")
        subprocess.run(["go", "run", "./build/bench/weightless", LARGER, larger], check=True, cwd=ROOT)
        print(f"load before: {os.getloadavg()[0]:.2f}; medians of {ROUNDS} rounds in turn, tokens/s (least to most)")
        print("| model | allowed | threads by itself | writes | reads | threads of the app | writes | reads | writes, ratio |")
        print("| --- | --- | --- | --- | --- | --- | --- | --- | --- |")
        for place, limit in places:
            threads = json.loads(run(limit, BINARY, "--data", data, "--json", "detect"))["cpu"]["threads"]["count"]
            # Threads that wait for each other on one core take a second for a token and more.
            read, write = (16, 8) if limit == "taskset" else (64, 64)
            line(place, "SmolLM2 135M Q4_1", limit, STARTER, threads, read, write)
            line(place, LARGER, limit, larger, threads, min(32, read), 8)
        print(f"load after: {os.getloadavg()[0]:.2f}")
    if quota:
        os.rmdir(os.path.dirname(quota))


if __name__ == "__main__":
    main()
