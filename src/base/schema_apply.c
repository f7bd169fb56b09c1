// SPDX-License-Identifier: MIT
/* schema_apply: keywords that look at a value's parts, or ask further schemas. */
#include <stdlib.h>
#include <string.h>

#include "base/same.h"
#include "base/schema_inside.h"

/* ---- members ---- */

struct member {
	struct str name, value;
};

/* Names are decoded into a; false at the end. */
static bool next_member(struct json_iter *it, struct arena *a, struct member *out)
{
	struct str key;

	if (!json_next(it, &key, &out->value))
		return false;
	out->name = json_text(key, a);
	return true;
}

static struct place place_of(const struct place *at, const struct member *m)
{
	return (struct place){at, m->name, 0, m->value};
}

void check_properties(struct walk *w, const struct rule *rule, const struct place *at)
{
	struct json_iter it = json_iter(at->value);
	AUTO(arena) a = {0};
	struct member m;

	while (next_member(&it, &a, &m)) {
		const struct entry *entry = rule_entry(rule, m.name);
		struct place below = place_of(at, &m);
		if (entry)
			walk_node(w, entry->node, &below);
	}
}

void check_pattern_properties(struct walk *w, const struct rule *rule, const struct place *at)
{
	struct json_iter it = json_iter(at->value);
	AUTO(arena) a = {0};
	struct member m;

	while (next_member(&it, &a, &m)) {
		struct place below = place_of(at, &m);
		for (size_t i = 0; i < rule->entry_count; i++)
			if (walk_matches(w, &rule->entries[i], m.name))
				walk_node(w, rule->entries[i].node, &below);
	}
}

static bool is_additional(
	struct walk *w, const struct rule *named, const struct rule *patterns, struct str name)
{
	if (rule_entry(named, name))
		return false;
	for (size_t i = 0; patterns && i < patterns->entry_count; i++)
		if (walk_matches(w, &patterns->entries[i], name))
			return false;
	return true;
}

void check_additional(struct walk *w, const struct rule *rule, const struct place *at)
{
	const struct rule *named = schema_rule(rule->node, "properties");
	const struct rule *patterns = schema_rule(rule->node, "patternProperties");
	struct json_iter it = json_iter(at->value);
	AUTO(arena) a = {0};
	struct member m;

	while (next_member(&it, &a, &m)) {
		struct place below = place_of(at, &m);
		if (!is_additional(w, named, patterns, m.name))
			continue;
		if (rule->entries[0].node->refuses_all)
			walk_fault(w, &below, "this member is not allowed");
		else
			walk_node(w, rule->entries[0].node, &below);
	}
}

void check_property_names(struct walk *w, const struct rule *rule, const struct place *at)
{
	struct str key, value;
	AUTO(arena) a = {0};

	json_each (at->value, key, value) {
		struct place name = {at, json_text(key, &a), 0, key};
		struct schema_fault near = {STR(""), STR("")};
		if (!walk_passes(w, rule->entries[0].node, &name, w->kept ? &near : NULL))
			walk_fault(
				w, &name, "this name is not allowed: %.*s", STR_ARG(near.message));
	}
}

static const char *plural(size_t n)
{
	return n == 1 ? "" : "s";
}

void check_min_properties(struct walk *w, const struct rule *rule, const struct place *at)
{
	size_t n = json_count(at->value);

	if (n < rule->count)
		walk_fault(w, at, "expected at least %zu member%s, found %zu", rule->count,
			plural(rule->count), n);
}

void check_max_properties(struct walk *w, const struct rule *rule, const struct place *at)
{
	size_t n = json_count(at->value);

	if (n > rule->count)
		walk_fault(w, at, "expected at most %zu member%s, found %zu", rule->count,
			plural(rule->count), n);
}

void check_required(struct walk *w, const struct rule *rule, const struct place *at)
{
	struct json_iter it = json_iter(at->value);
	AUTO(arena) a = {0};
	bool *is_there = arena_alloc(&a, rule->entry_count, sizeof *is_there);
	struct member m;

	walk_spend(w, rule->entry_count / 8);
	while (next_member(&it, &a, &m)) {
		const struct entry *entry = rule_entry(rule, m.name);
		if (entry)
			is_there[entry - rule->entries] = true;
	}
	for (size_t i = 0; i < rule->entry_count; i++)
		if (!is_there[i])
			walk_fault(w, at, "the member %.*s is missing",
				STR_ARG(str_head(rule->entries[i].name, 100)));
}

static bool has_member(const struct place *at, struct str name)
{
	struct json_iter it = json_iter(at->value);
	AUTO(arena) a = {0};
	struct member m;

	while (next_member(&it, &a, &m))
		if (str_eq(m.name, name))
			return true;
	return false;
}

void check_dependent_required(struct walk *w, const struct rule *rule, const struct place *at)
{
	for (size_t i = 0; i < rule->entry_count; i++) {
		const struct entry *entry = &rule->entries[i];
		if (!walk_spend(w, 1 + at->value.n / 256) || !has_member(at, entry->name))
			continue;
		for (size_t k = 0; k < entry->name_count; k++)
			if (walk_spend(w, 1 + at->value.n / 256) &&
				!has_member(at, entry->names[k]))
				walk_fault(w, at, "the member %.*s is missing beside %.*s",
					STR_ARG(str_head(entry->names[k], 100)),
					STR_ARG(str_head(entry->name, 100)));
	}
}

void check_dependent_schemas(struct walk *w, const struct rule *rule, const struct place *at)
{
	for (size_t i = 0; i < rule->entry_count; i++)
		if (walk_spend(w, 1 + at->value.n / 256) && has_member(at, rule->entries[i].name))
			walk_node(w, rule->entries[i].node, at);
}

