// SPDX-License-Identifier: MIT
#include "call/pace_share.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/must.h"
#include "base/private.h"
#include "base/sha256.h"
#include "call/share.h"

enum {
	PLACES = 64,
	LOCKED_MAX = 100, /* in a row; who holds it was stopped, and we go on alone */
};
#define REAP_NS 200'000'000LL
/* Changes with struct bucket. */
#define MAGIC 0x32656361706c7466ULL

struct place {
	uint64_t magic, sum; /* of what follows */
	struct sha256 key; /* of start of the machine, process ids and name */
	int64_t touched_ns, reaped_ns;
	struct bucket bucket;
};

/* Every byte is in the sum. */
_Static_assert(sizeof(struct place) == 8 + 8 + 32 + 16 + sizeof(struct bucket), "no gaps");

struct pace_share {
	char *directory;
	struct pace_home *home; /* what we have without the file */
	int fd; /* -1: not open */
	bool is_tried;
	struct err trouble;
	struct holder who;
	int locked; /* times in a row that somebody else had it */
	int64_t looked_ns; /* whether the file is still there */
	struct sha256 scope;
	int at; /* of the place that is lent; -1: one at home */
	struct place place;
};

static void reap(struct pace_share *s, int64_t now_ns)
{
	struct bucket *b = &s->place.bucket;

	if (now_ns - s->place.reaped_ns < REAP_NS)
		return;
	s->place.reaped_ns = now_ns;
	for (int i = 0; i < BUCKET_HOLDERS; i++) {
		struct holder h = b->holders[i];
		if (h.pid && h.pid != s->who.pid && process_is_gone(h.pid, h.started))
			bucket_forget(b, &h);
	}
}

/* ---- the file ---- */

static bool open_file(struct pace_share *s)
{
	s->is_tried = true;
	AUTO_FD directory = private_open(s->directory, true, &s->trouble);
	if (directory < 0)
		return false;
	s->fd = private_open_file(directory, PACE_SHARE_FILE, &s->trouble);
	return s->fd >= 0;
}

static void close_file(struct pace_share *s)
{
	file_close(&s->fd);
}

static uint64_t sum_of(const struct place *p)
{
	return hash_bytes(
		(struct str){(const char *)&p->key, sizeof *p - offsetof(struct place, key)});
}

static bool is_good(const struct place *p, int64_t now_ns)
{
	return p->magic == MAGIC && p->sum == sum_of(p) && p->touched_ns <= now_ns + NS_PER_S &&
	       p->reaped_ns <= now_ns + NS_PER_S && bucket_is_sane(&p->bucket, now_ns);
}

static bool read_place(struct pace_share *s, int at, int64_t now_ns)
{
	ssize_t n = pread(s->fd, &s->place, sizeof s->place, (off_t)at * (off_t)sizeof s->place);

	return n == (ssize_t)sizeof s->place && is_good(&s->place, now_ns);
}

/* The place with that key, or else one that is free or was not used for the longest time. */
static void find_place(struct pace_share *s, const struct sha256 *key, int64_t now_ns)
{
	int first = key->bytes[0] % PLACES, oldest = first;
	int64_t oldest_ns = INT64_MAX;

	for (int i = 0; i < PLACES; i++) {
		int at = (first + i) % PLACES;
		bool is_used = read_place(s, at, now_ns);
		int64_t touched_ns = is_used ? s->place.touched_ns : -1;
		if (is_used && sha256_eq(&s->place.key, key)) {
			s->at = at;
			return;
		}
		if (touched_ns < oldest_ns) {
			oldest_ns = touched_ns;
			oldest = at;
		}
	}
	s->at = oldest;
	s->place = (struct place){.magic = MAGIC, .key = *key};
}

static struct sha256 key_of(const struct pace_share *s, struct str name)
{
	AUTO(buf) text = {0};

	buf_put_str(&text, (struct str){(const char *)s->scope.bytes, SHA256_BYTES});
	buf_put_str(&text, name);
	return sha256_of(buf_str(&text));
}

static struct bucket *lend(void *self, struct str name, int64_t *clock)
{
	struct pace_share *s = self;
	int64_t now_ns = *clock;

	if (s->fd >= 0 && now_ns - s->looked_ns >= REAP_NS) {
		s->looked_ns = now_ns;
		s->is_tried = !share_is_removed(s->fd);
		if (!s->is_tried)
			close_file(s);
	}
	if (s->fd < 0 && (s->is_tried || !open_file(s))) {
		s->at = -1;
		return pace_home_lend(s->home, name);
	}
	if (!share_lock(s->fd)) {
		s->at = -1;
		return s->locked++ < LOCKED_MAX ? NULL : pace_home_lend(s->home, name);
	}
	struct sha256 key = key_of(s, name);
	s->locked = 0;
	find_place(s, &key, now_ns);
	s->place.touched_ns = now_ns;
	reap(s, now_ns);
	return &s->place.bucket;
}

static void back(void *self, struct bucket *)
{
	struct pace_share *s = self;

	if (s->at < 0)
		return;
	s->place.sum = sum_of(&s->place);
	ssize_t n =
		pwrite(s->fd, &s->place, sizeof s->place, (off_t)s->at * (off_t)sizeof s->place);
	share_unlock(s->fd);
	if (n == (ssize_t)sizeof s->place)
		return;
	err_errno(&s->trouble, "%s/%s", s->directory, PACE_SHARE_FILE);
	close_file(s);
}

struct pace_share *pace_share_new(const char *directory)
{
	struct pace_share *s = must_alloc(1, sizeof *s);

	s->directory = must_copy(directory, strlen(directory));
	s->home = pace_home_new();
	s->fd = s->at = -1;
	s->who = (struct holder){.pid = getpid(), .started = process_start(getpid())};
	s->scope = share_scope();
	return s;
}

void pace_share_free(struct pace_share *s)
{
	if (!s)
		return;
	close_file(s);
	pace_home_free(s->home);
	free(s->directory);
	free(s);
}

struct pace_store pace_share_store(struct pace_share *s)
{
	return (struct pace_store){
		.lend = lend, .back = back, .self = s, .who = s->who, .is_shared = true};
}

const char *pace_share_trouble(const struct pace_share *s)
{
	return s->fd < 0 && s->is_tried ? s->trouble.text : NULL;
}
