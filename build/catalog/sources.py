"""Short names for where figures come from: no addresses, no notes to oneself."""

import re

PUBLISHERS = (
    ("ai.google.dev/gemma", "Google's Gemma 3 model card"), ("qwen2.5-llm", "Qwen2.5 blog"), ("qwen2.5/", "Qwen2.5 blog"), ("blog/qwen3", "Qwen3 blog"),
    ("ai.meta.com/blog/llama-4", "Meta's Llama 4 blog"), ("swebench", "SWE-bench"), ("labs.scale.com", "Scale's leaderboard"),
    ("openrouter", "OpenRouter's benchmark page"),
)


def cited(address):
    """Names what an address points to."""
    for part, name in PUBLISHERS:
        if part in address:
            return name
    if found := re.search(r"arxiv\.org/(?:abs|pdf)/([\d.]+\d)", address):
        return "arXiv " + found[1]
    if found := re.search(r"//hugging[^/]*/([\w.-]+/[\w.-]+)", address):
        return found[1] + " card"
    return "its publisher"


def benchmark(text):
    if text == "knowledge":
        return "its publisher's announcement"
    if text.startswith("knowledge: "):
        return re.sub(r" \(.*", "", text.removeprefix("knowledge: ").replace("arXiv:", "arXiv "))
    if found := re.match(r"JonathanChavezTamales/(llm-leaderboard@\w+) \(([\d-]+)\)(?: <- (.*))?", text):
        return f"{found[1]} ({found[2]})" + (f", citing {cited(found[3])}" if found[3] else "")
    if found := re.match(r"anomalyco/(models\.dev@\w+) .*, which cites (.*)", text):
        return f"{found[1]}, citing {cited(found[2])}"
    for start, name in (
        ("find_string id 71240219875", "an overview of 2026-10-02, citing the publishers' cards"), ("pages: rits.shanghai", "NYU Shanghai, citing Qwen's card"),
        ("pages: aiwiki", "two summaries of the Gemma 4 card"), ("pages: apxml", "apxml, citing Qwen's card"),
        ("pages: artoftruth", "models.dev and a page citing Qwen"), ("artificialanalysis.ai", "Artificial Analysis, March 2026"),
        ("mistralai model card copy", "two copies of Mistral's card"), ("openai/gpt-oss-120b model card", "a copy of the openai/gpt-oss-120b card"),
    ):
        if text.startswith(start):
            return name
    return text


def catalog(text):
    for part, name in (("LocalAI", "LocalAI gallery"), ("janhq", "Jan model catalog, 2026-05-05"), ("gpt4all", "GPT4All list"), ("OpenClaw", "OpenClaw model catalog")):
        if part in text:
            return name
    raise ValueError("a catalog without a short name: " + text)


def partial(text):
    for part, name in (
        ("not found", "looked for on 2026-11-23"), ("not searched", "looked for on 2026-11-23"),
        ("aiconfigurator", "a copy of its configuration in ai-dynamo/aiconfigurator@095f58a"), ("llama.cpp b10488", "llama.cpp b10488; LocalAI gallery"),
        ("LocalAI@", "LocalAI gallery"), ("landscape", "an overview of 2026-10-02"),
        ("granite", "names seen in public code"), ("find_string ids", "names seen in public code"),
    ):
        if part in text:
            return name
    raise ValueError("a source without a short name: " + text)


def price(text):
    for part, name in (
        ("article", "its launch price, recalled"), ("simonw", "llm-prices, Simon Willison’s list of prices"), ("several public code", "public code of 2026, recalled"),
        ("public code", "public code, recalled"), ("knowledge", "its launch price, recalled"),
    ):
        if text.startswith(part) or part == "simonw" and part in text:
            return name
    raise ValueError("a price without a short name: " + text)


def hardware(text):
    for part, name in (
        ("agrees", "llmfit@3f44fd3 and the data sheet; memory sizes recalled"), ("hardware.rs only", "llmfit@3f44fd3"), ("vendor data sheet", "data sheet, recalled"),
        ("computed", "transfers per second times bus width times channels"),
    ):
        if part in text:
            return name
    raise ValueError("a bandwidth without a short name: " + text)
