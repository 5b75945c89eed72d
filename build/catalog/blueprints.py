#!/usr/bin/env python3
"""Write what a weightless model is built from.

    blueprints.py FACTS_DIR OUT

FACTS_DIR holds facts.json, facts-newer.json and architectures.json. OUT receives, for each model id that the engine
runs, its GGUF architecture and its hyperparameters by symbol (backend.Blueprint). The recipes, which say what keys and
tensors an architecture has as expressions over those symbols, go to backend/testdrive/recipes.json, and the sizes that
the planned files are tested against to backend/testdrive/testdata/sizes.json.

The symbols are those of architectures.json; list-valued ones end in "s" (Fs, KVs, Hs) or are swa. Four
architectures that it lacks (llama4, gemma3n, bert, nomic-bert) are given below, from src/models/*.cpp of llama.cpp
b10488.
"""

import json
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]

# A few values that a file must have and that change no shape and no speed.
CONSTANTS = {
    "xielu.alpha_n": "list(0.8, L)",
    "xielu.alpha_p": "list(0.8, L)",
    "xielu.beta": "list(0.5, L)",
    "xielu.eps": "list(-0.000001, L)",
}

# Beyond architectures.json: key, kind, expression. A leading "?" leaves a zero or a missing value out.
EXTRA = {
    "llama4": {
        "keys": [
            ["attention.layer_norm_rms_epsilon", "f32", "eps"],
            ["feed_forward_length", "u32", "F"],
            ["attention.head_count", "u32", "H"],
            ["attention.head_count_kv", "u32", "KV"],
            ["attention.key_length", "u32", "K"],
            ["attention.value_length", "u32", "VL"],
            ["rope.dimension_count", "u32", "ropeDim"],
            ["rope.freq_base", "f32", "ropeBase"],
            ["expert_count", "u32", "NE"],
            ["expert_used_count", "u32", "NU"],
            ["expert_feed_forward_length", "u32", "EF"],
            ["interleave_moe_layer_step", "u32", "step"],
        ],
        "blocks": [
            ["attn_norm.weight", ["D"]],
            ["attn_q.weight", ["D", "H*K"]],
            ["attn_k.weight", ["D", "KV*K"]],
            ["attn_v.weight", ["D", "KV*VL"]],
            ["attn_output.weight", ["H*K", "D"]],
            ["ffn_norm.weight", ["D"]],
            ["ffn_gate_inp.weight", ["D", "NE"], "moe"],
            ["ffn_gate_exps.weight", ["D", "EF", "NE"], "moe"],
            ["ffn_up_exps.weight", ["D", "EF", "NE"], "moe"],
            ["ffn_down_exps.weight", ["EF", "D", "NE"], "moe"],
            ["ffn_gate_shexp.weight", ["D", "EF"], "moe"],
            ["ffn_up_shexp.weight", ["D", "EF"], "moe"],
            ["ffn_down_shexp.weight", ["EF", "D"], "moe"],
            ["ffn_gate.weight", ["D", "F"], "not moe"],
            ["ffn_up.weight", ["D", "F"], "not moe"],
            ["ffn_down.weight", ["F", "D"], "not moe"],
        ],
        "globals": [
            ["token_embd.weight", ["D", "V"]],
            ["output_norm.weight", ["D"]],
            ["output.weight", ["D", "V"], "not tied"],
            ["rope_freqs.weight", ["div(ropeDim, 2)"], "ropeFreqs"],
        ],
    },
    "gemma3n": {
        "keys": [
            ["attention.layer_norm_rms_epsilon", "f32", "eps"],
            ["feed_forward_length", "u32", "F"],
            ["attention.head_count", "u32", "H"],
            ["attention.head_count_kv", "u32", "KV"],
            ["attention.key_length", "u32", "K"],
            ["attention.value_length", "u32", "VL"],
            ["rope.freq_base", "f32", "ropeBase"],
            ["attention.sliding_window", "u32", "window"],
            ["attention.sliding_window_pattern", "bool[]", "swa"],
            ["attention.shared_kv_layers", "u32", "sharedKv"],
            ["embedding_length_per_layer_input", "u32", "PL"],
        ],
        "blocks": [
            ["attn_norm.weight", ["D"]],
            ["attn_q.weight", ["D", "H*K"]],
            ["attn_k.weight", ["D", "KV*K"]],
            ["attn_v.weight", ["D", "KV*VL"]],
            ["attn_output.weight", ["H*K", "D"]],
            ["attn_q_norm.weight", ["K"]],
            ["attn_k_norm.weight", ["K"]],
            ["post_attention_norm.weight", ["D"]],
            ["ffn_norm.weight", ["D"]],
            ["ffn_gate.weight", ["D", "F"]],
            ["ffn_up.weight", ["D", "F"]],
            ["ffn_down.weight", ["F", "D"]],
            ["post_ffw_norm.weight", ["D"]],
            ["inp_gate.weight", ["D", "PL"]],
            ["proj.weight", ["PL", "D"]],
            ["post_norm.weight", ["D"]],
            ["altup_correct_coef.weight", ["AL", "AL"]],
            ["altup_correct_scale.weight", ["D"]],
            ["altup_predict_coef.weight", ["AL", "AL*AL"]],
            ["altup_router.weight", ["D", "AL"]],
            ["altup_router_norm.weight", ["D"]],
            ["laurel_l.weight", ["D", "LR"]],
            ["laurel_r.weight", ["LR", "D"]],
            ["laurel_post_norm.weight", ["D"]],
        ],
        "globals": [
            ["token_embd.weight", ["D", "V"]],
            ["output_norm.weight", ["D"]],
            ["altup_proj.weight", ["D", "D", "AL-1"]],
            ["altup_unembd_proj.weight", ["D", "D", "AL-1"]],
            ["per_layer_token_embd.weight", ["PL*L", "V"]],
            ["per_layer_model_proj.weight", ["D", "PL*L"]],
            ["per_layer_proj_norm.weight", ["PL"]],
        ],
    },
    "bert": {
        "keys": [
            ["attention.layer_norm_epsilon", "f32", "eps"],
            ["feed_forward_length", "u32", "F"],
            ["attention.head_count", "u32", "H"],
            ["attention.causal", "bool", "false"],
            ["pooling_type", "u32", "1"],
            [".tokenizer.ggml.token_type_count", "u32", "types"],
        ],
        "blocks": [
            ["attn_q.weight", ["D", "D"]],
            ["attn_q.bias", ["D"]],
            ["attn_k.weight", ["D", "D"]],
            ["attn_k.bias", ["D"]],
            ["attn_v.weight", ["D", "D"]],
            ["attn_v.bias", ["D"]],
            ["attn_output.weight", ["D", "D"]],
            ["attn_output.bias", ["D"]],
            ["attn_output_norm.weight", ["D"]],
            ["attn_output_norm.bias", ["D"]],
            ["ffn_up.weight", ["D", "F"]],
            ["ffn_up.bias", ["F"]],
            ["ffn_down.weight", ["F", "D"]],
            ["ffn_down.bias", ["D"]],
            ["layer_output_norm.weight", ["D"]],
            ["layer_output_norm.bias", ["D"]],
        ],
        "globals": [
            ["token_embd.weight", ["D", "V"]],
            ["token_types.weight", ["D", "types"]],
            ["position_embd.weight", ["D", "C"]],
            ["token_embd_norm.weight", ["D"]],
            ["token_embd_norm.bias", ["D"]],
        ],
    },
    "nomic-bert": {
        "keys": [
            ["attention.layer_norm_epsilon", "f32", "eps"],
            ["feed_forward_length", "u32", "F"],
            ["attention.head_count", "u32", "H"],
            ["attention.causal", "bool", "false"],
            ["pooling_type", "u32", "1"],
            ["rope.freq_base", "f32", "ropeBase"],
            [".tokenizer.ggml.token_type_count", "u32", "types"],
        ],
        "blocks": [
            ["attn_qkv.weight", ["D", "3*D"]],
            ["attn_output.weight", ["D", "D"]],
            ["attn_output_norm.weight", ["D"]],
            ["attn_output_norm.bias", ["D"]],
            ["ffn_up.weight", ["D", "F"]],
            ["ffn_gate.weight", ["D", "F"]],
            ["ffn_down.weight", ["F", "D"]],
            ["layer_output_norm.weight", ["D"]],
            ["layer_output_norm.bias", ["D"]],
        ],
        "globals": [
            ["token_embd.weight", ["D", "V"]],
            ["token_types.weight", ["D", "types"]],
            ["token_embd_norm.weight", ["D"]],
            ["token_embd_norm.bias", ["D"]],
        ],
    },
}


