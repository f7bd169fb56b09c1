// SPDX-License-Identifier: MIT
#include "base/conf.h"

#include <stdio.h>
#include <string.h>

#include "base/expand.h"
#include "base/json.h"
#include "base/money.h"
#include "base/option.h"
#include "base/utf8.h"

/* Of one object: more is a mistake, and looking for the same name twice would take long. */
enum { NAMES_MAX = 1000, KEYS_MAX = 64 };
/* Shorter ones would be given away by their end. */
enum { MASK_MIN_BYTES = 12, MASK_SHOWN_BYTES = 4 };

struct reader {
	struct conf *conf;
	const struct conf_source *source;
	struct str text;
	const char *counted; /* lines up to here */
	int line;
	size_t problem_count;
	bool has_variable; /* in the value being read */
	/* Where the reader is, for sentences and values. */
	const struct conf_key *map;
	struct str name;
};

static const char *const type_names[] = {
	[CONF_STRING] = "a string",
	[CONF_INT] = "a whole number",
	[CONF_SECONDS] = "a whole number of seconds",
	[CONF_MONEY] = "an amount of US dollars",
	[CONF_BOOL] = "true or false",
	[CONF_LIST] = "a list of strings",
	[CONF_WORDS] = "a list of strings",
	[CONF_STRINGS] = "an object of strings",
	[CONF_OBJECT] = "an object",
	[CONF_MAP] = "an object of objects",
};

const char *conf_type_name(enum conf_type type)
{
	return type_names[type];
}

void conf_release(struct conf *c)
{
	vec_release(&c->values);
	vec_release(&c->problems);
	arena_release(&c->arena);
	*c = (struct conf){0};
}

static const char *found_name(struct str value)
{
	switch (json_type(value)) {
	case JSON_NULL: return "null";
	case JSON_BOOL: return "true or false";
	case JSON_NUMBER: return "a number";
	case JSON_STRING: return "a string";
	case JSON_ARRAY: return "a list";
	case JSON_OBJECT: return "an object";
	default: return "something else";
	}
}

/* ---- problems ---- */

static void add_problem(struct conf *c, bool is_ignored, struct str text)
{
	AUTO(buf) shown = {0};

	/* Names of keys and files come from outside. */
	utf8_put_line(&shown, text, 1000);
	vec_push(&c->problems,
		(struct conf_problem){is_ignored, arena_text(&c->arena, buf_str(&shown))});
	c->error_count += !is_ignored;
}

bool conf_fail(struct conf *c, const char *format, ...)
{
	AUTO(buf) text = {0};
	va_list arguments;

	va_start(arguments, format);
	buf_vprintf(&text, format, arguments);
	va_end(arguments);
	add_problem(c, false, buf_str(&text));
	return false;
}

bool conf_check(const struct conf *c, struct err *e)
{
	vec_each (&c->problems, problem)
		if (!problem->is_ignored)
			return err_set(e, ERR_PARSE, "%s", problem->text);
	return true;
}

/* Places are asked for in the order of the text, so each line is counted once. */
static int line_at(struct reader *r, const char *p)
{
	if (p < r->counted) {
		r->counted = r->text.p;
		r->line = 1;
	}
	for (; r->counted < p; r->counted++)
		r->line += *r->counted == '\n';
	return r->line;
}

/* "providers.own.base_url" */
static void put_path(const struct reader *r, const char *key, struct buf *b)
{
	if (r->map)
		buf_printf(b, "%s.", r->map->name);
	if (r->name.p)
		buf_printf(b, "%.*s%s", STR_ARG(str_head(r->name, 100)), key ? "." : "");
	if (key)
		buf_put_text(b, key);
}

/* Returns false. */
__attribute__((format(printf, 5, 6))) static bool tell(
	struct reader *r, const char *at, bool is_ignored, const char *key, const char *format, ...)
{
	AUTO(buf) text = {0};
	va_list arguments;

	if (++r->problem_count > CONF_PROBLEMS_MAX)
		return false;
	buf_printf(&text, "%s:%d: ", r->source->file, line_at(r, at));
	if (key || r->map) {
		put_path(r, key, &text);
		buf_put_text(&text, ": ");
	}
	va_start(arguments, format);
	buf_vprintf(&text, format, arguments);
	va_end(arguments);
	add_problem(r->conf, is_ignored, buf_str(&text));
	return false;
}

#define WRONG(r, at, key, ...) tell(r, at, false, key, __VA_ARGS__)

/* ---- one value ---- */

static bool expand(
	struct reader *r, const char *at, const char *key, struct str text, struct str *result)
{
	AUTO(buf) out = {.max = CONF_FILE_MAX_BYTES};
	struct err e;

