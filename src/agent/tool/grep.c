// SPDX-License-Identifier: MIT
/* grep: text in files, through the index room. */
#include <inttypes.h>

#include "agent/hands.h"
#include "agent/tool/place.h"
#include "agent/tool/plain.h"

extern const char embed_grep_md[];

static void run(const struct tool_call *call, struct tool_result *out);

const struct tool tool_grep = {
	.name = "grep",
	.needs = TOOL_READS,
	.target = "pattern",
	.document = embed_grep_md,
	.run = run,
};

enum {
	LIMIT_DEFAULT = 100,
	LIMIT_MAX = 1000,
	COLUMNS_MAX = 500,
	CONTEXT_MAX = 50,
	PATTERN_MAX_BYTES = 4096,
	TEXT_MAX_BYTES = 100 << 10,
};

struct search {
	const struct tool_call *call;
	const struct place *place;
	struct grep_options options;
	size_t limit;
	struct grep_result found;
	struct buf *out;
};

static void put_path(const struct search *s, const struct grep_file *file)
{
	plain_put_field(s->out, place_show(s->call, s->place, file->path));
}

/* Puts the lines of one file; false when the text is full. matches counts those put. */
static bool put_lines(const struct search *s, const struct grep_file *file, uint64_t *matches)
{
	bool with_context = s->options.before || s->options.after;
	AUTO(buf) path = {0};
	uint32_t before = 0;

	plain_put_field(&path, place_show(s->call, s->place, file->path));
	for (size_t i = 0; i < file->line_count; i++) {
		const struct grep_line *line = &file->lines[i];
		char mark = line->is_match ? ':' : '-';
		if (s->out->n > TEXT_MAX_BYTES)
			return false;
		if (with_context && s->out->n && line->number != before + 1)
			buf_put_text(s->out, "--\n");
		before = line->number;
		buf_put_str(s->out, buf_str(&path));
		buf_printf(s->out, "%c%" PRIu32 "%c", mark, line->number, mark);
		plain_put_line(s->out, line->text);
		buf_put_text(s->out, line->is_cut ? " [cut]\n" : "\n");
		*matches += line->is_match;
	}
	return true;
}

static void put_unreadable(const struct search *s)
{
	place_put_unreadable(s->out, s->found.unreadable_files + s->found.scan.unreadable);
	if (s->found.limited_lines)
		buf_printf(s->out,
			"[%" PRIu64
			" lines given up: the pattern backtracks too much there; simplify it]\n",
			s->found.limited_lines);
}

static void put_content(const struct search *s)
{
	const struct grep_result *r = &s->found;
	uint64_t shown = 0;

	for (size_t i = 0; i < r->file_count; i++)
		if (!put_lines(s, &r->files[i], &shown))
			break;
	put_unreadable(s);
	if (shown < r->total_matches)
		buf_printf(s->out,
			"[first %" PRIu64 " of %" PRIu64 " matching lines in %" PRIu64
			" files; narrow the pattern or path]\n",
			shown, r->total_matches, r->total_files);
	else
		buf_printf(s->out, "[%" PRIu64 " matching lines in %" PRIu64 " files]\n",
			r->total_matches, r->total_files);
}

static void put_files(const struct search *s)
{
	const struct grep_result *r = &s->found;
	size_t shown = r->file_count < s->limit ? r->file_count : s->limit;

	for (size_t i = 0; i < shown; i++) {
		put_path(s, &r->files[i]);
		buf_put_char(s->out, '\n');
	}
	put_unreadable(s);
	if (shown < r->total_files)
		buf_printf(s->out, "[first %zu of %" PRIu64 " files; narrow the pattern or path]\n",
			shown, r->total_files);
	else
		buf_printf(s->out, "[%" PRIu64 " files]\n", r->total_files);
}

static int most_first(const void *left, const void *right)
{
	const struct grep_file *a = left, *b = right;

	if (a->matches != b->matches)
		return a->matches < b->matches ? 1 : -1;
	return str_cmp(a->path, b->path);
}

static void put_counts(const struct search *s)
{
	const struct grep_result *r = &s->found;
	size_t shown = r->file_count < s->limit ? r->file_count : s->limit;

	qsort(r->files, r->file_count, sizeof *r->files, most_first);
	for (size_t i = 0; i < shown; i++) {
		put_path(s, &r->files[i]);
		buf_printf(s->out, ":%" PRIu64 "\n", r->files[i].matches);
	}
	put_unreadable(s);
	if (shown < r->total_files)
		buf_printf(s->out, "[%zu of %" PRIu64 " files shown]\n", shown, r->total_files);
	buf_printf(s->out, "[%" PRIu64 " matching lines in %" PRIu64 " files]\n", r->total_matches,
		r->total_files);
}

