// SPDX-License-Identifier: MIT
/* Showing: files, parts of files, the layout of the whole, what the README says. */
#include "llm/offline.h"

enum { SHOWN_DEFAULT = 200, HEAD_DEFAULT = 10, VIEW_MAX = 2000, SECTION_MAX = 30 };

void put_fence(struct buf *out, const struct str *lines, size_t count)
{
	const char *fence = "```";

	for (size_t i = 0; i < count; i++)
		if (str_contains(lines[i], STR("```")))
			fence = "~~~~";
	buf_printf(out, "%s\n", fence);
	for (size_t i = 0; i < count; i++) {
		buf_put_str(out, lines[i]);
		buf_put_char(out, '\n');
	}
	buf_printf(out, "%s\n", fence);
}

static void put_view(struct desk *d, struct str path, const struct finding *f, int64_t first,
	size_t skip, struct buf *out)
{
	struct str *lines, note;
	size_t count = desk_lines(d, f, &lines, &note);

	if (f->is_error) {
		put_error(out, f);
	} else if (str_is(str_trim(f->text), "[empty file]")) {
		buf_printf(out, "%.*s is empty (0 lines).\n", STR_ARG(path));
	} else if (count <= skip) {
		buf_printf(out, "%.*s: nothing there.\n", STR_ARG(path));
	} else {
		int64_t from = first + (int64_t)skip, to = first + (int64_t)count - 1;
		if (from == to)
			buf_printf(out, "%.*s:%lld:\n", STR_ARG(path), (long long)from);
		else
			buf_printf(out, "%.*s:%lld-%lld:\n", STR_ARG(path), (long long)from,
				(long long)to);
		put_fence(out, lines + skip, count - skip);
		int64_t numbers[3];
		if (note.n && skip == 0 && desk_numbers(note, numbers, 3) == 3)
			buf_printf(out, "The file has %lld lines.\n", (long long)numbers[2]);
	}
}

/* The last lines: what is not in the first view is in a second one. */
static void show_tail(struct desk *d, struct str path, int64_t limit, struct buf *out)
{
	const struct finding *f = desk_view(d, path, 0, VIEW_MAX);
	struct str *lines, note;

	if (!f)
		return;
	size_t count = desk_lines(d, f, &lines, &note);
	int64_t numbers[3];
	if (!note.n || desk_numbers(note, numbers, 3) != 3 || !str_starts(note, STR("[lines "))) {
		put_view(d, path, f, 1, (int64_t)count > limit ? count - (size_t)limit : 0, out);
		return;
	}
	int64_t from = numbers[2] - limit + 1 > 0 ? numbers[2] - limit + 1 : 1;
	if ((f = desk_view(d, path, from, limit)))
		put_view(d, path, f, from, 0, out);
}

static void show_file(struct desk *d, const struct request *r, struct str path, struct buf *out)
{
	bool wants_tail = request_has(r, W_LAST) && !request_has(r, W_FIRST);
	bool wants_head = request_has(r, W_FIRST);

	if (r->first) {
		int64_t count = r->last >= r->first ? r->last - r->first + 1 : 1;
		const struct finding *f =
			desk_view(d, path, r->first, count > VIEW_MAX ? VIEW_MAX : count);
		if (f)
			put_view(d, path, f, r->first, 0, out);
	} else if (wants_tail) {
		show_tail(d, path, r->limit ? r->limit : HEAD_DEFAULT, out);
	} else {
		int64_t limit = r->limit ? r->limit : wants_head ? HEAD_DEFAULT : SHOWN_DEFAULT;
		const struct finding *f =
			desk_view(d, path, 0, limit > VIEW_MAX ? VIEW_MAX : limit);
		if (f)
			put_view(d, path, f, 1, 0, out);
	}
}

void answer_show(struct desk *d, const struct request *r, struct buf *out)
{
	for (size_t i = 0; i < r->paths.n; i++) {
		struct subjects files;
		if (!desk_named_files(d, r->paths.p[i], &files, out))
			continue;
		/* One at the root is meant before those deeper; otherwise all of that name are. */
		bool has_root = files.n && str_find_char(files.p[0], '/', 0) == SIZE_MAX;
		for (size_t k = 0; k < files.n && k < (has_root ? 1 : 3); k++)
			show_file(d, r, files.p[k], out);
		if (files.n > 1 && !has_root) {
			buf_put_text(out, "Files of that name:");
			for (size_t k = 0; k < files.n; k++)
				buf_printf(out, " %.*s", STR_ARG(files.p[k]));
			buf_put_char(out, '\n');
		}
	}
}

/* ---- layout ---- */

static bool is_heading(struct str line)
{
	return str_starts(line, STR("#")) && str_find_char(line, ' ', 0) != SIZE_MAX;
}

/* The README's title and first paragraph, quoted. */
static void put_readme(struct buf *out, struct str path, const struct str *lines, size_t count)
{
	size_t i = 0, quoted = 0, from = SIZE_MAX;

	while (i < count && !is_heading(lines[i]) && i < 20)
		i++;
	size_t title = i < count && is_heading(lines[i]) ? i : SIZE_MAX;
	for (i = title == SIZE_MAX ? 0 : title + 1; i < count && quoted < 8; i++) {
		bool is_prose = str_trim(lines[i]).n && !is_heading(lines[i]) &&
				lines[i].p[0] != '<' && lines[i].p[0] != '[' &&
				lines[i].p[0] != '!';
		if (is_prose && from == SIZE_MAX)
			from = i;
		if (!is_prose && from != SIZE_MAX)
			break;
		quoted += is_prose;
	}
	if (title != SIZE_MAX)
		buf_printf(
			out, "%.*s:%zu: %.*s\n", STR_ARG(path), title + 1, STR_ARG(lines[title]));
	if (from == SIZE_MAX)
		return;
	buf_printf(out, "%.*s:%zu says:\n", STR_ARG(path), from + 1);
	for (size_t k = from; k < i; k++)
		buf_printf(out, "> %.*s\n", STR_ARG(str_trim(lines[k])));
}

