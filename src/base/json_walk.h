// SPDX-License-Identifier: MIT
/*
 * json_walk: one pass over unchecked JSON, for texts too many to be looked at twice. Every byte is
 * passed once: enter what is wanted, skip what is not. A text that breaks off or breaks the rules
 * that matter for finding its parts makes the walk bad; it ends then, inside the text.
 *
 *   struct json_walk w = {text.p, text.p + text.n};
 *   if (json_walk_enter(&w, '{'))
 *       while (json_walk_member(&w, &key))
 *           if (str_is(key, "model")) model = json_walk_value(&w); else json_walk_skip(&w);
 *   is_whole = json_walk_ends(&w);
 */
#ifndef BASE_JSON_WALK_H
#define BASE_JSON_WALK_H

#include "base/str.h"

struct json_walk {
	const char *p, *end;
	bool is_bad;
};

/* Into the object '{' or array '[' that comes next; false: something else comes, still to be taken.
 */
bool json_walk_enter(struct json_walk *w, char bracket);
/* The next member's name without its quotes, as it is written; its value has to be taken then.
   False behind the last one, having left the object. */
bool json_walk_member(struct json_walk *w, struct str *key);
/* Whether there is one more item; false behind the last one, having left the array. */
bool json_walk_item(struct json_walk *w);
void json_walk_skip(struct json_walk *w);
/* The value as it is written, for the readers of json.h. */
struct str json_walk_value(struct json_walk *w);
/* Whether nothing but white space is left of a text that was good. */
bool json_walk_ends(struct json_walk *w);

#endif