def translate(expression):
    """Turn one Python expression over the symbols into the form the Go side evaluates."""
    e = re.sub(r"(\w+)\s*//\s*(\w+)", r"div(\1, \2)", expression)
    e = e.replace("(ML or D)", "(ML > 0 ? ML : D)")
    e = re.sub(r"i\s*>=\s*dense", "not leading", e)
    e = re.sub(r"i\s*<\s*dense", "leading", e)
    return e.strip()


def tensors(rows, prefix):
    out = []
    for name, shape, condition in rows or []:
        name = name.removeprefix(prefix)
        row = [name, [translate(d) for d in shape.split(",")]]
        condition = translate(condition)
        if condition != "1":
            row.append(condition)
        out.append(row)
    return out


def keys(rows):
    out = []
    for row in rows:
        key, kind, value = row["key"].replace("{a}.", ""), row["type"], row["value"]
        if key == "nextn_predict_layers" or key.endswith("*"):
            continue
        if not row["key"].startswith("{a}."):
            value = CONSTANTS.get(key, value)
            key = "." + key  # no architecture before it
        if value is None:
            continue
        value = translate(value)
        out.append([key, kind, "?" + value if row["need"] == "optional" else value])
    return out


def recipes(architectures):
    out = {}
    for name, a in architectures.items():
        if name.startswith("_"):
            continue
        out[name] = {
            "keys": keys(a["kv"]),
            "blocks": tensors(a["tensors"]["perLayer"], "blk.{i}."),
            "globals": tensors(a["tensors"]["global"], ""),
        }
    out.update(EXTRA)
    return dict(sorted(out.items()))


