// SPDX-License-Identifier: MIT
/* runner_class: what a failure means for the task, and for the others. */
#include <string.h>

#include "batch/runner_inside.h"

/* So many first failures of one kind, and no success: all the others would go the same way. */
enum { SAME_FAILURES = 3 };

static const struct {
	const char *reason; /* of a call, see struct call_retry */
	const char *class;
	enum failure failure;
} reasons[] = {
	{"authentication_failed", "auth", FAILURE_COMMON},
	{"permission_denied", "auth", FAILURE_COMMON},
	{"billing_error", "auth", FAILURE_COMMON},
	{"model_not_found", "validation", FAILURE_COMMON},
	{"invalid_request", "validation", FAILURE_LASTING},
	{"context_window", "validation", FAILURE_LASTING},
	{"rate_limit", "limit", FAILURE_PASSING},
	{"overloaded", "server", FAILURE_PASSING},
	{"server_error", "server", FAILURE_PASSING},
	{"network", "network", FAILURE_PASSING},
	{"timeout", "network", FAILURE_PASSING},
};

/* Of errors that are no provider's. */
static const char *own_class(const struct attempt *a)
{
	switch (a->error.code) {
	case ERR_CANCELLED: return "cancelled";
	case ERR_TIMEOUT: return "timeout";
	case ERR_USAGE:
	case ERR_NOT_FOUND:
	case ERR_DENIED:
	case ERR_PARSE: return "validation";
	case ERR_IO: return "io";
	default: return "task";
	}
}

static void count_same(struct attempt *a)
{
	struct runner *r = a->runner;

	if (a->failure != FAILURE_LASTING || strcmp(a->class, "validation") != 0 || r->has_success)
		return;
	if (strncmp(r->same, a->error.text, sizeof r->same - 1) != 0)
		r->same_count = 0;
	snprintf(r->same, sizeof r->same, "%.*s", (int)sizeof r->same - 1, a->error.text);
	if (++r->same_count >= SAME_FAILURES)
		a->failure = FAILURE_COMMON;
}

void attempt_classify(struct attempt *a, const struct agent_result *result)
{
	const struct call_result *last =
		result && result->call_count ? &result->calls[result->call_count - 1] : NULL;
	const char *reason = last && !a->is_timed_out ? last->reason : NULL;

	a->class = own_class(a);
	a->failure = FAILURE_LASTING;
	for (size_t i = 0; reason && i < sizeof reasons / sizeof *reasons; i++) {
		if (strcmp(reason, reasons[i].reason) != 0)
			continue;
		a->class = reasons[i].class;
		a->failure = reasons[i].failure;
	}
	/* A model of its own is no other task's fault. */
	if (a->failure == FAILURE_COMMON && a->task->model.p)
		a->failure = FAILURE_LASTING;
	/* The call has tried as often as it may; what broke within an answer was not tried again.
	 */
	if (a->failure == FAILURE_PASSING && last->attempts > a->runner->options.call_retries)
		a->failure = FAILURE_LASTING;
	if (!a->is_cancelled)
		count_same(a);
}
