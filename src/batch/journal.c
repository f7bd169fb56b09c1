// SPDX-License-Identifier: MIT
/*
 * journal: the writing half. Invariants: `end` is where the last safe line ends, and what is behind
 * it in the file is rubbish that the next commit overwrites; a line is in `noted` or `taken` until
 * it is safe; only the thread that commits touches the file.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"
#include "base/private.h"
#include "batch/journal_inside.h"

/* What a new run has to have on the disk before its first commit; -1: it has. */
struct fresh {
	int list, run, top;
	bool has_failed; /* the kernel may take for clean what never reached the disk */
};

struct journal_writer {
	char run[RUN_NAME_BYTES];
	int fd;
	struct fresh fresh;
	uint64_t end;
	pthread_mutex_t lock; /* for noted and number */
	struct buf noted;
	uint64_t noted_end; /* where the next line will be */
	uint64_t number; /* of the last line noted */
	struct buf taken; /* by a commit that is under way or has failed */
	uint64_t taken_number;
	atomic_uint_fast64_t safe;
};

/* Lines that nobody commits must not fill the memory; past this, a note is our mistake. */
enum { NOTED_MAX_BYTES = 1 << 30 };

static struct journal_writer *writer_new(const char *run, int *fd, uint64_t end)
{
	struct journal_writer *j = must_alloc(1, sizeof *j);

	j->fresh = (struct fresh){-1, -1, -1};
	snprintf(j->run, sizeof j->run, "%s", run);
	j->fd = *fd;
	*fd = -1;
	j->end = j->noted_end = end;
	j->noted.max = j->taken.max = NOTED_MAX_BYTES;
	pthread_mutex_init(&j->lock, NULL);
	return j;
}

static void fresh_close(struct fresh *f)
{
	file_close(&f->list);
	file_close(&f->run);
	file_close(&f->top);
}

void journal_free(struct journal_writer *j)
{
	if (!j)
		return;
	file_close(&j->fd);
	fresh_close(&j->fresh);
	buf_release(&j->noted);
	buf_release(&j->taken);
	pthread_mutex_destroy(&j->lock);
	free(j);
}

const char *journal_run(const struct journal_writer *j)
{
	return j->run;
}

/* ---- a new run ---- */

/*
 * By the time, so that names sort by age: the second, its milliseconds as three digits in hex. The
 * rest so that two of one moment differ.
 */
static void make_name(char out[RUN_NAME_BYTES])
{
	int64_t now_ms = clock_wall_ms();
	time_t now = (time_t)(now_ms / 1000);
	struct tm tm;

	gmtime_r(&now, &tm);
	size_t n = strftime(out, RUN_NAME_BYTES, "%Y%m%d-%H%M%S", &tm);
	snprintf(out + n, RUN_NAME_BYTES - n, "-%03x%03x", (unsigned)(now_ms % 1000),
		(unsigned)(arc4random() & 0xfff));
}

static bool make_directory(int top, char name[RUN_NAME_BYTES])
{
	enum { TRIES = 100 };

	for (int i = 0; i < TRIES; i++) {
		make_name(name);
		if (mkdirat(top, name, 0700) == 0)
			return true;
		if (errno != EEXIST)
			return false;
	}
	return false;
}

static bool make_run(
	const char *directory, char name[RUN_NAME_BYTES], struct fresh *f, struct err *e)
{
	f->top = journal_open_top(directory, true, e);
	if (f->top < 0)
		return false;
	if (!make_directory(f->top, name))
		return err_errno(e, "%s/batch/%s", directory, name);
	f->run = journal_open_run(directory, name, e);
	return f->run >= 0;
}

/* Readers only ask for this lock, so none of them can be taken for a writer. */
static bool lock(int fd)
{
	struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

	return fcntl(fd, F_OFD_SETLK, &whole) == 0;
}

bool journal_is_locked(int journal_fd)
{
	struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

	return fcntl(journal_fd, F_OFD_GETLK, &whole) == 0 && whole.l_type != F_UNLCK;
}

