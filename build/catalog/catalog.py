"""Writes backend/catalog/data from a folder of gathered facts: catalog.py FACTS_DIR.

Figures are carried over with short names of their sources. Sentences come from words.json and licences.json beside
this file. The output is sorted and one entry a line, so that a change of the facts shows as a change of those lines.
"""

import json
import os
import re
import sys

sys.dont_write_bytecode = True  # nothing but data is written into the checkout
import scale  # noqa: E402
import sources  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
OUT = os.path.join(os.path.dirname(os.path.dirname(HERE)), "backend", "catalog", "data")
GIB = 1 << 30

# Bytes of file header for each entry of the vocabulary: 30 to 61 in the eight files whose exact size is known.
HEADER_PER_TOKEN = 45

VERIFIED = {"exact": "exact", "consistent": "consistent", "consistent-params": "params", "source-only": "source",
            "litgpt-only": "source", "knowledge": "recalled", "none": "recalled"}
USES = {"chat": "chat", "summarization": "chat", "code": "code", "reasoning": "reasoning", "math": "reasoning", "tools": "tools",
        "agents": "tools", "vision": "vision", "long-context": "long-documents", "embedding": "embedding", "completion": "completion"}
USE_ORDER = ("chat", "code", "reasoning", "vision", "long-documents", "tools", "embedding", "completion")
LONG_CONTEXT = 65536

# What files claim where the model's real limit is lower.
FILE_CONTEXT = {"mistral-nemo-12b": 1024000, "mistral-small-4-119b": 1048576, "granite-4.0-h-tiny": 1048576, "nomic-embed-text-v1.5": 2048}
REAL_CONTEXT = {"mistral-small-4-119b": 262144}
TEXT_ONLY = {"gemma-3n-e2b", "gemma-3n-e4b"}  # the engine leaves out the part that reads pictures
MODES = {"no_think": "no thinking", "think": "thinking", "thinking (rounded in the source)": "thinking, rounded"}

# The quantizations in which a fused attention tensor is stored like the rest. The sizes of the others follow an
# older rule for such models, and a file made today differs by 1 to 2%.
UNMIXED = {"F16", "BF16", "Q8_0", "Q6_K", "Q5_0", "Q4_0", "Q4_1", "Q5_K_S"}


def load(folder, name):
    with open(os.path.join(folder, name), encoding="utf-8") as file:
        return json.load(file)


def save(name, rows):
    """Writes a list one entry a line, or a mapping as a whole."""
    with open(os.path.join(OUT, name + ".json"), "w", encoding="utf-8") as file:
        if isinstance(rows, dict):
            json.dump(rows, file, indent=1, sort_keys=True, ensure_ascii=False)
        else:
            lines = [json.dumps(row, sort_keys=True, ensure_ascii=False, separators=(",", ":")) for row in rows]
            file.write("[\n" + ",\n".join(lines) + "\n]")
        file.write("\n")


def lean(row):
    """Drops what is empty, which is what Go's omitempty reads back the same."""
    return {k: v for k, v in row.items() if v not in (None, "", 0, False, [], {})}


def bytes_of(size, gib=False):
    """Reads "4.9GB"; printed sizes of some catalogs are GiB under the name of GB."""
    found = re.fullmatch(r"([\d.]+) ?(KB|MB|GB|TB).*", size or "")
    if not found:
        return 0
    step = 1024 if gib else 1000
    return round(float(found[1]) * step ** ("KB", "MB", "GB", "TB").index(found[2]) * step)


def context_of(text):
    found = re.fullmatch(r"([\d.]+)([KM])", text or "")
    return round(float(found[1]) * 1024 ** (1 if found[2] == "K" else 2)) if found else 0


