// SPDX-License-Identifier: MIT
#include "base/json_walk.h"

const bool json_walk_ends_word[256] = {
	['\0' ... ' '] = true,
	['"'] = true,
	[','] = true,
	[':'] = true,
	[']'] = true,
	['}'] = true,
};

const char *json_walk_past_space(const char *p, const char *end)
{
	while (p < end && json_walk_is_space(*p))
		p++;
	return p;
}

/* Whether the quote is one of the text: an odd number of backslashes stands in front of it. */
static bool is_escaped(const char *start, const char *quote)
{
	const char *p = quote;

	while (p > start && p[-1] == '\\')
		p--;
	return (quote - p) & 1;
}

enum { NEAR_STEPS = 4 }; /* most strings end within these; memchr is for those that do not */

/* The next quote from p on, or NULL. */
static inline const char *find_quote(const char *p, const char *end)
{
	for (int i = 0; i < NEAR_STEPS && end - p >= 16; i++, p += 16) {
		unsigned found = bytes_either(p, '"', '"');
		if (found)
			return p + __builtin_ctz(found);
	}
	return memchr(p, '"', (size_t)(end - p));
}

const char *json_walk_past_string(const char *start, const char *p, const char *end)
{
	for (; (p = find_quote(p, end)); p++)
		if (p == start || p[-1] != '\\' || !is_escaped(start, p))
			return p + 1;
	return NULL;
}

const char *json_walk_past_container(const char *p, const char *end)
{
	size_t depth = 0;

	while (p < end) {
		char c = *p++;
		if (c == '"') {
			p = json_walk_string(p, end);
			if (!p)
				return NULL;
		} else if (c == '{' || c == '[')
			depth++;
		else if ((c == '}' || c == ']') && --depth == 0)
			return p;
	}
	return NULL;
}
