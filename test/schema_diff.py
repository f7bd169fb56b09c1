#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""schema_diff: schema_check and python3-jsonschema must agree on what fits a schema.

Usage: test/schema_diff.py BUILD/test/unit/schema_cli [pairs [seed]]

Schemas are made at random of all the keywords of validation, over few names and values, so that both
answers are common. Formats and numbers beyond a double's are left to test/unit/schema.c.
"""
import json
import random
import subprocess
import sys

import jsonschema

NAMES = ["a", "b", "ab", "é", "a/b", "~"]
PATTERNS = ["a", "^a$", "^[ab]+$", "b$", "^.é?$", "^$", "(a|é)b?"]
TYPES = ["null", "boolean", "integer", "number", "string", "array", "object"]


def number(r):
    return r.choice([0, 1, 2, 3, -1, 1.0, 0.5, 2.5, 10, 1e3])


def value(r, depth):
    kind = r.randrange(10 if depth else 6)
    if kind < 3:
        return r.choice([None, True, False, "", "a", "b", "ab", "é", "aé", "😀", "aab"])
    if kind < 6:
        return number(r)
    if kind < 8:
        return [value(r, depth - 1) for _ in range(r.randrange(4))]
    return {name: value(r, depth - 1) for name in r.sample(NAMES, r.randrange(4))}


def schemas(r, depth, count):
    return [schema(r, depth) for _ in range(count)]


def names(r):
    return r.sample(NAMES, r.randrange(3))


# What a keyword's value may be; those that hold schemas are only asked where there is depth left.
PLAIN = {
    "type": lambda r: r.choice(TYPES) if r.random() < .6 else r.sample(TYPES, r.randrange(1, 4)),
    "enum": lambda r: [value(r, 2) for _ in range(r.randrange(1, 5))],
    "const": lambda r: value(r, 2),
    "minimum": number, "maximum": number, "exclusiveMinimum": number, "exclusiveMaximum": number,
    "multipleOf": lambda r: r.choice([1, 2, 0.5, 3]),
    "minLength": lambda r: r.randrange(3), "maxLength": lambda r: r.randrange(3),
    "pattern": lambda r: r.choice(PATTERNS),
    "required": names,
    "minProperties": lambda r: r.randrange(3), "maxProperties": lambda r: r.randrange(3),
    "dependentRequired": lambda r: {name: names(r) for name in names(r)},
    "minItems": lambda r: r.randrange(3), "maxItems": lambda r: r.randrange(4),
    "uniqueItems": lambda r: r.random() < .8,
    "$ref": lambda r: r.choice(["#/$defs/x", "#/$defs/y"]),
    "title": lambda r: "t",
}
NESTED = {
    "properties": lambda r, d: {name: schema(r, d) for name in r.sample(NAMES, r.randrange(1, 4))},
    "patternProperties": lambda r, d: {p: schema(r, d) for p in r.sample(PATTERNS, 2)},
    "additionalProperties": lambda r, d: schema(r, d) if r.random() < .5 else False,
    "propertyNames": lambda r, d: schema(r, d),
    "dependentSchemas": lambda r, d: {name: schema(r, d) for name in names(r)},
    "items": lambda r, d: schema(r, d),
    "prefixItems": lambda r, d: schemas(r, d, r.randrange(1, 3)),
    "contains": lambda r, d: schema(r, d),
    "allOf": lambda r, d: schemas(r, d, r.randrange(1, 3)),
    "anyOf": lambda r, d: schemas(r, d, r.randrange(1, 4)),
    "oneOf": lambda r, d: schemas(r, d, r.randrange(1, 4)),
    "not": lambda r, d: schema(r, d),
    "if": lambda r, d: schema(r, d),
}


def schema(r, depth):
    if r.random() < .05:
        return r.random() < .7
    out = {}
    for _ in range(r.choice([1, 1, 2, 2, 3])):
        if depth and r.random() < .6:
            name = r.choice(list(NESTED))
            out[name] = NESTED[name](r, depth - 1)
        else:
            name = r.choice(list(PLAIN))
            out[name] = PLAIN[name](r)
    if "contains" in out and r.random() < .5:
        out["minContains"], out["maxContains"] = r.randrange(3), r.randrange(1, 4)
    if "if" in out:
        out["then"], out["else"] = schemas(r, max(depth - 1, 0), 2)
    return out


def without_references(node):
    """Definitions that refer to each other could go round and round."""
    if isinstance(node, dict):
        return {k: without_references(v) for k, v in node.items() if k != "$ref"}
    return [without_references(v) for v in node] if isinstance(node, list) else node


def whole(r):
    out = schema(r, 3)
    if not isinstance(out, dict):
        out = {"not": out}
    out["$defs"] = {name: without_references(schema(r, 2)) for name in "xy"}
    return out


def main(program, pairs=3000, seed=1):
    r = random.Random(seed)
    documents, expected, given = [], [], b""
    for _ in range(pairs):
        one, two = whole(r), value(r, 3)
        validator = jsonschema.Draft202012Validator(one)
        texts = [json.dumps(d, ensure_ascii=False).encode() for d in (one, two)]
        documents.append(texts)
        expected.append("valid" if validator.is_valid(two) else "invalid")
        given += b"".join(b"%d\n%s" % (len(t), t) for t in texts)
    ran = subprocess.run([program], input=given, capture_output=True, check=False)
    got = ran.stdout.decode().splitlines()
    if ran.returncode or len(got) != pairs:
        sys.exit(f"{program}: status {ran.returncode}, {len(got)} answers of {pairs}: "
                 f"{ran.stderr.decode()[-2000:]}")
    wrong = [i for i in range(pairs) if got[i] != expected[i]]
    for i in wrong[:10]:
        print(f"got {got[i]}, expected {expected[i]}:", *[t.decode() for t in documents[i]], sep="\n  ")
    share = expected.count("valid") / pairs
    print(f"{pairs} pairs, {share:.0%} valid, {len(wrong)} differ")
    return 1 if wrong or not .2 < share < .8 else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], *map(int, sys.argv[2:])))
