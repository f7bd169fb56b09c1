"""Weights as people write them."""

GRAMS = {"g": 1, "kg": 1000, "lb": 454}


def parse_weight(text):
    """Grams of "2.5kg", "800g" or "3lb"."""
    text = text.strip().lower()
    for unit in ("kg", "lb", "g"):
        if text.endswith(unit):
            return round(float(text[: -len(unit)]) * GRAMS[unit])
    raise ValueError(f"no unit in {text!r}")


def format_weight(grams):
    if grams >= 1000:
        return f"{grams / 1000:.1f} kg"
    return f"{grams} g"
