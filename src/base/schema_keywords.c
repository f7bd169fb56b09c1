// SPDX-License-Identifier: MIT
/* schema_keywords: the table of keywords, and how their values are read. */
#include <stdio.h>

#include "base/same.h"
#include "base/schema_inside.h"

static void make_entries(struct loader *l, struct rule *rule, size_t count)
{
	rule->entries = arena_alloc(load_arena(l), count, sizeof *rule->entries);
}

static bool load_schema(struct loader *l, struct rule *rule, struct err *e)
{
	make_entries(l, rule, 1);
	rule->entries[0].node = load_node(l, rule, (struct str){0}, rule->value, e);
	rule->entry_count = 1;
	return rule->entries[0].node;
}

static bool load_list(struct loader *l, struct rule *rule, struct err *e)
{
	struct str key, value;
	char number[24];

	make_entries(l, rule, json_count(rule->value));
	json_each (rule->value, key, value) {
		snprintf(number, sizeof number, "%zu", rule->entry_count);
		struct node *node = load_node(l, rule, str_from(number), value, e);
		if (!node)
			return false;
		rule->entries[rule->entry_count++].node = node;
	}
	return rule->entry_count || load_wrong(l, rule, "the list is empty", e);
}

static bool load_map(struct loader *l, struct rule *rule, struct err *e)
{
	struct str key, value;

	make_entries(l, rule, json_count(rule->value));
	json_each (rule->value, key, value) {
		struct entry *entry = &rule->entries[rule->entry_count++];
		entry->name = json_text(key, load_arena(l));
		entry->node = load_node(l, rule, entry->name, value, e);
		if (!entry->node)
			return false;
	}
	return load_sort(l, rule, e);
}

static bool load_pattern_map(struct loader *l, struct rule *rule, struct err *e)
{
	if (!load_map(l, rule, e))
		return false;
	for (size_t i = 0; i < rule->entry_count; i++) {
		struct entry *entry = &rule->entries[i];
		entry->pattern = load_pattern(l, rule, entry->name, e);
		if (!entry->pattern)
			return false;
	}
	return true;
}

static bool load_regex(struct loader *l, struct rule *rule, struct err *e)
{
	make_entries(l, rule, 1);
	rule->entries[0].name = json_text(rule->value, load_arena(l));
	rule->entries[0].pattern = load_pattern(l, rule, rule->entries[0].name, e);
	rule->entry_count = 1;
	return rule->entries[0].pattern;
}

static bool load_count(struct loader *l, struct rule *rule, struct err *e)
{
	struct decimal d = decimal_of(rule->value);
	int64_t count;

	if (!decimal_is_integer(&d) || (d.is_negative && d.count))
		return load_wrong(l, rule, "its value has to be a whole number, not negative", e);
	/* More than there can be of anything is all the same. */
	rule->count = json_int(rule->value, &count) ? (size_t)count : SIZE_MAX;
	return true;
}

static bool load_number(struct loader *, struct rule *rule, struct err *)
{
	rule->number = decimal_of(rule->value);
	return true;
}

static bool load_divisor(struct loader *l, struct rule *rule, struct err *e)
{
	rule->number = decimal_of(rule->value);
	if (!rule->number.count || rule->number.is_negative)
		return load_wrong(l, rule, "its value has to be more than 0", e);
	return rule->number.count <= DECIMAL_DIVISOR_DIGITS ||
	       load_wrong(l, rule, "a number of more than 18 digits is not supported", e);
}

static bool load_type(struct loader *l, struct rule *rule, struct str value, struct err *e)
{
	unsigned bit = schema_type_bit(json_text(value, load_arena(l)));

	if (!bit)
		return load_wrong(l, rule,
			"a type is one of null, boolean, integer, number, string, array, object",
			e);
	rule->types |= bit;
	return true;
}

static bool load_types(struct loader *l, struct rule *rule, struct err *e)
{
	struct str key, value;

	if (json_type(rule->value) == JSON_STRING)
		return load_type(l, rule, rule->value, e);
	json_each (rule->value, key, value)
		if (!load_type(l, rule, value, e))
			return false;
	return rule->types || load_wrong(l, rule, "the list is empty", e);
}

