// SPDX-License-Identifier: MIT
#include "usage/find.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/hash.h"
#include "base/processors.h"
#include "usage/names.h"

enum {
	BASES_MAX = 512, /* directories that are open at once */
	ALONE_FILES = 64, /* fewer are looked at sooner than a thread begins */
	DEPTH_MAX = 32,
	/* A directory may change again within the same tick of its clock, unseen. */
	SETTLED_NS = 100'000'000,
};

/* ---- places ---- */

struct place_taker {
	struct usage_places head;
	struct find_places *out;
	uint32_t source;
};

static void take_place(struct usage_places *head, struct str path, unsigned note)
{
	struct place_taker *taker = (struct place_taker *)head;

	while (path.n > 1 && path.p[path.n - 1] == '/')
		path.n--;
	vec_each (&taker->out->all, place) {
		if (place->source == taker->source && place->note == note &&
			str_eq(place->path, path))
			return;
	}
	vec_push(&taker->out->all,
		(struct find_place){taker->source, arena_copy(&taker->out->arena, path), note});
}

void find_places_release(struct find_places *places)
{
	vec_release(&places->all);
	arena_release(&places->arena);
}

void find_places_fill(
	struct find_places *places, const char *(*environment)(const char *name), bool is_usual)
{
	const char *home = environment("HOME");

	for (uint32_t source = 0; usage_readers[source]; source++) {
		struct place_taker taker = {
			.head = {.environment = environment,
				.home = home && home[0] == '/' ? home : NULL,
				.is_usual = is_usual,
				.arena = &places->arena,
				.add = take_place},
			.out = places,
			.source = source,
		};
		usage_readers[source]->places(&taker.head);
	}
}

uint64_t find_places_mark(const struct find_places *places)
{
	AUTO(buf) all = {0};

	vec_each (&places->all, place) {
		buf_put_text(&all, usage_readers[place->source]->name);
		buf_put_char(&all, '\n');
		buf_put_str(&all, place->path);
		buf_put_char(&all, '\n');
	}
	return hash_bytes(buf_str(&all));
}

/* ---- threads ---- */

struct thread_work {
	void (*work)(void *self, int thread);
	void *self;
	int thread;
};

static void *run_thread(void *p)
{
	struct thread_work *w = p;

	w->work(w->self, w->thread);
	return NULL;
}

void find_on_all(void (*work)(void *self, int thread), void *self, int limit)
{
	int count = processors_count(FIND_THREADS_MAX), started = 0;
	pthread_t threads[FIND_THREADS_MAX];
	struct thread_work works[FIND_THREADS_MAX];

	if (count > limit)
		count = limit;
	for (int i = 1; i < count; i++) {
		works[started] = (struct thread_work){work, self, i};
		if (pthread_create(&threads[started], NULL, run_thread, &works[started]) == 0)
			started++;
	}
	work(self, 0);
	for (int i = 0; i < started; i++)
		(void)pthread_join(threads[i], NULL);
}

/* ---- what is known ---- */

static int64_t time_ns(struct timespec t)
{
	return (int64_t)t.tv_sec * 1'000'000'000 + t.tv_nsec;
}

static struct known_facts facts_of(const struct stat *s)
{
	return (struct known_facts){s->st_dev, s->st_ino, s->st_size, time_ns(s->st_mtim)};
}

/* What is committed to a database may be in its log for long, and the database does not change. */
static void add_log(struct known_facts *facts, const struct known_dir *dir, struct str name)
{
	char path[PATH_MAX];
	struct stat s;

	if (!usage_readers[dir->source]->database || !str_ends(name, STR(".db")))
		return;
	int n = snprintf(path, sizeof path, "%.*s/%.*s-wal", STR_ARG(dir->path), STR_ARG(name));
	if (n >= (int)sizeof path || stat(path, &s) < 0)
		return;
	facts->size_bytes += s.st_size;
	if (time_ns(s.st_mtim) > facts->modified_ns)
		facts->modified_ns = time_ns(s.st_mtim);
}

static void look_at_file(
	struct known_file *file, const struct known_dir *dir, int dir_fd, const char *path)
{
	struct stat s;