/* ---- items ---- */

void check_prefix_items(struct walk *w, const struct rule *rule, const struct place *at)
{
	struct str key, value;
	size_t i = 0;

	json_each (at->value, key, value) {
		struct place below = {at, {0}, i, value};
		if (i == rule->entry_count)
			break;
		walk_node(w, rule->entries[i++].node, &below);
	}
}

void check_items(struct walk *w, const struct rule *rule, const struct place *at)
{
	const struct rule *prefix = schema_rule(rule->node, "prefixItems");
	size_t first = prefix ? prefix->entry_count : 0, i = 0;
	struct str key, value;

	json_each (at->value, key, value) {
		struct place below = {at, {0}, i, value};
		if (i++ >= first)
			walk_node(w, rule->entries[0].node, &below);
	}
}

void check_min_items(struct walk *w, const struct rule *rule, const struct place *at)
{
	size_t n = json_count(at->value);

	if (n < rule->count)
		walk_fault(w, at, "expected at least %zu item%s, found %zu", rule->count,
			plural(rule->count), n);
}

void check_max_items(struct walk *w, const struct rule *rule, const struct place *at)
{
	size_t n = json_count(at->value);

	if (n > rule->count)
		walk_fault(w, at, "expected at most %zu item%s, found %zu", rule->count,
			plural(rule->count), n);
}

struct item {
	struct str text; /* equal for equal values */
	size_t index;
};

static int compare_items(const void *a, const void *b)
{
	const struct item *x = a, *y = b;
	int order = str_cmp(x->text, y->text);

	if (order)
		return order;
	return x->index < y->index ? -1 : x->index > y->index;
}

void check_unique(struct walk *w, const struct rule *rule, const struct place *at)
{
	AUTO(arena) a = {0};
	AUTO(buf) text = {0};
	size_t n = json_count(at->value), i = 0;
	struct str key, value;

	if (!json_bool_or(rule->value, false) || n < 2 || !walk_spend(w, at->value.n / 8))
		return;
	struct item *items = arena_alloc(&a, n, sizeof *items);
	json_each (at->value, key, value) {
		buf_clear(&text);
		same_put(&text, value, &a);
		items[i] = (struct item){arena_copy(&a, buf_str(&text)), i};
		i++;
	}
	qsort(items, n, sizeof *items, compare_items);
	for (i = 1; i < n; i++)
		if (str_eq(items[i - 1].text, items[i].text)) {
			walk_fault(w, at, "items %zu and %zu are equal", items[i - 1].index,
				items[i].index);
			return;
		}
}

void check_contains(struct walk *w, const struct rule *rule, const struct place *at)
{
	const struct rule *min = schema_rule(rule->node, "minContains");
	const struct rule *max = schema_rule(rule->node, "maxContains");
	size_t least = min ? min->count : 1, n = 0, i = 0;
	struct str key, value;

	json_each (at->value, key, value) {
		struct place below = {at, {0}, i++, value};
		n += walk_passes(w, rule->entries[0].node, &below, NULL);
	}
	if (n < least)
		walk_fault(w, at, "expected at least %zu item%s as contains wants, found %zu",
			least, plural(least), n);
	else if (max && n > max->count)
		walk_fault(w, at, "expected at most %zu item%s as contains wants, found %zu",
			max->count, plural(max->count), n);
}

/* ---- the same value ---- */

void check_all(struct walk *w, const struct rule *rule, const struct place *at)
{
	for (size_t i = 0; i < rule->entry_count; i++)
		walk_node(w, rule->entries[i].node, at);
}

/* What is said of a value that none of several schemas takes: what is wrong by the one that gets
 * farthest into it. */
static void none_fault(struct walk *w, const struct rule *rule, const struct place *at)
{
	struct schema_fault near = {STR(""), STR("")};

	for (size_t i = 0; w->kept && i < rule->entry_count; i++)
		if (walk_passes(w, rule->entries[i].node, at, &near))
			return;
	walk_fault(w, at, "fits none of the %zu schemas of %s; nearest: %.*s%s%.*s",
		rule->entry_count, rule->keyword->name, STR_ARG(near.path), near.path.n ? ": " : "",
		STR_ARG(near.message));
}

static size_t count_passes(
	struct walk *w, const struct rule *rule, const struct place *at, size_t enough)
{
	size_t n = 0;

	for (size_t i = 0; i < rule->entry_count && n < enough; i++)
		n += walk_passes(w, rule->entries[i].node, at, NULL);
	return n;
}

void check_any(struct walk *w, const struct rule *rule, const struct place *at)
{
	if (!count_passes(w, rule, at, 1))
		none_fault(w, rule, at);
}

void check_one(struct walk *w, const struct rule *rule, const struct place *at)
{
	size_t n = count_passes(w, rule, at, 2);

	if (n == 0)
		none_fault(w, rule, at);
	else if (n > 1)
		walk_fault(
			w, at, "fits more than one of the %zu schemas of oneOf", rule->entry_count);
}

void check_not(struct walk *w, const struct rule *rule, const struct place *at)
{
	if (walk_passes(w, rule->entries[0].node, at, NULL))
		walk_fault(w, at, "fits the schema of not, which it must not");
}

void check_if(struct walk *w, const struct rule *rule, const struct place *at)
{
	bool is_true = walk_passes(w, rule->entries[0].node, at, NULL);
	const struct rule *next = schema_rule(rule->node, is_true ? "then" : "else");

	if (next)
		walk_node(w, next->entries[0].node, at);
}

void check_ref(struct walk *w, const struct rule *rule, const struct place *at)
{
	walk_node(w, rule->entries[0].node, at);
}
