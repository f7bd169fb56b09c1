import unittest

from tools.units import format_weight, parse_weight


class UnitsTest(unittest.TestCase):
    def test_kilograms(self):
        self.assertEqual(parse_weight("2.5kg"), 2500)

    def test_pounds(self):
        self.assertEqual(parse_weight(" 3LB "), 1362)

    def test_no_unit(self):
        with self.assertRaises(ValueError):
            parse_weight("12")

    def test_format(self):
        self.assertEqual(format_weight(1500), "1.5 kg")
