// SPDX-License-Identifier: MIT
#include "io/loop.h"

#include <event2/event.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/must.h"

struct posted {
	struct posted *next;
	void (*call)(void *self);
	void *self;
};

struct handler {
	struct handler *next;
	struct event *event;
	void (*call)(void *self, int number);
	void *self;
};

struct timer {
	struct event *event;
	void (*call)(void *self);
	void *self;
};

struct watch {
	struct event *event;
	void (*call)(void *self);
	void *self;
};

struct loop {
	struct event_base *base;
	struct handler *handlers;
	struct event *wake;
	int wake_fd;
	pthread_mutex_t lock; /* protects first and last */
	struct posted *first, *last;
	bool stopped;
};

static void run_posted(evutil_socket_t fd, short, void *self)
{
	struct loop *loop = self;
	uint64_t count;

	if (read(fd, &count, sizeof count) < 0)
		return;
	pthread_mutex_lock(&loop->lock);
	struct posted *item = loop->first;
	loop->first = loop->last = NULL;
	pthread_mutex_unlock(&loop->lock);
	while (item) {
		struct posted *next = item->next;
		item->call(item->self);
		free(item);
		item = next;
	}
}

/* libevent would print; whoever called it reports what failed. */
static void take_log(int, const char *message)
{
	log_debug("libevent: %s", message);
}

static bool open_base(struct loop *loop)
{
	struct event_config *config = event_config_new();

	must(config);
	event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK | EVENT_BASE_FLAG_PRECISE_TIMER);
	loop->base = event_base_new_with_config(config);
	event_config_free(config);
	return loop->base;
}

static bool open_wake(struct loop *loop)
{
	loop->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (loop->wake_fd < 0)
		return false;
	loop->wake = event_new(loop->base, loop->wake_fd, EV_READ | EV_PERSIST, run_posted, loop);
	must(loop->wake);
	return event_add(loop->wake, NULL) == 0;
}

struct loop *loop_new(struct err *e)
{
	struct loop *loop = must_alloc(1, sizeof *loop);

	event_set_log_callback(take_log);
	loop->wake_fd = -1;
	pthread_mutex_init(&loop->lock, NULL);
	if (open_base(loop) && open_wake(loop))
		return loop;
	err_errno(e, "event loop");
	loop_free(loop);
	return NULL;
}

void loop_free(struct loop *loop)
{
	if (!loop)
		return;
	while (loop->first) {
		struct posted *next = loop->first->next;
		free(loop->first);
		loop->first = next;
	}
	while (loop->handlers) {
		struct handler *next = loop->handlers->next;
		event_free(loop->handlers->event);
		free(loop->handlers);
		loop->handlers = next;
	}
	if (loop->wake)
		event_free(loop->wake);
	file_close(&loop->wake_fd);
	if (loop->base)
		event_base_free(loop->base);
	pthread_mutex_destroy(&loop->lock);
	free(loop);
}

void loop_run(struct loop *loop, const bool *done)
{
	loop->stopped = false;
	while (!*done && !loop->stopped)
		if (event_base_loop(loop->base, EVLOOP_ONCE) < 0)
			break;
}

void loop_stop(struct loop *loop)
{
	loop->stopped = true;
	event_base_loopbreak(loop->base);
}

struct event_base *loop_base(struct loop *loop)
{
	return loop->base;
}

static void fire_timer(evutil_socket_t, short, void *self)
{
	struct timer timer = *(struct timer *)self;

	event_free(timer.event);
	free(self);
	timer.call(timer.self);
}

struct timer *loop_after(struct loop *loop, int64_t delay_ms, void (*call)(void *self), void *self)
{
	struct timer *timer = must_alloc(1, sizeof *timer);
	struct timeval delay = {delay_ms / 1000, delay_ms % 1000 * 1000};

	*timer = (struct timer){.call = call, .self = self};
	timer->event = evtimer_new(loop->base, fire_timer, timer);
	must(timer->event && evtimer_add(timer->event, &delay) == 0);
	return timer;
}

void timer_cancel(struct timer *timer)
{
	if (!timer)
		return;
	event_free(timer->event);
	free(timer);
}

static void fire_watch(evutil_socket_t, short, void *self)
{
	struct watch *watch = self;

	watch->call(watch->self);
}

struct watch *loop_watch(struct loop *loop, int fd, void (*call)(void *self), void *self)
{
	struct watch *watch = must_alloc(1, sizeof *watch);

	*watch = (struct watch){.call = call, .self = self};
	watch->event = event_new(loop->base, fd, EV_READ | EV_PERSIST, fire_watch, watch);
	must(watch->event && event_add(watch->event, NULL) == 0);
	return watch;
}

void watch_cancel(struct watch *watch)
{
	if (!watch)
		return;
	event_free(watch->event);
	free(watch);
}

void loop_post(struct loop *loop, void (*call)(void *self), void *self)
{
	struct posted *item = must_alloc(1, sizeof *item);
	uint64_t one = 1;

	*item = (struct posted){.call = call, .self = self};
	pthread_mutex_lock(&loop->lock);
	if (loop->last)
		loop->last->next = item;
	else
		loop->first = item;
	loop->last = item;
	pthread_mutex_unlock(&loop->lock);
	/* A full counter (EAGAIN) means that the loop is about to wake anyway. */
	ssize_t written = write(loop->wake_fd, &one, sizeof one);
	(void)written;
}

static void fire_signal(evutil_socket_t number, short, void *self)
{
	struct handler *handler = self;

	handler->call(handler->self, (int)number);
}

bool loop_on_signal(struct loop *loop, int number, void (*call)(void *self, int number), void *self,
	struct err *e)
{
	struct handler *handler = must_alloc(1, sizeof *handler);

	*handler = (struct handler){.next = loop->handlers, .call = call, .self = self};
	handler->event = evsignal_new(loop->base, number, fire_signal, handler);
	must(handler->event);
	loop->handlers = handler;
	return evsignal_add(handler->event, NULL) == 0 ||
	       err_errno(e, "handler of signal %d", number);
}
