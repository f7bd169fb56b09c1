// SPDX-License-Identifier: MIT
#include "agent/keep/tree.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "index/index.h"

#define INDEX_NAME "index"

/* ---- a scan ---- */

struct looker {
	struct arena arena;
	VEC(struct tree_entry) entries;
};

struct scanning {
	struct looker *lookers;
	atomic_size_t count;
};

static int64_t in_ns(struct timespec t)
{
	return (int64_t)t.tv_sec * 1'000'000'000 + t.tv_nsec;
}

/* The kernel stamps files with the coarse clock, a tick at a time. */
static int64_t file_clock_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME_COARSE, &t);
	return in_ns(t);
}

static bool look(void *self, const struct scan_file *file)
{
	struct scanning *s = self;
	struct looker *l = &s->lookers[file->worker];
	struct stat st;

	if (fstatat(file->dir_fd, file->name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return true;
	if (!S_ISREG(st.st_mode) && !S_ISLNK(st.st_mode) && !S_ISDIR(st.st_mode))
		return true;
	vec_push(&l->entries, (struct tree_entry){.path = arena_copy(&l->arena, file->path),
				      .state.mode = st.st_mode,
				      .state.size_bytes = S_ISDIR(st.st_mode) ? 0 : st.st_size,
				      .changed_ns = in_ns(st.st_ctim),
				      .modified_ns = in_ns(st.st_mtim),
				      .inode = st.st_ino});
	return atomic_fetch_add_explicit(&s->count, 1, memory_order_relaxed) < KEEP_TREE_MAX_FILES;
}

static int by_path(const void *a, const void *b)
{
	return str_cmp(((const struct tree_entry *)a)->path, ((const struct tree_entry *)b)->path);
}

/* Fettle's own directory is left out where it lies inside. */
static struct str own_directory(const struct keep *k, struct arena *a)
{
	struct str root = str_from(k->workspace->root), own = str_from(k->directory);

	if (!str_starts(own, root) || (root.n > 1 && own.n > root.n && own.p[root.n] != '/'))
		return (struct str){0};
	return arena_printf(a, "!/%.*s/**", STR_ARG(str_skip(own, root.n + (root.n > 1))));
}

bool tree_scan(struct tree *t, const struct keep *k, const atomic_bool *cancel, struct err *e)
{
	AUTO(arena) scratch = {0};
	struct scan_options options = {.root = k->workspace->root,
		.start = "",
		.hidden = true,
		.directories = true,
		.cancel = cancel};
	const char *const include[] = {own_directory(k, &scratch).p, NULL};
	struct scan_stats stats;
	struct scanning s = {0};

	if (include[0])
		options.include = include;
	t->arena_count = (size_t)scan_workers(&options);
	s.lookers = must_alloc(t->arena_count, sizeof *s.lookers);
	t->arenas = must_alloc(t->arena_count, sizeof *t->arenas);
	t->at_ns = file_clock_ns();
	bool is_scanned = scan_tree(&options, look, &s, &stats, e);
	t->is_too_large = atomic_load(&s.count) > KEEP_TREE_MAX_FILES;
	for (size_t i = 0; i < t->arena_count; i++) {
		vec_each (&s.lookers[i].entries, entry)
			vec_push(&t->entries, *entry);
		vec_release(&s.lookers[i].entries);
		t->arenas[i] = s.lookers[i].arena;
	}
	free(s.lookers);
	if (t->entries.n)
		qsort(t->entries.p, t->entries.n, sizeof *t->entries.p, by_path);
	if (is_scanned && cancel && atomic_load(cancel))
		return err_set(e, ERR_CANCELLED, "stopped");
	return is_scanned;
}

void tree_release(struct tree *t)
{
	for (size_t i = 0; i < t->arena_count; i++)
		arena_release(&t->arenas[i]);
	free(t->arenas);
	vec_release(&t->entries);
	*t = (struct tree){0};
}

bool tree_is_same(const struct tree_entry *before, int64_t looked_ns, const struct tree_entry *now)
{
	if (before->state.mode != now->state.mode)
		return false;
	return S_ISDIR(now->state.mode) ||
	       (before->state.size_bytes == now->state.size_bytes &&
		       before->changed_ns == now->changed_ns &&
		       before->modified_ns == now->modified_ns && before->inode == now->inode &&
		       before->changed_ns < looked_ns);
}

/* ---- the index's file ---- */

/* Behind the line "fettle tree 1\n": one of these, then entries, each with its path behind it. */
struct index_head {
	uint64_t generation, count;
};

struct index_entry {
	uint32_t path_n, mode;
	int64_t size_bytes, changed_ns, modified_ns;
	uint64_t inode;
	struct sha256 digest;
};

#define MAGIC "fettle tree 1\n"

bool tree_index_read(struct tree_index *index, int directory_fd, const char *name, struct err *e)
{
	struct index_head head;
	struct index_entry entry;
	struct tree_index made = {0};

	if (!file_read(directory_fd, name, JOURNAL_MAX_BYTES, &made.bytes, e))
		return false;
	struct str rest = buf_str(&made.bytes);
	bool is_good = str_starts(rest, STR(MAGIC)) && rest.n >= sizeof MAGIC - 1 + sizeof head;
	if (is_good) {
		memcpy(&head, rest.p + sizeof MAGIC - 1, sizeof head);
		rest = str_skip(rest, sizeof MAGIC - 1 + sizeof head);
		made.generation = head.generation;
	}
	while (is_good && rest.n) {
		is_good = rest.n >= sizeof entry;
		if (!is_good)
			break;
		memcpy(&entry, rest.p, sizeof entry);
		rest = str_skip(rest, sizeof entry);
		is_good = entry.path_n && entry.path_n <= rest.n;
		vec_push(&made.entries, (struct tree_entry){.path = str_head(rest, entry.path_n),
						.state = {.mode = entry.mode,
							.size_bytes = entry.size_bytes,
							.has_digest = !S_ISDIR(entry.mode),
							.digest = entry.digest},
						.changed_ns = entry.changed_ns,
						.modified_ns = entry.modified_ns,
						.inode = entry.inode});
		rest = str_skip(rest, entry.path_n);
	}
	if (!is_good || made.entries.n != head.count) {
		tree_index_release(&made);
		return err_set(e, ERR_PARSE, "%s: damaged", name);
	}
	*index = made;
	return true;
}

void tree_index_release(struct tree_index *index)
{
	buf_release(&index->bytes);
	vec_release(&index->entries);
	*index = (struct tree_index){0};
}

void tree_index_free(struct tree_index *index)
{
	if (index)
		tree_index_release(index);
	free(index);
}

bool tree_index_write(const struct tree *t, uint64_t generation, int directory_fd, struct err *e)
{
	struct index_head head = {.generation = generation};
	AUTO(buf) bytes = {.max = JOURNAL_MAX_BYTES};

	buf_put_text(&bytes, MAGIC);
	buf_put(&bytes, &head, sizeof head);
	vec_each (&t->entries, entry) {
		const struct kept_state *state = &entry->state;
		if (!S_ISDIR(state->mode) && !state->has_digest)
			continue;
		struct index_entry made = {.path_n = (uint32_t)entry->path.n,
			.mode = state->mode,
			.size_bytes = state->size_bytes,
			.changed_ns = entry->changed_ns < t->at_ns ? entry->changed_ns : 0,
			.modified_ns = entry->modified_ns,
			.inode = entry->inode,
			.digest = state->digest};
		buf_put(&bytes, &made, sizeof made);
		buf_put_str(&bytes, entry->path);
		head.count++;
	}
	if (bytes.overflow)
		return err_set(e, ERR_LIMIT, "the index is too large");
	memcpy(bytes.p + sizeof MAGIC - 1, &head, sizeof head);
	return store_write(directory_fd, INDEX_NAME, buf_str(&bytes), false, e);
}
