// SPDX-License-Identifier: MIT
/*
 * sweep: when the store is too large, journals and indexes go from the oldest on, and every object
 * that none of the others names. The run that ends and its workspace's index stay in any case.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "agent/keep/tree.h"
#include "base/file.h"
#include "base/log.h"

/* A file that says which objects are needed. */
struct holder {
	struct str tree, directory, name; /* directory: "runs" or "." */
	bool is_index, is_current;
	struct timespec changed;
};

struct digests {
	struct sha256 *slots;
	bool *is_used;
	size_t count, capacity; /* a power of two */
};

struct sweep {
	struct keep *keep;
	struct arena arena;
	VEC(struct holder) holders;
	struct digests marked;
	int64_t bytes, max_bytes;
	bool is_full;
};

/* ---- a set of digests ---- */

static size_t slot_of(const struct digests *set, const struct sha256 *digest)
{
	uint64_t hash;

	memcpy(&hash, digest->bytes, sizeof hash);
	for (size_t at = hash & (set->capacity - 1);; at = (at + 1) & (set->capacity - 1))
		if (!set->is_used[at] || sha256_eq(&set->slots[at], digest))
			return at;
}

static bool digests_has(const struct digests *set, const struct sha256 *digest)
{
	return set->capacity && set->is_used[slot_of(set, digest)];
}

static void digests_grow(struct digests *set)
{
	struct digests larger = {
		.capacity = set->capacity ? set->capacity * 2 : 1024, .count = set->count};

	larger.slots = must_alloc(larger.capacity, sizeof *larger.slots);
	larger.is_used = must_alloc(larger.capacity, sizeof *larger.is_used);
	for (size_t i = 0; i < set->capacity; i++) {
		if (!set->is_used[i])
			continue;
		size_t at = slot_of(&larger, &set->slots[i]);
		larger.slots[at] = set->slots[i];
		larger.is_used[at] = true;
	}
	free(set->slots);
	free(set->is_used);
	*set = larger;
}

/* False when it was there already. */
static bool digests_add(struct digests *set, const struct sha256 *digest)
{
	if (set->count * 2 >= set->capacity)
		digests_grow(set);
	size_t at = slot_of(set, digest);
	if (set->is_used[at])
		return false;
	set->slots[at] = *digest;
	set->is_used[at] = true;
	set->count++;
	return true;
}

/* ---- who holds what ---- */

static DIR *open_list(int at, const char *name)
{
	int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	DIR *list = fd >= 0 ? fdopendir(fd) : NULL;

	if (!list)
		file_close(&fd);
	return list;
}

static void add_holder(struct sweep *s, int fd, struct str tree, const char *directory,
	const char *name, bool is_own_tree)
{
	struct stat st;
	struct str file = arena_copy(&s->arena, str_from(name)), run = s->keep->run;
	bool is_before = str_ends(file, STR(".before"));

	if (fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(st.st_mode))
		return;
	vec_push(&s->holders, (struct holder){.tree = tree,
				      .directory = str_from(directory),
				      .name = file,
				      .is_index = is_before || strcmp(directory, ".") == 0,
				      .is_current = is_own_tree && (strcmp(directory, ".") == 0 ||
									   str_starts(file, run)),
				      .changed = st.st_mtim});
}

