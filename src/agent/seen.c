// SPDX-License-Identifier: MIT
#include "agent/seen.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/hash.h"
#include "base/vec.h"

struct seen_file {
	char *path;
	struct seen_mark mark;
	bool is_marked;
	bool has_draft, is_gone;
	struct buf draft;
};

struct seen {
	pthread_mutex_t lock;
	VEC(struct seen_file) files;
};

struct seen *seen_new(void)
{
	struct seen *s = must_alloc(1, sizeof *s);

	must(pthread_mutex_init(&s->lock, NULL) == 0);
	return s;
}

void seen_free(struct seen *s)
{
	if (!s)
		return;
	vec_each (&s->files, file) {
		free(file->path);
		buf_release(&file->draft);
	}
	vec_release(&s->files);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

void seen_mark_add(struct seen_mark *mark, struct str piece)
{
	uint64_t parts[2] = {mark->hash, hash_bytes(piece)};

	mark->hash = hash_bytes((struct str){(const char *)parts, sizeof parts});
	mark->size_bytes += piece.n;
}

struct seen_mark seen_mark_of(struct str bytes)
{
	struct seen_mark mark = {0};

	for (; bytes.n; bytes = str_skip(bytes, SEEN_PIECE_BYTES))
		seen_mark_add(&mark, str_head(bytes, SEEN_PIECE_BYTES));
	return mark;
}

/* With the lock held. NULL when there is none. */
static struct seen_file *find(struct seen *s, struct str path)
{
	vec_each (&s->files, file)
		if (str_is(path, file->path))
			return file;
	return NULL;
}

static struct seen_file *find_or_add(struct seen *s, struct str path)
{
	struct seen_file *file = find(s, path);

	if (file)
		return file;
	vec_push(&s->files, (struct seen_file){.path = must_copy(path.p, path.n)});
	return &s->files.p[s->files.n - 1];
}

void seen_note(struct seen *s, struct str path, struct seen_mark mark)
{
	pthread_mutex_lock(&s->lock);
	struct seen_file *file = find_or_add(s, path);
	file->mark = mark;
	file->is_marked = true;
	pthread_mutex_unlock(&s->lock);
}

enum seen_state seen_compare(struct seen *s, struct str path, struct seen_mark mark)
{
	enum seen_state state = SEEN_NEVER;

	pthread_mutex_lock(&s->lock);
	const struct seen_file *file = find(s, path);
	if (file && file->is_marked)
		state = file->mark.size_bytes == mark.size_bytes && file->mark.hash == mark.hash
				? SEEN_SAME
				: SEEN_OTHER;
	pthread_mutex_unlock(&s->lock);
	return state;
}

void seen_forget(struct seen *s, struct str path)
{
	pthread_mutex_lock(&s->lock);
	struct seen_file *file = find(s, path);
	if (file)
		file->is_marked = false;
	pthread_mutex_unlock(&s->lock);
}

void seen_put_draft(struct seen *s, struct str path, struct str bytes)
{
	pthread_mutex_lock(&s->lock);
	struct seen_file *file = find_or_add(s, path);
	buf_clear(&file->draft);
	buf_put_str(&file->draft, bytes);
	file->has_draft = true;
	file->is_gone = !bytes.p;
	pthread_mutex_unlock(&s->lock);
}

bool seen_draft(struct seen *s, struct str path, struct arena *a, struct str *bytes)
{
	bool has = false;

	pthread_mutex_lock(&s->lock);
	const struct seen_file *file = find(s, path);
	if (file && file->has_draft) {
		has = true;
		*bytes = file->is_gone ? (struct str){0} : arena_copy(a, buf_str(&file->draft));
	}
	pthread_mutex_unlock(&s->lock);
	return has;
}
