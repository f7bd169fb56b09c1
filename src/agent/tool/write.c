// SPDX-License-Identifier: MIT
/* write: the whole of a file. */
#include "agent/tool/change.h"
#include "agent/tool/plain.h"

extern const char embed_write_md[];

static void run(const struct tool_call *call, struct tool_result *out);
static void show(const struct tool_call *call, struct buf *out);

const struct tool tool_write = {
	.name = "write",
	.needs = TOOL_WRITES,
	.target = "path",
	.document = embed_write_md,
	.run = run,
	.show = show,
};

static void show(const struct tool_call *call, struct buf *out)
{
	struct str content = tool_argument(call, "content", STR("")), line;

	buf_put_text(out, "write ");
	plain_put_field(out, tool_argument(call, "path", STR("?")));
	buf_printf(out, ", %zu bytes\n", content.n);
	while (content.n && str_split(&content, '\n', &line)) {
		buf_put_char(out, '+');
		buf_put_str(out, line);
		buf_put_char(out, '\n');
	}
}

static void run(const struct tool_call *call, struct tool_result *out)
{
	struct str path = tool_argument(call, "path", (struct str){0});
	struct str content = tool_argument(call, "content", (struct str){0});
	AUTO(change_set) set;
	struct err e;

	change_begin(&set, call);
	if (!path.p || !content.p) {
		tool_fail(out, "\"%s\" is required, as a string", path.p ? "content" : "path");
		return;
	}
	struct change *c = change_open(&set, path, &e);
	if (!c || !change_is_current(c, &e)) {
		tool_fail(out, "%s", e.text);
		return;
	}
	if (c->before.n && c->seen == SEEN_NEVER) {
		tool_fail(out, "%s is there already: view it before you replace all of it",
			c->shown.p);
		return;
	}
	buf_clear(&c->after);
	buf_put_str(&c->after, content);
	c->is_there = true;
	if (c->after.overflow)
		tool_fail(out, "%s: more than %d MB", c->shown.p, CHANGE_MAX_BYTES >> 20);
	else
		change_finish(&set, out);
}
