import pathlib
import unittest

from tools.importer import ImportFailure, check_row, read_rows

SAMPLE = pathlib.Path(__file__).parent / "data" / "sample.csv"


class ImporterTest(unittest.TestCase):
    def test_sample(self):
        rows = [check_row(row) for row in read_rows(SAMPLE)]
        self.assertEqual(len(rows), 4)
        self.assertEqual(rows[0], ("1Z999", "ups", 2500))

    def test_missing_column(self):
        with self.assertRaises(ImportFailure):
            check_row({"id": "1Z999", "carrier": ""})
