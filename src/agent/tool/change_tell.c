// SPDX-License-Identifier: MIT
/* What a set of changes came to, for the model. */
#include "agent/hands.h"
#include "agent/tool/change.h"
#include "agent/tool/place.h"
#include "agent/tool/plain.h"

/* The bytes are for files of few, long lines. */
enum { DIFF_LINES_MAX = 200, DIFF_MAX_BYTES = 30'000 };

static struct diff_counts put_diff(struct buf *out, const struct change *c)
{
	const struct change *from = c->moved_from ? c->moved_from : c;
	struct diff_options o = {
		.before_name = from->was_there ? from->relative : (struct str){0},
		.after_name = c->is_there ? c->relative : (struct str){0},
		.before_mode = from->mode_before,
		.after_mode = c->mode_after,
	};

	return diff_put_unified(
		out, &o, from->before, c->is_there ? buf_str(&c->after) : (struct str){0});
}

static const char *verb_of(const struct change *c)
{
	if (c->moved_from)
		return "moved";
	if (!c->is_there)
		return "deleted";
	return c->was_there ? "edited" : "created";
}

static void put_line(struct buf *out, const struct change *c, struct diff_counts counts)
{
	buf_printf(out, "%s ", verb_of(c));
	if (c->moved_from) {
		plain_put_field(out, c->moved_from->shown);
		buf_put_text(out, " to ");
	}
	plain_put_field(out, c->shown);
	buf_printf(out, " (+%zu -%zu)\n", counts.added, counts.deleted);
}

static void put_cut(struct buf *out, struct str diff)
{
	size_t end = 0, lines = plain_newlines(diff), shown = 0;

	for (; shown < lines && shown < DIFF_LINES_MAX; shown++) {
		size_t next = str_find_char(diff, '\n', end) + 1;
		if (next > DIFF_MAX_BYTES)
			break;
		end = next;
	}
	plain_put_text(out, str_head(diff, end));
	if (lines > shown)
		buf_printf(out, "[%zu more line%s of the difference]\n", lines - shown,
			lines - shown == 1 ? "" : "s");
}

static void tell(const struct change_set *set, struct tool_result *out)
{
	AUTO(buf) diffs = {0};
	bool any = false;

	vec_each (&set->changes, item) {
		const struct change *c = *item;
		AUTO(buf) diff = {0};
		if (c->is_moved || !change_is_any(c))
			continue;
		struct diff_counts counts = put_diff(&diff, c);
		put_line(&out->text, c, counts);
		any = true;
		/* What is new, or gone, the model knows. */
		if (c->is_there && (c->was_there || c->moved_from))
			buf_put_str(&diffs, buf_str(&diff));
	}
	if (!any)
		buf_put_text(&out->text, "nothing to change: it is so already\n");
	else if (set->call->hands->is_dry_run)
		buf_put_text(&out->text,
			"[dry run: nothing is written, view shows what would be; grep and glob do "
			"not]\n");
	put_cut(&out->text, buf_str(&diffs));
}

/* What an undo will not bring back is never passed over in silence. */
static void tell_unkept(const struct change_set *set, struct tool_result *out)
{
	vec_each (&set->changes, item) {
		if (!(*item)->unkept.p)
			continue;
		buf_put_char(&out->text, '[');
		plain_put_field(&out->text, (*item)->shown);
		buf_printf(&out->text, ": cannot be undone: %.*s]\n", STR_ARG((*item)->unkept));
	}
}

/* What language servers find in the files now. */
static void tell_errors(const struct change_set *set, struct tool_result *out)
{
	struct lsp_file *files = arena_alloc(set->call->arena, set->changes.n, sizeof *files);
	size_t n = 0;

	vec_each (&set->changes, item) {
		const struct change *c = *item;
		if (c->is_there && !c->is_moved && change_is_any(c))
			files[n++] = (struct lsp_file){c->relative, c->shown};
	}
	if (n)
		lsp_after_edit(set->call, files, n, &out->text);
}

void change_finish(struct change_set *set, struct tool_result *out)
{
	struct err e;

	if (!change_commit(set, &e)) {
		tool_fail(out, "%s", e.text);
		return;
	}
	tell(set, out);
	tell_unkept(set, out);
	tell_errors(set, out);
}

static void tell_letters(const struct change_set *set, struct tool_result *out)
{
	buf_put_text(&out->text, set->call->hands->is_dry_run
					 ? "Success (dry run, nothing is written). Files:\n"
					 : "Success. Updated the following files:\n");
	vec_each (&set->changes, item) {
		const struct change *c = *item;
		if (!c->was_there && !c->is_there)
			continue;
		buf_printf(&out->text, "%c ", !c->is_there ? 'D' : c->was_there ? 'M' : 'A');
		plain_put_field(&out->text, c->shown);
		buf_put_char(&out->text, '\n');
	}
}

void change_finish_patch(struct change_set *set, struct tool_result *out)
{
	struct err e;

	if (!change_commit(set, &e)) {
		tool_fail(out, "%s", e.text);
		return;
	}
	tell_letters(set, out);
	tell_unkept(set, out);
	tell_errors(set, out);
}

void change_tell_missing(const struct change_set *set, const struct change *c, struct buf *why)
{
	struct str names = near_names(set->call, c->relative);

	buf_printf(why, "%s: no such file", c->shown.p);
	if (names.n)
		buf_printf(why, "; did you mean: %.*s", STR_ARG(names));
}
