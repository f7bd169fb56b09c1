// SPDX-License-Identifier: MIT
/*
 * schema_load: the file to nodes, one a schema in it, in the file's order; then references are
 * led to their nodes, and rings of them that never go on into the value are refused.
 */
#include <stdlib.h>
#include <string.h>

#include "base/schema_inside.h"

/* Schemas one upon the other for one value: far beyond any sense, far within the stack. */
enum { CHAIN_MAX = 64 };

struct loader {
	struct schema *s;
};

struct arena *load_arena(struct loader *l)
{
	return &l->s->arena;
}

bool load_wrong(const struct loader *, const struct rule *rule, const char *why, struct err *e)
{
	return err_set(e, ERR_PARSE, "keyword %s at #%.*s: %s", rule->keyword->name,
		STR_ARG(str_head(rule->node->place, 200)), why);
}

static struct str place_below(struct arena *a, const struct rule *rule, struct str below)
{
	AUTO(buf) place = {0};

	buf_put_str(&place, rule->node->place);
	buf_printf(&place, "/%s", rule->keyword->name);
	if (below.p)
		buf_put_char(&place, '/');
	for (size_t i = 0; i < below.n; i++)
		if (below.p[i] == '~' || below.p[i] == '/')
			buf_put_text(&place, below.p[i] == '~' ? "~0" : "~1");
		else
			buf_put_char(&place, below.p[i]);
	return arena_copy(a, buf_str(&place));
}

static bool load_rules(struct loader *l, struct node *node, struct err *e);

static struct node *add_node(struct loader *l, struct str place, struct str value, struct err *e)
{
	struct node *node = arena_alloc(&l->s->arena, 1, sizeof *node);

	*node = (struct node){.text = value, .place = place};
	vec_push(&l->s->nodes, node);
	if (json_type(value) == JSON_OBJECT)
		return load_rules(l, node, e) ? node : NULL;
	node->refuses_all = !json_bool_or(value, true);
	return node;
}

struct node *load_node(struct loader *l, const struct rule *rule, struct str below,
	struct str value, struct err *e)
{
	if (!(TYPE(json_type(value)) & TYPE_SCHEMA)) {
		load_wrong(l, rule,
			below.p ? "a schema in it is neither an object nor true or false"
				: "it is no schema: neither an object nor true or false",
			e);
		return NULL;
	}
	return add_node(l, place_below(&l->s->arena, rule, below), value, e);
}

void *load_pattern(struct loader *l, const struct rule *rule, struct str pattern, struct err *e)
{
	const struct schema_patterns *patterns = l->s->patterns;

	if (!patterns) {
		load_wrong(l, rule, "patterns are not supported here", e);
		return NULL;
	}
	void *compiled = patterns->compile(pattern, e);
	if (!compiled) {
		struct err why = *e;
		load_wrong(l, rule, why.text, e);
		return NULL;
	}
	vec_push(&l->s->compiled, compiled);
	return compiled;
}

static int compare_entries(const void *a, const void *b)
{
	return str_cmp(((const struct entry *)a)->name, ((const struct entry *)b)->name);
}

void load_order(struct rule *rule)
{
	if (rule->entry_count)
		qsort(rule->entries, rule->entry_count, sizeof *rule->entries, compare_entries);
}

bool load_sort(struct loader *l, struct rule *rule, struct err *e)
{
	load_order(rule);
	for (size_t i = 1; i < rule->entry_count; i++)
		if (str_eq(rule->entries[i - 1].name, rule->entries[i].name))
			return load_wrong(l, rule, "a name comes twice", e);
	return true;
}

const struct entry *rule_entry(const struct rule *rule, struct str name)
{
	struct entry wanted = {.name = name};

	if (!rule || !rule->entry_count)
		return NULL;
	return bsearch(&wanted, rule->entries, rule->entry_count, sizeof wanted, compare_entries);
}

const struct rule *schema_rule(const struct node *node, const char *name)
{
	for (size_t i = 0; i < node->rule_count; i++)
		if (str_is(str_from(name), node->rules[i].keyword->name))
			return &node->rules[i];
	return NULL;
}