	if (fstatat(dir_fd, path, &s, 0) < 0) {
		if (errno == ENOENT || errno == ENOTDIR || errno == ELOOP)
			file->change = file->state == USAGE_FILE_GONE ? KNOWN_SAME : KNOWN_VANISHED;
		else
			file->change =
				file->state == USAGE_FILE_UNREADABLE ? KNOWN_SAME : KNOWN_SHUT;
		return;
	}
	struct known_facts now = facts_of(&s);
	add_log(&now, dir, file->name);
	const struct known_facts *then = &file->facts;
	bool is_same = now.inode == then->inode && now.device == then->device;
	if (is_same && now.size_bytes == then->size_bytes && now.modified_ns == then->modified_ns &&
		file->state == USAGE_FILE_READ)
		return;
	file->now = now;
	file->change =
		is_same && file->state == USAGE_FILE_READ && now.size_bytes > then->size_bytes
			? KNOWN_GREW
			: KNOWN_NEW;
}

/* The way to a directory: from one that is open, with what of its path is behind that. */
struct way {
	int fd; /* AT_FDCWD: its whole path */
	uint32_t at;
};

/*
 * A directory right below a place is opened once, and all below it is looked at from there: most of
 * what a look costs is the way to it.
 */
struct looker {
	struct known *known;
	const bool *is_wanted;
	struct way *ways; /* of directories */
	VEC(int) open;
	size_t group_count; /* of files; behind them come the runs */
	size_t dir_count, dir_runs; /* of DIR_RUN directories */
	bool *must_list; /* by run: one of its directories has to be listed */
	_Atomic bool has_changes;
	_Atomic bool is_bad; /* a group that cannot be unpacked */
	_Atomic size_t next;
};

enum { DIR_RUN = 64 };

/* The directory right below its place that this one is in, or the place itself. */
static uint32_t base_of(const struct known *known, const uint32_t *bases, uint32_t dir)
{
	const struct known_dir *dirs = known->dirs.p;
	uint32_t parent = dirs[dir].parent;

	return parent == dir || dirs[parent].parent == parent ? dir : bases[parent];
}

static void open_base(struct looker *l, uint32_t base)
{
	const struct known_dir *dir = &l->known->dirs.p[base];
	char path[PATH_MAX];

	if (l->open.n >= BASES_MAX || dir->path.n >= sizeof path)
		return;
	(void)snprintf(path, sizeof path, "%.*s", STR_ARG(dir->path));
	int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return;
	vec_push(&l->open, fd);
	l->ways[base] = (struct way){fd, (uint32_t)dir->path.n};
}

static void open_bases(struct looker *l)
{
	const struct known *known = l->known;
	uint32_t *bases = must_alloc(known->dirs.n + 1, sizeof *bases);

	l->ways = must_alloc(known->dirs.n + 1, sizeof *l->ways);
	l->group_count = known->groups.n;
	l->dir_count = known->dirs.n;
	l->dir_runs = (known->dirs.n + DIR_RUN - 1) / DIR_RUN;
	l->must_list = must_alloc(l->dir_runs + 1, sizeof *l->must_list);
	for (uint32_t i = 0; i < known->dirs.n; i++) {
		const struct known_dir *dir = &known->dirs.p[i];
		uint32_t base = bases[i] = base_of(known, bases, i);
		l->ways[i].fd = AT_FDCWD;
		if (dir->kind != KNOWN_DIRECTORY || !l->is_wanted[dir->source])
			continue;
		if (base == i)
			open_base(l, i);
		else if (l->ways[base].fd >= 0)
			l->ways[i] = (struct way){l->ways[base].fd, l->ways[base].at + 1};
	}
	free(bases);
}

static void close_bases(struct looker *l)
{
	vec_each (&l->open, fd)
		file_close(fd);
	vec_release(&l->open);
	free(l->ways);
	free(l->must_list);
}

