// SPDX-License-Identifier: MIT
#include "agent/keep/store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/keep.h"
#include "base/clock.h"
#include "base/file.h"

/* A sweep takes a second at most; longer is a process that was stopped in the middle of one. */
enum { LOCK_PATIENCE_MS = 5'000, LOCK_STEP_MS = 10 };

/* What the size file holds. */
struct size_record {
	uint64_t generation;
	int64_t bytes;
};

/* ---- directories and files ---- */

int store_directory(int at, const char *name, bool make, struct err *e)
{
	if (make && mkdirat(at, name, 0700) < 0 && errno != EEXIST) {
		err_errno(e, "%s", name);
		return -1;
	}
	int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		err_errno(e, "%s", name);
	return fd;
}

/* Every missing directory of an absolute path, and the last one opened. */
static int open_path(const char *path, bool make, struct err *e)
{
	AUTO_FD at = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	AUTO(arena) scratch = {0};
	struct str rest = str_from(path), word;

	while (at >= 0 && str_split(&rest, '/', &word)) {
		if (word.n == 0)
			continue;
		int next = store_directory(at, arena_text(&scratch, word), make, e);
		file_close(&at);
		if (next < 0) {
			err_context(e, "%s", path);
			return -1;
		}
		at = next;
	}
	int result = at;
	at = -1;
	return result;
}

static bool make_safe(int fd, bool is_safe)
{
	return !is_safe || fsync(fd) == 0;
}

bool store_write(int directory_fd, const char *name, struct str bytes, bool is_safe, struct err *e)
{
	char temporary[NAME_MAX + 1];
	bool is_written;

	snprintf(temporary, sizeof temporary, "tmp.%08x", (unsigned)arc4random());
	AUTO_FD fd = openat(directory_fd, temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_errno(e, "%s", name);
	is_written = file_write_fd(fd, bytes, e);
	if (is_written && (!make_safe(fd, is_safe) ||
				  renameat(directory_fd, temporary, directory_fd, name) < 0 ||
				  !make_safe(directory_fd, is_safe)))
		is_written = err_errno(e, "%s", name);
	if (!is_written)
		unlinkat(directory_fd, temporary, 0);
	return is_written;
}

/* ---- the lock ---- */

static bool lock_shared(int fd, struct err *e)
{
	int64_t until = clock_ns() + LOCK_PATIENCE_MS * (int64_t)1'000'000;

	while (flock(fd, LOCK_SH | LOCK_NB) < 0) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return err_errno(e, "lock");
		if (clock_ns() > until)
			return err_set(e, ERR_TIMEOUT, "another process is sweeping it");
		usleep(LOCK_STEP_MS * 1000);
	}
	return true;
}

/* ---- the size file: everybody adds to it, for a moment each ---- */

/* All objects' sizes, where nobody has them written down. */
static int64_t count_bytes(struct store *s)
{
	int64_t bytes = 0;
	char name[3];
	struct stat st;

	for (int i = 0; i < 256; i++) {
		snprintf(name, sizeof name, "%02x", (unsigned)i);
		int fd = openat(s->objects_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		DIR *directory = fd >= 0 ? fdopendir(fd) : NULL;
		if (!directory) {
			file_close(&fd);
			continue;
		}
		for (struct dirent *d; (d = readdir(directory));)
			if (fstatat(fd, d->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
				S_ISREG(st.st_mode))
				bytes += st.st_size;
		closedir(directory);
	}
	return bytes;
}

static struct size_record size_change(struct store *s, int64_t bytes)
{
	struct size_record record;

	while (flock(s->size_fd, LOCK_EX) < 0 && errno == EINTR)
		;
	if (pread(s->size_fd, &record, sizeof record, 0) != sizeof record) {
		record = (struct size_record){.generation = 1, .bytes = count_bytes(s)};
		bytes = 0;
		/* A failed write is made good by the next one who finds none: it counts again. */
		(void)!pwrite(s->size_fd, &record, sizeof record, 0);
	}
	if (bytes) {
		record.bytes += bytes;
		(void)!pwrite(s->size_fd, &record, sizeof record, 0);
	}
	flock(s->size_fd, LOCK_UN);
	return record;
}

int64_t store_size(struct store *s)
{
	int64_t added = s->added_bytes;

	s->added_bytes = 0;
	return size_change(s, added).bytes;
}

bool store_lock_alone(struct store *s)
{
	return flock(s->lock_fd, LOCK_EX | LOCK_NB) == 0;
}

void store_set_size(struct store *s, int64_t bytes)
{
	struct size_record record = {.generation = ++s->generation, .bytes = bytes};

	(void)!pwrite(s->size_fd, &record, sizeof record, 0);
}

/* ---- open and close ---- */

bool store_open(struct store *s, const char *directory, bool make, struct err *e)
{
	int flags = O_RDWR | O_CLOEXEC | O_NOFOLLOW | (make ? O_CREAT : 0);
	AUTO(buf) path = {0};

	*s = (struct store){.fd = -1, .objects_fd = -1, .lock_fd = -1, .size_fd = -1};
	buf_printf(&path, "%s/undo", directory);
	s->fd = open_path(buf_text(&path), make, e);
	if (s->fd < 0)
		return false;
	s->lock_fd = openat(s->fd, "lock", flags, 0600);
	s->size_fd = openat(s->fd, "size", flags, 0600);
	if (s->lock_fd < 0 || s->size_fd < 0)
		(void)err_errno(e, "%s", buf_text(&path));
	else if (lock_shared(s->lock_fd, e))
		s->objects_fd = store_directory(s->fd, "objects", make, e);
	if (s->objects_fd < 0) {
		err_context(e, "%s", buf_text(&path));
		store_close(s);
		return false;
	}
	s->generation = size_change(s, 0).generation;
	return true;
}

void store_close(struct store *s)
{
	if (s->objects_fd >= 0 && s->size_fd >= 0 && s->added_bytes)
		(void)store_size(s);
	file_close(&s->objects_fd);
	file_close(&s->size_fd);
	file_close(&s->lock_fd);
	file_close(&s->fd);
	buf_release(&s->scratch);
}

/* ---- objects ---- */

struct object_name {
	char directory[3];
	char file[SHA256_TEXT];
};

static struct object_name name_of(const struct sha256 *digest)
{
	struct object_name name;
	char text[SHA256_TEXT];

	sha256_text(digest, text);
	memcpy(name.directory, text, 2);
	name.directory[2] = '\0';
	memcpy(name.file, text + 2, sizeof text - 2);
	return name;
}

static int open_fan(struct store *s, const struct object_name *name, bool make, struct err *e)
{
	return store_directory(s->objects_fd, name->directory, make, e);
}

/* A torn one has another size; whatever else befell it is found when it is read. */
static bool is_there(int fan_fd, const struct object_name *name, size_t size_bytes)
{
	struct stat st;

	return fstatat(fan_fd, name->file, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode) &&
	       (uint64_t)st.st_size == size_bytes;
}

/* What may have been put without waiting for the disk. */
static bool make_named_safe(int fan_fd, const struct object_name *name, struct err *e)
{
	AUTO_FD fd = openat(fan_fd, name->file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	return (fd >= 0 && fsync(fd) == 0 && fsync(fan_fd) == 0) || err_errno(e, "object");
}

/* The fan directory; a new one is safe itself when is_safe. */
static int open_or_make_fan(
	struct store *s, const struct object_name *name, bool is_safe, struct err *e)
{
	int fan = open_fan(s, name, false, e);

	if (fan >= 0)
		return fan;
	fan = open_fan(s, name, true, e);
	if (fan >= 0 && !make_safe(s->objects_fd, is_safe)) {
		err_errno(e, "%s", name->directory);
		file_close(&fan);
	}
	return fan;
}

bool store_put(
	struct store *s, struct str bytes, bool is_safe, const struct sha256 *digest, struct err *e)
{
	struct object_name name = name_of(digest);
	AUTO_FD fan = open_or_make_fan(s, &name, is_safe, e);

	if (fan >= 0 && is_there(fan, &name, bytes.n))
		return !is_safe || make_named_safe(fan, &name, e);
	if (fan < 0 || !store_write(fan, name.file, bytes, is_safe, e))
		return err_context(e, "object");
	s->added_bytes += (int64_t)bytes.n;
	return true;
}

/* A copy that shares its blocks with the file, where the file system can: -1 where not. */
static int clone_file(struct store *s, int fd, char temporary[32])
{
	if (s->has_no_clones)
		return -1;
	snprintf(temporary, 32, "tmp.%08x", (unsigned)arc4random());
	int copy = openat(s->objects_fd, temporary, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (copy >= 0 && ioctl(copy, FICLONE, fd) == 0)
		return copy;
	s->has_no_clones = true;
	if (copy >= 0)
		unlinkat(s->objects_fd, temporary, 0);
	file_close(&copy);
	return -1;
}

/* The copy becomes the object of its name. */
static bool place_clone(struct store *s, const char *temporary, const struct sha256 *digest,
	size_t size_bytes, struct err *e)
{
	struct object_name name = name_of(digest);
	AUTO_FD fan = open_fan(s, &name, true, e);
	bool is_old = fan >= 0 && is_there(fan, &name, size_bytes);

	if (fan >= 0 && !is_old && renameat(s->objects_fd, temporary, fan, name.file) == 0) {
		s->added_bytes += (int64_t)size_bytes;
		return true;
	}
	if (fan >= 0 && !is_old)
		(void)err_errno(e, "object");
	unlinkat(s->objects_fd, temporary, 0);
	return is_old;
}

bool store_take(struct store *s, int fd, size_t max_bytes, struct sha256 *digest,
	int64_t *size_bytes, struct err *e)
{
	char temporary[32];
	AUTO_FD copy = clone_file(s, fd, temporary);
	bool is_clone = copy >= 0;

	buf_clear(&s->scratch);
	if (!file_read_fd(is_clone ? copy : fd, "file", max_bytes, &s->scratch, e)) {
		if (is_clone)
			unlinkat(s->objects_fd, temporary, 0);
		return false;
	}
	struct sha256 made = sha256_of(buf_str(&s->scratch));
	size_t n = s->scratch.n;
	bool is_kept = is_clone ? place_clone(s, temporary, &made, n, e)
				: store_put(s, buf_str(&s->scratch), false, &made, e);
	if (!is_kept)
		return false;
	*digest = made;
	*size_bytes = (int64_t)n;
	return true;
}

static int open_object(struct store *s, const struct sha256 *digest, struct err *e)
{
	struct object_name name = name_of(digest);
	AUTO_FD fan = open_fan(s, &name, false, e);

	return fan < 0 ? -1 : file_open_regular(fan, name.file, e);
}

bool store_make_safe(struct store *s, const struct sha256 *digest, struct err *e)
{
	AUTO_FD fd = open_object(s, digest, e);

	return fd >= 0 && (fsync(fd) == 0 || err_errno(e, "object"));
}

bool store_get(struct store *s, const struct sha256 *digest, struct buf *out, struct err *e)
{
	AUTO_FD fd = open_object(s, digest, e);
	size_t start = out->n;

	if (fd < 0 && e->code == ERR_NOT_FOUND)
		return err_set(e, ERR_NOT_FOUND, "the kept contents are missing");
	if (fd < 0 || !file_read_fd(fd, "object", KEEP_FILE_MAX_BYTES, out, e))
		return err_context(e, "the kept contents");
	struct sha256 found = sha256_of(str_skip(buf_str(out), start));
	if (sha256_eq(&found, digest))
		return true;
	buf_cut(out, start);
	return err_set(e, ERR_PARSE, "the kept contents are damaged");
}

bool store_has(struct store *s, const struct sha256 *digest)
{
	struct object_name name = name_of(digest);
	char path[SHA256_TEXT + 4];

	snprintf(path, sizeof path, "%s/%s", name.directory, name.file);
	return faccessat(s->objects_fd, path, F_OK, AT_EACCESS | AT_SYMLINK_NOFOLLOW) == 0;
}
