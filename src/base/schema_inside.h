// SPDX-License-Identifier: MIT
/* schema_inside: what the files of schema share; nothing here is for others. */
#ifndef BASE_SCHEMA_INSIDE_H
#define BASE_SCHEMA_INSIDE_H

#include "base/decimal.h"
#include "base/json.h"
#include "base/schema.h"
#include "base/vec.h"

/* Where a value stands within the whole: a chain up to the top. */
struct place {
	const struct place *above; /* NULL: the whole */
	struct str name; /* of a member; absent: an item */
	size_t index;
	struct str value;
};

/* One check of a value. */
struct walk {
	const struct schema *schema;
	struct arena *temporary; /* gone after the check */
	struct arena *kept; /* the faults' */
	struct schema_faults *faults;
	size_t limit; /* of faults; the check ends early there */
	int64_t *steps_left;
	int depth;
};

struct loader;
struct rule;

/* What a keyword does: its value is read once, values are checked often. */
struct keyword {
	const char *name;
	unsigned takes; /* bits of json_type its value may have */
	unsigned applies; /* bits of json_type it says something about */
	/* NULL: the value needs no reading. */
	bool (*load)(struct loader *l, struct rule *rule, struct err *e);
	/* NULL: an annotation, or what another keyword of the same schema asks for. */
	void (*check)(struct walk *w, const struct rule *rule, const struct place *at);
	const char *beside; /* means nothing without this keyword; NULL: it does */
	bool stays; /* its schemas are for the same value: references must not lead around in a ring
		     */
};

/* A named or numbered part of a keyword's value. */
struct entry {
	struct str name; /* decoded */
	struct node *node;
	void *pattern;
	struct str *names; /* dependentRequired */
	size_t name_count;
};

struct rule {
	const struct keyword *keyword;
	const struct node *node; /* it belongs to */
	struct str value;
	struct entry *entries; /* by name where they have names */
	size_t entry_count;
	struct decimal number;
	size_t count;
	unsigned types; /* bits, with TYPE_INTEGER */
	bool (*is_format)(struct str text);
};

/* One schema within the file. */
struct node {
	struct str text;
	struct str place; /* JSON pointer */
	struct rule *rules;
	size_t rule_count;
	bool refuses_all; /* false */
	int chain; /* schemas for the same value from here on; 0 not known yet, -1 being counted */
};

struct schema {
	struct arena arena;
	struct str text;
	const struct schema_patterns *patterns;
	VEC(struct node *) nodes;
	VEC(void *) compiled; /* patterns */
};

#define TYPE(type) (1u << (type))
enum {
	TYPE_ANY = TYPE(JSON_NULL) | TYPE(JSON_BOOL) | TYPE(JSON_NUMBER) | TYPE(JSON_STRING) |
		   TYPE(JSON_ARRAY) | TYPE(JSON_OBJECT),
	TYPE_SCHEMA = TYPE(JSON_OBJECT) | TYPE(JSON_BOOL),
	TYPE_INTEGER = 1u << 8,
};

/* Ended by a NULL name. schema_keywords.c */
extern const struct keyword schema_keywords[];
/* The rule of that name in the node; NULL when it has none. */
const struct rule *schema_rule(const struct node *node, const char *name);
/* "null", "boolean" ... */
const char *schema_type_name(enum json_type type);
/* The type of that name as a bit, "integer" too; 0 when there is none. */
unsigned schema_type_bit(struct str name);
/* NULL when the format is not known; regex is not among them. schema_format.c */
bool (*schema_format(struct str name))(struct str text);

/* schema_load.c: for the keywords' load. */
bool load_wrong(const struct loader *l, const struct rule *rule, const char *why, struct err *e);
/* The schema that is the keyword's value, or stands at below in it (absent: it is the value). */
[[nodiscard]] struct node *load_node(struct loader *l, const struct rule *rule, struct str below,
	struct str value, struct err *e);
[[nodiscard]] void *load_pattern(
	struct loader *l, const struct rule *rule, struct str pattern, struct err *e);
struct arena *load_arena(struct loader *l);
/* Sorts the entries by name. */
void load_order(struct rule *rule);
/* The same; false when a name comes twice. */
[[nodiscard]] bool load_sort(struct loader *l, struct rule *rule, struct err *e);

/* schema_check.c: for the keywords' check. */
void walk_node(struct walk *w, const struct node *node, const struct place *at);
/* Whether the value passes, without a word; the nearest fault is kept in near when it is not NULL.
 */
bool walk_passes(
	struct walk *w, const struct node *node, const struct place *at, struct schema_fault *near);
__attribute__((format(printf, 3, 4))) void walk_fault(
	struct walk *w, const struct place *at, const char *format, ...);
/* False when the work is too much; a fault says so. */
bool walk_spend(struct walk *w, size_t steps);
bool walk_matches(struct walk *w, const struct entry *entry, struct str text);
/* The value for a sentence: its type, and itself when it is short. */
const char *walk_found(struct walk *w, struct str value);
/* Entry of that name, by binary search; NULL when there is none. */
const struct entry *rule_entry(const struct rule *rule, struct str name);

#define CHECK(name) \
	void check_##name(struct walk *w, const struct rule *rule, const struct place *at)
/* schema_check.c: what looks at one value. */
CHECK(type);
CHECK(enum);
CHECK(const);
CHECK(minimum);
CHECK(maximum);
CHECK(above);
CHECK(below);
CHECK(multiple);
CHECK(min_length);
CHECK(max_length);
CHECK(pattern);
CHECK(format);
/* schema_apply.c: what looks at the parts, or asks other schemas. */
CHECK(properties);
CHECK(pattern_properties);
CHECK(additional);
CHECK(property_names);
CHECK(min_properties);
CHECK(max_properties);
CHECK(required);
CHECK(dependent_required);
CHECK(dependent_schemas);
CHECK(items);
CHECK(prefix_items);
CHECK(min_items);
CHECK(max_items);
CHECK(unique);
CHECK(contains);
CHECK(all);
CHECK(any);
CHECK(one);
CHECK(not );
CHECK(if);
CHECK(ref);
#undef CHECK

#endif