/* The way to a directory, or to a file in it; false: too long. */
static bool way_to(
	const struct looker *l, uint32_t number, struct str name, int *fd, char path[PATH_MAX])
{
	struct str way = str_skip(l->known->dirs.p[number].path, l->ways[number].at);

	*fd = l->ways[number].fd;
	if (way.n + name.n + 2 > PATH_MAX)
		return false;
	memcpy(path, way.p, way.n);
	if (way.n && name.n)
		path[way.n++] = '/';
	memcpy(path + way.n, name.p, name.n);
	path[way.n + name.n] = '\0';
	return true;
}

/* A group's files are looked at when they have just been unpacked. */
static void look_at_group(struct looker *l, size_t number)
{
	struct known *known = l->known;
	struct known_group *group = &known->groups.p[number];
	char path[PATH_MAX];
	int fd;

	if (!known_unpack(known, number)) {
		l->is_bad = true;
		return;
	}
	for (uint32_t i = group->first; i < group->first + group->count; i++) {
		struct known_file *file = &known->files.p[i];
		const struct known_dir *dir = &known->dirs.p[file->dir];
		if (dir->kind == KNOWN_ELSEWHERE || !l->is_wanted[dir->source])
			continue;
		if (way_to(l, file->dir, file->name, &fd, path))
			look_at_file(file, dir, fd, path);
		group->has_changes |= file->change != KNOWN_SAME;
	}
	if (group->has_changes)
		l->has_changes = true;
}

static bool look_at_dir(const struct looker *l, uint32_t number)
{
	struct known_dir *dir = &l->known->dirs.p[number];
	char path[PATH_MAX];
	struct stat s;
	int fd;

	if (!way_to(l, number, STR(""), &fd, path) || fstatat(fd, path, &s, AT_EMPTY_PATH) < 0) {
		dir->inode = dir->device = 0;
		dir->modified_ns = 0;
		return false;
	}
	dir->now_modified_ns = time_ns(s.st_mtim);
	dir->is_changed = dir->inode != s.st_ino || dir->device != s.st_dev;
	dir->must_list = dir->is_changed || dir->modified_ns == 0 ||
			 dir->modified_ns != dir->now_modified_ns;
	dir->inode = s.st_ino;
	dir->device = s.st_dev;
	return dir->must_list;
}

static void look_at_dirs(struct looker *l, size_t run)
{
	for (size_t i = run * DIR_RUN; i < (run + 1) * DIR_RUN && i < l->dir_count; i++) {
		const struct known_dir *dir = &l->known->dirs.p[i];
		if (dir->kind == KNOWN_DIRECTORY && l->is_wanted[dir->source])
			l->must_list[run] |= look_at_dir(l, (uint32_t)i);
	}
	if (l->must_list[run])
		l->has_changes = true;
}

static void look(void *self, int)
{
	struct looker *l = self;
	size_t count = l->group_count + l->dir_runs;

	for (size_t i; (i = atomic_fetch_add(&l->next, 1)) < count;) {
		if (i < l->group_count)
			look_at_group(l, (l->known->last_changed + i) % l->group_count);
		else
			look_at_dirs(l, i - l->group_count);
	}
}

/* ---- what is new ---- */

/* A name that may be another one of a file that is found, too: looked at when all are. */
struct found_link {
	uint32_t dir;
	struct str name;
	struct stat facts;
};

struct lister {
	struct known *known;
	struct names visited; /* directories: device, inode, source */
	bool has_visited;
	/* Of the directory that is listed: names that may come to count without a change of it, as
	   they are other ones of what is known, or lead nowhere now; and why some stay unknown. */
	bool has_loose_names;
	int error;
	VEC(struct found_link) links;
	int64_t now_ns;
};

static struct str place_key(uint64_t parts[3], uint64_t device, uint64_t inode, uint32_t source)
{
	parts[0] = device;
	parts[1] = inode;
	parts[2] = source;
	return (struct str){(const char *)parts, 3 * sizeof *parts};
}