	*result = text;
	if (str_find(text, STR("${"), 0) == SIZE_MAX)
		return true;
	if (!r->source->is_trusted) {
		tell(r, at, true, key,
			"variables are not expanded in a repository's file; this would count in %s",
			r->source->trusted_file);
		return false;
	}
	if (!expand_put(&out, text, r->source->environment, &r->has_variable, &e))
		return WRONG(r, at, key, "%s", e.text);
	if (out.overflow)
		return WRONG(r, at, key, "too long with its variables");
	*result = arena_copy(&r->conf->arena, buf_str(&out));
	return true;
}

/* Those of ASCII and of Latin-1 (U+0080 to U+009F): they steer terminals, and no name has them. */
static bool has_control(struct str text, bool has_lines)
{
	for (size_t i = 0; i < text.n; i++) {
		unsigned char c = (unsigned char)text.p[i];
		if (has_lines && (c == '\n' || c == '\t'))
			continue;
		if (c < ' ' || c == 0x7f ||
			(c == 0xc2 && i + 1 < text.n && (unsigned char)text.p[i + 1] < 0xa0))
			return true;
	}
	return false;
}

/* A JSON string, decoded and expanded. */
static bool take_string(
	struct reader *r, const char *key, struct str value, bool has_lines, struct str *out)
{
	if (json_type(value) != JSON_STRING)
		return WRONG(r, value.p, key, "%s where a string is wanted", found_name(value));
	struct str text = json_text(value, &r->conf->arena);
	if (has_control(text, has_lines))
		return WRONG(r, value.p, key, "may not hold control characters");
	return expand(r, value.p, key, text, out);
}

static void put_choices(const struct conf_key *key, struct buf *b)
{
	for (const char *const *choice = key->choices; *choice; choice++)
		buf_printf(b, "%s%s", choice == key->choices ? "" : ", ", *choice);
}

/* What a key wants of its text, whoever gave it. shown: the text for the sentence. */
static bool check_text(const struct conf_key *key, struct str text, struct str shown, struct err *e)
{
	AUTO(buf) choices = {0};
	int64_t number;

	if (key->type == CONF_INT || key->type == CONF_SECONDS) {
		if (!str_int(text, &number))
			return err_set(e, ERR_USAGE, "%.*s is not %s", STR_ARG(str_head(shown, 40)),
				type_names[key->type]);
		if (number < key->minimum || number > key->maximum)
			return err_set(e, ERR_USAGE, "%lld is not between %lld and %lld",
				(long long)number, (long long)key->minimum,
				(long long)key->maximum);
	}
	if (key->type == CONF_MONEY)
		return money_parse(text, &number, e);
	for (const char *const *choice = key->choices; choice && *choice; choice++)
		if (str_is(text, *choice))
			return true;
	if (!key->choices)
		return text.n || key->type != CONF_STRING || err_set(e, ERR_USAGE, "is empty");
	put_choices(key, &choices);
	return err_set(e, ERR_USAGE, "%.*s is none of %s", STR_ARG(str_head(shown, 40)),
		buf_text(&choices));
}

static bool check_item(struct str item, struct err *e)
{
	if (!item.n || str_find_char(item, ',', 0) != SIZE_MAX)
		return err_set(e, ERR_USAGE, "an entry is empty or has a comma in it");
	return true;
}

static void join_items(struct conf_value *v, struct arena *a)
{
	AUTO(buf) joined = {0};

	for (size_t i = 0; i < v->item_count; i++)
		buf_printf(&joined, "%s%.*s", i ? "," : "", STR_ARG(v->items[i]));
	v->text = arena_copy(a, buf_str(&joined));
}

static bool take_list(struct reader *r, const char *key, struct str value, struct conf_value *out)
{
	struct str name, item;
	struct err e;

	if (json_type(value) != JSON_ARRAY)
		return WRONG(
			r, value.p, key, "%s where a list of strings is wanted", found_name(value));
	out->items = arena_alloc(&r->conf->arena, json_count(value), sizeof *out->items);
	json_each (value, name, item) {
		struct str *text = &out->items[out->item_count++];
		if (!take_string(r, key, item, false, text))
			return false;
		if (out->key->type == CONF_LIST && !check_item(*text, &e))
			return WRONG(r, item.p, key, "%s", e.text);
	}
	if (out->key->type == CONF_LIST)
		join_items(out, &r->conf->arena);
	else
		out->text = value;
	return true;
}

static bool is_told(const struct str *names, size_t step, size_t count, struct str name)
{
	for (size_t i = 0; i < count; i += step)
		if (str_eq(names[i], name))
			return true;
	return false;
}

static bool take_strings(
	struct reader *r, const char *key, struct str value, struct conf_value *out)
{
	struct str name, item;

