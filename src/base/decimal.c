// SPDX-License-Identifier: MIT
#include "base/decimal.h"

/* No text is so long that its digits could make up for more. */
enum { EXPONENT_MAX_DIGITS = 15 };

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static int64_t read_exponent(struct str text)
{
	bool is_negative = text.n && text.p[0] == '-';
	int64_t value = 0, most = 1;

	for (int i = 0; i < EXPONENT_MAX_DIGITS; i++)
		most *= 10;
	for (size_t i = 0; i < text.n; i++)
		if (is_digit(text.p[i]) && value < most)
			value = value * 10 + (text.p[i] - '0');
	value = value < most ? value : most;
	return is_negative ? -value : value;
}

/* Zeros and the point are no digits at an end. */
static bool is_idle(char c)
{
	return c == '0' || c == '.';
}

struct decimal decimal_of(struct str number)
{
	struct decimal d = {.is_negative = number.n && number.p[0] == '-'};
	const char *p = number.p + d.is_negative, *end = number.p + number.n, *stop = p;
	int64_t behind_point = 0;

	while (stop < end && (is_digit(*stop) || *stop == '.'))
		stop++;
	if (stop < end)
		d.exponent = read_exponent(str_range(stop + 1, end));
	const char *point = p;
	while (point < stop && *point != '.')
		point++;
	if (point < stop)
		behind_point = stop - point - 1;
	d.exponent -= behind_point;
	while (p < stop && is_idle(*p))
		p++;
	for (; p < stop && is_idle(stop[-1]); stop--)
		d.exponent += stop[-1] == '0';
	if (p == stop)
		return (struct decimal){0};
	d.digits = str_range(p, stop);
	d.count = d.digits.n - (point > p && point < stop);
	return d;
}

/* The digits, one after the other, then zeros. */
struct digits {
	struct str rest;
};

static char next_digit(struct digits *d)
{
	char c = '0';

	if (d->rest.n && *d->rest.p == '.')
		d->rest = str_skip(d->rest, 1);
	if (d->rest.n) {
		c = *d->rest.p;
		d->rest = str_skip(d->rest, 1);
	}
	return c;
}

static int compare_sizes(const struct decimal *a, const struct decimal *b)
{
	int64_t a_top = (int64_t)a->count + a->exponent, b_top = (int64_t)b->count + b->exponent;
	struct digits x = {a->digits}, y = {b->digits};

	if (a_top != b_top)
		return a_top < b_top ? -1 : 1;
	while (x.rest.n || y.rest.n) {
		char c = next_digit(&x), other = next_digit(&y);
		if (c != other)
			return c < other ? -1 : 1;
	}
	return 0;
}

static int sign(const struct decimal *d)
{
	return d->count == 0 ? 0 : d->is_negative ? -1 : 1;
}

int decimal_compare(const struct decimal *a, const struct decimal *b)
{
	int x = sign(a), y = sign(b);

	if (x != y)
		return x < y ? -1 : 1;
	return x == 0 ? 0 : x * compare_sizes(a, b);
}

bool decimal_is_integer(const struct decimal *d)
{
	return d->count == 0 || d->exponent >= 0;
}

static uint64_t remainder_of(struct str digits, uint64_t divisor)
{
	unsigned __int128 rest = 0;

	for (size_t i = 0; i < digits.n; i++)
		if (digits.p[i] != '.')
			rest = (rest * 10 + (unsigned)(digits.p[i] - '0')) % divisor;
	return (uint64_t)rest;
}

static uint64_t multiply(uint64_t a, uint64_t b, uint64_t modulus)
{
	return (uint64_t)((unsigned __int128)a * b % modulus);
}

static uint64_t power_of_ten(uint64_t exponent, uint64_t modulus)
{
	uint64_t result = 1 % modulus, factor = 10 % modulus;

	for (; exponent; exponent >>= 1) {
		if (exponent & 1)
			result = multiply(result, factor, modulus);
		factor = multiply(factor, factor, modulus);
	}
	return result;
}

bool decimal_is_multiple(const struct decimal *d, const struct decimal *divisor)
{
	uint64_t by = 0;

	must(divisor->count > 0 && divisor->count <= DECIMAL_DIVISOR_DIGITS);
	if (d->count == 0)
		return true;
	/* The last digit is no zero: there is no ten in it that the divisor could ask for. */
	if (d->exponent < divisor->exponent)
		return false;
	for (size_t i = 0; i < divisor->digits.n; i++)
		if (divisor->digits.p[i] != '.')
			by = by * 10 + (uint64_t)(divisor->digits.p[i] - '0');
	uint64_t rest = remainder_of(d->digits, by);
	return multiply(rest, power_of_ten((uint64_t)(d->exponent - divisor->exponent), by), by) ==
	       0;
}

void decimal_put(struct buf *b, const struct decimal *d)
{
	if (d->is_negative)
		buf_put_char(b, '-');
	for (size_t i = 0; i < d->digits.n; i++)
		if (d->digits.p[i] != '.')
			buf_put_char(b, d->digits.p[i]);
	buf_printf(b, "%se%lld", d->count ? "" : "0", (long long)d->exponent);
}
