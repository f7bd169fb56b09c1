// SPDX-License-Identifier: MIT
#include "cmd/mock_read.h"

#include "base/option.h"

enum { KEYS_MAX = 40 };

bool reading_wrong(const struct reading *r, struct err *e, const char *format, ...)
{
	AUTO(buf) sentence = {0};
	va_list arguments;

	va_start(arguments, format);
	buf_vprintf(&sentence, format, arguments);
	va_end(arguments);
	return err_set(e, ERR_USAGE, "%s: at %s: %s", r->name,
		r->pointer.n ? buf_text(&r->pointer) : "the top", buf_text(&sentence));
}

size_t reading_enter(struct reading *r, struct str segment)
{
	size_t before = r->pointer.n;

	buf_put_char(&r->pointer, '/');
	for (size_t i = 0; i < segment.n; i++) {
		if (segment.p[i] == '~' || segment.p[i] == '/')
			buf_put_text(&r->pointer, segment.p[i] == '~' ? "~0" : "~1");
		else
			buf_put_char(&r->pointer, segment.p[i]);
	}
	return before;
}

size_t reading_enter_index(struct reading *r, size_t index)
{
	char number[24];

	snprintf(number, sizeof number, "%zu", index);
	return reading_enter(r, str_from(number));
}

void reading_leave(struct reading *r, size_t before)
{
	buf_cut(&r->pointer, before);
}

bool reading_type(struct reading *r, struct str value, enum json_type type, struct err *e)
{
	static const char *const names[] = {[JSON_NONE] = "nothing",
		[JSON_NULL] = "null",
		[JSON_BOOL] = "true or false",
		[JSON_NUMBER] = "a number",
		[JSON_STRING] = "a string",
		[JSON_ARRAY] = "an array",
		[JSON_OBJECT] = "an object"};

	if (json_type(value) == type)
		return true;
	return reading_wrong(r, e, "must be %s, is %s", names[type], names[json_type(value)]);
}

bool reading_text(struct reading *r, struct str value, struct str *text, struct err *e)
{
	if (!reading_type(r, value, JSON_STRING, e))
		return false;
	*text = json_text(value, r->arena);
	return true;
}

static bool read_int(
	struct reading *r, struct str value, const struct key *key, int64_t *target, struct err *e)
{
	int64_t number;

	if (!reading_type(r, value, JSON_NUMBER, e))
		return false;
	if (!json_int(value, &number) || number < key->least || number > key->most)
		return reading_wrong(r, e, "must be an integer from %lld to %lld",
			(long long)key->least, (long long)key->most);
	*target = number;
	return true;
}

static bool read_bool(
	struct reading *r, struct str value, const struct key *key, void *target, struct err *e)
{
	if (!reading_type(r, value, JSON_BOOL, e))
		return false;
	if (key->type == KEY_FLAG)
		*(int64_t *)target = json_bool_or(value, false);
	else
		*(bool *)target = json_bool_or(value, false);
	return true;
}

static bool read_value(
	struct reading *r, struct str value, const struct key *key, void *object, struct err *e)
{
	void *target = (char *)object + key->offset;

	switch (key->type) {
	case KEY_TEXT: return reading_text(r, value, target, e);
	case KEY_INT: return read_int(r, value, key, target, e);
	case KEY_BOOL:
	case KEY_FLAG: return read_bool(r, value, key, target, e);
	case KEY_READ: return key->read(r, value, target, e);
	case KEY_VALUE: break;
	}
	*(struct str *)target = value;
	return true;
}

static bool unknown_key(struct reading *r, const struct key *keys, struct str name, struct err *e)
{
	const char *names[KEYS_MAX + 1] = {0};
	AUTO(buf) all = {0};
	size_t count = 0;

	for (const struct key *key = keys; key->name; key++) {
		must(count < KEYS_MAX);
		buf_printf(&all, "%s%s", count ? ", " : "", key->name);
		names[count++] = key->name;
	}
	const char *nearest = option_nearest(name, names);
	if (nearest)
		return reading_wrong(r, e, "unknown key, the nearest is \"%s\"", nearest);
	return reading_wrong(r, e, "unknown key, known are %s", buf_text(&all));
}

bool reading_object(
	struct reading *r, struct str value, const struct key *keys, void *target, struct err *e)
{
	struct str raw_name, member;

	if (!reading_type(r, value, JSON_OBJECT, e))
		return false;
	json_each (value, raw_name, member) {
		const struct key *key = keys;
		struct str name = json_text(raw_name, r->arena);
		size_t before = reading_enter(r, name);

		while (key->name && !str_is(name, key->name))
			key++;
		if (!key->name)
			return unknown_key(r, keys, name, e);
		if (!read_value(r, member, key, target, e))
			return false;
		reading_leave(r, before);
	}
	return true;
}
