// SPDX-License-Identifier: MIT
#include "agent/tool/place.h"

#include <fcntl.h>
#include <inttypes.h>
#include <unistd.h>

#include "agent/hands.h"
#include "base/file.h"

enum { GLOBS_MAX = 32 };

void place_release(struct place *place)
{
	/* A zeroed place holds descriptor 0, which is not ours to close. */
	if (place->relative.p)
		file_close(&place->fd);
	*place = (struct place){.fd = -1};
}

bool place_is_directory(const struct place *place)
{
	return S_ISDIR(place->st.st_mode);
}

static void fail_missing(const struct tool_call *call, struct str written, struct str relative,
	struct tool_result *out)
{
	struct str names = near_names(call, relative);

	if (names.n)
		tool_fail(out, "%.*s: no such file or directory; did you mean: %.*s",
			STR_ARG(written), STR_ARG(names));
	else
		tool_fail(out, "%.*s: no such file or directory", STR_ARG(written));
}

bool place_open(const struct tool_call *call, struct str fallback, struct place *place,
	struct tool_result *out)
{
	struct str written = tool_argument(call, "path", fallback), relative;
	struct err e;

	if (!written.p || (written.n == 0 && !fallback.p)) {
		tool_fail(out, "\"path\" is required");
		return false;
	}
	if (!workspace_relative(call->workspace, written, call->arena, &relative, &e)) {
		tool_fail(out, "%s", e.text);
		return false;
	}
	int fd = workspace_open_path(call->workspace, relative, O_RDONLY, &e);
	if (fd < 0) {
		if (e.code == ERR_NOT_FOUND)
			fail_missing(call, written, relative, out);
		else
			tool_fail(out, "%s", e.text);
		return false;
	}
	struct place made = {.written = written, .fd = fd};
	must(fstat(fd, &made.st) == 0);
	if (!S_ISREG(made.st.st_mode) && !S_ISDIR(made.st.st_mode)) {
		tool_fail(out, "%.*s: %s, not a regular file", STR_ARG(written),
			S_ISFIFO(made.st.st_mode) ? "a FIFO" : "a device");
		close(fd);
		return false;
	}
	/* So that no link is followed a second time by its name. */
	if (!workspace_real(call->workspace, fd, call->arena, &made.relative))
		made.relative = relative;
	if (S_ISREG(made.st.st_mode) && secret_is_path(&call->hands->secrets, made.relative)) {
		tool_fail(out,
			"%.*s: may hold secrets, and is not read; the user can allow it with "
			"--allow-read",
			STR_ARG(written));
		close(fd);
		return false;
	}
	*place = made;
	return true;
}

struct str place_glob(const struct tool_call *call, struct str pattern)
{
	struct str root = str_from(call->workspace->root);
	struct str inside = str_from(call->workspace->inside);

	pattern = str_trim(pattern);
	while (str_starts(pattern, STR("./")))
		pattern = str_skip(pattern, 2);
	if (root.n < 2 || !str_starts(pattern, root) || pattern.n == root.n ||
		pattern.p[root.n] != '/')
		return pattern;
	pattern = str_skip(pattern, root.n + 1);
	if (inside.n && str_starts(pattern, inside) && pattern.n > inside.n &&
		pattern.p[inside.n] == '/')
		pattern = str_skip(pattern, inside.n + 1);
	return pattern;
}

/* "*.c,*.{h,hh}" is two globs: commas inside braces do not part. */
static const char *const *split_globs(const struct tool_call *call, struct str text)
{
	const char **globs = arena_alloc(call->arena, GLOBS_MAX + 1, sizeof *globs);
	size_t start = 0, count = 0;
	int braces = 0;

	for (size_t i = 0; i <= text.n; i++) {
		if (i < text.n && text.p[i] == '{')
			braces++;
		else if (i < text.n && text.p[i] == '}' && braces)
			braces--;
		if (i < text.n && (text.p[i] != ',' || braces))
			continue;
		struct str one = place_glob(call, str_range(text.p + start, text.p + i));
		if (one.n && count < GLOBS_MAX)
			globs[count++] = arena_text(call->arena, one);
		start = i + 1;
	}
	return count ? globs : NULL;
}

struct scan_options place_scan(const struct tool_call *call, const struct place *place)
{
	return (struct scan_options){
		.root = call->workspace->root,
		.start = place_is_directory(place) ? arena_text(call->arena, place->relative) : "",
		.include = split_globs(call, tool_argument(call, "glob", STR(""))),
		.cancel = call->cancel,
	};
}

struct str place_show(const struct tool_call *call, const struct place *place, struct str path)
{
	if (place_is_directory(place) && place->relative.n)
		path = arena_printf(
			call->arena, "%.*s/%.*s", STR_ARG(place->relative), STR_ARG(path));
	return workspace_show(call->workspace, path, call->arena);
}

void place_put_unreadable(struct buf *out, uint64_t unreadable)
{
	if (unreadable)
		buf_printf(out, "[%" PRIu64 " unreadable, left out]\n", unreadable);
}