static void put_nothing(const struct search *s, struct tool_result *out)
{
	const struct grep_result *r = &s->found;

	if (s->options.file && r->binary_files) {
		tool_fail(out, "%.*s: binary file, %lld bytes", STR_ARG(s->place->written),
			(long long)s->place->st.st_size);
		return;
	}
	put_unreadable(s);
	buf_printf(s->out, "[no matches in %" PRIu64 " files searched", r->searched_files);
	if (r->searched_files == 0 && r->scan.ignored)
		buf_printf(s->out, ", %zu entries ignored", r->scan.ignored);
	buf_put_text(s->out, "]\n");
}

/* A family of ways to show: name, what grep_run is told, who puts the result. */
static const struct mode {
	const char *names[2];
	enum grep_mode mode;
	bool needs_all; /* the limit counts only after sorting */
	void (*put)(const struct search *s);
} modes[] = {
	{{"content", "lines"}, GREP_CONTENT, false, put_content},
	{{"files", "files_with_matches"}, GREP_FILES, false, put_files},
	{{"count", "counts"}, GREP_COUNT, true, put_counts},
	{{NULL}},
};

static const struct mode *find_mode(struct str name)
{
	for (const struct mode *m = modes; m->names[0]; m++)
		if (str_is(name, m->names[0]) || str_is(name, m->names[1]))
			return m;
	return NULL;
}

static int clamp(int64_t value, int64_t low, int64_t high)
{
	return (int)(value < low ? low : value > high ? high : value);
}

static bool is_secret(const void *rules, struct str path)
{
	return secret_is_path(rules, path);
}

static void read_arguments(struct search *s, const struct mode *mode)
{
	const struct tool_call *call = s->call;
	int64_t context = tool_argument_int(call, "context", 0);
	struct grep_options *o = &s->options;

	s->limit = (size_t)clamp(tool_argument_int(call, "limit", LIMIT_DEFAULT), 1, LIMIT_MAX);
	o->scan = place_scan(call, s->place);
	o->scan.leaves_out = is_secret;
	o->scan.leaves_out_self = &call->hands->secrets;
	if (!place_is_directory(s->place)) {
		o->file = arena_text(call->arena, s->place->relative);
		o->scan.include = NULL;
	}
	o->is_literal = tool_argument_bool(call, "literal", false);
	o->ignore_case = tool_argument_bool(call, "ignore_case", false);
	o->whole_word = tool_argument_bool(call, "word", false);
	o->mode = mode->mode;
	if (mode->mode == GREP_CONTENT) {
		o->before = clamp(tool_argument_int(call, "before", context), 0, CONTEXT_MAX);
		o->after = clamp(tool_argument_int(call, "after", context), 0, CONTEXT_MAX);
	}
	o->max_matches = mode->needs_all ? 0 : s->limit;
	o->max_columns = COLUMNS_MAX;
}

static void search_place(struct search *s, const struct mode *mode, struct tool_result *out)
{
	struct err e;

	read_arguments(s, mode);
	if (!grep_run(&s->options, &s->found, &e)) {
		tool_fail(out, e.code == ERR_PARSE ? "%s (literal searches plain text)" : "%s",
			e.text);
		return;
	}
	if (s->found.total_matches == 0)
		put_nothing(s, out);
	else
		mode->put(s);
	grep_result_release(&s->found);
}

static void run(const struct tool_call *call, struct tool_result *out)
{
	struct str pattern = tool_argument(call, "pattern", STR(""));
	struct str mode_name = tool_argument(call, "mode", STR("content"));
	const struct mode *mode = find_mode(mode_name);
	AUTO(place) place = {.fd = -1};

	if (pattern.n == 0) {
		tool_fail(out, "\"pattern\" is required");
	} else if (pattern.n > PATTERN_MAX_BYTES) {
		tool_fail(out, "the pattern has %zu bytes, more than %d", pattern.n,
			PATTERN_MAX_BYTES);
	} else if (!mode) {
		tool_fail(out, "mode \"%.*s\": use content, files or count", STR_ARG(mode_name));
	} else if (place_open(call, STR("."), &place, out)) {
		struct search s = {.call = call, .place = &place, .out = &out->text};
		s.options.pattern = pattern;
		search_place(&s, mode, out);
	}
}
