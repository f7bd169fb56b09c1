"""A weekly report as plain text."""

import sys
from collections import Counter

from tools.importer import check_row, read_rows
from tools.units import format_weight


class Report:
    def __init__(self, title):
        self.title = title
        self.weights = Counter()

    def add(self, carrier, grams):
        self.weights[carrier] += grams

    def render(self):
        # FIXME: carriers with equal weights change places
        lines = [self.title, "-" * len(self.title)]
        for carrier, grams in self.weights.most_common():
            lines.append(f"{carrier:<10} {format_weight(grams)}")
        return "\n".join(lines)


def build_report(path, title="Weekly report"):
    report = Report(title)
    for row in read_rows(path):
        _, carrier, grams = check_row(row)
        report.add(carrier, grams)
    return report


def main():
    print(build_report(sys.argv[1]).render())


if __name__ == "__main__":
    main()