static const struct keyword *find_keyword(struct str name)
{
	for (const struct keyword *k = schema_keywords; k->name; k++)
		if (str_is(name, k->name))
			return k;
	return NULL;
}

/* "a string or an array" */
static struct str type_names(struct arena *a, unsigned types)
{
	static const char *const names[] = {[JSON_BOOL] = "true or false",
		[JSON_NUMBER] = "a number",
		[JSON_STRING] = "a string",
		[JSON_ARRAY] = "an array",
		[JSON_OBJECT] = "an object"};
	AUTO(buf) all = {0};

	for (size_t i = JSON_BOOL; i < sizeof names / sizeof names[0]; i++)
		if (types & TYPE(i))
			buf_printf(&all, "%s%s", all.n ? " or " : "", names[i]);
	return arena_copy(a, buf_str(&all));
}

static bool load_rule(struct loader *l, struct rule *rule, struct err *e)
{
	const struct keyword *k = rule->keyword;

	if (!(k->takes & TYPE(json_type(rule->value))))
		return load_wrong(l, rule,
			arena_printf(&l->s->arena, "its value has to be %.*s",
				STR_ARG(type_names(&l->s->arena, k->takes)))
				.p,
			e);
	return !k->load || k->load(l, rule, e);
}

static bool load_rules(struct loader *l, struct node *node, struct err *e)
{
	struct arena *a = &l->s->arena;
	struct str key, value;

	node->rules = arena_alloc(a, json_count(node->text), sizeof *node->rules);
	json_each (node->text, key, value) {
		struct str name = json_text(key, a);
		const struct keyword *keyword = find_keyword(name);
		if (!keyword)
			return err_set(e, ERR_PARSE, "keyword %.*s at #%.*s is not supported",
				STR_ARG(str_head(name, 100)), STR_ARG(str_head(node->place, 200)));
		struct rule *rule = &node->rules[node->rule_count];
		*rule = (struct rule){.keyword = keyword, .node = node, .value = value};
		if (schema_rule(node, keyword->name))
			return load_wrong(l, rule, "it comes twice", e);
		node->rule_count++;
		if (!load_rule(l, rule, e))
			return false;
	}
	for (size_t i = 0; i < node->rule_count; i++) {
		const struct rule *rule = &node->rules[i];
		const char *beside = rule->keyword->beside;
		if (beside && !schema_rule(node, beside))
			return load_wrong(l, rule,
				arena_printf(a, "it means nothing without %s", beside).p, e);
	}
	return true;
}

/* ---- references ---- */

static int hex_of(char c)
{
	static const char digits[] = "0123456789abcdef0123456789ABCDEF";
	const char *at = c ? strchr(digits, c) : NULL;

	return at ? (int)((at - digits) & 15) : -1;
}

/* %41 is A: a fragment of a URI may write any byte so. */
static struct str percent_decoded(struct arena *a, struct str text)
{
	AUTO(buf) out = {0};

	for (size_t i = 0; i < text.n; i++) {
		bool has_two = text.p[i] == '%' && i + 2 < text.n;
		int high = has_two ? hex_of(text.p[i + 1]) : -1;
		int low = has_two ? hex_of(text.p[i + 2]) : -1;
		if (high < 0 || low < 0) {
			buf_put_char(&out, text.p[i]);
			continue;
		}
		buf_put_char(&out, (char)(high << 4 | low));
		i += 2;
	}
	return arena_copy(a, buf_str(&out));
}

/* Names of nodes by place or anchor, for references. */
struct target {
	struct str name;
	struct node *node;
};

struct targets {
	struct target *p;
	size_t n;
};

static int compare_targets(const void *a, const void *b)
{
	return str_cmp(((const struct target *)a)->name, ((const struct target *)b)->name);
}