def tag(raw, quants):
    name, quant = raw["tag"], raw.get("quant")
    if not quant:
        suffix = re.search(r"-(bf16|fp16|q\d_[a-z0-9_]+)$", name, re.I)
        quant = {"BF16": "BF16", "FP16": "F16"}.get(suffix[1].upper(), suffix[1].upper()) if suffix else ""
    quant = quant.replace(" (QAT)", "")
    exact = "bytes" in raw
    return lean({
        "name": name, "quant": quant if quant in quants else "", "qat": "qat" in name.lower() or "(QAT)" in (raw.get("quant") or ""),
        "bytes": raw.get("bytes") or bytes_of(raw["size"]), "exact": exact, "sha256": raw.get("sha256"),
        "context": context_of(raw.get("context")), "cloud": name.endswith(("-cloud", ":cloud")),
    })


def quant_of_file(name, quants):
    """Reads the quantization from a file's name; "UD-" marks an uploader's own mixture."""
    base = re.sub(r"-\d{5}-of-\d{5}", "", os.path.basename(name))
    found = re.search(r"[-._](UD-)?((?:I?Q\d|TQ\d|MXFP4|BF16|F16|FP16)[A-Z0-9_]*)(?:-it)?\.gguf$", base, re.I)
    if not found:
        return "", False
    quant = found[2].upper().replace("FP16", "F16")
    return (quant if quant in quants else ""), bool(found[1])


def file_row(raw, quants):
    quant, own = quant_of_file(raw["file"], quants)
    projector = "mmproj" in raw["file"].lower()
    printed = raw.get("sizePrinted") or raw.get("size") or ""
    return lean({
        "name": raw["file"], "quant": "" if projector else quant, "ownRecipe": own, "sha256": raw.get("sha256"),
        "bytes": raw.get("bytes") or bytes_of(printed, gib=True), "exact": "bytes" in raw, "projector": projector,
        "source": sources.catalog(raw["source"]),
    })


def repo_row(raw, quants):
    return lean({
        "name": raw["repo"], "official": raw["official"], "pattern": raw.get("filePattern"),
        "seen": raw.get("nameSource") != "knowledge", "files": [file_row(f, quants) for f in raw["verifiedFiles"] if "imatrix" not in f["file"]],
    })


def cache_groups(a):
    """Layers that keep keys and values, as [layers, numbers per token, window]."""
    if a["gguf"] in (None, "bert", "nomic-bert"):
        return []
    layers, mla = a["nLayers"], a.get("mla")
    if mla or a.get("kvLoraRank"):
        width = mla["kvLoraRank"] + mla["qkRopeHeadDim"] if mla else a["kvLoraRank"] + a["ropeDim"]
        return [{"layers": layers, "values": width}]
    heads = a["nKvHeads"] if isinstance(a["nKvHeads"], list) else [a["nKvHeads"] or a["nHeads"]] * layers
    if a.get("attentionLayers"):
        heads = [h if i in a["attentionLayers"] else 0 for i, h in enumerate(heads)]
    elif a.get("layerKinds") and not isinstance(a["nKvHeads"], list):
        heads = [h if kind in "a*" else 0 for h, kind in zip(heads, a["layerKinds"])]
    shared = a.get("sharedKvLayers") or a.get("numKvSharedLayers") or 0
    heads = [0 if i >= layers - shared else h for i, h in enumerate(heads)]
    window, kinds = a.get("slidingWindow"), a.get("slidingWindowLayers")
    if window and not kinds:
        every = window["globalEvery"]
        kinds = "".join("G" if (i + 1) % every == 0 else "S" for i in range(layers))
    groups = {}
    for i, h in enumerate(heads):
        if h == 0:
            continue
        sliding = bool(window) and kinds[i] == "S"
        size = a.get("headDimSwa") or a["headDim"] if sliding else a["headDim"]
        key = (2 * h * size, window["window"] if sliding else 0)
        groups[key] = groups.get(key, 0) + 1
    return [lean({"layers": n, "values": values, "window": w}) for (values, w), n in sorted(groups.items())]


def odd_widths(a):
    """Widths of rows that do not divide by 256."""
    if a["gguf"] in (None, "gpt-oss"):
        return []
    heads = a["nHeads"] if isinstance(a["nHeads"], list) else [a["nHeads"]]
    ffn = a["ffnSize"] if isinstance(a["ffnSize"], list) else [a["ffnSize"]]
    widths = {a["hiddenSize"], *ffn, *(h * a["headDim"] for h in heads), a.get("expertFfnSize"), a.get("sharedExpertFfnSize")}
    if a.get("kvLoraRank") or a.get("mla"):
        widths -= {h * a["headDim"] for h in heads}
    return sorted(w for w in widths if w and w % 256)


