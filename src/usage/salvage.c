// SPDX-License-Identifier: MIT
#include "usage/salvage.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "usage/pieces_inside.h"
#include "usage/save.h"

enum { FILE_MAX_BYTES = 1 << 30, DIRS_SPARE = 4096 };

void salvage_release(struct salvage *s)
{
	buf_release(&s->file);
	buf_release(&s->log);
	ruin_release(&s->ruin);
	arena_release(&s->arena);
	known_release(&s->known);
	names_release(&s->names);
	vec_release(&s->dirs);
	vec_release(&s->files);
	vec_release(&s->rows);
	vec_release(&s->pieces);
	vec_release(&s->history.marks);
	free(s->session_sources);
	*s = (struct salvage){0};
}

/* ---- pieces ---- */

/* The row of the generation has the sum of all marks. */
static void take_sum(struct salvage *s, const struct ruin_row *row)
{
	if (row->column_count != 2 || row->columns[1].kind != RUIN_NUMBER || s->has_sum)
		return;
	s->sum = (uint64_t)row->columns[1].number;
	s->has_sum = true;
}

static bool take_piece(void *self, const struct ruin_row *row)
{
	struct salvage *s = self;
	enum piece_kind kind = (enum piece_kind)(row->id >> 32);
	struct salvage_piece piece = {.id = row->id, .is_sure = row->is_sure};
	struct err e;

	if (row->column_count != 2 || row->columns[0].kind != RUIN_NULL ||
		row->columns[1].kind != RUIN_BYTES || row->id < 0) {
		take_sum(s, row);
		return true;
	}
	struct str bytes = row->columns[1].bytes;
	bool is_good = pieces_take_mark(kind, (uint32_t)row->id, &bytes, &piece.mark, &e);
	if (is_good && kind < PIECE_LOADED) {
		piece.bytes = kind < PIECE_COPIED ? arena_copy(&s->arena, bytes) : STR("");
		vec_push(&s->pieces, piece);
	}
	bool tells_files = kind == PIECE_DIRS || kind == PIECE_FILES || kind >= PIECE_KINDS;
	s->bad_pieces += !is_good && tells_files && row->is_sure;
	return true;
}

static int by_id(const void *a, const void *b)
{
	const struct salvage_piece *x = a, *y = b;

	if (x->id != y->id)
		return x->id < y->id ? -1 : 1;
	return y->is_sure - x->is_sure;
}

/* Of two with one number the one that is sure stays. */
static void sort_pieces(struct salvage *s)
{
	size_t n = 0;

	if (s->pieces.n == 0)
		return;
	qsort(s->pieces.p, s->pieces.n, sizeof *s->pieces.p, by_id);
	for (size_t i = 0; i < s->pieces.n; i++)
		if (n == 0 || s->pieces.p[n - 1].id != s->pieces.p[i].id)
			s->pieces.p[n++] = s->pieces.p[i];
	s->pieces.n = n;
}

/*
 * The last ones may be missing without a trace, but not without their rows: those tell that there
 * were some.
 */
static void count_lost(struct salvage *s)
{
	uint64_t sum = 0;

	if (s->lost_pieces < s->bad_pieces)
		s->lost_pieces = s->bad_pieces;
	vec_each (&s->pieces, piece)
		sum += piece->mark;
	if (s->lost_pieces == 0 && s->ruin.lacks_pages[0] &&
		(s->has_sum ? sum != s->sum : s->origin == 0))
		s->lost_pieces = 1;
}

typedef void piece_taker(struct salvage *s, uint32_t number, struct str bytes);

static void each_piece(struct salvage *s, enum piece_kind kind, piece_taker *take)
{
	vec_each (&s->pieces, piece)
		if (piece->id >> 32 == (int64_t)kind)
			take(s, (uint32_t)piece->id, piece->bytes);
}

/* ---- what it knew ---- */

static void take_meta(struct salvage *s, uint32_t, struct str bytes)
{
	(void)save_take_head(bytes, &s->origin, &s->history);
}

/* Their places, so that the numbers behind them are right. */
static void add_lost_dirs(struct salvage *s, size_t count)
{
	while (s->known.dirs.n < count) {
		struct known_dir dir = {.path = STR(""),
			.kind = KNOWN_ELSEWHERE,
			.parent = (uint32_t)s->known.dirs.n};
		vec_push(&s->known.dirs, dir);
		vec_push(&s->dirs, SALVAGE_NOTHING);
	}
}

