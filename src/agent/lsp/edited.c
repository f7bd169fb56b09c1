// SPDX-License-Identifier: MIT
/* edited: the files that a conversation has changed, each once. */
#include <pthread.h>
#include <stdlib.h>

#include "agent/hands.h"
#include "agent/lsp.h"
#include "base/must.h"
#include "base/vec.h"

struct lsp_edited {
	pthread_mutex_t lock; /* protects what follows */
	struct arena arena;
	VEC(struct lsp_file) files;
};

struct lsp_edited *lsp_edited_new(void)
{
	struct lsp_edited *edited = must_alloc(1, sizeof *edited);

	*edited = (struct lsp_edited){0};
	pthread_mutex_init(&edited->lock, NULL);
	return edited;
}

void lsp_edited_free(struct lsp_edited *edited)
{
	vec_release(&edited->files);
	arena_release(&edited->arena);
	pthread_mutex_destroy(&edited->lock);
	free(edited);
}

static void add_one(struct lsp_edited *edited, const struct lsp_file *file)
{
	vec_each (&edited->files, known)
		if (str_eq(known->path, file->path))
			return;
	struct lsp_file copy = {
		arena_copy(&edited->arena, file->path), arena_copy(&edited->arena, file->shown)};
	vec_push(&edited->files, copy);
}

void lsp_edited_add(struct lsp_edited *edited, const struct lsp_file *files, size_t count)
{
	pthread_mutex_lock(&edited->lock);
	for (size_t i = 0; i < count; i++)
		add_one(edited, &files[i]);
	pthread_mutex_unlock(&edited->lock);
}

struct lsp_file *lsp_edited_files(const struct tool_call *call, size_t *count)
{
	struct lsp_edited *edited = call->memory->edited;
	struct lsp_file *files = NULL;

	pthread_mutex_lock(&edited->lock);
	*count = edited->files.n;
	if (edited->files.n)
		files = arena_alloc(call->arena, edited->files.n, sizeof *files);
	for (size_t i = 0; i < edited->files.n; i++)
		files[i] = (struct lsp_file){arena_copy(call->arena, edited->files.p[i].path),
			arena_copy(call->arena, edited->files.p[i].shown)};
	pthread_mutex_unlock(&edited->lock);
	return files;
}