	if (json_type(value) != JSON_OBJECT)
		return WRONG(r, value.p, key, "%s where an object of strings is wanted",
			found_name(value));
	size_t count = json_count(value);
	if (count > NAMES_MAX)
		return WRONG(r, value.p, key, "more than %d names", NAMES_MAX);
	out->items = arena_alloc(&r->conf->arena, count * 2, sizeof *out->items);
	json_each (value, name, item) {
		struct str text = json_text(name, &r->conf->arena);
		if (is_told(out->items, 2, out->item_count, text))
			return WRONG(r, name.p, key, "%.*s comes twice", STR_ARG(text));
		out->items[out->item_count++] = text;
		if (!take_string(r, key, item, false, &out->items[out->item_count++]))
			return false;
	}
	out->text = value;
	return true;
}

/* A path that a file holds means the same wherever fettle is started. */
static struct str beside_file(struct reader *r, struct str path)
{
	struct str file = str_from(r->source->file);
	const char *slash = memrchr(file.p, '/', file.n);

	if (!slash || !path.n || path.p[0] == '/')
		return path;
	return arena_printf(
		&r->conf->arena, "%.*s/%.*s", STR_ARG(str_range(file.p, slash)), STR_ARG(path));
}

static bool take_scalar(
	struct reader *r, const struct conf_key *key, struct str value, struct conf_value *out)
{
	bool is_number = key->type == CONF_INT || key->type == CONF_SECONDS;
	const char *wanted = type_names[key->type];
	int64_t number;
	struct err e;

	if (key->type == CONF_STRING) {
		if (!take_string(r, key->name, value, key->flags & CONF_LINES, &out->text))
			return false;
		if (key->flags & CONF_PATH)
			out->text = beside_file(r, out->text);
	} else if (is_number && json_int(value, &number)) {
		out->text = arena_printf(&r->conf->arena, "%lld", (long long)number);
	} else if (key->type == CONF_MONEY && json_type(value) == JSON_NUMBER) {
		out->text = value;
	} else if (key->type == CONF_BOOL && json_type(value) == JSON_BOOL) {
		out->text = value;
	} else {
		return WRONG(r, value.p, key->name, "%s where %s is wanted",
			is_number && json_type(value) == JSON_NUMBER ? "another number"
								     : found_name(value),
			wanted);
	}
	/* A variable may hold a secret. */
	struct str shown = r->has_variable ? STR("what the variable holds") : out->text;
	return check_text(key, out->text, shown, &e) || WRONG(r, value.p, key->name, "%s", e.text);
}

static bool take_value(
	struct reader *r, const struct conf_key *key, struct str value, struct conf_value *out)
{
	switch (key->type) {
	case CONF_WORDS:
	case CONF_LIST: return take_list(r, key->name, value, out);
	case CONF_STRINGS: return take_strings(r, key->name, value, out);
	case CONF_OBJECT:
		out->text = value;
		return json_type(value) == JSON_OBJECT ||
		       WRONG(r, value.p, key->name, "%s where an object is wanted",
			       found_name(value));
	default: return take_scalar(r, key, value, out);
	}
}

bool conf_from_word(const struct conf_key *key, struct str word, struct arena *a,
	struct conf_value *out, struct err *e)
{
	struct conf_value v = {.key = key, .text = word};
	struct str rest = word, item;
	VEC(struct str) items = {0};

	if (key->type == CONF_BOOL && !str_is(word, "true") && !str_is(word, "false"))
		return err_set(e, ERR_USAGE, "%.*s is neither true nor false",
			STR_ARG(str_head(word, 40)));
	if (key->type != CONF_LIST) {
		if (!check_text(key, word, word, e))
			return false;
		*out = v;
		return true;
	}
	bool good = true;
	while (good && str_split(&rest, ',', &item)) {
		vec_push(&items, str_trim(item));
		good = check_item(str_trim(item), e);
	}
	v.item_count = items.n;
	v.items = arena_alloc(a, items.n, sizeof *v.items);
	for (size_t i = 0; i < items.n; i++)
		v.items[i] = items.p[i];
	vec_release(&items);
	if (good)
		*out = v;
	return good;
}

/* ---- objects ---- */

const struct conf_key *conf_key_find(const struct conf_key *table, struct str name)
{
	for (; table->name; table++)
		if (str_is(name, table->name))
			return table;
	return NULL;
}

static void tell_unknown(struct reader *r, const struct conf_key *table, struct str raw)
{
	const char *names[KEYS_MAX + 1];
	struct str name = json_text(raw, &r->conf->arena);
	size_t n = 0;

	for (; table[n].name && n < KEYS_MAX; n++)
		names[n] = table[n].name;
	names[n] = NULL;
	const char *near = option_nearest(name, names);
	if (near)
		WRONG(r, raw.p, NULL, "unknown key %.*s (did you mean %s?)",
			STR_ARG(str_head(name, 60)), near);
	else
		WRONG(r, raw.p, NULL, "unknown key %.*s", STR_ARG(str_head(name, 60)));
}