def scalar(value):
    return max(value) if isinstance(value, list) else value


def hyper(model):
    """The hyperparameters of one model of the facts, by symbol."""
    a = model["architecture"]
    arch, layers = a["gguf"], a["nLayers"]
    h = {
        "L": layers,
        "D": a["hiddenSize"],
        "V": a["vocabSize"],
        "C": a["contextLength"],
        "H": scalar(a["nHeads"]),
        "KV": scalar(a["nKvHeads"]) if a["nKvHeads"] is not None else scalar(a["nHeads"]),
        "K": a["headDim"],
        "VL": a["headDim"],
        "ropeDim": a.get("ropeDim") or a["headDim"],
        "ropeBase": a.get("ropeBase") or 10000,
        "eps": a.get("normEps") or 1e-5,
        "tied": bool(a["tiedEmbeddings"]),
    }
    if a["ffnSize"] is not None:
        h["F"] = scalar(a["ffnSize"])
    for symbol, value in (("Fs", a["ffnSize"]), ("KVs", a["nKvHeads"]), ("Hs", a["nHeads"])):
        if isinstance(value, list):
            h[symbol] = value
    if a.get("experts"):
        h |= {"NE": a["experts"], "NU": a["expertsUsed"], "EF": a["expertFfnSize"], "ES": a["sharedExpertFfnSize"] or 0}
        h["NSH"] = a.get("nSharedExperts") or a.get("sharedExperts") or 0
        h["dense"] = a.get("firstDenseLayers") or a.get("leadingDense") or 0
        h["step"] = a.get("moeEveryNLayers") or 1
    mla = a.get("mla")
    if mla:
        h |= {"QL": mla["qLoraRank"], "KL": mla["kvLoraRank"], "VM": mla["vHeadDim"]}
        h |= {"KM": mla["qkNopeHeadDim"] + mla["qkRopeHeadDim"], "ropeDim": mla["qkRopeHeadDim"]}
    elif a.get("kvLoraRank"):
        h |= {"QL": a["qLoraRank"], "KL": a["kvLoraRank"], "KM": a["keyLengthMla"], "VM": a["valueLengthMla"]}
    ssm, mamba = a.get("ssm"), a.get("mamba")
    if ssm:
        h |= {"SC": ssm["convKernel"], "SI": ssm["innerSize"], "SS": ssm["stateSize"]}
        h |= {"SR": ssm["timeStepRank"], "SG": ssm["groupCount"]}
    elif mamba:
        h |= {"SC": mamba["dConv"], "SI": mamba["expand"] * a["hiddenSize"], "SS": mamba["dState"]}
        h |= {"SR": mamba["nHeads"], "SG": mamba["nGroups"]}
    kinds = a.get("layerKinds")
    if kinds and arch not in ("nemotron_h", "nemotron_h_moe"):
        h["recrs"] = [int(k in "rC") for k in kinds]
    if a.get("attentionLayers"):
        h["recrs"] = [int(i not in a["attentionLayers"]) for i in range(layers)]
        h["KVs"] = [0 if r else h["KV"] for r in h["recrs"]]
    if a.get("convLCache"):
        h["LC"] = a["convLCache"]
    window = a.get("slidingWindow")
    if window:
        h["window"] = window["window"]
        pattern = a.get("slidingWindowLayers")
        if pattern:
            h["swa"] = [int(k == "S") for k in pattern]
        elif arch in ("gemma2", "gpt-oss"):
            h["swa"] = [int(i % 2 == 0) for i in range(layers)]
        else:
            h["swa"] = [int((i + 1) % window["globalEvery"] != 0) for i in range(layers)]
    h |= special(model["id"], arch, a, h)
    return h


