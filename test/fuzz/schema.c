// SPDX-License-Identifier: MIT
/*
 * schema: the first line is a schema, the rest a value. Whatever both are, checking ends, says the
 * same twice and has a reason where it refuses; not of a schema is the other answer.
 */
#include <string.h>

#include "base/json.h"
#include "base/schema.h"
#include "base/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A pattern is plain text here: regular expressions are fuzzed elsewhere. */
static void *compile(struct str pattern, struct err *e)
{
	if (str_contains(pattern, STR("("))) {
		err_set(e, ERR_PARSE, "a bracket");
		return NULL;
	}
	struct str *text = must_alloc(1, sizeof *text);
	*text = (struct str){must_copy(pattern.p, pattern.n), pattern.n};
	return text;
}

static bool matches(void *pattern, struct str text, bool *gave_up)
{
	*gave_up = text.n > 100;
	return str_contains(text, *(struct str *)pattern);
}

static void release(void *pattern)
{
	free((char *)((struct str *)pattern)->p);
	free(pattern);
}

static const struct schema_patterns patterns = {compile, matches, release};

static bool is_valid(struct schema *s, struct str value, struct buf *said)
{
	AUTO(arena) a = {0};
	struct schema_faults faults;
	bool passes = schema_check(s, value, &a, &faults);

	must(passes == (faults.count == 0) && faults.count <= SCHEMA_FAULTS_MAX);
	for (size_t i = 0; i < faults.count; i++) {
		struct str path = faults.items[i].path;
		must(faults.items[i].message.n);
		must(!path.n || path.p[0] == '/');
	}
	schema_faults_put(said, &faults);
	return passes;
}

/* The schema within another one; its references are then led astray, or are refused. */
static void check_not(struct str schema, struct str value, bool passes)
{
	AUTO(buf) text = {0};
	AUTO(buf) said = {0};
	struct err e;

	if (str_contains(schema, STR("$")))
		return;
	buf_printf(&text, "{\"not\":%.*s}", STR_ARG(schema));
	struct schema *s = schema_new(buf_str(&text), &patterns, &e);
	if (!s)
		return;
	bool is_refused = !is_valid(s, value, &said);
	must(!passes || is_refused);
	schema_free(s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str value = {(const char *)data, size}, text;
	AUTO(buf) first = {0};
	AUTO(buf) second = {0};
	struct err e = {0};

	if (!size || !str_split(&value, '\n', &text))
		return 0;
	struct schema *s = schema_new(text, &patterns, &e);
	if (!s) {
		must(e.code == ERR_PARSE && e.text[0]);
		return 0;
	}
	bool passes = is_valid(s, value, &first);
	must(passes == is_valid(s, value, &second));
	must(str_eq(buf_str(&first), buf_str(&second)));
	if (passes)
		check_not(text, value, passes);
	schema_free(s);
	return 0;
}
