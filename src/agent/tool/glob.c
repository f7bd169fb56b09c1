// SPDX-License-Identifier: MIT
/* glob: files by name, newest first. */
#include "agent/tool/gather.h"
#include "agent/tool/place.h"
#include "agent/tool/plain.h"

extern const char embed_glob_md[];

static void run(const struct tool_call *call, struct tool_result *out);

const struct tool tool_glob = {
	.name = "glob",
	.needs = TOOL_READS,
	.target = "pattern",
	.document = embed_glob_md,
	.run = run,
};

enum { FILES_MAX = 100 };

static int newest_first(const void *left, const void *right)
{
	const struct gather_file *a = left, *b = right;

	if (a->modified_ns != b->modified_ns)
		return a->modified_ns < b->modified_ns ? 1 : -1;
	return str_cmp(a->path, b->path);
}

/* ".github/x" or "**" + "/.env": whoever names a hidden file wants to see it. */
static bool names_hidden(struct str pattern)
{
	return str_starts(pattern, STR(".")) || str_contains(pattern, STR("/."));
}

static void run(const struct tool_call *call, struct tool_result *out)
{
	struct str pattern = place_glob(call, tool_argument(call, "pattern", STR("")));
	AUTO(place) place = {.fd = -1};
	AUTO(gather) found = {0};
	struct err e;

	if (pattern.n == 0) {
		tool_fail(out, "\"pattern\" is required, such as \"*.c\" or \"src/**/*.py\"");
		return;
	}
	if (pattern.p[0] == '/' || str_starts(pattern, STR("../")) ||
		str_contains(pattern, STR("/../"))) {
		tool_fail(out,
			"%.*s: leads outside of the workspace; give path and a pattern below it",
			STR_ARG(pattern));
		return;
	}
	if (!place_open(call, STR("."), &place, out))
		return;
	if (!place_is_directory(&place)) {
		tool_fail(out, "%.*s: a file, not a directory", STR_ARG(place.written));
		return;
	}
	struct scan_options options = place_scan(call, &place);
	options.include = NULL;
	options.hidden = names_hidden(pattern);
	if (!gather_run(&options, GATHER_TIME, pattern, &found, &e)) {
		tool_fail(out, "%s", e.text);
		return;
	}
	qsort(found.files, found.count, sizeof *found.files, newest_first);
	for (size_t i = 0; i < found.count && i < FILES_MAX; i++) {
		plain_put_field(&out->text, place_show(call, &place, found.files[i].path));
		buf_put_char(&out->text, '\n');
	}
	place_put_unreadable(&out->text, found.unreadable);
	if (found.count > FILES_MAX) {
		buf_printf(&out->text, "[%d of %zu files, newest first]\n", FILES_MAX, found.count);
	} else if (found.count) {
		buf_printf(&out->text, "[%zu files]\n", found.count);
	} else {
		buf_put_text(&out->text, "[no files match ");
		plain_put_field(&out->text, pattern);
		buf_put_text(&out->text, "]\n");
	}
}