static struct str same_text(struct loader *l, struct str value)
{
	AUTO(buf) text = {0};

	same_put(&text, value, load_arena(l));
	return arena_copy(load_arena(l), buf_str(&text));
}

static bool load_enum(struct loader *l, struct rule *rule, struct err *e)
{
	struct str key, value;

	make_entries(l, rule, json_count(rule->value));
	json_each (rule->value, key, value)
		rule->entries[rule->entry_count++].name = same_text(l, value);
	load_order(rule);
	return rule->entry_count || load_wrong(l, rule, "the list is empty", e);
}

static bool load_const(struct loader *l, struct rule *rule, struct err *)
{
	make_entries(l, rule, 1);
	rule->entries[0].name = same_text(l, rule->value);
	rule->entry_count = 1;
	return true;
}

static bool load_names(
	struct loader *l, struct rule *rule, struct str value, struct str *names, struct err *e)
{
	struct str key, item;
	size_t n = 0;

	if (json_type(value) != JSON_ARRAY)
		return load_wrong(l, rule, "names have to be in an array", e);
	json_each (value, key, item) {
		if (json_type(item) != JSON_STRING)
			return load_wrong(l, rule, "a name in it is no string", e);
		names[n++] = json_text(item, load_arena(l));
	}
	return true;
}

static bool load_required(struct loader *l, struct rule *rule, struct err *e)
{
	size_t count = json_count(rule->value);
	struct str *names = arena_alloc(load_arena(l), count, sizeof *names);

	if (!load_names(l, rule, rule->value, names, e))
		return false;
	make_entries(l, rule, count);
	for (; rule->entry_count < count; rule->entry_count++)
		rule->entries[rule->entry_count].name = names[rule->entry_count];
	return load_sort(l, rule, e);
}

static bool load_dependent(struct loader *l, struct rule *rule, struct err *e)
{
	struct str key, value;

	make_entries(l, rule, json_count(rule->value));
	json_each (rule->value, key, value) {
		struct entry *entry = &rule->entries[rule->entry_count++];
		entry->name = json_text(key, load_arena(l));
		entry->name_count = json_count(value);
		entry->names = arena_alloc(load_arena(l), entry->name_count, sizeof *entry->names);
		if (!load_names(l, rule, value, entry->names, e))
			return false;
	}
	return load_sort(l, rule, e);
}

static bool load_format(struct loader *l, struct rule *rule, struct err *e)
{
	struct str name = json_text(rule->value, load_arena(l));

	rule->is_format = schema_format(name);
	return rule->is_format ||
	       load_wrong(l, rule,
		       arena_printf(load_arena(l), "the format %.*s is not supported",
			       STR_ARG(str_head(name, 100)))
			       .p,
		       e);
}

/* Anchors are XML names without a colon; a slash would make them look like a pointer. */
static bool load_anchor(struct loader *l, struct rule *rule, struct err *e)
{
	struct str name = json_text(rule->value, load_arena(l));

	for (size_t i = 0; i < name.n; i++) {
		char c = name.p[i];
		bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
		if (!is_letter && (i == 0 || !((c >= '0' && c <= '9') || c == '-' || c == '.')))
			return load_wrong(l, rule, "its value is no name", e);
	}
	return name.n || load_wrong(l, rule, "its value is empty", e);
}

/* Within the file it would change what "#" means. */
static bool load_id(struct loader *l, struct rule *rule, struct err *e)
{
	return !rule->node->place.n ||
	       load_wrong(l, rule, "it is supported at the top of the file only", e);
}

enum {
	STRING = TYPE(JSON_STRING),
	NUMBER = TYPE(JSON_NUMBER),
	ARRAY = TYPE(JSON_ARRAY),
	OBJECT = TYPE(JSON_OBJECT),
	BOOL = TYPE(JSON_BOOL),
	ANY = TYPE_ANY,
};

