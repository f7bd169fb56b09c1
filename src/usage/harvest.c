// SPDX-License-Identifier: MIT
#include "usage/harvest.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/hash.h"
#include "usage/chunk.h"
#include "usage/find.h"
#include "usage/read.h"
#include "usage/reader/track.h"

/* Compared at both ends of what was read of a file that grew. Lines of one length may well end
   alike: more than one line. A fork may be its parent's file but for the first line. */
enum { END_BYTES = 4 << 10 };

_Static_assert(sizeof((struct harvest){0}.arenas) / sizeof(struct arena) >= FIND_THREADS_MAX,
	"an arena for each thread");

/* What one thread works with. */
struct hand {
	const struct known *known;
	struct chunk_maker maker;
	struct usage_piece *piece;
	struct arena scratch;
	struct arena *keep;
	struct harvest_job *job;
	struct usage_tracks *tracks;
	bool is_compat;
};

struct crew {
	struct harvest *harvest;
	const struct known *known;
	const uint32_t *order; /* the largest first, so that none is begun last */
	_Atomic size_t next;
	bool is_compat;
	bool has_much; /* to read */
};

static void complain(void *self, struct usage_file *, const char *why)
{
	struct hand *hand = self;
	struct harvest_job *job = hand->job;

	job->damaged++;
	if (job->damage_count < USAGE_DAMAGES)
		job->damages[job->damage_count++] = (struct usage_damage){
			usage_piece_offset(hand->piece), arena_copy(hand->keep, str_from(why))};
}

static uint64_t read_ends(const char *path, int64_t end)
{
	char bytes[2 * END_BYTES];
	struct err e;
	size_t size = end < END_BYTES ? (size_t)end : END_BYTES;
	AUTO_FD fd = file_open_regular(AT_FDCWD, path, &e);

	if (fd < 0 || pread(fd, bytes, size, 0) != (ssize_t)size ||
		pread(fd, bytes + size, size, (off_t)(end - (int64_t)size)) != (ssize_t)size)
		return 0;
	return hash_bytes((struct str){bytes, 2 * size});
}

static int64_t born_ns(const char *path)
{
	struct statx s;

	if (statx(AT_FDCWD, path, AT_STATX_DONT_SYNC, STATX_BTIME, &s) < 0 ||
		!(s.stx_mask & STATX_BTIME))
		return 0;
	return (int64_t)s.stx_btime.tv_sec * 1'000'000'000 + s.stx_btime.tv_nsec;
}

static void keep_memory(struct hand *hand, const struct usage_memory *memory)
{
	hand->job->memory = *memory;
	for (int i = 0; i < USAGE_TEXTS; i++)
		if (memory->texts[i].p)
			hand->job->memory.texts[i] = arena_copy(hand->keep, memory->texts[i]);
}

static const uint64_t *keep_keys(struct hand *hand, size_t from, size_t to)
{
	uint64_t *keys = arena_alloc(hand->keep, to - from, sizeof *keys);

	for (size_t i = from; i < to; i++)
		keys[i - from] = hand->maker.items.p[i].key;
	return keys;
}

static void put_chunk(struct hand *hand)
{
	enum { PART_ITEMS = 1024 };
	struct harvest_job *job = hand->job;
	size_t count = hand->maker.items.n;

	for (size_t from = 0, to; from < count; from = to) {
		struct harvest_part part = {.first_item = job->items + (int64_t)from};
		to = count - from < 2 * PART_ITEMS ? count : from + PART_ITEMS;
		chunk_maker_put(&hand->maker, from, to, &part.chunk, &part.first_ms, &part.last_ms);
		part.keys = keep_keys(hand, from, to);
		part.count = to - from;
		vec_push(&job->parts, part);
	}
	job->items += (int64_t)count;
	job->copies += hand->maker.copies;
}

/* Of a file with very many answers those so far are put: one that comes again behind them is joined
   with the other later, as in a file that grew. */
static void take(void *self, struct usage_file *, const struct usage_record *record)
{
	enum { ITEMS_MAX = 64 << 10 };
	struct hand *hand = self;

	if (hand->maker.items.n >= ITEMS_MAX) {
		put_chunk(hand);
		chunk_maker_forget(&hand->maker);
	}
	chunk_maker_add(&hand->maker, record);
}