/* A new file; -1 and e. */
static int make_file(int run_fd, const char *name, struct str bytes, struct err *e)
{
	AUTO_FD fd = openat(run_fd, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0 || !lock(fd)) {
		(void)err_errno(e, "%s", name);
		return -1;
	}
	if (!file_write_fd(fd, bytes, e)) {
		(void)err_context(e, "%s", name);
		return -1;
	}
	int kept = fd;
	fd = -1;
	return kept;
}

static bool make_files(struct fresh *f, struct run_head *head, const struct tasks *tasks, int *fd,
	uint64_t *end, struct err *e)
{
	AUTO(buf) list = {.max = (size_t)4 << 30};
	AUTO(buf) line = {0};

	tasks_put(&list, tasks);
	if (list.overflow)
		return err_set(e, ERR_LIMIT, "the list of tasks is too long");
	head->definition = sha256_of(buf_str(&list));
	journal_put_first(&line, head);
	f->list = make_file(f->run, RUN_TASKS, buf_str(&list), e);
	if (f->list < 0)
		return false;
	*fd = make_file(f->run, RUN_JOURNAL, buf_str(&line), e);
	*end = line.n;
	return *fd >= 0;
}

static void remove_run(const char *directory, const char *name, int run_fd)
{
	struct err e;
	AUTO_FD top = journal_open_top(directory, false, &e);

	unlinkat(run_fd, RUN_JOURNAL, 0);
	unlinkat(run_fd, RUN_TASKS, 0);
	if (top >= 0)
		unlinkat(top, name, AT_REMOVEDIR);
}

struct journal_writer *journal_begin(
	const char *directory, const struct tasks *tasks, struct str options, struct err *e)
{
	struct run_head head = {
		.task_count = tasks->items.n, .at_ms = clock_wall_ms(), .options = options};
	struct fresh fresh = {-1, -1, -1};
	AUTO_FD fd = -1;
	uint64_t end;

	bool is_made = make_run(directory, head.name, &fresh, e);
	if (!is_made || !make_files(&fresh, &head, tasks, &fd, &end, e)) {
		if (is_made)
			remove_run(directory, head.name, fresh.run);
		fresh_close(&fresh);
		return NULL;
	}
	struct journal_writer *j = writer_new(head.name, &fd, end);
	j->fresh = fresh;
	return j;
}

/* ---- a run that goes on ---- */

struct journal_writer *journal_resume(const char *directory, const char *run, struct tasks *tasks,
	struct run_past *past, struct err *e)
{
	AUTO_FD run_fd = journal_open_run(directory, run, e);
	AUTO(run_past) found = {0};
	AUTO(tasks) list = {0};

	if (run_fd < 0)
		return NULL;
	AUTO_FD fd = journal_open_file(run_fd, O_RDWR, e);
	if (fd < 0)
		return NULL;
	if (!lock(fd)) {
		if (errno == EAGAIN || errno == EACCES)
			err_set(e, ERR_DENIED, "run %s: another process is at work on it", run);
		else
			(void)err_errno(e, "run %s", run);
		return NULL;
	}
	if (!journal_read_past(fd, &found, e) ||
		!journal_read_tasks(run_fd, &found.head, &list, e)) {
		(void)err_context(e, "run %s", run);
		return NULL;
	}
	/* What was read may have got no farther than the kernel, and is going to be shown. */
	if (ftruncate(fd, (off_t)found.size_bytes) < 0 || fdatasync(fd) < 0) {
		(void)err_errno(e, "run %s", run);
		return NULL;
	}
	*past = found;
	*tasks = list;
	found = (struct run_past){0};
	list = (struct tasks){0};
	return writer_new(run, &fd, past->size_bytes);
}

/* ---- notes ---- */

static void put_usage(struct json_writer *w, const struct run_usage *usage)
{
	const struct {
		const char *name;
		int64_t count;
	} members[] = {
		{"input", usage->tokens.input},
		{"output", usage->tokens.output},
		{"cache_read", usage->tokens.cache_read},
		{"cache_write", usage->tokens.cache_write},
		{"cache_write_1h", usage->tokens.cache_write_1h},
		{"reasoning", usage->tokens.reasoning},
		{"cost_nanousd", usage->cost_nanousd},
	};

	json_key(w, "usage");
	json_open(w, '{');
	for (size_t i = 0; i < sizeof members / sizeof members[0]; i++)
		if (members[i].count >= 0)
			json_member_int(w, members[i].name, members[i].count);
	json_close(w, '}');
}