def quants_of(m):
    a, note = m["architecture"], m["gguf"].get("computedNote") or ""
    rows, exact = m["gguf"].get("computedBytes") or {}, m["architectureVerified"] == "exact"
    mixed = "older rule" in note
    found = [lean({"name": q, "bytes": b, "exact": exact and not (mixed and q not in UNMIXED), "source": "computed"}) for q, b in rows.items()]
    if not found and a["llamaCppSupported"] and m["ollama"]:
        printed = {t["quant"]: t.get("bytes") or bytes_of(t["size"]) for t in reversed(m["ollama"]["tags"]) if t["quant"]}
        found = [{"name": q, "bytes": b, "source": "printed"} for q, b in printed.items()]
    return sorted(found, key=lambda q: (-q["bytes"], q["name"]))


def quants_note(m, words):
    note = m["gguf"].get("computedNote") or ""
    if m["id"] in words["quantsNotes"]:
        return words["quantsNotes"][m["id"]]
    if "separate output tensor" in note:
        return "The publisher's own files of this size carry one more table and are larger, by about an eighth at 4 bits."
    if "older rule" in note:
        return "Sizes are those of files made before mid-2026; a file made today differs by 1 to 2%, because the engine treats one tensor differently."
    if m["family"] == "Qwen3" and "attn_v in F16" in (m["notes"] or ""):
        return "Ollama's own files of this model keep one tensor at 16 bits and are 2 to 25% larger than these."
    if m["architecture"].get("mtpLayers"):
        more = " and are 1.5 to 3% larger" if m["family"] in ("Qwen3.5", "Qwen3.6", "Qwen3.8") else ", which makes them larger"
        return f"Newer files may carry a block that predicts several tokens at once{more}."
    return ""


def projector(m):
    check = m["sources"].get("architectureCheck")
    surplus = re.search(r"is (\d+) MB larger: the vision encoder", check) if isinstance(check, str) else None
    if surplus:
        return {"bytes": int(surplus[1]) * 10**6, "source": "Ollama's file less the computed text part, at 16 bits"}
    for repo in m["gguf"]["repos"]:
        for file in repo["verifiedFiles"]:
            if "mmproj" in file["file"] and file.get("sizePrinted"):
                return {"bytes": bytes_of(file["sizePrinted"], gib=True), "source": sources.catalog(file["source"]) + ", printed"}
    if m.get("visionParamsB"):
        return {"bytes": round(m["visionParamsB"] * 2e9), "source": "its published parameters at 16 bits"}
    return None


def benchmark(raw):
    return lean({
        "name": raw["benchmark"].replace("SWE-Bench", "SWE-bench"), "mode": MODES.get(raw.get("mode"), raw.get("mode")),
        "variant": raw.get("variant"), "source": sources.benchmark(raw["source"]), "recalled": "knowledge" in raw["source"],
    }) | {"value": raw["score"]}


def warning(m):
    base = sum(b.get("variant", "").startswith("base") for b in m["benchmarks"])
    if base == 0:
        return ""
    if "completion" in m["intendedUse"]:
        return "This is a base model: its scores are not comparable with those of models that were taught to answer."
    if base == len(m["benchmarks"]):
        return "These scores are of the base model, not of this one. They are shown and never compared."
    return f"{base} of these {len(m['benchmarks'])} scores are of the base model, not of this one. They are shown and never compared."


def licence_id(raw):
    if raw["id"] == "modified-mit" and raw["clauses"]:
        return "modified-mit-kimi"
    return raw["id"]


def uses(m, context):
    found = {USES[u] for u in m["intendedUse"] if u in USES}
    found |= {use for use, has in (("vision", m["vision"]), ("tools", m["toolUse"]), ("reasoning", m["thinking"])) if has}
    if "embedding" in found:
        return ["embedding"]
    if "completion" in found:
        return ["completion"]
    found.add("chat")
    found.discard("long-documents")
    if context >= LONG_CONTEXT:
        found.add("long-documents")
    return [u for u in USE_ORDER if u in found]


