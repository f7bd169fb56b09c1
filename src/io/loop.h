// SPDX-License-Identifier: MIT
/*
 * loop: one thread that owns all mutable state and waits for everything: sockets, timers, signals
 * and the results of workers. Built on libevent. All functions but loop_post are for the loop's
 * thread.
 */
#ifndef IO_LOOP_H
#define IO_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct loop;
struct timer;
struct watch;
struct event_base;

/* NULL and e when the system has no descriptors left. */
[[nodiscard]] struct loop *loop_new(struct err *e);
void loop_free(
	struct loop *loop); /* after everything that lives on it; frees what is still posted */
/* Runs until *done is true or loop_stop was called. May be called again afterwards. */
void loop_run(struct loop *loop, const bool *done);
void loop_stop(struct loop *loop);
/* libevent's base, for the other files of io/ only. */
struct event_base *loop_base(struct loop *loop);

/* Calls once after delay_ms (0: in the next turn). The timer is gone after the call or the cancel.
 */
struct timer *loop_after(struct loop *loop, int64_t delay_ms, void (*call)(void *self), void *self);
void timer_cancel(struct timer *timer); /* NULL is nothing */

/* Calls whenever fd can be read without waiting. */
struct watch *loop_watch(struct loop *loop, int fd, void (*call)(void *self), void *self);
void watch_cancel(struct watch *watch); /* NULL is nothing; fd stays open */

/* From any thread: call runs on the loop's thread, in the order of posting. */
void loop_post(struct loop *loop, void (*call)(void *self), void *self);

/* Until loop_free. One handler a signal. */
[[nodiscard]] bool loop_on_signal(struct loop *loop, int number,
	void (*call)(void *self, int number), void *self, struct err *e);

#endif
