"""Reads a carrier's CSV file and prints lines for the parser."""

import csv
import sys

from tools.units import parse_weight

COLUMNS = ("id", "carrier", "weight")


class ImportFailure(Exception):
    """A row that cannot be read."""


def read_rows(path):
    # TODO: take the dialect from the file
    with open(path, newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            yield row


def check_row(row):
    for column in COLUMNS:
        if not row.get(column):
            raise ImportFailure(f"{column} is missing")
    return row["id"], row["carrier"], parse_weight(row["weight"])


def main(argv=None):
    paths = sys.argv[1:] if argv is None else argv
    for path in paths:
        for row in read_rows(path):
            print("%s, %s, %dg" % check_row(row))
    return 0


if __name__ == "__main__":
    sys.exit(main())