def model(m, words, quants):
    m = {**m, "vision": m["vision"] and m["id"] not in TEXT_ONLY}
    a, level = m["architecture"], m["architectureVerified"]
    same = level.removeprefix("same-as:") if level.startswith("same-as:") else ""
    context = REAL_CONTEXT.get(m["id"], a["contextLength"])
    computed = m["gguf"].get("computedBytes")
    tensors_only = "add the metadata" in (m["gguf"].get("computedNote") or "")
    tools = {True: "yes", False: "no", None: "unknown"}[m["toolUse"]]
    moved = {t for t, row in words["moved"].items() if row["from"] == m["id"]}
    mine = m["ollama"] and [t for t in m["ollama"]["tags"] if t["tag"] not in moved and not stray(m, t["tag"])]
    return lean({
        "id": m["id"], "name": m["name"], "family": m["family"], "line": words["lines"].get(m["family"], m["family"].split()[0]),
        "publisher": words["publishers"].get(m["publisher"], m["publisher"]), "released": m["released"], "uses": uses(m, context),
        "languages": m["languages"], "params": m["paramsComputed"] or round(m["paramsPublishedB"] * 1e9), "activeParams": m["activeParamsComputed"],
        "vision": m["vision"], "audio": m.get("audio"), "tools": tools, "thinking": m["thinking"],
        "experts": a["experts"] and {"count": a["experts"], "used": a["expertsUsed"]},
        "context": context, "contextExtended": a["contextExtended"], "extension": a["contextExtension"], "fileContext": FILE_CONTEXT.get(m["id"]),
        "architecture": a["gguf"], "architectureAlias": "mistral3" if "mistral3" in (a.get("note") or "") else "",
        "verified": "same" if same else VERIFIED[level], "sameAs": same, "cache": cache_groups(a), "oddWidths": odd_widths(a),
        "reason": words["reasons"].get(m["id"]), "licence": licence_id(m["license"]),
        "gated": {True: "yes", False: "no", None: "unknown"}[m["gatedOnHuggingFace"]],
        "quants": quants_of(m), "quantsNote": quants_note(m, words),
        "headerBytes": a["vocabSize"] * HEADER_PER_TOKEN if computed and tensors_only else 0, "projector": projector(m) if m["vision"] else None,
        "ollama": mine and {"library": m["ollama"]["library"], "tags": [tag(t, quants) for t in mine]},
        "repos": [repo_row(r, quants) for r in m["gguf"]["repos"]], "benchmarks": [benchmark(b) for b in m["benchmarks"]],
        "warning": warning(m), "notes": words["notes"].get(m["id"]),
    })


def stray(m, name):
    """A thinking model's tag that is listed with its sister too."""
    return "thinking" in name and m["id"].endswith("-instruct")


def listings(facts, newer, words, quants):
    models = facts["models"] + newer["models"]
    rows = []
    for raw in facts["newerOllamaModels"]:
        name, line, about = words["libraries"][raw["library"]]
        rows.append(lean({
            "id": raw["library"], "kind": "library", "name": name, "line": line, "about": about,
            "capable": [c for c in raw["capabilities"] if c != "instruct"], "tags": [tag(t, quants) for t in raw["tags"]],
            "models": [m["id"] for m in models if m["ollama"] and m["ollama"]["library"] == raw["library"]],
            "source": "Ollama library, 2026-06-20",
        }))
    for name, raw in words["moved"].items():
        original = next(m for m in models if m["id"] == raw["from"])
        rows.append(lean({**{k: v for k, v in raw.items() if k != "from"}, "kind": "partial", "source": "Ollama library, 2026-06-20",
                          "tags": [tag(t, quants) for t in original["ollama"]["tags"] if t["tag"] == name]}))
    for raw in newer["partial"]:
        own = dict(words["partial"][raw["id"]])
        kind = "absent" if own.pop("absent", False) else "partial"
        config = raw.get("config") or {}
        rows.append(lean({"id": raw["id"], "name": raw["name"], "kind": kind, "architecture": raw["gguf"], "source": sources.partial(raw["source"]),
                          "context": config.get("max_position_embeddings"), **own}))
    return rows


