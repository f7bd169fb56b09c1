// SPDX-License-Identifier: MIT
/* multiedit: several edits, in files of any number; all of them are made or none. */
#include "agent/tool/edit.h"
#include "agent/tool/replace_many.h"
#include "base/json.h"

extern const char embed_multiedit_md[];

static void run(const struct tool_call *call, struct tool_result *out);
static void touch(const struct tool_call *call, struct tool_touch *out);
static void show(const struct tool_call *call, struct buf *out);

const struct tool tool_multiedit = {
	.name = "multiedit",
	.needs = TOOL_READS | TOOL_WRITES,
	.taste = TASTE_EDITS,
	.target = "path",
	.document = embed_multiedit_md,
	.run = run,
	.touch = touch,
	.show = show,
};

/* The list; some models send it as a string, or one edit by itself. */
static struct str edits_of(const struct tool_call *call)
{
	struct str edits = tool_argument_value(call, "edits");
	struct err e;

	if (json_type(edits) == JSON_STRING) {
		edits = json_text(edits, call->arena);
		if (!json_check(edits, &e))
			return (struct str){0};
	}
	return json_type(edits) == JSON_OBJECT ? arena_printf(call->arena, "[%.*s]", STR_ARG(edits))
					       : edits;
}

static void touch(const struct tool_call *call, struct tool_touch *out)
{
	struct tool_call one = *call;
	struct str key, last = {0}, path = tool_argument(call, "path", (struct str){0});

	json_each (edits_of(call), key, one.input) {
		struct str here = tool_argument(&one, "path", path);
		if (here.p && !str_eq(here, last))
			tool_touch_add(out, call, here);
		last = here;
	}
}

static void show(const struct tool_call *call, struct buf *out)
{
	struct str key, edit, path = tool_argument(call, "path", STR("?"));

	json_each (edits_of(call), key, edit)
		edit_show(call, edit, path, out);
}

/* Edits of one file that come one after the other. */
struct edits {
	struct change_set *set;
	struct change *change; /* NULL: there are none */
	VEC(struct replacement) waiting;
	size_t number; /* of the last one that was made */
	struct buf note, why;
};

static void edits_release(struct edits *e)
{
	vec_release(&e->waiting);
	buf_release(&e->note);
	buf_release(&e->why);
}

static bool make_one(struct edits *e, const struct replacement *what)
{
	struct edit edit = {e->change, *what};

	if (!edit_make(&edit, e->set, &e->note, &e->why))
		return false;
	e->number++;
	return true;
}

/*
 * Many at once as long as it is worth while: a pass over the file that has done only a few is
 * followed by twice as many edits one by one.
 */
static bool make_waiting(struct edits *e)
{
	enum { FEW = 8 };
	const struct replacement *next = e->waiting.p, *end = next + e->waiting.n;
	ptrdiff_t singly = 1;

	while (next < end) {
		size_t made = e->change->is_there
				      ? replace_many(&e->change->after, next, (size_t)(end - next))
				      : 0;
		next += made;
		e->number += made;
		singly = made < FEW ? singly * 2 : 1;
		for (ptrdiff_t i = 0; i < singly && next < end; i++)
			if (!make_one(e, next++))
				return false;
	}
	e->waiting.n = 0;
	return true;
}

static bool add(struct edits *e, struct str input, struct str path)
{
	AUTO(buf) why = {0};
	struct edit edit;
	bool is_read = edit_read(&edit, e->set, input, path, &why);

	if ((!is_read || edit.change != e->change) && !make_waiting(e))
		return false;
	if (!is_read) {
		buf_put_str(&e->why, buf_str(&why));
		return false;
	}
	e->change = edit.change;
	vec_push(&e->waiting, edit.what);
	return true;
}

static bool make_all(struct edits *e, struct str edits, struct str path)
{
	struct str key, input;

	json_each (edits, key, input)
		if (!add(e, input, path))
			return false;
	return make_waiting(e);
}

static void run(const struct tool_call *call, struct tool_result *out)
{
	struct str edits = edits_of(call);
	AUTO(change_set) set;
	AUTO(edits) e = {.set = &set};
	size_t count = json_type(edits) == JSON_ARRAY ? json_count(edits) : 0;

	change_begin(&set, call);
	if (count == 0) {
		tool_fail(out, "\"edits\" is required, as a list of edits");
	} else if (!make_all(&e, edits, tool_argument(call, "path", (struct str){0}))) {
		tool_fail(out, "edit %zu of %zu failed, nothing was written: %s", e.number + 1,
			count, buf_text(&e.why));
	} else {
		buf_put_str(&out->text, buf_str(&e.note));
		change_finish(&set, out);
	}
}
