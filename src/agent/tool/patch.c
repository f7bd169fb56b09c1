// SPDX-License-Identifier: MIT
#include "agent/tool/patch.h"

struct parser {
	struct patch *patch;
	struct str rest;
	size_t number; /* of the line */
	bool has_begun, has_ended;
};

static void release_file(struct patch_file *file)
{
	buf_release(&file->content);
	vec_each (&file->hunks, hunk) {
		vec_release(&hunk->above);
		vec_release(&hunk->lines);
	}
	vec_release(&file->hunks);
}

void patch_release(struct patch *p)
{
	vec_each (&p->files, file)
		release_file(file);
	vec_release(&p->files);
}

static bool wrong(const struct parser *p, struct err *e, const char *why)
{
	return err_set(e, ERR_PARSE, "line %zu of the patch: %s", p->number, why);
}

/* "*** Name: value"; spaces around are forgiven. */
static bool takes(struct str line, struct str name, struct str *value)
{
	line = str_trim(line);
	if (!str_starts(line, name))
		return false;
	*value = str_trim(str_skip(line, name.n));
	return true;
}

static struct patch_file *last_file(const struct parser *p)
{
	return p->patch->files.n ? &p->patch->files.p[p->patch->files.n - 1] : NULL;
}

/* A line that begins a file; false when it is none. */
static bool begin_file(struct parser *p, struct str line)
{
	static const struct str names[] = {
		[PATCH_ADD] = STR("*** Add File:"),
		[PATCH_DELETE] = STR("*** Delete File:"),
		[PATCH_UPDATE] = STR("*** Update File:"),
	};
	struct str path;

	for (int kind = 0; kind < 3; kind++) {
		if (!takes(line, names[kind], &path))
			continue;
		vec_push(&p->patch->files,
			(struct patch_file){.kind = (enum patch_kind)kind, .path = path});
		return true;
	}
	return false;
}

static struct patch_hunk *new_hunk(struct patch_file *file)
{
	vec_push(&file->hunks, (struct patch_hunk){0});
	return &file->hunks.p[file->hunks.n - 1];
}

static bool add_hunk_line(
	const struct parser *p, struct patch_file *file, struct str line, struct err *e)
{
	struct patch_hunk *hunk = file->hunks.n ? &file->hunks.p[file->hunks.n - 1] : NULL;

	if (str_starts(line, STR("@@"))) {
		struct str above = str_trim(str_skip(line, 2));
		if (!hunk || hunk->lines.n || hunk->is_at_end)
			hunk = new_hunk(file);
		/* A unified diff's numbers are no line of the file. */
		if (str_ends(above, STR("@@")))
			above = str_starts(above, STR("-"))
					? STR("")
					: str_trim(str_head(above, above.n - 2));
		if (above.n)
			vec_push(&hunk->above, above);
		return true;
	}
	if (!hunk || hunk->is_at_end)
		hunk = new_hunk(file);
	if (str_is(str_trim(line), "*** End of File")) {
		hunk->is_at_end = true;
		return true;
	}
	/* Nothing at all stands for an empty line that stays. */
	char mark = line.n ? line.p[0] : ' ';
	if (mark != ' ' && mark != '-' && mark != '+')
		return wrong(p, e, "lines of a hunk begin with a space, - or +");
	vec_push(&hunk->lines, (struct patch_line){mark, str_skip(line, 1)});
	return true;
}

static bool add_line(struct parser *p, struct str line, struct err *e)
{
	struct patch_file *file = last_file(p);
	struct str value;

	if (begin_file(p, line))
		return last_file(p)->path.n || wrong(p, e, "the path is missing");
	if (!file)
		return wrong(p, e, "expected *** Add File:, *** Update File: or *** Delete File:");
	if (file->kind == PATCH_UPDATE && takes(line, STR("*** Move to:"), &value)) {
		file->moved_to = value;
		return (value.n && file->hunks.n == 0) ||
		       wrong(p, e, "*** Move to: PATH comes right behind *** Update File:");
	}
	switch (file->kind) {
	case PATCH_UPDATE: return add_hunk_line(p, file, line, e);
	case PATCH_DELETE:
		return str_trim(line).n == 0 ||
		       wrong(p, e, "nothing may stand below *** Delete File:");
	default: break;
	}
	if (line.n == 0 || line.p[0] != '+')
		return wrong(p, e, "lines of a new file begin with +");
	buf_put_str(&file->content, str_skip(line, 1));
	buf_put_char(&file->content, '\n');
	return true;
}

/* What may stand around a patch: a here-document's first and last line, a code fence. */
static bool is_wrapping(struct str line)
{
	struct str text = str_trim(line);

	if (text.n == 0 || str_starts(text, STR("```")))
		return true;
	if (str_starts(text, STR("apply_patch")) || str_starts(text, STR("applypatch")))
		text = str_trim(str_skip(text, 11 - (text.p[5] == 'p')));
	if (str_starts(text, STR("<<")) || text.n == 0)
		return true;
	for (size_t i = 0; i < text.n; i++)
		if ((text.p[i] < 'A' || text.p[i] > 'Z') && text.p[i] != '_')
			return false;
	return true;
}

static bool check_whole(const struct parser *p, struct err *e)
{
	if (!p->has_begun)
		return err_set(e, ERR_PARSE, "a patch begins with a line *** Begin Patch");
	if (!p->has_ended)
		return err_set(e, ERR_PARSE, "the patch has no line *** End Patch: it is cut off");
	if (p->patch->files.n == 0)
		return err_set(e, ERR_PARSE, "the patch changes nothing");
	return true;
}

static bool take_line(struct parser *p, struct str line, struct err *e)
{
	bool is_begin = str_is(str_trim(line), "*** Begin Patch");

	if (line.n && line.p[line.n - 1] == '\r')
		line.n--;
	if (!p->has_begun || p->has_ended) {
		if (!p->has_begun && is_begin)
			p->has_begun = true;
		else if (!is_wrapping(line))
			return wrong(p, e,
				p->has_ended ? "nothing may stand behind *** End Patch"
					     : "a patch begins with *** Begin Patch");
		return true;
	}
	if (str_is(str_trim(line), "*** End Patch")) {
		p->has_ended = true;
		return true;
	}
	return add_line(p, line, e);
}

bool patch_parse(struct patch *patch, struct str text, struct err *e)
{
	struct parser p = {.patch = patch, .rest = text};
	struct str line;

	*patch = (struct patch){0};
	while (p.rest.n && str_split(&p.rest, '\n', &line)) {
		p.number++;
		if (!take_line(&p, line, e))
			goto failed;
	}
	if (check_whole(&p, e))
		return true;
failed:
	patch_release(patch);
	return false;
}