def special(name, arch, a, h):
    """What one architecture has that the facts have no field for."""
    s = {}
    if arch == "llama":
        s["ropeFreqs"] = name.startswith(("llama-3.", "deepseek-r1-distill-llama"))
    if arch == "llama4":
        s["ropeFreqs"] = name == "llama-4-scout"
    if arch in ("qwen2", "seed_oss") or a.get("qkvBias"):
        s["qkvBias"] = True
    if arch == "phi3":
        s["longRope"] = name != "phi-4"
        if name == "phi-4-mini":
            s["ropeDim"] = 96  # partial_rotary_factor 0.75
    if arch in ("exaone4", "apertus") and a.get("ropeFreqs"):
        s["ropeFreqs"] = True
    if arch == "gptneox":
        s["ropeDim"] = a["headDim"] // 4  # rotary_pct 0.25
    if arch in ("granite", "granitehybrid", "muse-glimmer"):
        s["logitScale"] = 1
    if arch == "granitehybrid" and "F" not in h:
        s["F"] = a["expertFfnSize"]
    if arch == "gemma4":
        s |= {"Kswa": a["headDimSwa"], "PL": a.get("perLayerEmbedding") or 0, "sharedKv": a.get("sharedKvLayers") or 0}
        s["kEqV"] = bool(a.get("kEqV"))
    if arch == "gemma3n":
        s |= {"PL": a["perLayerInputDim"], "sharedKv": a["numKvSharedLayers"], "AL": 4, "LR": 64}
    if arch == "deepseek2":
        s["probsB"] = True
    if arch in ("qwen35", "qwen35moe"):
        s["sections"] = [11, 11, 10, 0]
    if arch in ("nemotron_h", "nemotron_h_moe"):
        s["ML"] = a.get("moeLatentSize") or 0
    if arch in ("bert", "nomic-bert"):
        s["types"] = 1 if name == "bge-m3" else 2
    return s


def sizes(model, newer):
    """Known sizes of a model's files: computed ones by quant, and published ones."""
    gguf, published = model["gguf"], []
    for repo in gguf.get("repos") or []:
        for f in repo["verifiedFiles"]:
            quant = re.search(r"[-.](I?Q\d\w*|BF16|F16)\.gguf$", f["file"], re.I)
            if f.get("bytes") and quant:
                published.append([repo["repo"] + "/" + f["file"], quant[1].upper(), f["bytes"]])
    for tag in (model["ollama"] or {}).get("tags") or []:
        if tag.get("bytes") and tag.get("quant"):
            published.append([tag["tag"], tag["quant"], tag["bytes"]])
    return {
        "verified": model["architectureVerified"],
        "withMetadata": not newer,  # facts.json counts the metadata, vocabulary included; and an importance matrix
        "computed": gguf.get("computedBytes") or {},
        "published": published,
    }


def main():
    facts_dir, out = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    table = recipes(json.loads((facts_dir / "architectures.json").read_text()))
    blueprints, known, skipped = {}, {}, []
    for name in ("facts.json", "facts-newer.json"):
        for model in json.loads((facts_dir / name).read_text())["models"]:
            a = model["architecture"]
            if not a["llamaCppSupported"] or a["gguf"] is None:
                skipped.append(model["id"])
                continue
            if a["gguf"] not in table:
                sys.exit(f"{model['id']}: no recipe for architecture {a['gguf']}")
            known[model["id"]] = sizes(model, name != "facts.json")
            blueprints[model["id"]] = {"architecture": a["gguf"], "hyper": hyper(model)}
    write(out, blueprints)
    write(ROOT / "backend/testdrive/recipes.json", table)
    write(ROOT / "backend/testdrive/testdata/sizes.json", known)
    print(f"{len(blueprints)} blueprints, {len(table)} recipes; the engine does not run {', '.join(skipped)}")


def write(path, value):
    """One line for each model or row, so that a change is one line in a diff."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = []
    for name, entry in value.items():
        if "keys" in entry:
            parts = ['"%s": [\n   %s\n  ]' % (k, ",\n   ".join(json.dumps(r) for r in rows)) for k, rows in entry.items()]
            lines.append('"%s": {\n  %s\n }' % (name, ",\n  ".join(parts)))
        else:
            lines.append('"%s": %s' % (name, json.dumps(entry)))
    path.write_text("{\n " + ",\n ".join(lines) + "\n}\n")


if __name__ == "__main__":
    main()