/* A directory's path is that of the one it is in, and a name. */
static void take_dirs(struct salvage *s, uint32_t number, struct str bytes)
{
	size_t first = (size_t)number * KNOWN_DIRS;
	struct err e;

	if (first < s->known.dirs.n || first > s->ruin.page_count * (size_t)KNOWN_DIRS * 16)
		return;
	s->lost_pieces += (int64_t)((first - s->known.dirs.n + KNOWN_DIRS - 1) / KNOWN_DIRS);
	add_lost_dirs(s, first);
	(void)!known_take_dirs(&s->known, bytes, &e);
	for (size_t i = first; i < s->known.dirs.n; i++) {
		uint32_t parent = s->known.dirs.p[i].parent;
		bool has_path = parent >= i || s->dirs.p[parent] == SALVAGE_WHOLE;
		vec_push(&s->dirs, has_path ? SALVAGE_WHOLE : SALVAGE_NO_PATH);
	}
}

/* A group whose directories are lost, too, is known all the same. */
static bool unpack(struct salvage *s, size_t group)
{
	size_t most = s->known.dirs.n + DIRS_SPARE;

	while (!known_unpack(&s->known, group)) {
		if (s->known.dirs.n >= most)
			return false;
		add_lost_dirs(s, s->known.dirs.n + KNOWN_DIRS);
	}
	return true;
}

static void take_files(struct salvage *s, uint32_t number, struct str bytes)
{
	size_t first = (size_t)number * KNOWN_FILES;
	struct err e;

	if (first < s->known.files.n || first > s->ruin.page_count * (size_t)KNOWN_FILES * 16)
		return;
	s->lost_pieces += (int64_t)((first - s->known.files.n + KNOWN_FILES - 1) / KNOWN_FILES);
	s->known.groups.n = 0;
	if (!known_take_files(&s->known, bytes, &e))
		return;
	struct known_group *group = &s->known.groups.p[0];
	size_t end = first + group->count;
	group->first = (uint32_t)first;
	while (s->known.files.n < end) {
		vec_push(&s->known.files, (struct known_file){0});
		vec_push(&s->files, SALVAGE_NOTHING);
	}
	if (!unpack(s, 0))
		return;
	for (size_t i = first; i < end; i++)
		s->files.p[i] = s->dirs.p[s->known.files.p[i].dir];
}

bool salvage_take(struct salvage *s, struct buf *file, struct buf *log, struct err *e)
{
	uint32_t version;

	s->file = *file;
	s->log = *log;
	*file = *log = (struct buf){0};
	ruin_begin(&s->ruin, buf_str(&s->file), buf_str(&s->log));
	bool is_other = ruin_version(&s->ruin, &version) && version != PIECE_VERSION;
	if (!is_other)
		ruin_each(&s->ruin, true, take_piece, s);
	if (s->pieces.n == 0)
		return err_set(e, ERR_PARSE, "it is no index, or one of another version");
	sort_pieces(s);
	each_piece(s, PIECE_META, take_meta);
	each_piece(s, PIECE_DIRS, take_dirs);
	each_piece(s, PIECE_FILES, take_files);
	count_lost(s);
	return true;
}

/* While it is set aside, its log is still where it was: nobody has written to that since. */
static void read_log(const char *path, const char *beside, struct buf *log)
{
	const char *const paths[] = {path, beside, path};
	struct stat index, s;
	struct err e;
	AUTO(buf) name = {0};

	for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
		if (!paths[i])
			continue;
		buf_clear(&name);
		buf_printf(&name, "%s-wal", paths[i]);
		if (stat(buf_text(&name), &s) < 0)
			continue;
		bool is_its_own =
			paths[i] == path || (access(beside, F_OK) < 0 && stat(path, &index) == 0 &&
						    s.st_mtim.tv_sec <= index.st_ctim.tv_sec);
		if (is_its_own && file_read(AT_FDCWD, buf_text(&name), FILE_MAX_BYTES, log, &e))
			return;
		buf_clear(log);
	}
}

bool salvage_read(struct salvage *s, const char *path, const char *beside, struct err *e)
{
	struct buf file = {.max = FILE_MAX_BYTES}, log = {.max = FILE_MAX_BYTES};
	bool is_good = file_read(AT_FDCWD, path, FILE_MAX_BYTES, &file, e);

	if (is_good) {
		read_log(path, beside, &log);
		is_good = salvage_take(s, &file, &log, e);
	}
	buf_release(&file);
	buf_release(&log);
	return is_good;
}