static void read_file(struct hand *hand, const struct known_file *file)
{
	struct harvest_job *job = hand->job;
	const struct known_dir *dir = &hand->known->dirs.p[file->dir];
	const struct usage_reader *reader = usage_readers[dir->source];
	struct str path = known_path(hand->known, file, &hand->scratch);
	int64_t born = born_ns(path.p);
	/* Another file may have the number of the one before it. */
	bool is_growth = file->change == KNOWN_GREW && usage_reads_lines(reader, path) &&
			 file->end > 0 && born == file->born_ns &&
			 read_ends(path.p, file->end) == file->ends;
	struct usage_file u = {
		.path = path,
		.below = dir->kind == KNOWN_SINGLE ? STR("") : str_skip(path, dir->place_n + 1),
		.note = dir->note,
		.is_compat = hand->is_compat,
		.arena = &hand->scratch,
		.modified_ms = file->now.modified_ns / 1'000'000,
		.tracks = hand->tracks,
		.self = hand,
		.take = take,
		.complain = complain,
	};

	if (is_growth) {
		struct known_extra extra;
		known_take_extra(file, &extra);
		u.memory = extra.memory;
	}
	job->was_rewritten = !is_growth && (file->items > 0 || file->end > 0);
	chunk_maker_begin(&hand->maker, str_from(reader->name));
	job->is_good =
		usage_read(reader, &u, hand->piece, is_growth ? file->end : 0, &job->end, &job->e);
	if (!job->is_good)
		return;
	put_chunk(hand);
	keep_memory(hand, &u.memory);
	job->ends = usage_reads_lines(reader, path) ? read_ends(path.p, job->end) : 0;
	job->born_ns = born;
}

static void work(void *self, int thread)
{
	struct crew *crew = self;
	struct hand hand = {.known = crew->known, .is_compat = crew->is_compat};

	hand.keep = &crew->harvest->arenas[thread];
	for (size_t i; (i = atomic_fetch_add(&crew->next, 1)) < crew->harvest->jobs.n;) {
		if (!hand.piece) {
			hand.piece = usage_piece_new();
			hand.tracks = must_alloc(1, sizeof *hand.tracks);
			if (crew->has_much)
				usage_piece_fill(hand.piece);
		}
		hand.job = &crew->harvest->jobs.p[crew->order[i]];
		read_file(&hand, &crew->known->files.p[hand.job->file]);
		arena_clear(&hand.scratch);
	}
	usage_piece_free(hand.piece);
	free(hand.tracks);
	chunk_maker_release(&hand.maker);
	arena_release(&hand.scratch);
}

static bool is_much(const struct harvest *harvest, const struct known *known)
{
	enum { MUCH_BYTES = 4 << 20 };
	int64_t bytes = 0;

	vec_each (&harvest->jobs, job) {
		const struct known_file *file = &known->files.p[job->file];
		bytes += file->now.size_bytes - (file->change == KNOWN_GREW ? file->end : 0);
		if (bytes >= MUCH_BYTES)
			return true;
	}
	return false;
}

static int by_size(const void *a, const void *b, void *self)
{
	const struct crew *crew = self;
	const struct harvest_job *jobs = crew->harvest->jobs.p;
	int64_t x = crew->known->files.p[jobs[*(const uint32_t *)a].file].now.size_bytes;
	int64_t y = crew->known->files.p[jobs[*(const uint32_t *)b].file].now.size_bytes;

	return x > y ? -1 : x < y;
}

void harvest_changes(struct harvest *harvest, const struct known *known, bool is_compat)
{
	vec_each (&known->changed, number) {
		enum known_change change = known->files.p[*number].change;
		if (change == KNOWN_GREW || change == KNOWN_NEW)
			vec_push(&harvest->jobs, (struct harvest_job){.file = *number});
	}
	if (harvest->jobs.n == 0)
		return;
	uint32_t *order = must_alloc(harvest->jobs.n, sizeof *order);
	for (uint32_t i = 0; i < harvest->jobs.n; i++)
		order[i] = i;
	struct crew crew = {.harvest = harvest,
		.known = known,
		.order = order,
		.is_compat = is_compat,
		.has_much = is_much(harvest, known)};
	qsort_r(order, harvest->jobs.n, sizeof *order, by_size, &crew);
	find_on_all(work, &crew,
		harvest->jobs.n < FIND_THREADS_MAX ? (int)harvest->jobs.n : FIND_THREADS_MAX);
	free(order);
}

void harvest_release(struct harvest *harvest)
{
	vec_each (&harvest->jobs, job) {
		vec_each (&job->parts, part)
			buf_release(&part->chunk);
		vec_release(&job->parts);
	}
	vec_release(&harvest->jobs);
	for (size_t i = 0; i < sizeof harvest->arenas / sizeof *harvest->arenas; i++)
		arena_release(&harvest->arenas[i]);
}
