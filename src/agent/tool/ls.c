// SPDX-License-Identifier: MIT
/* ls: a directory as a tree of a few levels, each directory with the number of files below it. */
#include <inttypes.h>

#include "agent/tool/gather.h"
#include "agent/tool/place.h"
#include "agent/tool/plain.h"

extern const char embed_ls_md[];

static void run(const struct tool_call *call, struct tool_result *out);

const struct tool tool_ls = {
	.name = "ls",
	.needs = TOOL_READS,
	.target = "path",
	.document = embed_ls_md,
	.run = run,
};

enum {
	ENTRIES_MAX = 500,
	DEPTH_DEFAULT = 2,
	DEPTH_MAX = 16,
};

struct listing {
	const struct gather_file *files; /* sorted */
	int depth;
	bool counting; /* only entries are counted, nothing is put */
	size_t entries;
	struct buf *out;
};

/* The word of path that begins at byte from; is_directory when something lies below it. */
static struct str word_at(struct str path, size_t from, bool *is_directory)
{
	struct str rest = str_skip(path, from);
	size_t slash = str_find_char(rest, '/', 0);

	*is_directory = slash != SIZE_MAX;
	return str_head(rest, slash);
}

static void put_entry(struct listing *l, int level, struct str name, size_t files_below)
{
	l->entries++;
	if (l->counting || l->entries > ENTRIES_MAX)
		return;
	buf_printf(l->out, "%*s", level * 2, "");
	plain_put_field(l->out, name);
	if (files_below)
		buf_printf(l->out, "/ (%zu files)", files_below);
	buf_put_char(l->out, '\n');
}

/* The end of the run of files in [at, end) that share the directory whose name ends at byte to. */
static size_t same_directory_end(const struct listing *l, size_t at, size_t end, size_t to)
{
	struct str directory = str_head(l->files[at].path, to + 1);

	while (at < end && str_starts(l->files[at].path, directory))
		at++;
	return at;
}

/* The files in [at, end) lie in one directory, whose path with its slash has from bytes. */
static void put_level(struct listing *l, size_t at, size_t end, size_t from, int level)
{
	bool is_directory;

	for (size_t i = at, next; i < end; i = next) {
		struct str name = word_at(l->files[i].path, from, &is_directory);
		next = i + 1;
		if (!is_directory)
			continue;
		next = same_directory_end(l, i, end, from + name.n);
		put_entry(l, level, name, next - i);
		if (level + 1 < l->depth)
			put_level(l, i, next, from + name.n + 1, level + 1);
	}
	for (size_t i = at; i < end; i++) {
		struct str name = word_at(l->files[i].path, from, &is_directory);
		if (!is_directory)
			put_entry(l, level, name, 0);
	}
}

/* In sorted order every directory begins where a path leaves the one before it. */
static size_t count_directories(const struct gather *g)
{
	size_t total = 0;

	for (size_t i = 0; i < g->count; i++) {
		struct str path = g->files[i].path, before = i ? g->files[i - 1].path : STR("");
		size_t same = 0;
		while (same < path.n && same < before.n && path.p[same] == before.p[same])
			same++;
		for (size_t at = same; at < path.n; at++)
			total += path.p[at] == '/';
	}
	return total;
}

/* Too many entries: fewer levels show more of the whole than the first directory's inside. */
static size_t fit_depth(struct listing *l, const struct gather *g)
{
	size_t wanted = 0;

	for (l->counting = true;; l->depth--) {
		l->entries = 0;
		put_level(l, 0, g->count, 0, 0);
		if (wanted == 0)
			wanted = l->entries;
		if (l->entries <= ENTRIES_MAX || l->depth == 1)
			break;
	}
	l->counting = false;
	l->entries = 0;
	return wanted;
}

static void put_tree(const struct gather *g, int depth, struct buf *out)
{
	struct listing l = {.files = g->files, .depth = depth, .out = out};
	size_t wanted = fit_depth(&l, g);

	put_level(&l, 0, g->count, 0, 0);
	size_t shown = l.entries < ENTRIES_MAX ? l.entries : ENTRIES_MAX;
	if (wanted > shown)
		buf_printf(out, "[%zu more entries; ls a directory below]\n", wanted - shown);
	if (g->count == 0 && g->stats.ignored)
		buf_printf(out, "[%zu entries ignored]\n", g->stats.ignored);
	place_put_unreadable(out, g->unreadable);
	buf_printf(out, "[%zu files, %zu directories]\n", g->count, count_directories(g));
}

static void run(const struct tool_call *call, struct tool_result *out)
{
	int64_t depth = tool_argument_int(call, "depth", DEPTH_DEFAULT);
	AUTO(place) place = {.fd = -1};
	AUTO(gather) files = {0};
	struct err e;

	if (!place_open(call, STR("."), &place, out))
		return;
	if (!place_is_directory(&place)) {
		tool_fail(out, "%.*s: a file of %lld bytes; use view", STR_ARG(place.written),
			(long long)place.st.st_size);
		return;
	}
	struct scan_options options = place_scan(call, &place);
	options.include = NULL;
	if (!gather_run(&options, 0, (struct str){0}, &files, &e)) {
		tool_fail(out, "%s", e.text);
		return;
	}
	gather_sort(&files);
	put_tree(&files, depth < 1 ? 1 : depth > DEPTH_MAX ? DEPTH_MAX : (int)depth, &out->text);
}
