#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Turns the catalogue of models into a C file with its rows (llm/catalog_table.h): catalog.py JSON C-FILE.

Prices are USD per million tokens there and pico-dollars per token here, which is the same times a million.
What is wrong in the catalogue ends the build.
"""
import hashlib
import json
import sys
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

# What speaks to the model: Responses and Gemini take Chat Completions, too.
WIRES = {"anthropic": "anthropic", "openai-chat": "openai", "openai-responses": "openai", "gemini": "openai"}
PRICES = ["input", "output", "cache_read", "cache_write", "cache_write_1h"]


def million(number, fallback):
    """The number times a million, a half up; null and what is not there are the fallback."""
    if number is None:
        return fallback
    if isinstance(number, bool) or not isinstance(number, (int, Decimal)) or number < 0:
        raise ValueError(f"{number!r} is no price")
    return int((Decimal(number) * 1_000_000).quantize(Decimal(1), ROUND_HALF_UP))


def price(facts):
    """A null price is not billed separately: as input, or as the ordinary write."""
    sent = million(facts.get("input"), None)
    got = million(facts.get("output"), None)
    if sent is None or got is None:
        return None
    write = million(facts.get("cache_write"), sent)
    return [sent, got, million(facts.get("cache_read"), sent), write, million(facts.get("cache_write_1h"), write)]


def text(value, size):
    if not isinstance(value, str) or not value.isascii() or not value.isprintable() or set(value) & set('"\\'):
        raise ValueError(f"{value!r} is no name")
    if len(value) >= size:
        raise ValueError(f"{value!r} is too long for struct catalog_row")
    return f'"{value}"'


def count(value):
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 1 << 31:
        raise ValueError(f"{value!r} is no number of tokens")
    return value


def row(model, providers):
    tiers = model.get("tiers") or []
    if len(tiers) > 1:
        raise ValueError(f"{model['id']}: one tier only")
    own, tier = price(model), price(tiers[0]) if tiers else None
    facts = providers.get(model["provider"], {})
    members = {
        "id": text(model["id"], 48),
        "provider": text(model["provider"], 16),
        "wire": text(WIRES.get(model.get("api"), ""), 12),
        "context_tokens": count(model.get("context") or 0),
        "max_output_tokens": count(model.get("max_output") or 0),
        "is_blind": str(model.get("vision") is False).lower(),
        "has_price": str(own is not None).lower(),
        "fast_permille": million(model.get("fast"), 0) // 1000,
        "us_permille": million(facts.get("us_inference"), 0) // 1000,
        "region_permille": million(model.get("bedrock_region"), 1_000_000) // 1000,
        # 10 USD per 1,000 searches are 10,000,000 nano-dollars each
        "web_search_nanousd": million(facts.get("web_search"), -1),
    }
    if own:
        members["price"] = "{" + ", ".join(map(str, own)) + "}"
    if tier:
        members["tier"] = "{" + ", ".join(map(str, tier)) + "}"
        members["tier_above_tokens"] = count(tiers[0]["input_tokens_above"])
    return "\t{" + ", ".join(f".{name} = {value}" for name, value in members.items()) + "},\n"


def main():
    source, target = Path(sys.argv[1]), Path(sys.argv[2])
    data = source.read_bytes()
    catalog = json.loads(data, parse_float=Decimal)
    models = catalog["models"]
    names = [(model["provider"], model["id"]) for model in models]
    if len(set(names)) != len(names):
        sys.exit(f"{source}: a model is there twice")
    order = sorted(range(len(names)), key=lambda i: names[i])
    mark = int.from_bytes(hashlib.sha256(data).digest()[:8], "big")
    try:
        date = text(catalog["generated"], 16)
        rows = "".join(row(model, catalog["providers"]) for model in models)
    except (KeyError, ValueError) as e:
        sys.exit(f"{source}: {e}")
    target.write_text(
        f"/* Made from {source.name} by tools/catalog.py. */\n"
        f'#include "llm/catalog_table.h"\n\n'
        f"const char catalog_table_date[] = {date};\n"
        f"const uint64_t catalog_table_mark = {mark:#x};\n"
        f"const size_t catalog_row_count = {len(models)};\n"
        f"const struct catalog_row catalog_rows[] = {{\n{rows}}};\n"
        f"const uint16_t catalog_by_name[] = {{{', '.join(map(str, order))}}};\n"
    )


main()
