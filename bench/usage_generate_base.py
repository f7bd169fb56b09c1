# SPDX-License-Identifier: MIT
"""What all kinds of generated transcripts are made of: a seeded source of chance, pieces of text, times, ids."""
import json
import random
from pathlib import Path

# 2026-11-20T22:00:00Z: fixed, so that the same words give the same bytes on any day.
END_MS = 1_795_212_000_000
DAY_MS = 86_400_000
LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
WORDS = ("return value index buffer static const struct request self import if not none error path line the of "
         "token stream parse count result while break for in range length assert test Übung 時間 naïve 🙂 \"quoted\" "
         "\\n {open} [list] <tag> a=b; // note C:\\dir \t").split(" ")
PROJECTS = ("/home/dev/src/engine", "/home/dev/src/web.app", "/home/dev/src/api_server", "/home/dev/notes",
            "/home/dev/src/engine/.trees/fix", "/srv/build/Project X", "/home/dev/src/größe")
BRANCHES = ("main", "main", "dev", "feature/usage-report", "fix/1234-crash", "")


def slug_of(path):
    return "".join(c if c.isascii() and c.isalnum() else "-" for c in path)


class World:
    """One kind's directory, and what chance gives it."""

    def __init__(self, directory, seed, entries, files, days, traps):
        self.directory = Path(directory)
        self.entries, self.files, self.days, self.traps = entries, files, days, traps
        self.random = random.Random(seed)
        self.lines_used = self.files_made = self.bytes_made = 0
        self.small = [self.text(self.random.lognormvariate(4.8, 0.8)) for _ in range(300)]
        self.large = [self.text(self.random.lognormvariate(7.53, 1.0)) for _ in range(300)]
        self.huge = [self.text(self.random.lognormvariate(9.8, 0.7)) for _ in range(40)]

    def text(self, length):
        """A piece of text as it stands between the quotes of a JSON string."""
        pieces, size = [], 0
        while size < length:
            line = " ".join(self.random.choices(WORDS, k=self.random.randint(2, 14)))
            pieces.append(line)
            size += len(line) + 1
        return json.dumps("\n".join(pieces)[:max(1, int(length))], ensure_ascii=False)[1:-1]

    def letters(self, count):
        return "".join(self.random.choices(LETTERS, k=count))

    def uuid(self):
        bits = f"{self.random.getrandbits(128):032x}"
        return f"{bits[:8]}-{bits[8:12]}-4{bits[13:16]}-a{bits[17:20]}-{bits[20:]}"

    def trapped(self):
        return self.random.random() < self.traps

    def start_ms(self):
        return END_MS - int(self.random.random() * self.days * DAY_MS)

    def shares(self, total, count, spread=1.6):
        """total in count parts whose sizes are log-normal; none is empty while there is enough."""
        weights = [self.random.lognormvariate(0, spread) for _ in range(count)]
        weights = [min(weight, 30 * sum(weights) / count) for weight in weights]
        scale = max(0, total - count) / sum(weights)
        parts = [1 + int(weight * scale) for weight in weights]
        parts[parts.index(max(parts))] += total - sum(parts)
        return parts

    def write(self, path, pieces):
        """Text, or bytes for what is not UTF-8."""
        path.parent.mkdir(parents=True, exist_ok=True)
        whole = pieces if isinstance(pieces, bytes) else "".join(pieces).encode()
        with open(path, "ab" if path.exists() else "wb") as file:
            file.write(whole)
        self.bytes_made += len(whole)


_minutes = {}


def iso(ms, digits=3):
    """ISO 8601 in UTC; the minutes are remembered, which is most of the work."""
    minute, rest = divmod(ms, 60_000)
    head = _minutes.get(minute)
    if head is None:
        days, of_day = divmod(minute, 1440)
        year, month, day = civil(days)
        head = f"{year:04d}-{month:02d}-{day:02d}T{of_day // 60:02d}:{of_day % 60:02d}:"
        if len(_minutes) > 200_000:
            _minutes.clear()
        _minutes[minute] = head
    if digits == 3:
        return f"{head}{rest // 1000:02d}.{rest % 1000:03d}Z"
    if digits == 0:
        return f"{head}{rest // 1000:02d}Z"
    return f"{head}{rest // 1000:02d}.{rest % 1000:03d}{'0' * (digits - 3)}Z"


def civil(days):
    """Year, month, day of days since 1970-01-01 (Hinnant, "civil_from_days")."""
    days += 719_468
    era, day_of_era = divmod(days, 146_097)
    year_of_era = (day_of_era - day_of_era // 1460 + day_of_era // 36_524 - day_of_era // 146_096) // 365
    day_of_year = day_of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    month = (5 * day_of_year + 2) // 153
    day = day_of_year - (153 * month + 2) // 5 + 1
    month = month + 3 if month < 10 else month - 9
    return year_of_era + era * 400 + (month <= 2), month, day