static void put_work(struct json_writer *w, const struct run_usage *usage)
{
	json_key(w, "work");
	json_open(w, '{');
	if (usage->model.p)
		json_member_str(w, "model", usage->model);
	json_member_int(w, "turns", usage->turns);
	json_member_int(w, "tools", usage->tool_calls);
	json_member_int(w, "ms", usage->duration_ms);
	json_close(w, '}');
}

void run_usage_put(struct json_writer *w, const struct run_usage *usage)
{
	put_usage(w, usage);
	put_work(w, usage);
}

static struct json_writer begin_line(struct buf *line, const char *event, uint32_t task)
{
	struct json_writer w = {.buf = line};

	json_open(&w, '{');
	json_member_int(&w, event, task);
	return w;
}

static uint64_t note(struct journal_writer *j, struct json_writer *w)
{
	json_close(w, '}');
	buf_put_char(w->buf, '\n');
	must(!w->buf->overflow && w->buf->n <= JOURNAL_LINE_MAX_BYTES);
	pthread_mutex_lock(&j->lock);
	buf_put_str(&j->noted, buf_str(w->buf));
	must(!j->noted.overflow);
	j->noted_end += w->buf->n;
	uint64_t number = ++j->number;
	pthread_mutex_unlock(&j->lock);
	return number;
}

uint64_t journal_end(const struct journal_writer *j)
{
	struct journal_writer *self = (struct journal_writer *)j;

	pthread_mutex_lock(&self->lock);
	uint64_t end = self->noted_end;
	pthread_mutex_unlock(&self->lock);
	return end;
}

uint64_t journal_note_started(struct journal_writer *j, uint32_t task, int attempt)
{
	AUTO(buf) line = {0};
	struct json_writer w = begin_line(&line, "started", task);

	json_member_int(&w, "attempt", attempt);
	json_member_int(&w, "at", clock_wall_ms());
	return note(j, &w);
}

uint64_t journal_note_done(struct journal_writer *j, uint32_t task, int attempt,
	const struct run_usage *usage, struct str result)
{
	AUTO(buf) line = {0};
	struct json_writer w = begin_line(&line, "done", task);

	must(result.n <= RUN_RESULT_MAX_BYTES);
	json_member_int(&w, "attempt", attempt);
	json_member_int(&w, "at", clock_wall_ms());
	run_usage_put(&w, usage);
	json_member_str(&w, "result", result);
	return note(j, &w);
}

uint64_t journal_note_failed(struct journal_writer *j, uint32_t task, int attempt,
	const struct run_usage *usage, const char *class, struct str message, bool is_final)
{
	AUTO(buf) line = {0};
	struct json_writer w = begin_line(&line, "failed", task);

	json_member_int(&w, "attempt", attempt);
	json_member_int(&w, "at", clock_wall_ms());
	run_usage_put(&w, usage);
	json_member_text(&w, "class", class);
	json_member_str(&w, "message", message);
	json_member_bool(&w, "final", is_final);
	return note(j, &w);
}

uint64_t journal_note_skipped(struct journal_writer *j, uint32_t task, uint32_t because)
{
	AUTO(buf) line = {0};
	struct json_writer w = begin_line(&line, "skipped", task);

	json_member_int(&w, "because", because);
	json_member_int(&w, "at", clock_wall_ms());
	return note(j, &w);
}

static struct json_writer begin_parcel(struct buf *line, const char *event, struct str label)
{
	struct json_writer w = {.buf = line};

	must(label.n > 0 && label.n <= PARCEL_LABEL_MAX_BYTES);
	json_open(&w, '{');
	json_member_str(&w, event, label);
	return w;
}