const struct keyword schema_keywords[] = {
	{"type", STRING | ARRAY, ANY, load_types, check_type},
	{"enum", ARRAY, ANY, load_enum, check_enum},
	{"const", ANY, ANY, load_const, check_const},

	{"minimum", NUMBER, NUMBER, load_number, check_minimum},
	{"maximum", NUMBER, NUMBER, load_number, check_maximum},
	{"exclusiveMinimum", NUMBER, NUMBER, load_number, check_above},
	{"exclusiveMaximum", NUMBER, NUMBER, load_number, check_below},
	{"multipleOf", NUMBER, NUMBER, load_divisor, check_multiple},

	{"minLength", NUMBER, STRING, load_count, check_min_length},
	{"maxLength", NUMBER, STRING, load_count, check_max_length},
	{"pattern", STRING, STRING, load_regex, check_pattern},
	{"format", STRING, STRING, load_format, check_format},

	{"required", ARRAY, OBJECT, load_required, check_required},
	{"properties", OBJECT, OBJECT, load_map, check_properties},
	{"patternProperties", OBJECT, OBJECT, load_pattern_map, check_pattern_properties},
	{"additionalProperties", TYPE_SCHEMA, OBJECT, load_schema, check_additional},
	{"propertyNames", TYPE_SCHEMA, OBJECT, load_schema, check_property_names},
	{"minProperties", NUMBER, OBJECT, load_count, check_min_properties},
	{"maxProperties", NUMBER, OBJECT, load_count, check_max_properties},
	{"dependentRequired", OBJECT, OBJECT, load_dependent, check_dependent_required},
	{"dependentSchemas", OBJECT, OBJECT, load_map, check_dependent_schemas, .stays = true},

	{"items", TYPE_SCHEMA, ARRAY, load_schema, check_items},
	{"prefixItems", ARRAY, ARRAY, load_list, check_prefix_items},
	{"minItems", NUMBER, ARRAY, load_count, check_min_items},
	{"maxItems", NUMBER, ARRAY, load_count, check_max_items},
	{"uniqueItems", BOOL, ARRAY, NULL, check_unique},
	{"contains", TYPE_SCHEMA, ARRAY, load_schema, check_contains},
	{"minContains", NUMBER, 0, load_count, NULL, .beside = "contains"},
	{"maxContains", NUMBER, 0, load_count, NULL, .beside = "contains"},

	{"allOf", ARRAY, ANY, load_list, check_all, .stays = true},
	{"anyOf", ARRAY, ANY, load_list, check_any, .stays = true},
	{"oneOf", ARRAY, ANY, load_list, check_one, .stays = true},
	{"not", TYPE_SCHEMA, ANY, load_schema, check_not, .stays = true},
	{"if", TYPE_SCHEMA, ANY, load_schema, check_if, .stays = true},
	{"then", TYPE_SCHEMA, 0, load_schema, NULL, .beside = "if", .stays = true},
	{"else", TYPE_SCHEMA, 0, load_schema, NULL, .beside = "if", .stays = true},
	{"$ref", STRING, ANY, NULL, check_ref, .stays = true},

	{"$defs", OBJECT, 0, load_map, NULL},
	{"definitions", OBJECT, 0, load_map, NULL},
	{"$anchor", STRING, 0, load_anchor, NULL},
	{"$id", STRING, 0, load_id, NULL},
	{"$schema", STRING, 0, NULL, NULL},
	{"$comment", STRING, 0, NULL, NULL},
	{"title", STRING, 0, NULL, NULL},
	{"description", STRING, 0, NULL, NULL},
	{"default", ANY, 0, NULL, NULL},
	{"examples", ARRAY, 0, NULL, NULL},
	{"deprecated", BOOL, 0, NULL, NULL},
	{"readOnly", BOOL, 0, NULL, NULL},
	{"writeOnly", BOOL, 0, NULL, NULL},
	{"contentEncoding", STRING, 0, NULL, NULL},
	{"contentMediaType", STRING, 0, NULL, NULL},
	{"contentSchema", TYPE_SCHEMA, 0, NULL, NULL},
	{0},
};
