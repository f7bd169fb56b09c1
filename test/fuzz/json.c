// SPDX-License-Identifier: MIT
/*
 * json: the readers stay inside any bytes; what json_check accepts survives being taken apart and
 * written anew, and then looks the same the second time. A walk sees the same parts.
 */
#include "base/json.h"

#include "base/json_walk.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Writes the value anew through the writer, by decoded keys, texts and raw numbers. */
static void rewrite(struct json_writer *w, struct str value, struct arena *a, int depth)
{
	struct str key, item;

	must(depth <= JSON_DEPTH_MAX);
	switch (json_type(value)) {
	case JSON_STRING: json_put_str(w, json_text(value, a)); return;
	case JSON_OBJECT:
		json_open(w, '{');
		for (struct json_iter it = json_iter(value); json_next(&it, &key, &item);) {
			json_key_str(w, json_text(key, a));
			rewrite(w, item, a, depth + 1);
		}
		json_close(w, '}');
		return;
	case JSON_ARRAY:
		json_open(w, '[');
		for (struct json_iter it = json_iter(value); json_next(&it, &key, &item);)
			rewrite(w, item, a, depth + 1);
		json_close(w, ']');
		return;
	case JSON_BOOL: json_put_bool(w, json_bool_or(value, false)); return;
	case JSON_NULL: json_put_null(w); return;
	default: json_put_raw(w, value);
	}
}

static void read_anything(struct str text, struct arena *a)
{
	static const struct str names[] = {STR("a"), STR("id"), STR("\xc3\xa4")};
	struct str key, value, picked[3];
	int64_t number;
	double real;

	json_each (text, key, value) {
		json_text(value, a);
		json_key_is(key, "a");
		if (!json_int(value, &number) && !json_double(value, &real))
			json_get(value, "a");
	}
	json_pick(text, names, 3, picked);
	for (size_t i = 0; i < 3; i++)
		must(str_eq(picked[i], json_get(text, names[i].p)));
	json_pointer(text, STR("/a/-1/b"));
	json_at(text, 1);
	json_value_length(text);
}

/* Whether the walk over an object was good; its members are what is_checked text says they are. */
static bool walk(struct str text, bool is_checked)
{
	struct json_walk w = json_walk_begin(text);
	struct json_iter it = json_iter(text);
	struct str key, value, name, member;

	if (json_walk_enter(&w, '{'))
		while (json_walk_member(&w, &name)) {
			member = json_walk_value(&w);
			must(name.p >= text.p && name.p + name.n <= text.p + text.n);
			must(member.p >= text.p && member.p + member.n <= text.p + text.n);
			if (!is_checked)
				continue;
			must(json_next(&it, &key, &value) && str_eq(member, value));
			must(key.n == name.n + 2 && key.p + 1 == name.p);
			if (json_type(value) == JSON_OBJECT)
				must(walk(value, true));
		}
	return json_walk_ends(&w) && (!is_checked || !json_next(&it, &key, &value));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = {(const char *)data, size};
	AUTO(arena) a = {0};
	AUTO(buf) first = {0};
	AUTO(buf) second = {0};
	struct err e;

	read_anything(text, &a);
	read_anything(str_trim(text), &a);
	(void)walk(text, false);
	json_quote(&first, text);
	must(json_check(buf_str(&first), &e));
	buf_clear(&first);
	if (!json_check(text, &e))
		return 0;
	if (json_type(text) == JSON_OBJECT)
		must(walk(text, true));
	struct str value = str_trim(text);
	must(json_value_length(text) == (size_t)(value.p + value.n - text.p));
	rewrite(&(struct json_writer){.buf = &first}, value, &a, 0);
	must(json_check(buf_str(&first), &e));
	rewrite(&(struct json_writer){.buf = &second}, buf_str(&first), &a, 0);
	must(str_eq(buf_str(&first), buf_str(&second)));
	return 0;
}
