// SPDX-License-Identifier: MIT
/* schema_check: a value against the nodes of a schema, and the keywords that look at it alone. */
#include <stdarg.h>
#include <stdio.h>

#include "base/same.h"
#include "base/schema_inside.h"
#include "base/utf8.h"

enum {
	/* Visits of a schema for a value; a bad schema can ask for 2^n of them. About a second. */
	STEPS_MAX = 5'000'000,
	BYTES_PER_STEP = 256, /* of containers, which are walked over again by each keyword */
	DEPTH_MAX = 1000, /* schemas within schemas while checking: JSON's depth times a few */
	PATTERN_STEPS = 50,
	FOUND_COLUMNS = 48,
};

/* ---- faults ---- */

static void put_path(struct buf *b, const struct place *at)
{
	if (!at->above)
		return;
	put_path(b, at->above);
	buf_put_char(b, '/');
	if (!at->name.p)
		buf_printf(b, "%zu", at->index);
	for (size_t i = 0; i < at->name.n; i++)
		if (at->name.p[i] == '~' || at->name.p[i] == '/')
			buf_put_text(b, at->name.p[i] == '~' ? "~0" : "~1");
		else
			buf_put_char(b, at->name.p[i]);
}

void walk_fault(struct walk *w, const struct place *at, const char *format, ...)
{
	AUTO(buf) message = {0};
	AUTO(buf) path = {0};
	va_list arguments;

	if (w->faults->count >= w->limit)
		return;
	struct schema_fault *fault = &w->faults->items[w->faults->count++];
	*fault = (struct schema_fault){STR(""), STR("")};
	if (!w->kept)
		return;
	va_start(arguments, format);
	buf_vprintf(&message, format, arguments);
	va_end(arguments);
	put_path(&path, at);
	*fault = (struct schema_fault){
		arena_copy(w->kept, buf_str(&path)), arena_copy(w->kept, buf_str(&message))};
}

static bool is_over(const struct walk *w)
{
	return w->faults->count >= w->limit || *w->steps_left <= 0;
}

bool walk_spend(struct walk *w, size_t steps)
{
	*w->steps_left -= steps < STEPS_MAX ? (int64_t)steps : STEPS_MAX;
	return *w->steps_left > 0;
}

bool walk_matches(struct walk *w, const struct entry *entry, struct str text)
{
	bool gave_up = false, is_match = false;

	if (walk_spend(w, PATTERN_STEPS))
		is_match = w->schema->patterns->matches(entry->pattern, text, &gave_up);
	if (gave_up)
		*w->steps_left = 0;
	return is_match;
}

const char *schema_type_name(enum json_type type)
{
	static const char *const names[] = {[JSON_NONE] = "nothing",
		[JSON_NULL] = "null",
		[JSON_BOOL] = "boolean",
		[JSON_NUMBER] = "number",
		[JSON_STRING] = "string",
		[JSON_ARRAY] = "array",
		[JSON_OBJECT] = "object"};

	return names[type];
}

unsigned schema_type_bit(struct str name)
{
	for (enum json_type type = JSON_NULL; type <= JSON_OBJECT; type++)
		if (str_is(name, schema_type_name(type)))
			return TYPE(type);
	return str_is(name, "integer") ? TYPE_INTEGER : 0;
}

const char *walk_found(struct walk *w, struct str value)
{
	AUTO(buf) text = {0};
	enum json_type type = json_type(value);

	if (!w->kept)
		return "";
	if (type != JSON_NULL && type != JSON_BOOL)
		buf_printf(&text, "%s ", schema_type_name(type));
	utf8_put_line(&text, str_head(value, FOUND_COLUMNS * 4), FOUND_COLUMNS);
	return arena_text(w->temporary, buf_str(&text));
}

/* ---- the walk ---- */

void walk_node(struct walk *w, const struct node *node, const struct place *at)
{
	unsigned type = TYPE(json_type(at->value));

	if (w->depth == DEPTH_MAX)
		*w->steps_left = 0;
	if (is_over(w) || !walk_spend(w, 1 + at->value.n / BYTES_PER_STEP))
		return;
	if (node->refuses_all) {
		walk_fault(w, at, "nothing is allowed here, found %s", walk_found(w, at->value));
		return;
	}
	w->depth++;
	for (size_t i = 0; i < node->rule_count && !is_over(w); i++) {
		const struct rule *rule = &node->rules[i];
		if (rule->keyword->check && (rule->keyword->applies & type))
			rule->keyword->check(w, rule, at);
	}
	w->depth--;
}