/* ---- rows of answers ---- */

struct row_taker {
	struct salvage *salvage;
	bool (*is_wanted)(void *self, uint32_t file);
	void *self;
	struct chunk chunk;
	struct names names;
	struct buf kept;
};

/* A chunk that cannot be unpacked takes none of the others with it. */
static void take_chunks(struct row_taker *t, struct str bytes, struct salvage_row *row)
{
	struct unpack u = {bytes.p, bytes.p + bytes.n};
	struct err e;

	buf_clear(&t->kept);
	names_clear(&t->names);
	row->first_ms = INT64_MAX;
	row->last_ms = INT64_MIN;
	while (u.p < u.end) {
		const char *from = u.p;
		(void)unpack_text(&u);
		struct str one = str_range(from, u.p);
		chunk_clear(&t->chunk);
		if (u.is_bad || !chunk_take(&t->chunk, one, &t->names, &e))
			continue;
		buf_put_str(&t->kept, one);
		row->items += (int64_t)t->chunk.items.n;
		vec_each (&t->chunk.items, item) {
			row->is_bare |= item->key == 0;
			row->first_ms =
				item->time_ms < row->first_ms ? item->time_ms : row->first_ms;
			row->last_ms = item->time_ms > row->last_ms ? item->time_ms : row->last_ms;
		}
	}
}

static bool take_row(void *self, const struct ruin_row *from)
{
	struct row_taker *t = self;
	struct salvage *s = t->salvage;
	const struct ruin_column *columns = from->columns;
	enum { FILE_NUMBER, NUMBER, FIRST_ITEM, BYTES = 5, COLUMNS };

	if (from->column_count != COLUMNS || columns[BYTES].kind != RUIN_BYTES ||
		columns[FILE_NUMBER].number < 0 || columns[FILE_NUMBER].number >= UINT32_MAX)
		return true;
	struct salvage_row row = {.file = (uint32_t)columns[FILE_NUMBER].number,
		.number = columns[NUMBER].number,
		.first_item = columns[FIRST_ITEM].number,
		.is_sure = from->is_sure};
	row.is_stray = row.file >= s->files.n || s->files.p[row.file] == SALVAGE_NOTHING;
	if (!row.is_stray && !t->is_wanted(t->self, row.file))
		return true;
	take_chunks(t, columns[BYTES].bytes, &row);
	if (row.items == 0)
		return true;
	row.bytes = arena_copy(&s->arena, buf_str(&t->kept));
	vec_push(&s->rows, row);
	return true;
}

static int by_number(const void *a, const void *b)
{
	const struct salvage_row *x = a, *y = b;

	if (x->file != y->file)
		return x->file < y->file ? -1 : 1;
	if (x->number != y->number)
		return x->number < y->number ? -1 : 1;
	return y->is_sure - x->is_sure;
}

static int by_first_item(const void *a, const void *b)
{
	const struct salvage_row *x = a, *y = b;

	if (x->first_item != y->first_item)
		return x->first_item < y->first_item ? -1 : 1;
	return x->items < y->items ? -1 : x->items > y->items;
}

/* Whether the rows are one behind the other, by their number or else by their items. */
static bool is_chain(const struct salvage_row *rows, size_t n, int64_t items, bool by_numbers)
{
	int64_t sum = 0;

	for (size_t i = 0; i < n; i++) {
		if (by_numbers ? rows[i].number != (int64_t)i : rows[i].first_item != sum)
			return false;
		sum += rows[i].items;
	}
	return sum == items;
}

/* Whether the row ends where another one begins, or the file does. */
static bool fits(const struct salvage_row *rows, size_t n, size_t at, int64_t items)
{
	int64_t end = rows[at].first_item + rows[at].items;

	for (size_t i = at + 1; i < n; i++)
		if (rows[i].first_item == end)
			return true;
	return end == items;
}

