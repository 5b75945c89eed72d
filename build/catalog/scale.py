"""Fits how hard each benchmark is, so that models with different benchmarks can be compared (backend/catalog/score.go)."""

import datetime
import math

# name, other spellings, share that guessing gets right, uses it speaks for
YARDSTICKS = (
    ("AIME 2024", (), 0.0, ("reasoning",)), ("AIME 2025", (), 0.0, ("reasoning",)), ("AIME 2026", (), 0.0, ("reasoning",)),
    ("Arena-Hard", (), 0.0, ("chat",)), ("BFCL", ("BFCL v3",), 0.0, ("tools",)), ("GPQA", (), 0.25, ("reasoning",)), ("GPQA Diamond", (), 0.25, ("reasoning",)),
    ("GSM8K", (), 0.0, ("reasoning",)), ("HumanEval", (), 0.0, ("code",)), ("IFEval", (), 0.0, ("chat",)), ("LiveCodeBench", (), 0.0, ("code",)), ("LiveCodeBench v6", (), 0.0, ("code",)),
    ("MATH", (), 0.0, ("reasoning",)), ("MATH-500", (), 0.0, ("reasoning",)), ("MGSM", (), 0.0, ("reasoning",)), ("MMLU", (), 0.25, ("chat",)),
    ("MMLU CoT", (), 0.25, ("chat",)), ("MMLU-Pro", (), 0.1, ("chat", "reasoning")), ("MMLU-Redux", (), 0.25, ("chat",)), ("MMMU", (), 0.25, ("vision",)),
    ("MMMU-Pro", (), 0.1, ("vision",)), ("SWE-bench Verified", (), 0.0, ("code",)),
)
FEWEST = 3  # scores a benchmark needs to count


def logit(percent, chance):
    p = min(max((percent / 100 - chance) / (1 - chance), 0.02), 0.98)
    return math.log(p / (1 - p))


def years(released):
    if not released:
        return 2.0
    return (datetime.date.fromisoformat(released) - datetime.date(2024, 1, 1)).days / 365.25


def effective(m):
    return math.sqrt(m["params"] * m.get("activeParams", m["params"])) / 1e9


def observations(models):
    """The best score of each model on each benchmark, as {model: {benchmark: logit}}."""
    found = {}
    for m in models:
        if "completion" in m["uses"] or "embedding" in m["uses"]:
            continue
        for name, also, chance, _ in YARDSTICKS:
            values = [b["value"] for b in m.get("benchmarks", []) if b["name"] in (name, *also) and "variant" not in b]
            if values:
                found.setdefault(m["id"], {})[name] = logit(max(values), chance)
    return found


def least_squares(rows, wanted):
    """Solves the normal equations by elimination."""
    n = len(rows[0])
    table = [[sum(r[i] * r[j] for r in rows) for j in range(n)] + [sum(r[i] * y for r, y in zip(rows, wanted))] for i in range(n)]
    for i in range(n):
        pivot = max(range(i, n), key=lambda k: abs(table[k][i]))
        table[i], table[pivot] = table[pivot], table[i]
        for k in range(n):
            if k != i:
                factor = table[k][i] / table[i][i]
                table[k] = [a - factor * b for a, b in zip(table[k], table[i])]
    return [table[i][n] / table[i][i] for i in range(n)]


def fit(models):
    seen = observations(models)
    counts = {}
    for scores in seen.values():
        for name in scores:
            counts[name] = counts.get(name, 0) + 1
    kept = {name for name, n in counts.items() if n >= FEWEST}
    seen = {m: {b: s for b, s in scores.items() if b in kept} for m, scores in seen.items()}
    seen = {m: scores for m, scores in seen.items() if scores}
    hard = dict.fromkeys(sorted(kept), 0.0)
    for _ in range(500):
        able = {m: sum(s + hard[b] for b, s in scores.items()) / len(scores) for m, scores in seen.items()}
        for b in hard:
            gaps = [able[m] - scores[b] for m, scores in seen.items() if b in scores]
            hard[b] = sum(gaps) / len(gaps)
        middle = sum(hard.values()) / len(hard)
        hard = {b: d - middle for b, d in hard.items()}
    able = {m: sum(s + hard[b] for b, s in scores.items()) / len(scores) for m, scores in seen.items()}
    errors = [s + hard[b] - able[m] for m, scores in seen.items() if len(scores) > 1 for b, s in scores.items()]
    spread = math.sqrt(sum(e * e for e in errors) / (len(errors) - sum(len(s) > 1 for s in seen.values()) - len(hard) + 1))
    sized = [m for m in models if len(seen.get(m["id"], ())) > 1]
    rows = [[1.0, math.log(effective(m)), years(m.get("released")), float(m.get("thinking", False))] for m in sized]
    line = least_squares(rows, [able[m["id"]] for m in sized])
    misses = [able[m["id"]] - sum(a * b for a, b in zip(line, r)) for m, r in zip(sized, rows)]
    return {
        "benchmarks": [{"name": n, **({"also": list(a)} if a else {}), "chance": c, "difficulty": round(hard[n], 4), "models": counts[n], "uses": list(u)}
                       for n, a, c, u in YARDSTICKS if n in hard],
        "spread": round(spread, 4),
        "size": {"intercept": round(line[0], 4), "perLogParams": round(line[1], 4), "perYear": round(line[2], 4), "thinking": round(line[3], 4),
                 "spread": round(math.sqrt(sum(x * x for x in misses) / (len(misses) - len(line))), 4), "models": len(sized)},
    }
