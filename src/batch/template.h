// SPDX-License-Identifier: MIT
/*
 * template: text with places to fill.
 *
 *   {{name}}         the variable as it is
 *   {{json:name}}    the same as JSON: text becomes a string with its quotes and escapes
 *   {{result:id}}    another task's answer, {{json:result:id}} the same as a JSON string
 *   \{{name}}        no place but "{{name}}"; before a place, "\\" is one backslash
 *
 * White space around a name is nothing. A name has at most TEMPLATE_NAME_MAX bytes, no brace and no
 * line end; any other "{{" is just text, as programs are full of them.
 */
#ifndef BATCH_TEMPLATE_H
#define BATCH_TEMPLATE_H

#include "base/buf.h"
#include "base/str.h"

enum { TEMPLATE_NAME_MAX = 200 };

enum template_kind { TEMPLATE_TEXT, TEMPLATE_VARIABLE, TEMPLATE_RESULT };

struct template_part {
	enum template_kind kind;
	struct str text; /* or the name, or the id */
	bool as_json;
};

/* Appends text so that, filled in, it is the same again. */
void template_put_text(struct buf *out, struct str text);
/* Takes the next part off the front of rest; false at its end. */
bool template_next(struct str *rest, struct template_part *part);

#endif