/* False: it was visited under some other name. */
static bool visit_once(struct lister *l, uint64_t device, uint64_t inode, uint32_t source)
{
	uint64_t parts[3];
	uint32_t found;

	if (!l->has_visited) {
		vec_each (&l->known->dirs, dir)
			if (dir->kind == KNOWN_DIRECTORY)
				(void)names_add(&l->visited,
					place_key(parts, dir->device, dir->inode, dir->source));
		l->has_visited = true;
	}
	struct str key = place_key(parts, device, inode, source);
	if (names_find(&l->visited, key, &found))
		return false;
	(void)names_add(&l->visited, key);
	return true;
}

/* False: it is known by some other name. */
static bool add_dir(struct lister *l, const struct known_dir *like, uint32_t parent,
	struct str path, const struct stat *s)
{
	struct known_dir dir = {
		.path = path,
		.source = like->source,
		.note = like->note,
		.place_n = like->place_n ? like->place_n : (uint32_t)path.n,
		.kind = KNOWN_DIRECTORY,
		.parent = parent == UINT32_MAX ? (uint32_t)l->known->dirs.n : parent,
		.device = s->st_dev,
		.inode = s->st_ino,
		.must_list = true,
		.now_modified_ns = time_ns(s->st_mtim),
	};

	if (!visit_once(l, dir.device, dir.inode, dir.source))
		return false;
	(void)known_add_dir(l->known, &dir);
	return true;
}

static bool is_known_dir(const struct known *known, struct str path)
{
	vec_each (&known->dirs, dir)
		if (dir->kind == KNOWN_DIRECTORY && str_eq(dir->path, path))
			return true;
	return false;
}

static void add_file(struct lister *l, uint32_t dir, struct str name, const struct stat *s)
{
	uint32_t number = known_add_file(l->known, dir, name);
	struct known_file *file = &l->known->files.p[number];

	file->now = facts_of(s);
	add_log(&file->now, &l->known->dirs.p[dir], name);
	file->change = KNOWN_NEW;
	vec_push(&l->known->changed, number);
}

static void list_entry(
	struct lister *l, uint32_t number, int fd, const struct dirent *entry, struct names *had)
{
	struct known_dir *dir = &l->known->dirs.p[number];
	const struct usage_reader *reader = usage_readers[dir->source];
	char path[PATH_MAX];
	struct stat s;
	uint32_t found;

	int n = snprintf(path, sizeof path, "%.*s/%s", STR_ARG(dir->path), entry->d_name);
	if (n >= (int)sizeof path)
		return;
	struct str whole = {path, (size_t)n}, below = str_skip(whole, dir->place_n + 1);
	bool may_be_file = entry->d_type != DT_DIR && reader->wants(below, dir->note);
	if (entry->d_type == DT_REG && !may_be_file)
		return;
	if (names_find(had, str_from(entry->d_name), &found))
		return;
	if (fstatat(fd, entry->d_name, &s, 0) < 0) {
		l->has_loose_names = true;
		l->error = errno == EACCES && entry->d_type != DT_LNK ? errno : l->error;
		return;
	}
	size_t depth = 0;
	for (size_t i = 0; i < below.n; i++)
		depth += below.p[i] == '/';
	if (S_ISDIR(s.st_mode) && depth < DEPTH_MAX)
		l->has_loose_names |= !add_dir(l, dir, number, whole, &s) &&
				      entry->d_type == DT_LNK && !is_known_dir(l->known, whole);
	else if (S_ISREG(s.st_mode) && may_be_file) {
		struct str name = str_from(entry->d_name);
		if (entry->d_type == DT_REG && s.st_nlink == 1)
			add_file(l, number, name, &s);
		else
			vec_push(&l->links,
				(struct found_link){number, arena_copy(&l->known->arena, name), s});
	}
}

static void list_entries(struct lister *l, uint32_t number, DIR *stream)
{
	struct names had = {0};
	struct dirent *entry;

	known_link(l->known);
	for (uint32_t at = l->known->dirs.p[number].first_file; at > 0;) {
		const struct known_file *file = &l->known->files.p[at - 1];
		(void)names_add(&had, file->name);
		at = file->next_file;
	}
	while ((entry = readdir(stream))) {
		const char *name = entry->d_name;
		if (name[0] == '.' && (name[1] == '\0' || (name[1] == '.' && name[2] == '\0')))
			continue;
		list_entry(l, number, dirfd(stream), entry, &had);
	}
	names_release(&had);
}