static void find_holders(struct sweep *s, int trees_fd)
{
	char own[TREE_NAME_BYTES];
	DIR *trees = open_list(trees_fd, ".");

	keep_tree_name(s->keep->workspace, own);
	for (struct dirent *d; trees && (d = readdir(trees));) {
		if (d->d_name[0] == '.')
			continue;
		struct str tree = arena_copy(&s->arena, str_from(d->d_name));
		bool is_own = strcmp(d->d_name, own) == 0;
		AUTO_FD fd = openat(
			trees_fd, d->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
		if (fd < 0)
			continue;
		add_holder(s, fd, tree, ".", "index", is_own);
		DIR *runs = open_list(fd, "runs");
		for (struct dirent *r; runs && (r = readdir(runs));)
			if (r->d_name[0] != '.')
				add_holder(s, dirfd(runs), tree, "runs", r->d_name, is_own);
		if (runs)
			closedir(runs);
	}
	if (trees)
		closedir(trees);
}

static int newest_first(const void *a, const void *b)
{
	const struct holder *x = a, *y = b;

	if (x->is_current != y->is_current)
		return x->is_current ? -1 : 1;
	if (x->changed.tv_sec != y->changed.tv_sec)
		return x->changed.tv_sec > y->changed.tv_sec ? -1 : 1;
	return x->changed.tv_nsec == y->changed.tv_nsec  ? 0
	       : x->changed.tv_nsec > y->changed.tv_nsec ? -1
							 : 1;
}

/* What a holder needs, read from its file; one that cannot be read needs nothing. */
struct needs {
	struct arena arena;
	struct tree_index index;
	struct journal journal;
};

static void needs_release(struct needs *n)
{
	tree_index_release(&n->index);
	journal_release(&n->journal);
	arena_release(&n->arena);
}

static void needs_read(struct needs *n, int trees_fd, const char *path, bool is_index)
{
	struct err e;

	if (is_index)
		(void)!tree_index_read(&n->index, trees_fd, path, &e);
	else
		(void)!journal_read(trees_fd, path, &n->arena, &n->journal, &e);
}

/* Bytes that nobody newer needs. */
static int64_t weigh(struct sweep *s, const struct kept_state *state, bool marks)
{
	bool is_new = state->has_digest && (marks ? digests_add(&s->marked, &state->digest)
						  : !digests_has(&s->marked, &state->digest));

	return is_new ? state->size_bytes : 0;
}

static int64_t weigh_all(struct sweep *s, const struct needs *n, bool marks)
{
	int64_t bytes = 0;

	vec_each (&n->index.entries, entry)
		bytes += weigh(s, &entry->state, marks);
	vec_each (&n->journal.changes, change)
		bytes += weigh(s, &change->from, marks);
	return bytes;
}

static void judge_holder(struct sweep *s, int trees_fd, const struct holder *h)
{
	const char *path = arena_printf(&s->arena, "%.*s/%.*s/%.*s", STR_ARG(h->tree),
		STR_ARG(h->directory), STR_ARG(h->name))
				   .p;
	AUTO(needs) needs = {0};

	needs_read(&needs, trees_fd, path, h->is_index);
	s->is_full |= s->bytes + weigh_all(s, &needs, false) > s->max_bytes;
	if (s->is_full && !h->is_current)
		unlinkat(trees_fd, path, 0);
	else
		s->bytes += weigh_all(s, &needs, true);
}

/* ---- what nobody holds ---- */

static void sweep_fan(struct sweep *s, const char *fan, int64_t *left)
{
	DIR *list = open_list(s->keep->store.objects_fd, fan);
	char text[SHA256_TEXT + NAME_MAX];
	struct sha256 digest;
	struct stat st;

	for (struct dirent *d; list && (d = readdir(list));) {
		if (fstatat(dirfd(list), d->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
			!S_ISREG(st.st_mode))
			continue;
		snprintf(text, sizeof text, "%s%s", fan, d->d_name);
		if (sha256_read(str_from(text), &digest) && digests_has(&s->marked, &digest))
			*left += st.st_size;
		else
			unlinkat(dirfd(list), d->d_name, 0);
	}
	if (list)
		closedir(list);
}

void keep_sweep(struct keep *k, int64_t max_bytes)
{
	struct sweep s = {.keep = k, .max_bytes = max_bytes};
	int64_t left = 0;
	char fan[3];

	if (store_size(&k->store) <= max_bytes || !store_lock_alone(&k->store))
		return;
	AUTO_FD trees = openat(k->store.fd, "trees", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (trees < 0)
		return;
	find_holders(&s, trees);
	if (s.holders.n)
		qsort(s.holders.p, s.holders.n, sizeof *s.holders.p, newest_first);
	vec_each (&s.holders, holder)
		judge_holder(&s, trees, holder);
	for (int i = 0; i < 256; i++) {
		snprintf(fan, sizeof fan, "%02x", (unsigned)i);
		sweep_fan(&s, fan, &left);
	}
	store_set_size(&k->store, left);
	log_debug("undo store swept: %lld bytes left", (long long)left);
	vec_release(&s.holders);
	free(s.marked.slots);
	free(s.marked.is_used);
	arena_release(&s.arena);
}
