// SPDX-License-Identifier: MIT
/* net: what a run has changed, from its first look at each file to how the file is now. */
#include <string.h>

#include "agent/keep/inside.h"
#include "base/diff.h"
#include "base/utf8.h"

enum { DIFF_MAX_BYTES = 64 << 20, NAME_CELLS = 200 };

struct side {
	struct kept_state state;
	struct buf bytes;
};

static void side_release(struct side *s)
{
	buf_release(&s->bytes);
}

static bool is_file(const struct kept_state *state)
{
	return state->mode && !S_ISDIR(state->mode);
}

static void put_note(struct buf *notes, struct str path, const char *why)
{
	if (!notes)
		return;
	utf8_put_line(notes, path, NAME_CELLS);
	buf_printf(notes, ": %s\n", why);
}

struct diff_counts keep_diff_sides(struct buf *out, struct str path, const struct kept_state *from,
	struct str before, const struct kept_state *to, struct str after)
{
	struct diff_options o = {.before_name = is_file(from) ? path : (struct str){0},
		.after_name = is_file(to) ? path : (struct str){0},
		.before_mode = from->mode,
		.after_mode = to->mode,
		.has_binary = true};
	static const struct kept_state nothing;

	/* git knows no file that becomes a link: one goes, another comes. */
	if (is_file(from) && is_file(to) && S_ISLNK(from->mode) != S_ISLNK(to->mode)) {
		struct diff_counts gone =
			keep_diff_sides(out, path, from, before, &nothing, STR(""));
		struct diff_counts come = keep_diff_sides(out, path, &nothing, STR(""), to, after);
		return (struct diff_counts){come.added, gone.deleted};
	}
	return diff_put_unified(out, &o, before, after);
}

static bool recall_sides(const struct kept_file *file, struct side *before, struct side *now)
{
	before->state = file->first;
	now->state = file->last;
	buf_put_str(&before->bytes, file->first_bytes);
	buf_put_str(&now->bytes, file->last_bytes);
	return !kept_state_eq(&before->state, &now->state);
}

/* Both sides with their bytes; false, and a note, when the difference cannot be told. */
static bool read_sides(struct keep *k, const struct kept_file *file, struct side *before,
	struct side *now, struct buf *notes)
{
	struct err e;

	if (k->is_dry)
		return recall_sides(file, before, now);
	before->state = file->first;
	if (!keep_look(k->workspace, file->path, &now->state, &now->bytes, &e)) {
		put_note(notes, file->path, e.text);
		return false;
	}
	if (kept_state_eq(&before->state, &now->state))
		return false;
	if (!is_file(&before->state) && !is_file(&now->state))
		return false;
	if (is_file(&now->state) && !now->state.has_digest) {
		put_note(notes, file->path, "more than 16 MB, no diff");
		return false;
	}
	if (!is_file(&before->state))
		return true;
	if (file->unkept.p) {
		put_note(notes, file->path, "its former contents are not kept, no diff");
		return false;
	}
	if (store_get(&k->store, &before->state.digest, &before->bytes, &e))
		return true;
	put_note(notes, file->path, e.text);
	return false;
}

static char kind_of(const struct side *before, const struct side *now)
{
	return !is_file(&before->state) ? 'A' : !is_file(&now->state) ? 'D' : 'M';
}

typedef VEC(struct keep_change) net_list;

static void add_change(struct keep *k, const struct kept_file *file, struct arena *a, net_list *out,
	struct buf *diff, struct buf *notes)
{
	AUTO(side) before = {0};
	AUTO(side) now = {0};
	size_t start = diff->n;

	if (!read_sides(k, file, &before, &now, notes))
		return;
	struct str old = buf_str(&before.bytes), new = buf_str(&now.bytes);
	struct diff_counts counts =
		keep_diff_sides(diff, file->path, &before.state, old, &now.state, new);
	if (diff_is_large(old, new)) {
		buf_cut(diff, start);
		put_note(notes, file->path, KEEP_LARGE_WORDS);
	}
	if (out)
		vec_push(out, (struct keep_change){.path = arena_copy(a, file->path),
				      .kind = kind_of(&before, &now),
				      .is_text = !diff_is_binary(old) && !diff_is_binary(new),
				      .added = (int64_t)counts.added,
				      .removed = (int64_t)counts.deleted});
}

size_t keep_changes(struct keep *k, struct arena *a, struct keep_change **out)
{
	net_list list = {0};
	AUTO(buf) diff = {0};

	*out = NULL;
	if (!k)
		return 0;
	pthread_mutex_lock(&k->lock);
	keep_note_standing(k);
	vec_each (&k->files, file) {
		add_change(k, file, a, &list, &diff, NULL);
		buf_clear(&diff);
	}
	pthread_mutex_unlock(&k->lock);
	if (list.n) {
		*out = arena_alloc(a, list.n, sizeof **out);
		memcpy(*out, list.p, list.n * sizeof **out);
	}
	size_t count = list.n;
	vec_release(&list);
	return count;
}

void keep_put_diff(struct keep *k, struct buf *out, struct buf *notes)
{
	AUTO(buf) diff = {.max = DIFF_MAX_BYTES};
	AUTO(arena) scratch = {0};

	if (!k)
		return;
	pthread_mutex_lock(&k->lock);
	keep_note_standing(k);
	vec_each (&k->files, file) {
		buf_clear(&diff);
		add_change(k, file, &scratch, NULL, &diff, notes);
		if (diff.overflow)
			put_note(notes, file->path, "more than 64 MB of differences, no diff");
		else
			buf_put_str(out, buf_str(&diff));
	}
	pthread_mutex_unlock(&k->lock);
}