static void list(struct lister *l, uint32_t number)
{
	struct known_dir *dir = &l->known->dirs.p[number];
	char path[PATH_MAX];

	int64_t had_modified_ns = dir->modified_ns;
	bool was_shut = dir->why.p != NULL;
	bool is_settled = l->now_ns - dir->now_modified_ns > SETTLED_NS;
	size_t link_count = l->links.n;

	(void)snprintf(path, sizeof path, "%.*s", STR_ARG(dir->path));
	DIR *stream = opendir(path);
	l->has_loose_names = false;
	l->error = stream ? 0 : errno;
	if (stream) {
		list_entries(l, number, stream);
		(void)closedir(stream);
		dir = &l->known->dirs.p[number];
	}
	is_settled = is_settled && !l->error && !l->has_loose_names && l->links.n == link_count;
	dir->must_list = false;
	dir->modified_ns = is_settled ? dir->now_modified_ns : 0;
	dir->why = (struct str){0};
	if (l->error) {
		l->known->has_unread = true;
		dir->why = arena_printf(&l->known->arena, "%s", strerrordesc_np(l->error));
	}
	dir->is_changed |= dir->modified_ns != had_modified_ns || was_shut != (l->error != 0);
	l->known->dirs_changed |= dir->is_changed;
}

static int by_name(const void *a, const void *b, void *self)
{
	const struct known_dir *dirs = ((struct lister *)self)->known->dirs.p;
	const struct found_link *x = a, *y = b;
	int by_dir = str_cmp(dirs[x->dir].path, dirs[y->dir].path);

	return by_dir ? by_dir : str_cmp(x->name, y->name);
}

/* Of a file's names one counts, and rather that of the file than that of a link. */
static void add_links(struct lister *l)
{
	struct names taken = {0};
	uint64_t parts[3];
	uint32_t ignored;

	if (l->links.n == 0)
		return;
	vec_each (&l->known->files, file) {
		uint32_t source = l->known->dirs.p[file->dir].source;
		bool is_other = file->change == KNOWN_GREW || file->change == KNOWN_NEW;
		bool is_gone = file->change == KNOWN_VANISHED ||
			       (!is_other && file->state == USAGE_FILE_GONE);
		const struct known_facts *f = is_other ? &file->now : &file->facts;
		if (!is_gone && file->state != USAGE_FILE_MERGED)
			(void)names_add(&taken, place_key(parts, f->device, f->inode, source));
	}
	qsort_r(l->links.p, l->links.n, sizeof *l->links.p, by_name, l);
	vec_each (&l->links, link) {
		struct str key = place_key(parts, link->facts.st_dev, link->facts.st_ino,
			l->known->dirs.p[link->dir].source);
		if (names_find(&taken, key, &ignored))
			continue;
		(void)names_add(&taken, key);
		add_file(l, link->dir, link->name, &link->facts);
	}
	names_release(&taken);
}

static struct known_dir *find_root(struct known *known, const struct find_place *place)
{
	vec_each (&known->dirs, dir) {
		if (dir->kind == KNOWN_DIRECTORY && dir->source == place->source &&
			dir->place_n == dir->path.n && str_eq(dir->path, place->path))
			return dir;
	}
	return NULL;
}

static void add_single(struct lister *l, const struct find_place *place, const struct stat *s)
{
	const char *slash = memrchr(place->path.p, '/', place->path.n);
	struct known_dir dir = {
		.path = str_range(place->path.p, slash),
		.source = place->source,
		.note = place->note,
		.place_n = (uint32_t)(slash - place->path.p),
		.kind = KNOWN_SINGLE,
		.parent = (uint32_t)l->known->dirs.n,
	};
	struct str name = str_range(slash + 1, place->path.p + place->path.n);

	known_link(l->known);
	vec_each (&l->known->dirs, other) {
		if (other->kind == KNOWN_SINGLE && other->source == place->source &&
			str_eq(other->path, dir.path) && other->first_file > 0 &&
			str_eq(l->known->files.p[other->first_file - 1].name, name))
			return;
	}
	add_file(l, known_add_dir(l->known, &dir), name, s);
}

