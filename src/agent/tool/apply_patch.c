// SPDX-License-Identifier: MIT
/* apply_patch: changes to any number of files in the form that the GPT models have learnt. */
#include "agent/tool/change.h"
#include "agent/tool/patch.h"
#include "agent/tool/plain.h"

extern const char embed_apply_patch_md[];

static void run(const struct tool_call *call, struct tool_result *out);
static void touch(const struct tool_call *call, struct tool_touch *out);
static void show(const struct tool_call *call, struct buf *out);

const struct tool tool_apply_patch = {
	.name = "apply_patch",
	.needs = TOOL_READS | TOOL_WRITES,
	.taste = TASTE_PATCHES,
	.target = "input",
	.document = embed_apply_patch_md,
	.run = run,
	.touch = touch,
	.show = show,
};

static struct str input_of(const struct tool_call *call)
{
	return tool_argument(call, "input", (struct str){0});
}

static void touch(const struct tool_call *call, struct tool_touch *out)
{
	AUTO(patch) patch = {0};
	struct err e;

	if (!patch_parse(&patch, input_of(call), &e))
		return;
	vec_each (&patch.files, file) {
		tool_touch_add(out, call, file->path);
		if (file->moved_to.p)
			tool_touch_add(out, call, file->moved_to);
	}
}

static void show(const struct tool_call *call, struct buf *out)
{
	buf_put_str(out, input_of(call));
	buf_put_char(out, '\n');
}

static bool add(struct change *c, struct patch_file *file, struct buf *why)
{
	if (c->is_there) {
		buf_printf(
			why, "%s: there is such a file already; use *** Update File:", c->shown.p);
		return false;
	}
	buf_clear(&c->after);
	buf_put_str(&c->after, buf_str(&file->content));
	c->is_there = true;
	return true;
}

static bool move(struct change_set *set, struct change *c, struct str path, struct buf *why)
{
	struct err e;
	struct change *to = change_open(set, path, &e);

	if (!to || to == c) {
		buf_put_text(why, to ? "*** Move to: names the file itself" : e.text);
		return false;
	}
	if (to->is_there) {
		buf_printf(why, "%s: there is such a file already", to->shown.p);
		return false;
	}
	buf_clear(&to->after);
	buf_put_str(&to->after, buf_str(&c->after));
	to->is_there = true;
	to->mode_after = c->mode_after;
	to->moved_from = c;
	c->is_there = false;
	c->is_moved = true;
	return true;
}

static bool update(
	struct change_set *set, struct change *c, const struct patch_file *file, struct buf *why)
{
	AUTO(buf) reason = {0};

	if (file->hunks.n == 0 && !file->moved_to.p) {
		buf_printf(why, "%s: no hunks", c->shown.p);
		return false;
	}
	if (!patch_update(&c->after, file, set->call->arena, &reason)) {
		buf_printf(why, "%s: %s", c->shown.p, buf_text(&reason));
		return false;
	}
	return !file->moved_to.p || move(set, c, file->moved_to, why);
}

static bool prepare(struct change_set *set, struct patch_file *file, struct buf *why)
{
	struct err e;
	struct change *c = change_open(set, file->path, &e);

	if (!c || !change_is_current(c, &e)) {
		buf_put_text(why, e.text);
		return false;
	}
	if (file->kind == PATCH_ADD)
		return add(c, file, why);
	if (!c->is_there) {
		change_tell_missing(set, c, why);
		return false;
	}
	if (file->kind == PATCH_UPDATE)
		return update(set, c, file, why);
	c->is_there = false;
	return true;
}

static void run(const struct tool_call *call, struct tool_result *out)
{
	struct str input = input_of(call);
	AUTO(patch) patch = {0};
	AUTO(change_set) set;
	AUTO(buf) why = {0};
	struct err e;

	change_begin(&set, call);
	if (!input.p) {
		tool_fail(out, "\"input\" is required, as a string");
		return;
	}
	if (!patch_parse(&patch, input, &e)) {
		tool_fail(out, "%s", e.text);
		return;
	}
	vec_each (&patch.files, file) {
		if (prepare(&set, file, &why))
			continue;
		tool_fail(out, "nothing was written: %s", buf_text(&why));
		return;
	}
	change_finish_patch(&set, out);
}