def quant_rows(facts):
    notes = {
        "MXFP4": "The native format of gpt-oss. Nobody published a loss, and none is expected: the models were trained for it.",
        "TQ1_0": "Only for models trained with three-valued weights.", "TQ2_0": "Only for models trained with three-valued weights.",
        "F16": "Its tiny loss is that of storing the comparison's numbers at 16 bits.",
        "BF16": "Against F16: mean divergence 0.000025, the same top token 99.7% of the time.",
    }
    rows = []
    for raw in facts["quants"]:
        top, losses = raw["sameTopTokenPct"], []
        for q in raw["quality"]:
            same = top["value"] / 100 if top and bool(q["imatrix"]) == bool(top["imatrix"]) else None
            losses.append(lean({"model": q["model"], "imatrix": bool(q["imatrix"]), "kld": q["kld"], "sameTopToken": same and round(same, 5),
                                "source": "llama.cpp perplexity README"}) | {"perplexityPercent": q["relativePPLPct"]})
        for key, name, source in (("llama3_70B_deltaPPLPct", "Llama 3 70B", "JaaackXD/Llama-3-8B-GGUF README"),
                                  ("llama2_70B_deltaPPLPct", "Llama 2 70B", "llama.cpp perplexity README, old table")):
            if raw[key]:
                losses.append({"model": name, "perplexityPercent": raw[key]["value"], "source": source})
        rows.append(lean({"name": raw["type"], "bits": raw["nominalBitsPerWeight"], "effectiveBits": raw["effectiveBitsPerWeightLlama31_8B"],
                          "measured": losses, "note": notes.get(raw["type"])}))
    return rows


def price_rows(facts):
    rows = []
    for raw in facts["apiPrices"]:
        note = raw["note"] or ""
        rows.append(lean({
            "provider": raw["provider"], "model": raw["model"], "inputUsdPerMillion": raw["inputUsdPerM"], "outputUsdPerMillion": raw["outputUsdPerM"],
            "asOf": raw["asOf"], "from": note.removeprefix("from ").strip() if "from" in note else "",
            "until": note.strip().removeprefix("until ") if "until" in note else "",
            "source": sources.price(raw["source"]), "recalled": "knowledge" in raw["source"],
        }))
    return rows


def bandwidth_rows(facts):
    rows = []
    for raw in facts["hardware"]:
        other = re.match(r"llmfit hardware.rs says (\d+)", raw["note"] or "")
        rows.append(lean({
            "kind": raw["kind"], "name": raw["name"], "memoryGB": raw["memoryGB"], "bytesPerSecond": raw["bandwidthGBs"] * 10**9,
            "source": sources.hardware(raw["source"]),
            "note": f"llmfit's table says {other[1]} GB/s; the vendor's figure is kept." if other else "",
        }))
    return rows


def main(folder):
    facts, newer = load(folder, "facts.json"), load(folder, "facts-newer.json")
    words, licences = load(HERE, "words.json"), load(HERE, "licences.json")
    quants = {q["type"] for q in facts["quants"]}
    models = [model(m, words, quants) for m in facts["models"] + newer["models"]]
    families = sorted(words["families"], key=str.lower)
    models.sort(key=lambda m: families.index(m["line"]))
    os.makedirs(OUT, exist_ok=True)
    save("models", models)
    save("licences", [{"openWeight": l["id"] != "unknown", **l} for l in licences])
    save("listings", listings(facts, newer, words, quants))
    save("families", [{"name": f, "about": words["families"][f]} for f in families])
    save("quants", quant_rows(facts))
    save("prices", price_rows(facts))
    save("bandwidths", bandwidth_rows(facts))
    save("scale", scale.fit(models))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: catalog.py FACTS_DIR")
    main(sys.argv[1])