static void add_places(struct lister *l, const struct find_places *places, const bool *is_wanted)
{
	struct stat s;

	vec_each (&places->all, place) {
		if (!is_wanted[place->source] || find_root(l->known, place) ||
			stat(place->path.p, &s) < 0)
			continue;
		struct known_dir like = {.source = place->source, .note = place->note};
		if (S_ISDIR(s.st_mode))
			(void)add_dir(l, &like, UINT32_MAX, place->path, &s);
		else if (S_ISREG(s.st_mode))
			add_single(l, place, &s);
	}
}

struct find_ahead {
	struct looker looker;
	pthread_t threads[FIND_THREADS_MAX];
	int count;
};

static void *look_ahead(void *ahead)
{
	look(&((struct find_ahead *)ahead)->looker, 0);
	return NULL;
}

struct find_ahead *find_begin(struct known *known, const bool *is_wanted)
{
	struct find_ahead *ahead = must_alloc(1, sizeof *ahead);
	int count = processors_count(FIND_THREADS_MAX);

	ahead->looker.known = known;
	ahead->looker.is_wanted = is_wanted;
	open_bases(&ahead->looker);
	if (known->files.n < ALONE_FILES) {
		look(&ahead->looker, 0);
		return ahead;
	}
	for (int i = 1; i < count; i++)
		if (pthread_create(&ahead->threads[ahead->count], NULL, look_ahead, ahead) == 0)
			ahead->count++;
	return ahead;
}

bool find_has_changes(const struct find_ahead *ahead)
{
	return ahead->looker.has_changes;
}

static void wait_for(struct find_ahead *ahead)
{
	for (int i = 0; i < ahead->count; i++)
		(void)pthread_join(ahead->threads[i], NULL);
	ahead->count = 0;
}

static void end(struct find_ahead *ahead)
{
	wait_for(ahead);
	close_bases(&ahead->looker);
	free(ahead);
}

void find_abandon(struct find_ahead *ahead)
{
	if (!ahead)
		return;
	atomic_store(&ahead->looker.next, ahead->looker.group_count + ahead->looker.dir_runs);
	end(ahead);
}

static void list_run(struct lister *l, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++)
		if (l->known->dirs.p[i].must_list)
			list(l, (uint32_t)i);
}

/* The runs' directories that changed, and those that are new, which come behind all others. */
static void list_all(struct lister *l, const struct looker *looker)
{
	size_t known = looker->dir_count;

	for (size_t run = 0; run < looker->dir_runs; run++)
		if (looker->must_list[run])
			list_run(l, run * DIR_RUN,
				(run + 1) * DIR_RUN < known ? (run + 1) * DIR_RUN : known);
	for (size_t i = known; i < l->known->dirs.n; i++)
		list_run(l, i, i + 1);
}

static void gather_changes(struct known *known)
{
	vec_each (&known->groups, group) {
		known->has_unread |= group->has_unread;
		if (group->has_changes)
			known->last_changed = (size_t)(group - known->groups.p);
		for (uint32_t i = 0; i < group->count && group->has_changes; i++)
			if (known->files.p[group->first + i].change != KNOWN_SAME)
				vec_push(&known->changed, group->first + i);
	}
}

bool find_changes(struct known *known, const struct find_places *places, const bool *is_wanted,
	struct find_ahead *ahead, struct err *e)
{
	struct timespec now;

	ahead = ahead ? ahead : find_begin(known, is_wanted);
	look(&ahead->looker, 0);
	wait_for(ahead);
	if (ahead->looker.is_bad) {
		end(ahead);
		return err_set(e, ERR_PARSE, "files that cannot be unpacked");
	}
	gather_changes(known);
	(void)clock_gettime(CLOCK_REALTIME, &now);
	struct lister lister = {.known = known, .now_ns = time_ns(now)};
	add_places(&lister, places, is_wanted);
	list_all(&lister, &ahead->looker);
	add_links(&lister);
	vec_release(&lister.links);
	names_release(&lister.visited);
	end(ahead);
	return true;
}
