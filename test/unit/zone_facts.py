#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Offsets by Python's zoneinfo at random times: lines of "ZONE SECONDS OFFSET"."""
import datetime
import random
import zoneinfo

ZONES = ("America/New_York Asia/Kathmandu Australia/Lord_Howe Pacific/Apia Antarctica/Troll "
         "Africa/Casablanca Europe/Berlin Europe/Dublin America/Sao_Paulo America/St_Johns Asia/Gaza "
         "Asia/Tehran America/Havana Pacific/Kwajalein Africa/Monrovia Europe/Amsterdam Asia/Pyongyang "
         "America/Nuuk Africa/Cairo Etc/GMT+12 Pacific/Kiritimati Antarctica/Casey EST5EDT UTC").split()
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
PICK = random.Random(20261121)


def times():
    """Of all years, of those with changes, and of those with transcripts."""
    for low, high, count in ((-62_000_000_000, 253_000_000_000, 500), (-5_000_000_000, 5_000_000_000, 1500),
                             (1_600_000_000, 1_900_000_000, 1000)):
        for _ in range(count):
            yield PICK.randrange(low, high)


def offset(zone, second):
    return int((EPOCH + datetime.timedelta(seconds=second)).astimezone(zone).utcoffset().total_seconds())


def changes(zone):
    """Seconds around each change of a century, found by halving."""
    step = 5 * 86400
    for low in range(-2_000_000_000, 5_000_000_000, step):
        high = low + step
        first, last = offset(zone, low), offset(zone, high)
        if first == last:
            continue
        while high - low > 1:
            middle = (low + high) // 2
            if offset(zone, middle) == first:
                low = middle
            else:
                high = middle
        yield from (low, high)


for name in ZONES:
    zone = zoneinfo.ZoneInfo(name)
    for second in times():
        print(name, second, offset(zone, second))
    if name in ("America/New_York", "Australia/Lord_Howe", "Pacific/Apia", "Antarctica/Troll", "Africa/Casablanca"):
        for second in changes(zone):
            print(name, second, offset(zone, second))