/* An anchor cannot begin with the slash that all places but the top's have. */
static bool gather_targets(struct loader *l, struct targets *targets, struct err *e)
{
	struct schema *s = l->s;

	targets->p = arena_alloc(&s->arena, s->nodes.n * 2, sizeof *targets->p);
	vec_each (&s->nodes, node) {
		const struct rule *anchor = schema_rule(*node, "$anchor");
		targets->p[targets->n++] = (struct target){(*node)->place, *node};
		if (anchor)
			targets->p[targets->n++] =
				(struct target){json_text(anchor->value, &s->arena), *node};
	}
	qsort(targets->p, targets->n, sizeof *targets->p, compare_targets);
	for (size_t i = 1; i < targets->n; i++)
		if (str_eq(targets->p[i - 1].name, targets->p[i].name))
			return err_set(e, ERR_PARSE, "the $anchor %.*s comes twice",
				STR_ARG(str_head(targets->p[i].name, 100)));
	return true;
}

static bool resolve(
	struct loader *l, struct rule *rule, const struct targets *targets, struct err *e)
{
	struct arena *a = &l->s->arena;
	struct str text = json_text(rule->value, a);

	if (!text.n || text.p[0] != '#')
		return load_wrong(
			l, rule, "only references within the file are followed: \"#/...\"", e);
	struct target wanted = {.name = percent_decoded(a, str_skip(text, 1))};
	const struct target *found =
		bsearch(&wanted, targets->p, targets->n, sizeof wanted, compare_targets);
	if (!found)
		return load_wrong(l, rule,
			arena_printf(a, "there is no schema at %.*s", STR_ARG(str_head(text, 100)))
				.p,
			e);
	rule->entries = arena_alloc(a, 1, sizeof *rule->entries);
	rule->entries[0].node = found->node;
	rule->entry_count = 1;
	return true;
}

static bool resolve_all(struct loader *l, struct err *e)
{
	struct targets targets = {0};

	if (!gather_targets(l, &targets, e))
		return false;
	vec_each (&l->s->nodes, node)
		for (size_t i = 0; i < (*node)->rule_count; i++)
			if (str_is(STR("$ref"), (*node)->rules[i].keyword->name) &&
				!resolve(l, &(*node)->rules[i], &targets, e))
				return false;
	return true;
}

static bool measure_chain(struct node *node, int above, struct err *e)
{
	int longest = 0;

	if (node->chain > 0)
		return true;
	if (node->chain < 0)
		return err_set(e, ERR_PARSE,
			"the schema at #%.*s refers to itself without going on into the value",
			STR_ARG(str_head(node->place, 200)));
	if (above == CHAIN_MAX)
		return err_set(e, ERR_PARSE,
			"more than %d schemas refer to each other for one value, at #%.*s",
			CHAIN_MAX, STR_ARG(str_head(node->place, 200)));
	node->chain = -1;
	for (size_t i = 0; i < node->rule_count; i++) {
		const struct rule *rule = &node->rules[i];
		for (size_t k = 0; rule->keyword->stays && k < rule->entry_count; k++) {
			struct node *next = rule->entries[k].node;
			if (!measure_chain(next, above + 1, e))
				return false;
			longest = next->chain > longest ? next->chain : longest;
		}
	}
	node->chain = longest + 1;
	if (node->chain > CHAIN_MAX)
		return err_set(e, ERR_PARSE,
			"more than %d schemas refer to each other for one value, at #%.*s",
			CHAIN_MAX, STR_ARG(str_head(node->place, 200)));
	return true;
}

static bool load_all(struct schema *s, struct err *e)
{
	struct loader l = {s};

	if (!json_check(s->text, e))
		return false;
	s->text = str_trim(s->text);
	if (json_type(s->text) != JSON_OBJECT)
		return err_set(e, ERR_PARSE, "a schema has to be a JSON object");
	if (!add_node(&l, STR(""), s->text, e) || !resolve_all(&l, e))
		return false;
	vec_each (&s->nodes, node)
		if (!measure_chain(*node, 0, e))
			return false;
	return true;
}

struct schema *schema_new(struct str text, const struct schema_patterns *patterns, struct err *e)
{
	struct schema *s = must_alloc(1, sizeof *s);

	*s = (struct schema){.text = text, .patterns = patterns};
	if (load_all(s, e))
		return s;
	schema_free(s);
	return NULL;
}

void schema_free(struct schema *s)
{
	if (!s)
		return;
	vec_each (&s->compiled, pattern)
		s->patterns->free(*pattern);
	vec_release(&s->compiled);
	vec_release(&s->nodes);
	arena_release(&s->arena);
	free(s);
}
