// SPDX-License-Identifier: MIT
/*
 * The thread and the loop share one struct, which the last of them frees: a resolver cannot be
 * ended, and nobody who cancels should wait for it.
 */
#include "io/resolve.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/file.h"
#include "base/must.h"

struct question {
	atomic_int users;
	int done_fd;
	char *host;
	char port[16];
	struct addrinfo *list;
	int status; /* of getaddrinfo */
};

struct resolve {
	struct question *question;
	struct watch *watch; /* NULL: no descriptor was left, it is answered by the timer */
	struct timer *timer;
	void (*answer)(void *self, struct addrinfo *list, const struct err *e);
	void *self;
};

static void leave(struct question *q)
{
	if (atomic_fetch_sub(&q->users, 1) != 1)
		return;
	if (q->list)
		freeaddrinfo(q->list);
	file_close(&q->done_fd);
	free(q->host);
	free(q);
}

static void *look_up(void *self)
{
	static const struct addrinfo hints = {
		.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV | AI_ADDRCONFIG};
	struct question *q = self;
	uint64_t one = 1;

	q->status = getaddrinfo(q->host, q->port, &hints, &q->list);
	/* A machine without a network has no address but loopback's. */
	if (q->status)
		q->status = getaddrinfo(q->host, q->port,
			&(struct addrinfo){.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV},
			&q->list);
	if (q->done_fd >= 0 && write(q->done_fd, &one, sizeof one) < 0)
		must(false);
	leave(q);
	return NULL;
}

static void tell(void *self)
{
	struct resolve *r = self;
	struct resolve told = *r;
	struct addrinfo *list = r->question->list;
	struct err e = {0};

	if (r->question->status)
		err_set(&e, ERR_NETWORK, "%s: %s", r->question->host,
			gai_strerror(r->question->status));
	r->question->list = NULL;
	r->timer = NULL;
	resolve_cancel(r);
	told.answer(told.self, list, e.code ? &e : NULL);
}

/* False: it has to be done here. */
static bool start_thread(struct question *q)
{
	pthread_attr_t attributes;
	sigset_t all, before;
	pthread_t id;

	if (q->done_fd < 0)
		return false;
	sigfillset(&all);
	pthread_attr_init(&attributes);
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	bool is_started = pthread_create(&id, &attributes, look_up, q) == 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attributes);
	return is_started;
}

struct resolve *resolve_start(struct loop *loop, const char *host, int port,
	void (*answer)(void *self, struct addrinfo *list, const struct err *e), void *self)
{
	struct resolve *r = must_alloc(1, sizeof *r);
	struct question *q = must_alloc(1, sizeof *q);

	*r = (struct resolve){.question = q, .answer = answer, .self = self};
	atomic_init(&q->users, 2);
	q->host = must_copy(host, strlen(host));
	snprintf(q->port, sizeof q->port, "%d", port);
	q->done_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (start_thread(q)) {
		r->watch = loop_watch(loop, q->done_fd, tell, r);
		return r;
	}
	look_up(q);
	r->timer = loop_after(loop, 0, tell, r);
	return r;
}

void resolve_cancel(struct resolve *r)
{
	if (!r)
		return;
	watch_cancel(r->watch);
	timer_cancel(r->timer);
	leave(r->question);
	free(r);
}
