// SPDX-License-Identifier: MIT
/*
 * bash: a command that does nothing, by each kind of sandbox, and what the look at the workspace
 * adds that stands around a command which may change files.
 *
 *   bench_bash [DIRECTORY]      /tmp without it
 */
#include <stdio.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "world.h"

enum { ROUNDS = 101, FILES_IN_ONE = 100 };

static void measure(struct world *w, const char *what, const char *command)
{
	for (int i = 0; i < ROUNDS; i++)
		world_call(w, "bash", str_from(command));
	world_tell(w, what);
}

static void measure_kind(struct world *w, enum sandbox_wish wish, const char *name)
{
	const struct fence_options options = {
		.workspace = &w->workspace, .secrets = &w->hands.secrets, .wish = wish};
	AUTO(buf) what = {0};
	struct err e;

	w->hands.fence = fence_new(&options);
	if (fence_sandbox(w->hands.fence, &e)) {
		buf_printf(&what, "true, %s", name);
		measure(w, buf_text(&what), "{\"command\":\"true\"}");
	} else {
		printf("true, %s: %s\n", name, e.text);
	}
	fence_free(w->hands.fence);
	w->hands.fence = NULL;
}

static void fill(const struct world *w, int from, int to)
{
	AUTO(buf) path = {0};
	AUTO(buf) text = {0};

	for (int i = from; i < to; i++) {
		buf_clear(&path);
		buf_clear(&text);
		buf_printf(&path, "%s/ws/%d", w->directory, i / FILES_IN_ONE);
		if (i % FILES_IN_ONE == 0)
			must(mkdir(buf_text(&path), 0700) == 0);
		buf_clear(&path);
		buf_printf(&path, "%d/%d.c", i / FILES_IN_ONE, i);
		buf_printf(&text, "int number = %d;\n", i);
		world_write(w, buf_text(&path), buf_str(&text));
	}
}

/* Of nothing but the looks, before and after. */
static void measure_looks(struct world *w, const char *what)
{
	for (int i = 0; i < ROUNDS; i++) {
		AUTO(buf) note = {0};
		int64_t start = clock_ns();
		struct keep_tree *tree = keep_tree_before(w->hands.keep, NULL, &note);
		world_note(w, clock_ns() - start);
		must(tree && !note.n);
		keep_tree_after(w->hands.keep, tree, "bash", &note);
	}
	world_tell(w, what);
}

int main(int count, char **words)
{
	static struct world w;

	world_open(&w, count > 1 ? words[1] : "/tmp");
	measure_kind(&w, SANDBOX_WISH_NONE, "no sandbox");
	measure_kind(&w, SANDBOX_WISH_LANDLOCK, "landlock");
	measure_kind(&w, SANDBOX_WISH_BUBBLEWRAP, "bubblewrap");
	w.hands.keep = keep_new(&w.workspace, w.directory, "looks", STR("a bench"));
	fill(&w, 0, 1000);
	measure_looks(&w, "a look at 1,000 files");
	fill(&w, 1000, 10'000);
	measure_looks(&w, "a look at 10,000 files");
	keep_free(w.hands.keep);
	world_close(&w);
	return 0;
}
