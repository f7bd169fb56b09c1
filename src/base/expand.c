// SPDX-License-Identifier: MIT
#include "base/expand.h"

#include <string.h>

enum { NAME_MAX_BYTES = 200 };

static bool is_name_char(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
	       c == '_';
}

struct variable {
	char name[NAME_MAX_BYTES + 1];
	struct str word; /* absent: none is given */
	size_t length; /* of the whole, "${" and "}" with it */
};

/* text begins with "${". */
static bool read_variable(struct str text, struct variable *v)
{
	size_t n = 2;

	while (n < text.n && is_name_char(text.p[n]))
		n++;
	size_t end = n;
	*v = (struct variable){0};
	if (str_starts(str_skip(text, n), STR(":-"))) {
		end = str_find_char(text, '}', n);
		if (end != SIZE_MAX)
			v->word = str_range(text.p + n + 2, text.p + end);
	}
	if (n == 2 || n - 2 > NAME_MAX_BYTES || end >= text.n || text.p[end] != '}')
		return false;
	memcpy(v->name, text.p + 2, n - 2);
	v->length = end + 1;
	return true;
}

static bool put_variable(struct buf *out, const struct variable *v,
	const char *(*environment)(const char *name), bool *has_variable, struct err *e)
{
	const char *value = environment(v->name);

	if (v->word.p && (!value || !*value)) {
		buf_put_str(out, v->word);
		return true;
	}
	if (!value)
		return err_set(
			e, ERR_NOT_FOUND, "the variable %s is not set in the environment", v->name);
	buf_put_text(out, value);
	*has_variable = true;
	return true;
}

bool expand_put(struct buf *out, struct str text, const char *(*environment)(const char *name),
	bool *has_variable, struct err *e)
{
	struct variable v;
	size_t dollar;

	while ((dollar = str_find_char(text, '$', 0)) != SIZE_MAX) {
		buf_put_str(out, str_head(text, dollar));
		text = str_skip(text, dollar);
		if (str_starts(text, STR("$${"))) {
			buf_put_text(out, "${");
			text = str_skip(text, 3);
		} else if (!str_starts(text, STR("${"))) {
			buf_put_char(out, '$');
			text = str_skip(text, 1);
		} else if (!read_variable(text, &v)) {
			return err_set(e, ERR_PARSE,
				"${ without NAME} behind it (write $${ for the two characters)");
		} else if (!put_variable(out, &v, environment, has_variable, e)) {
			return false;
		} else {
			text = str_skip(text, v.length);
		}
	}
	buf_put_str(out, text);
	return true;
}