static void read_map(struct reader *r, const struct conf_key *key, struct str value);

static void read_member(struct reader *r, const struct conf_key *key, struct str value)
{
	struct conf_value v = {.key = key,
		.map = r->map,
		.name = r->name,
		.file = r->source->file,
		.line = line_at(r, value.p),
		.is_trusted = r->source->is_trusted};

	r->has_variable = false;
	if ((key->flags & CONF_USER_ONLY) && !r->source->is_trusted)
		tell(r, value.p, true, key->name,
			"does not count in a repository's file; it would in %s",
			r->source->trusted_file);
	else if (key->type == CONF_MAP)
		read_map(r, key, value);
	else if (take_value(r, key, value, &v)) {
		v.has_variable = r->has_variable;
		vec_push(&r->conf->values, v);
	}
}

static void read_object(struct reader *r, const struct conf_key *table, struct str object)
{
	bool seen[KEYS_MAX] = {0}, is_top = !r->map;
	struct str raw, value;

	json_each (object, raw, value) {
		if (r->problem_count > CONF_PROBLEMS_MAX)
			return;
		struct str name = json_text(raw, &r->conf->arena);
		const struct conf_key *key = conf_key_find(table, name);
		/* For editors: which schema describes the file. */
		if (!key && is_top && str_is(name, "$schema") && json_type(value) == JSON_STRING)
			continue;
		if (!key) {
			tell_unknown(r, table, raw);
			continue;
		}
		must(key - table < KEYS_MAX);
		if (seen[key - table])
			WRONG(r, raw.p, key->name, "comes twice");
		else
			read_member(r, key, value);
		seen[key - table] = true;
	}
}

static void read_map(struct reader *r, const struct conf_key *key, struct str value)
{
	struct str *names, raw, object;
	size_t n = 0, count;

	if (json_type(value) != JSON_OBJECT) {
		WRONG(r, value.p, key->name, "%s where an object is wanted", found_name(value));
		return;
	}
	count = json_count(value);
	if (count > NAMES_MAX) {
		WRONG(r, value.p, key->name, "more than %d names", NAMES_MAX);
		return;
	}
	names = arena_alloc(&r->conf->arena, count, sizeof *names);
	json_each (value, raw, object) {
		r->map = key;
		r->name = json_text(raw, &r->conf->arena);
		if (!r->name.n || has_control(r->name, false))
			WRONG(r, raw.p, NULL, "a name is empty or has control characters in it");
		else if (is_told(names, 1, n, r->name))
			WRONG(r, raw.p, NULL, "comes twice");
		else if (json_type(object) != JSON_OBJECT)
			WRONG(r, object.p, NULL, "%s where an object is wanted",
				found_name(object));
		else
			read_object(r, key->members, object);
		names[n++] = r->name;
	}
	r->map = NULL;
	r->name = (struct str){0};
}

static int column_at(struct str text, size_t offset)
{
	int column = 1;

	for (; offset > 0 && text.p[offset - 1] != '\n'; offset--)
		column++;
	return column;
}

bool conf_read(struct conf *c, const struct conf_key *table, struct str text,
	const struct conf_source *source)
{
	struct reader r = {.conf = c, .source = source, .line = 1};
	size_t offset, before = c->error_count;
	struct err e;

	text = utf8_without_mark(text);
	r.text = text;
	r.counted = text.p;
	if (!json_check_at(text, &offset, &e))
		return conf_fail(c, "%s:%d:%d: %s", source->file,
			text.n ? line_at(&r, text.p + offset) : 1,
			text.n ? column_at(text, offset) : 1, e.text);
	struct str object = str_trim(text);
	if (json_type(object) != JSON_OBJECT)
		WRONG(&r, object.p, NULL, "%s where an object of settings is wanted",
			found_name(object));
	else
		read_object(&r, table, object);
	return c->error_count == before;
}

const struct conf_value *conf_find(
	const struct conf *c, const char *map, struct str name, const char *key)
{
	vec_each (&c->values, v)
		if (str_is(str_from(v->key->name), key) && (v->map != NULL) == (map != NULL) &&
			(!map || (str_is(str_from(v->map->name), map) && str_eq(v->name, name))))
			return v;
	return NULL;
}

struct str conf_masked(struct str secret, struct arena *a)
{
	struct str end = str_skip(secret, secret.n - MASK_SHOWN_BYTES);

	if (secret.n < MASK_MIN_BYTES)
		return STR("****");
	for (size_t i = 0; i < end.n; i++)
		if (end.p[i] <= ' ' || end.p[i] > '~')
			return STR("****");
	return arena_printf(a, "****%.*s", STR_ARG(end));
}
