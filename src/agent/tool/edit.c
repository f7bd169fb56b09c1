// SPDX-License-Identifier: MIT
#include "agent/tool/edit.h"

#include "agent/tool/plain.h"

extern const char embed_edit_md[];

static void run(const struct tool_call *call, struct tool_result *out);
static void show(const struct tool_call *call, struct buf *out);

const struct tool tool_edit = {
	.name = "edit",
	.needs = TOOL_READS | TOOL_WRITES,
	.taste = TASTE_EDITS,
	.target = "path",
	.document = embed_edit_md,
	.run = run,
	.show = show,
};

bool edit_make(
	const struct edit *edit, const struct change_set *set, struct buf *note, struct buf *why)
{
	static const char *const notes[] = {
		[REPLACED_IN_PLAIN] = "old_string was found with typographic characters and white "
				      "space at the ends of lines ignored",
		[REPLACED_BY_LINES] = "old_string was found with white space ignored, and "
				      "new_string indented like it",
	};
	struct change *c = edit->change;
	enum replaced_how how;
	AUTO(buf) reason = {0};

	if (!c->is_there && edit->what.old.n) {
		change_tell_missing(set, c, why);
		return false;
	}
	c->is_there = true;
	if (!replace_in(&c->after, &edit->what, set->call->arena, &how, &reason)) {
		buf_printf(why, "%s: %s", c->shown.p, buf_text(&reason));
		return false;
	}
	if (how != REPLACED_EXACTLY)
		buf_printf(note, "[%s: %s]\n", c->shown.p, notes[how]);
	return true;
}

static bool lacks(struct buf *why, const char *name)
{
	buf_printf(why, "\"%s\" is required, as a string", name);
	return false;
}

bool edit_read(struct edit *edit, struct change_set *set, struct str input, struct str path,
	struct buf *why)
{
	struct tool_call one = *set->call;
	struct err e;

	one.input = input;
	path = tool_argument(&one, "path", path);
	edit->what = (struct replacement){
		.old = tool_argument(&one, "old_string", (struct str){0}),
		.new = tool_argument(&one, "new_string", (struct str){0}),
		.is_everywhere = tool_argument_bool(&one, "replace_all", false),
	};
	if (!path.p)
		return lacks(why, "path");
	if (!edit->what.old.p || !edit->what.new.p)
		return lacks(why, edit->what.old.p ? "new_string" : "old_string");
	edit->change = change_open(set, path, &e);
	if (edit->change && change_is_current(edit->change, &e))
		return true;
	buf_put_text(why, e.text);
	return false;
}

static void put_marked(struct buf *out, char mark, struct str text)
{
	struct str line;

	while (text.n && str_split(&text, '\n', &line)) {
		buf_put_char(out, mark);
		buf_put_str(out, line);
		buf_put_char(out, '\n');
	}
}

void edit_show(const struct tool_call *call, struct str input, struct str path, struct buf *out)
{
	struct tool_call one = *call;

	one.input = input;
	buf_put_text(out,
		tool_argument_bool(&one, "replace_all", false) ? "edit everywhere in " : "edit ");
	plain_put_field(out, tool_argument(&one, "path", path));
	buf_put_char(out, '\n');
	put_marked(out, '-', tool_argument(&one, "old_string", STR("")));
	put_marked(out, '+', tool_argument(&one, "new_string", STR("")));
}

static void show(const struct tool_call *call, struct buf *out)
{
	edit_show(call, call->input, STR("?"), out);
}

static void run(const struct tool_call *call, struct tool_result *out)
{
	AUTO(change_set) set;
	AUTO(buf) note = {0};
	AUTO(buf) why = {0};

	struct edit edit;

	change_begin(&set, call);
	if (!edit_read(&edit, &set, call->input, (struct str){0}, &why) ||
		!edit_make(&edit, &set, &note, &why)) {
		tool_fail(out, "%s", buf_text(&why));
		return;
	}
	buf_put_str(&out->text, buf_str(&note));
	change_finish(&set, out);
}