static void put_tree(struct buf *out, const struct finding *f)
{
	struct str rest = f->text, line;
	size_t shown = 0, left_out = 0;

	if (f->is_error) {
		put_error(out, f);
		return;
	}
	buf_put_text(out, "Layout:\n```\n");
	while (str_split(&rest, '\n', &line)) {
		if (line.n && shown++ < 120)
			buf_printf(out, "%.*s\n", STR_ARG(line));
		else
			left_out += line.n > 0;
	}
	buf_put_text(out, "```\n");
	if (left_out)
		buf_printf(out, "%zu lines of the tree are left out here.\n", left_out);
}

static void put_languages(struct desk *d, struct buf *out, const struct finding *f)
{
	if (f->is_error)
		return;
	struct entries e = desk_entries(d, f);
	buf_printf(out, "%lld files, %lld lines:\n", (long long)e.files, (long long)e.lines);
	for (size_t i = 0; i < e.n && i < 12; i++)
		buf_printf(out, "- %.*s: %lld file%s, %lld lines\n", STR_ARG(e.p[i].path),
			(long long)e.p[i].files, plural(e.p[i].files), (long long)e.p[i].lines);
	put_more(out, (int64_t)e.n - 12);
}

void answer_layout(struct desk *d, const struct request *r, struct buf *out)
{
	struct target t;
	struct subjects readme;
	bool is_known = desk_target(d, r, &t);
	struct str path = is_known ? t.path : (struct str){0};

	if (!is_known)
		return;
	const struct finding *tree = desk_ls(d, path, 2);
	const struct finding *counts = desk_count(d, path, (struct str){0}, "language", NULL, 40);
	bool has_files = desk_files(d, STR("readme"), &readme);
	if (!tree || !counts || !has_files)
		return;
	if (readme.n && !path.n) {
		const struct finding *f = desk_view(d, readme.p[0], 0, 60);
		struct str *lines, note;
		if (!f)
			return;
		size_t count = desk_lines(d, f, &lines, &note);
		put_readme(out, readme.p[0], lines, count);
	}
	put_languages(d, out, counts);
	put_tree(out, tree);
}

/* ---- how to build, run, test ---- */

static const struct {
	const char *verb, *headings, *targets;
} howtos[] = {
	{"build", "build compil install setup", "all|build"},
	{"compile", "build compil install", "all|build"},
	{"install", "install setup build", "install|setup"},
	{"setup", "setup install start build", "setup|install"},
	{"run", "run usage using start quick", "run|start|serve|dev"},
	{"start", "start run usage quick", "start|run|serve|dev"},
	{"use", "usage using use start quick run", "run|help"},
	{"test", "test check", "test|tests|check"},
	{"deploy", "deploy release", "deploy|release"},
	{"configure", "config setting", "config|configure"},
};

static bool is_about(struct str heading, const char *stems, struct arena *a)
{
	struct str low = offline_lower(heading, a), rest = str_from(stems), stem;

	while (str_split(&rest, ' ', &stem))
		if (str_contains(low, stem))
			return true;
	return false;
}

static size_t put_section(struct desk *d, struct str path, const struct finding *f,
	const char *stems, struct buf *out)
{
	struct str *lines, note;
	size_t count = desk_lines(d, f, &lines, &note);

	for (size_t i = 0; i < count; i++) {
		if (!is_heading(lines[i]) || !is_about(lines[i], stems, d->a))
			continue;
		size_t end = i + 1;
		while (end < count && end < i + SECTION_MAX &&
			!(is_heading(lines[end]) && !str_starts(lines[end], STR("# "))))
			end++;
		while (end > i + 1 && str_trim(lines[end - 1]).n == 0)
			end--;
		buf_printf(out, "%.*s:%zu-%zu says:\n", STR_ARG(path), i + 1, end);
		put_fence(out, lines + i, end - i);
		return 1;
	}
	return 0;
}

void answer_howto(struct desk *d, const struct request *r, struct buf *out)
{
	struct subjects readme;
	size_t row = 0, said = 0;

	for (size_t i = 0; i < sizeof howtos / sizeof *howtos; i++)
		if (r->topics.n && str_is(r->topics.p[0], howtos[i].verb))
			row = i;
	struct grep_ask ask = {.pattern = arena_printf(d->a, "^(%s)\\s*:|^\\s*\"(%s)\"\\s*:",
				       howtos[row].targets, howtos[row].targets),
		.glob = STR("{Makefile,makefile,GNUmakefile,package.json,justfile}"),
		.limit = 20};
	const struct finding *targets = desk_grep(d, &ask);
	if (!desk_files(d, STR("readme"), &readme) || !targets)
		return;
	for (size_t i = 0; i < readme.n && i < 2; i++) {
		const struct finding *f = desk_view(d, readme.p[i], 0, 400);
		if (!f)
			return;
		said += put_section(d, readme.p[i], f, howtos[row].headings, out);
	}
	struct matches m = desk_matches(d, targets);
	if (m.n)
		buf_put_text(out, "Targets of that name:\n");
	for (size_t i = 0; i < m.n; i++)
		put_place(out, &m.p[i]);
	if (!said && !m.n)
		buf_printf(out, "No section of a README and no make target speaks of `%s`.\n",
			howtos[row].verb);
}
