// SPDX-License-Identifier: MIT
/* rpc_inside: what rpc.c (the callers' side) and rpc_serve.c (the connection's thread) share. */
#ifndef IO_RPC_INSIDE_H
#define IO_RPC_INSIDE_H

#include <pthread.h>
#include <sys/types.h>

#include "io/rpc.h"

enum {
	RPC_QUEUE_MAX_BYTES = 32 << 20,
	RPC_ERRORS_KEPT_BYTES = 8 << 10,
	RPC_STOP_MS = 1'000,
	RPC_TERM_MS = 500, /* between SIGTERM and SIGKILL */
};

/* A call that waits; on its caller's stack, listed while it waits. */
struct rpc_waiter {
	struct rpc_waiter *next;
	int64_t id;
	bool is_answered;
	struct buf bytes; /* the whole message */
};

struct rpc {
	struct rpc_options options; /* the words lie in the arena */
	struct arena arena;
	pid_t pid;
	pthread_t thread;
	int wake_fd; /* eventfd: there is something in the queue, or it is to be closed */
	atomic_int_least64_t last_id;

	pthread_mutex_t lock; /* protects what follows up to the thread's own */
	pthread_cond_t changed;
	struct buf queue; /* to be written */
	struct rpc_waiter *waiters;
	size_t waiting; /* callers inside rpc_call */
	bool has_begun; /* the program is started, or could not be */
	bool is_closing;
	bool is_over; /* with failure */
	struct err failure;
	struct buf errors; /* the end of stderr */
	size_t skipped;

	/* of the connection's thread */
	int in_fd, out_fd, errors_fd;
	int pid_fd; /* -1 before Linux 5.3 */
	struct frames frames;
	struct buf sending; /* taken from the queue */
	size_t sent;
	int64_t hung_up_ns; /* when it closed one of its ends; 0 not yet */
	int64_t closed_ns; /* when we closed its stdin */
	int64_t term_ns; /* when it was sent SIGTERM */
};

/* The thread's body; self is the struct rpc. */
void *rpc_serve(void *self);
/* Puts a message into the queue; the lock is held. False: the queue is full. */
bool rpc_enqueue(struct rpc *rpc, struct str body);

#endif
