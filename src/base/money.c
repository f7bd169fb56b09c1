// SPDX-License-Identifier: MIT
#include "base/money.h"

enum { PLACES = 9 };

static bool take_digit(char c, int64_t *value)
{
	if (c < '0' || c > '9')
		return false;
	*value = *value * 10 + (c - '0');
	return true;
}

static bool wrong(struct str text, struct err *e)
{
	return err_set(e, ERR_USAGE, "%.*s is no amount of US dollars, such as 0.50",
		STR_ARG(str_head(text, 40)));
}

bool money_parse(struct str text, int64_t *nanousd, struct err *e)
{
	size_t point = str_find_char(text, '.', 0);
	struct str whole = str_head(text, point);
	struct str places = point == SIZE_MAX ? (struct str){0} : str_skip(text, point + 1);
	int64_t usd = 0, nano = 0;

	/* As JSON writes numbers. */
	if (!whole.n || (whole.n > 1 && whole.p[0] == '0') || (point != SIZE_MAX && !places.n))
		return wrong(text, e);
	for (size_t i = 0; i < whole.n; i++) {
		if (!take_digit(whole.p[i], &usd))
			return wrong(text, e);
		if (usd > MONEY_MAX_USD)
			return err_set(e, ERR_USAGE, "%.*s is more than %lld US dollars",
				STR_ARG(str_head(text, 40)), MONEY_MAX_USD);
	}
	for (size_t i = 0; i < places.n || i < PLACES; i++) {
		char c = i < places.n ? places.p[i] : '0';
		if (i >= PLACES && c != '0')
			return err_set(e, ERR_USAGE,
				"%.*s has more than %d places behind the point",
				STR_ARG(str_head(text, 40)), PLACES);
		if (i < PLACES && !take_digit(c, &nano))
			return wrong(text, e);
	}
	*nanousd = usd * NANO_PER_USD + nano;
	return true;
}

void money_put(struct buf *b, int64_t nanousd)
{
	uint64_t size = nanousd < 0 ? -(uint64_t)nanousd : (uint64_t)nanousd;

	buf_printf(b, "%s$%llu.%09llu", nanousd < 0 ? "-" : "",
		(unsigned long long)(size / NANO_PER_USD),
		(unsigned long long)(size % NANO_PER_USD));
	for (int i = 0; i < PLACES - 2 && b->p[b->n - 1] == '0'; i++)
		buf_cut(b, b->n - 1);
}

int64_t money_add(int64_t a, int64_t b)
{
	int64_t sum;

	if (__builtin_add_overflow(a, b, &sum))
		return a < 0 ? INT64_MIN : INT64_MAX;
	return sum;
}
