"""Runs `go test -json` with the given arguments and says in a line when a test begins, ends, or has run another minute.

What a test printed is shown where it failed. The exit status is go's."""

import json
import subprocess
import sys
import threading
import time

EVERY = 60  # seconds between the lines of a test that still runs


def main(arguments):
    running, lock = {}, threading.Lock()

    def say(line):
        print(line, flush=True)

    def remind():
        while True:
            time.sleep(EVERY)
            with lock:
                for (_, test), since in list(running.items())[-1:]:
                    say(f"      {test}: {time.monotonic() - since:.0f} s so far")

    threading.Thread(target=remind, daemon=True).start()
    go = subprocess.Popen(["go", "test", "-json", *arguments], stdout=subprocess.PIPE, text=True, errors="replace")
    printed = {}  # by package and test
    passed = failed = skipped = 0
    for line in go.stdout:
        try:
            event = json.loads(line)
        except ValueError:
            say(line.rstrip())
            continue
        action, test = event["Action"], event.get("Test", "")
        key = (event.get("Package", event.get("ImportPath", "")), test)
        top = "/" not in test
        with lock:
            if action in ("output", "build-output"):
                printed.setdefault(key, []).append(event["Output"])
            elif action == "run" and top:
                running[key] = time.monotonic()
                say(f"  ..  {test}")
            elif action == "build-fail" or action == "fail" and not test:
                say("".join(printed.get(key, [])) + f"FAIL  {key[0]}")
            elif action == "fail":
                say("".join(printed.get(key, [])) + f"FAIL  {test} ({event['Elapsed']:.1f} s)")
                failed += top
            elif action == "skip" and test and top:
                skipped += 1
                say(f"skip  {test}: " + " ".join(printed.get(key, ["", ""])[1].split()))
            elif action == "pass" and top:
                say(f"  ok  {test or key[0]} ({event['Elapsed']:.1f} s)")
                passed += bool(test)
            if action in ("pass", "fail", "skip"):
                running.pop(key, None)
                printed.pop(key, None)
    status = go.wait()
    say(f"{passed} passed, {failed} failed, {skipped} skipped")
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
