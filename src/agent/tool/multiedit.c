// SPDX-License-Identifier: MIT
/* multiedit: several edits, in files of any number; all of them are made or none. */
#include "agent/tool/edit.h"
#include "agent/tool/plain.h"
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

static void run(const struct tool_call *call, struct tool_result *out)
{
	struct str key, edit, path = tool_argument(call, "path", (struct str){0});
	struct str edits = edits_of(call);
	AUTO(change_set) set;
	AUTO(buf) note = {0};
	AUTO(buf) why = {0};
	size_t number = 0, count = json_type(edits) == JSON_ARRAY ? json_count(edits) : 0;

	change_begin(&set, call);
	if (count == 0) {
		tool_fail(out, "\"edits\" is required, as a list of edits");
		return;
	}
	json_each (edits, key, edit) {
		number++;
		if (edit_prepare(&set, edit, path, &note, &why))
			continue;
		tool_fail(out, "edit %zu of %zu failed, nothing was written: %s", number, count,
			buf_text(&why));
		return;
	}
	buf_put_str(&out->text, buf_str(&note));
	change_finish(&set, out);
}
