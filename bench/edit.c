// SPDX-License-Identifier: MIT
/*
 * edit: one edit in a 1 MB file, and 1,000 edits in one call, with what was there kept for an undo
 * and without. Every write is waited for until the disk has it, so the directory counts.
 *
 *   bench_edit [DIRECTORY]      /tmp without it
 */
#include <stdio.h>

#include "base/json.h"
#include "world.h"

enum { ROUNDS = 51, LINES = 25'000, EDITS = 1000 };

struct inputs {
	struct buf text, one, many;
};

static void inputs_release(struct inputs *in)
{
	buf_release(&in->text);
	buf_release(&in->one);
	buf_release(&in->many);
}

/* No two rounds write the same: contents that are kept already would cost nothing. */
static void measure(struct world *w, const char *what, const char *name, struct inputs *in,
	const struct buf *input)
{
	static int number;

	for (int i = 0; i < ROUNDS; i++) {
		snprintf(in->text.p, 16, "round %09d", ++number);
		in->text.p[15] = '\n';
		world_write(w, "file.txt", buf_str(&in->text));
		seen_forget(w->memory->seen, STR("file.txt"));
		world_call(w, name, buf_str(input));
	}
	world_tell(w, what);
}

static void put_edit(struct json_writer *w, int line)
{
	char old[64], new[64];

	snprintf(old, sizeof old, "line %06d of the file", line);
	snprintf(new, sizeof new, "line %06d of the changed file", line);
	json_open(w, '{');
	json_member_text(w, "path", "file.txt");
	json_member_text(w, "old_string", old);
	json_member_text(w, "new_string", new);
	json_close(w, '}');
}

/* Edits of lines all over the file, from its end to its beginning. */
static void put_edits(struct buf *out, int lines)
{
	struct json_writer w = {.buf = out};

	json_open(&w, '{');
	json_key(&w, "edits");
	json_open(&w, '[');
	for (int i = EDITS; i-- > 0;)
		put_edit(&w, i * (lines / EDITS) + 1);
	json_close(&w, ']');
	json_close(&w, '}');
}

static void fill(struct inputs *in, int lines)
{
	struct json_writer w = {.buf = &in->one};

	buf_put_text(&in->text, "round 000000000\n");
	for (int i = 1; i <= lines; i++)
		buf_printf(&in->text, "line %06d of the file, with some words\n", i);
	put_edit(&w, lines / 2);
	put_edits(&in->many, lines);
}

/* The first change of a run makes its journal. */
static void measure_first(struct world *w, const struct inputs *small)
{
	for (int i = 0; i < ROUNDS; i++) {
		char run[16];
		snprintf(run, sizeof run, "first-%d", i);
		world_write(w, "file.txt", buf_str(&small->text));
		seen_forget(w->memory->seen, STR("file.txt"));
		w->hands.keep = keep_new(&w->workspace, w->directory, run, STR("a bench"));
		world_call(w, "edit", buf_str(&small->one));
		keep_free(w->hands.keep);
	}
	world_tell(w, "  the first one of a run");
}

int main(int count, char **words)
{
	static struct world w;
	AUTO(inputs) large = {0};
	AUTO(inputs) small = {0};

	world_open(&w, count > 1 ? words[1] : "/tmp");
	fill(&large, LINES);
	fill(&small, EDITS);
	measure(&w, "an edit in a file of 1.1 MB", "edit", &large, &large.one);
	measure(&w, "1,000 edits in it", "multiedit", &large, &large.many);
	measure(&w, "an edit in a file of 44 KB", "edit", &small, &small.one);
	measure(&w, "1,000 edits in it", "multiedit", &small, &small.many);
	w.hands.keep = keep_new(&w.workspace, w.directory, "edits", STR("a bench"));
	measure(&w, "kept for an undo: an edit in a file of 1.1 MB", "edit", &large, &large.one);
	measure(&w, "  1,000 edits in it", "multiedit", &large, &large.many);
	measure(&w, "  an edit in a file of 44 KB", "edit", &small, &small.one);
	keep_free(w.hands.keep);
	measure_first(&w, &small);
	world_close(&w);
	return 0;
}