bool walk_passes(
	struct walk *w, const struct node *node, const struct place *at, struct schema_fault *near)
{
	struct schema_faults faults;
	struct walk inner = *w;

	faults.count = 0;
	inner.faults = &faults;
	inner.limit = 1;
	inner.kept = near ? w->temporary : NULL;
	walk_node(&inner, node, at);
	if (near && faults.count && faults.items[0].path.n >= near->path.n)
		*near = faults.items[0];
	return faults.count == 0;
}

static int compare_keys(const void *a, const void *b)
{
	return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

/* Readers differ in which of two members of a name counts: what passes must not. */
static void check_twins(struct walk *w, const struct place *at)
{
	AUTO(arena) names = {0};
	size_t count = json_count(at->value), n = 0;
	struct str *keys = arena_alloc(&names, count, sizeof *keys);
	struct str key, value;

	json_each (at->value, key, value) {
		if (key.p)
			keys[n++] = json_text(key, &names);
	}
	if (n)
		qsort(keys, n, sizeof *keys, compare_keys);
	for (size_t i = 1; i < n; i++)
		if (str_eq(keys[i - 1], keys[i]))
			walk_fault(w, at, "the member %.*s comes twice",
				STR_ARG(str_head(keys[i], FOUND_COLUMNS)));
	n = 0;
	json_each (at->value, key, value) {
		struct place below = {at, key.p ? json_text(key, w->temporary) : key, n++, value};
		if (value.p[0] == '{' || value.p[0] == '[')
			check_twins(w, &below);
	}
}

bool schema_check(
	const struct schema *s, struct str value, struct arena *a, struct schema_faults *faults)
{
	AUTO(arena) temporary = {0};
	int64_t steps = STEPS_MAX;
	struct place top = {.value = str_trim(value)};
	struct walk w = {.schema = s,
		.temporary = &temporary,
		.kept = a,
		.faults = faults,
		.limit = SCHEMA_FAULTS_MAX,
		.steps_left = &steps};
	struct err e;

	faults->count = 0;
	if (!json_check(value, &e)) {
		walk_fault(&w, &top, "no JSON: %s", e.text);
		return false;
	}
	check_twins(&w, &top);
	walk_node(&w, s->nodes.p[0], &top);
	if (steps <= 0) {
		faults->count = faults->count < w.limit ? faults->count : w.limit - 1;
		walk_fault(
			&w, &top, "checking it against the schema takes too long or goes too deep");
	}
	return faults->count == 0;
}

void schema_faults_put(struct buf *b, const struct schema_faults *faults)
{
	for (size_t i = 0; i < faults->count; i++)
		buf_printf(b, "#%.*s: %.*s\n", STR_ARG(faults->items[i].path),
			STR_ARG(faults->items[i].message));
}

/* ---- any value ---- */

static void put_types(struct buf *b, unsigned types)
{
	for (enum json_type type = JSON_NULL; type <= JSON_OBJECT; type++)
		if (types & TYPE(type))
			buf_printf(b, "%s%s", b->n ? " or " : "", schema_type_name(type));
	if (types & TYPE_INTEGER)
		buf_printf(b, "%sinteger", b->n ? " or " : "");
}

void check_type(struct walk *w, const struct rule *rule, const struct place *at)
{
	enum json_type type = json_type(at->value);
	AUTO(buf) wanted = {0};

	if (rule->types & TYPE(type))
		return;
	if ((rule->types & TYPE_INTEGER) && type == JSON_NUMBER) {
		struct decimal d = decimal_of(at->value);
		if (decimal_is_integer(&d))
			return;
	}
	put_types(&wanted, rule->types);
	walk_fault(w, at, "expected %s, found %s", buf_text(&wanted), walk_found(w, at->value));
}

static bool is_one_of(struct walk *w, const struct rule *rule, struct str value)
{
	AUTO(arena) a = {0};
	AUTO(buf) text = {0};

	walk_spend(w, 1 + value.n / 8);
	same_put(&text, value, &a);
	return rule_entry(rule, buf_str(&text));
}

void check_enum(struct walk *w, const struct rule *rule, const struct place *at)
{
	if (is_one_of(w, rule, at->value))
		return;
	AUTO(buf) list = {0};
	utf8_put_line(&list, str_head(rule->value, 800), 200);
	walk_fault(
		w, at, "expected one of %s, found %s", buf_text(&list), walk_found(w, at->value));
}

void check_const(struct walk *w, const struct rule *rule, const struct place *at)
{
	if (is_one_of(w, rule, at->value))
		return;
	AUTO(buf) wanted = {0};
	utf8_put_line(&wanted, str_head(rule->value, 800), 200);
	walk_fault(w, at, "expected %s, found %s", buf_text(&wanted), walk_found(w, at->value));
}

/* ---- numbers ---- */

static int compare_number(const struct rule *rule, const struct place *at)
{
	struct decimal d = decimal_of(at->value);

	return decimal_compare(&d, &rule->number);
}

static void bound_fault(
	struct walk *w, const struct rule *rule, const struct place *at, const char *what)
{
	walk_fault(w, at, "expected %s %.*s, found %s", what, STR_ARG(str_head(rule->value, 60)),
		walk_found(w, at->value));
}

void check_minimum(struct walk *w, const struct rule *rule, const struct place *at)
{
	if (compare_number(rule, at) < 0)
		bound_fault(w, rule, at, "at least");
}

void check_maximum(struct walk *w, const struct rule *rule, const struct place *at)
{
	if (compare_number(rule, at) > 0)
		bound_fault(w, rule, at, "at most");
}

void check_above(struct walk *w, const struct rule *rule, const struct place *at)
{
	if (compare_number(rule, at) <= 0)
		bound_fault(w, rule, at, "more than");
}

void check_below(struct walk *w, const struct rule *rule, const struct place *at)
{
	if (compare_number(rule, at) >= 0)
		bound_fault(w, rule, at, "less than");
}

void check_multiple(struct walk *w, const struct rule *rule, const struct place *at)
{
	struct decimal d = decimal_of(at->value);

	if (!decimal_is_multiple(&d, &rule->number))
		bound_fault(w, rule, at, "a multiple of");
}

/* ---- texts ---- */

static struct str text_of(struct walk *w, const struct place *at, struct arena *a)
{
	walk_spend(w, at->value.n / 64);
	return json_text(at->value, a);
}

/* Characters, as the standard counts: code points. An escape of half a surrogate is one. */
static size_t count_characters(struct walk *w, const struct place *at)
{
	AUTO(arena) a = {0};
	struct str text = text_of(w, at, &a);
	size_t n = 0;

	for (size_t i = 0; i < text.n; i++)
		n += (text.p[i] & 0xc0) != 0x80;
	return n;
}

void check_min_length(struct walk *w, const struct rule *rule, const struct place *at)
{
	size_t n = count_characters(w, at);

	if (n < rule->count)
		walk_fault(w, at, "expected at least %zu character%s, found %zu: %s", rule->count,
			rule->count == 1 ? "" : "s", n, walk_found(w, at->value));
}

void check_max_length(struct walk *w, const struct rule *rule, const struct place *at)
{
	size_t n = count_characters(w, at);

	if (n > rule->count)
		walk_fault(w, at, "expected at most %zu character%s, found %zu: %s", rule->count,
			rule->count == 1 ? "" : "s", n, walk_found(w, at->value));
}

void check_pattern(struct walk *w, const struct rule *rule, const struct place *at)
{
	const struct entry *entry = &rule->entries[0];
	AUTO(arena) a = {0};
	struct str text = text_of(w, at, &a);

	if (!walk_matches(w, entry, text))
		walk_fault(w, at, "expected a match of the pattern %.*s, found %s",
			STR_ARG(str_head(entry->name, 200)), walk_found(w, at->value));
}

void check_format(struct walk *w, const struct rule *rule, const struct place *at)
{
	AUTO(arena) a = {0};

	if (!rule->is_format(text_of(w, at, &a)))
		walk_fault(w, at, "expected the format %.*s, found %s",
			STR_ARG(str_head(rule->value, 60)), walk_found(w, at->value));
}
