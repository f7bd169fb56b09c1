// SPDX-License-Identifier: MIT
#include "base/same.h"

#include <stdlib.h>

#include "base/decimal.h"
#include "base/json.h"

struct member {
	struct str name, value;
	size_t place;
};

static int compare_members(const void *a, const void *b)
{
	const struct member *x = a, *y = b;
	int order = str_cmp(x->name, y->name);

	if (order)
		return order;
	return x->place < y->place ? -1 : x->place > y->place;
}

static void put_object(struct buf *b, struct str object, struct arena *a)
{
	size_t count = json_count(object), i = 0;
	struct member *members = arena_alloc(a, count, sizeof *members);
	struct str key, value;

	json_each (object, key, value) {
		members[i] = (struct member){json_text(key, a), value, i};
		i++;
	}
	if (count)
		qsort(members, count, sizeof *members, compare_members);
	buf_put_char(b, '{');
	for (i = 0; i < count; i++) {
		if (i + 1 < count && str_eq(members[i].name, members[i + 1].name))
			continue;
		json_quote(b, members[i].name);
		same_put(b, members[i].value, a);
	}
	buf_put_char(b, '}');
}

/* No commas: every kind of value ends in a way of its own. */
void same_put(struct buf *b, struct str value, struct arena *a)
{
	struct str key, item;

	switch (json_type(value)) {
	case JSON_OBJECT: put_object(b, value, a); return;
	case JSON_STRING: json_quote(b, json_text(value, a)); return;
	case JSON_NUMBER: {
		struct decimal d = decimal_of(value);
		decimal_put(b, &d);
		buf_put_char(b, ' ');
		return;
	}
	case JSON_ARRAY:
		buf_put_char(b, '[');
		json_each (value, key, item)
			same_put(b, item, a);
		buf_put_char(b, ']');
		return;
	default: buf_put_str(b, value);
	}
}