/* Rows that cannot all be the file's, some of whose rows are missing. */
static void find_strays(struct salvage_row *rows, size_t n, int64_t items)
{
	size_t last = SIZE_MAX;

	for (size_t i = 0; i < n; i++) {
		rows[i].is_stray = rows[i].first_item < 0 || rows[i].items > items ||
				   rows[i].first_item > items - rows[i].items;
		if (rows[i].is_stray)
			continue;
		if (last != SIZE_MAX &&
			rows[i].first_item < rows[last].first_item + rows[last].items) {
			bool had = fits(rows, n, last, items), has = fits(rows, n, i, items);
			rows[last].is_stray = has || !had;
			rows[i].is_stray = had || !has;
		}
		last = rows[i].is_stray ? last : i;
	}
}

static void judge_file(struct salvage_row *rows, size_t n, int64_t items)
{
	if (rows[0].is_stray || is_chain(rows, n, items, true))
		return;
	qsort(rows, n, sizeof *rows, by_first_item);
	if (!is_chain(rows, n, items, false))
		find_strays(rows, n, items);
}

static void drop_unsure(struct salvage *s)
{
	size_t n = 0;

	for (size_t i = 0; i < s->rows.n; i++) {
		const struct salvage_row *row = &s->rows.p[i], *had = &s->rows.p[n ? n - 1 : 0];
		if (n == 0 || row->is_sure || had->file != row->file || had->number != row->number)
			s->rows.p[n++] = *row;
	}
	s->rows.n = n;
}

void salvage_take_rows(struct salvage *s, bool (*is_wanted)(void *self, uint32_t file), void *self)
{
	struct row_taker t = {
		.salvage = s, .is_wanted = is_wanted, .self = self, .kept.max = FILE_MAX_BYTES};

	s->rows.n = 0;
	ruin_each(&s->ruin, false, take_row, &t);
	if (s->rows.n > 0)
		qsort(s->rows.p, s->rows.n, sizeof *s->rows.p, by_number);
	drop_unsure(s);
	for (size_t from = 0, to; from < s->rows.n; from = to) {
		uint32_t file = s->rows.p[from].file;
		for (to = from; to < s->rows.n && s->rows.p[to].file == file;)
			to++;
		judge_file(s->rows.p + from, to - from,
			file < s->known.files.n ? s->known.files.p[file].items : 0);
	}
	chunk_release(&t.chunk);
	names_release(&t.names);
	buf_release(&t.kept);
}

/* ---- whose they are ---- */

static void take_names(struct salvage *s, uint32_t number, struct str bytes)
{
	if (number < s->names.all.n || number > s->file.n + s->log.n)
		return;
	while (s->names.all.n < number)
		vec_push(&s->names.all, STR(""));
	(void)!names_take(&s->names, bytes);
}

static void take_cells(struct salvage *s, uint32_t, struct str bytes)
{
	struct cells cells = {0};
	struct err e;

	(void)!cells_take(&cells, bytes, s->names.all.n, &e);
	vec_each (&cells.all, cell) {
		if (cell->session >= s->names.all.n)
			continue;
		uint32_t *source = &s->session_sources[cell->session];
		*source = *source && *source != cell->source ? UINT32_MAX : cell->source;
	}
	cells_release(&cells);
}

static void find_sessions(struct salvage *s)
{
	if (s->session_sources)
		return;
	each_piece(s, PIECE_NAMES, take_names);
	s->session_sources = must_alloc(s->names.all.n + 1, sizeof *s->session_sources);
	each_piece(s, PIECE_CELLS, take_cells);
}

static bool find_reader(struct str name, uint32_t *place)
{
	for (uint32_t i = 0; usage_readers[i]; i++) {
		if (str_is(name, usage_readers[i]->name)) {
			*place = i;
			return true;
		}
	}
	return false;
}

bool salvage_source(struct salvage *s, const struct salvage_row *row, uint32_t *source)
{
	struct chunk chunk = {0};
	struct names names = {0};
	struct err e;
	uint32_t session, found = 0;

	find_sessions(s);
	bool is_good = chunk_take(&chunk, row->bytes, &names, &e);
	vec_each (&chunk.contexts, context) {
		struct str name = names_get(&names, context->session);
		uint32_t one = name.n > 0 && names_find(&s->names, name, &session)
				       ? s->session_sources[session]
				       : 0;
		if (one)
			found = found && found != one ? UINT32_MAX : one;
	}
	is_good = is_good && found && found != UINT32_MAX &&
		  find_reader(names_get(&s->names, found), source);
	chunk_release(&chunk);
	names_release(&names);
	return is_good;
}