uint64_t journal_note_sending(struct journal_writer *j, struct str label, struct str provider,
	const uint32_t *tasks, size_t count)
{
	AUTO(buf) line = {0};
	struct json_writer w = begin_parcel(&line, "sending", label);

	must(count > 0 && count <= TASKS_MAX);
	json_member_str(&w, "provider", provider);
	json_key(&w, "tasks");
	json_open(&w, '[');
	for (size_t i = 0; i < count; i++)
		json_put_int(&w, tasks[i]);
	json_close(&w, ']');
	json_member_int(&w, "at", clock_wall_ms());
	return note(j, &w);
}

uint64_t journal_note_sent(struct journal_writer *j, struct str label, struct str batch)
{
	AUTO(buf) line = {0};
	struct json_writer w = begin_parcel(&line, "sent", label);

	must(batch.n > 0 && batch.n <= PARCEL_BATCH_MAX_BYTES);
	json_member_str(&w, "batch", batch);
	json_member_int(&w, "at", clock_wall_ms());
	return note(j, &w);
}

uint64_t journal_note_collected(struct journal_writer *j, struct str label)
{
	AUTO(buf) line = {0};
	struct json_writer w = begin_parcel(&line, "collected", label);

	json_member_int(&w, "at", clock_wall_ms());
	return note(j, &w);
}

uint64_t journal_note_ended(struct journal_writer *j, size_t done, size_t failed, size_t skipped)
{
	AUTO(buf) line = {0};
	struct json_writer w = {.buf = &line};

	json_open(&w, '{');
	json_member_int(&w, "ended", clock_wall_ms());
	json_member_int(&w, "done", (int64_t)done);
	json_member_int(&w, "failed", (int64_t)failed);
	json_member_int(&w, "skipped", (int64_t)skipped);
	return note(j, &w);
}

/* ---- the disk ---- */

/* What a commit that failed still holds stays in front. */
static void take_noted(struct journal_writer *j)
{
	pthread_mutex_lock(&j->lock);
	if (j->taken.n == 0) {
		struct buf empty = j->taken;
		j->taken = j->noted;
		j->noted = empty;
	} else {
		buf_put_str(&j->taken, buf_str(&j->noted));
		buf_clear(&j->noted);
	}
	j->taken_number = j->number;
	pthread_mutex_unlock(&j->lock);
	must(!j->taken.overflow);
}

/*
 * After a failed fdatasync the kernel may take pages for clean that never reached the disk. So
 * nothing is believed of what was written: the next commit writes all of it once more.
 */
static bool write_taken(struct journal_writer *j, struct err *e)
{
	if (lseek(j->fd, (off_t)j->end, SEEK_SET) < 0)
		return err_errno(e, "journal");
	if (!file_write_fd(j->fd, buf_str(&j->taken), e))
		return err_context(e, "journal");
	return fdatasync(j->fd) == 0 || err_errno(e, "journal");
}

static bool sync_fresh(struct fresh *f, struct err *e)
{
	if (f->list < 0 && !f->has_failed)
		return true;
	if (f->has_failed || fdatasync(f->list) < 0 || fsync(f->run) < 0 || fsync(f->top) < 0) {
		if (!f->has_failed)
			(void)err_errno(e, "the list of tasks");
		else
			err_set(e, ERR_IO, "the list of tasks did not reach the disk");
		f->has_failed = true;
		return false;
	}
	fresh_close(f);
	return true;
}

bool journal_commit(struct journal_writer *j, struct err *e)
{
	take_noted(j);
	if (j->taken.n == 0)
		return true;
	if (!sync_fresh(&j->fresh, e))
		return false;
	if (!write_taken(j, e)) {
		(void)!ftruncate(j->fd, (off_t)j->end);
		return false;
	}
	j->end += j->taken.n;
	buf_clear(&j->taken);
	atomic_store(&j->safe, j->taken_number);
	return true;
}

bool journal_is_safe(const struct journal_writer *j, uint64_t number)
{
	return number <= atomic_load(&j->safe);
}

bool journal_has_more(const struct journal_writer *j)
{
	struct journal_writer *self = (struct journal_writer *)j;

	pthread_mutex_lock(&self->lock);
	bool has_more = self->number > atomic_load(&self->safe);
	pthread_mutex_unlock(&self->lock);
	return has_more;
}
