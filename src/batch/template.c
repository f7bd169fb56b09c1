// SPDX-License-Identifier: MIT
#include "batch/template.h"

static bool is_stop(char c)
{
	return c == '{' || c == '}' || c == '\n' || c == '\r';
}

static bool take_prefix(struct str *s, struct str prefix)
{
	if (!str_starts(*s, prefix))
		return false;
	*s = str_trim(str_skip(*s, prefix.n));
	return true;
}

/* s begins with "{{". The length of the place there, 0 when there is none. */
static size_t read_place(struct str s, struct template_part *part)
{
	size_t end = 2;

	while (end < s.n && end < 2 + TEMPLATE_NAME_MAX && !is_stop(s.p[end]))
		end++;
	if (!str_starts(str_skip(s, end), STR("}}")))
		return 0;
	struct template_part found = {TEMPLATE_VARIABLE, str_trim(str_range(s.p + 2, s.p + end))};
	found.as_json = take_prefix(&found.text, STR("json:"));
	if (take_prefix(&found.text, STR("result:")))
		found.kind = TEMPLATE_RESULT;
	if (found.text.n == 0)
		return 0;
	*part = found;
	return end + 2;
}

/* Position and length of the first place; SIZE_MAX when there is none. */
static size_t find_place(struct str s, struct template_part *part, size_t *length)
{
	size_t at = str_find(s, STR("{{"), 0);

	for (; at != SIZE_MAX; at = str_find(s, STR("{{"), at + 1))
		if ((*length = read_place(str_skip(s, at), part)) > 0)
			return at;
	return SIZE_MAX;
}

static bool give_text(struct str *rest, size_t n, size_t skipped, struct template_part *part)
{
	*part = (struct template_part){.text = str_head(*rest, n)};
	*rest = str_skip(*rest, skipped);
	return true;
}

bool template_next(struct str *rest, struct template_part *part)
{
	struct template_part place;
	size_t length, slashes = 0;

	if (rest->n == 0)
		return false;
	size_t at = find_place(*rest, &place, &length);
	if (at == SIZE_MAX)
		return give_text(rest, rest->n, rest->n, part);
	while (slashes < at && rest->p[at - slashes - 1] == '\\')
		slashes++;
	size_t before = at - slashes + slashes / 2;
	if (before > 0)
		return give_text(rest, before, at - slashes % 2, part);
	*rest = str_skip(*rest, at);
	if (slashes)
		return give_text(rest, length, length, part);
	*rest = str_skip(*rest, length);
	*part = place;
	return true;
}

void template_put_text(struct buf *out, struct str text)
{
	struct template_part place;
	size_t length, at;

	while ((at = find_place(text, &place, &length)) != SIZE_MAX) {
		size_t slashes = 0;
		while (slashes < at && text.p[at - slashes - 1] == '\\')
			slashes++;
		buf_put_str(out, str_head(text, at));
		for (; slashes; slashes--)
			buf_put_char(out, '\\');
		buf_put_char(out, '\\');
		buf_put_str(out, str_head(str_skip(text, at), length));
		text = str_skip(text, at + length);
	}
	buf_put_str(out, text);
}
