// SPDX-License-Identifier: MIT
/*
 * schema: JSON Schema (draft 2020-12, json-schema.org): read once, then values are checked against
 * it.
 *
 * Known are all keywords of validation and of applying schemas but $dynamicRef, $dynamicAnchor,
 * unevaluatedItems and unevaluatedProperties. References stay within the file: "#", "#/pointer" and
 * "#anchor". What is not known, also a format, is an error when the schema is read: nothing is
 * passed over but annotations. format counts, as people expect; members that come twice do not
 * pass.
 *
 * Patterns are matched by whoever gives the functions for it. Numbers are compared as written,
 * without rounding. A schema is not changed by checking.
 */
#ifndef BASE_SCHEMA_H
#define BASE_SCHEMA_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

/*
 * Patterns are ECMA-262's, found anywhere in a text. compile gives NULL and e on failure. matches
 * sets gave_up when it is too much work to tell: the value does not pass then, by no schema.
 */
struct schema_patterns {
	void *(*compile)(struct str pattern, struct err *e);
	bool (*matches)(void *pattern, struct str text, bool *gave_up);
	void (*free)(void *pattern);
};

struct schema;

/*
 * text stays as long as the schema. ERR_PARSE names the keyword and its place. patterns may be
 * NULL: then pattern and patternProperties are not known.
 */
[[nodiscard]] struct schema *schema_new(
	struct str text, const struct schema_patterns *patterns, struct err *e);
void schema_free(struct schema *s); /* NULL is nothing */

enum { SCHEMA_FAULTS_MAX = 10 };

struct schema_fault {
	struct str path; /* JSON pointer (RFC 6901) into the value; "" the whole */
	struct str message; /* "expected integer, found string \"a\"" */
};

struct schema_faults {
	struct schema_fault items[SCHEMA_FAULTS_MAX];
	size_t count; /* kept: the first ones */
};

/*
 * True when value, a JSON text, is valid. Text that is no JSON is a fault, too. The faults live in
 * the arena. Work and depth are bounded; what goes beyond is a fault.
 */
[[nodiscard]] bool schema_check(
	const struct schema *s, struct str value, struct arena *a, struct schema_faults *faults);
/* "#/path: message", a line each. */
void schema_faults_put(struct buf *b, const struct schema_faults *faults);

#endif
