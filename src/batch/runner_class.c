// SPDX-License-Identifier: MIT
/* runner_class: what a failure means for the task, and for the others. */
#include <string.h>

#include "batch/runner_inside.h"
#include "call/budget.h"

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
static const struct {
	enum err_code code;
	const char *class;
} own[] = {
	{ERR_CANCELLED, "cancelled"},
	{ERR_TIMEOUT, "timeout"},
	{ERR_USAGE, "validation"},
	{ERR_NOT_FOUND, "validation"},
	{ERR_DENIED, "validation"},
	{ERR_PARSE, "validation"},
	{ERR_IO, "io"},
	{ERR_BUDGET, "budget"},
};

static const char *own_class(enum err_code code)
{
	for (size_t i = 0; i < sizeof own / sizeof *own; i++)
		if (own[i].code == code)
			return own[i].class;
	return "task";
}

const char *task_class_find(struct str name)
{
	for (size_t i = 0; i < sizeof own / sizeof *own; i++)
		if (str_is(name, own[i].class))
			return own[i].class;
	for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
		if (str_is(name, reasons[i].class))
			return reasons[i].class;
	return "task";
}

const char *task_classify(const struct task_failing *f, enum failure *failure)
{
	const struct agent_result *r = f->result;
	const struct call_result *last = r && r->call_count ? &r->calls[r->call_count - 1] : NULL;
	const char *reason = last && !f->is_timed_out ? last->reason : NULL;
	const char *class = own_class(f->error->code);

	*failure = FAILURE_LASTING;
	for (size_t i = 0; reason && i < sizeof reasons / sizeof *reasons; i++) {
		if (strcmp(reason, reasons[i].reason) != 0)
			continue;
		class = reasons[i].class;
		*failure = reasons[i].failure;
	}
	/* A model of its own is no other task's fault. */
	if (*failure == FAILURE_COMMON && f->has_own_model)
		*failure = FAILURE_LASTING;
	/* The call has tried as often as it may; what broke within an answer was not tried again.
	 */
	if (*failure == FAILURE_PASSING && last->attempts > f->call_retries)
		*failure = FAILURE_LASTING;
	return class;
}

void attempt_count_same(struct attempt *a)
{
	struct runner *r = a->runner;

	if (a->is_cancelled || a->failure != FAILURE_LASTING || r->has_success ||
		strcmp(a->class, "validation") != 0)
		return;
	if (strncmp(r->same, a->error.text, sizeof r->same - 1) != 0)
		r->same_count = 0;
	snprintf(r->same, sizeof r->same, "%.*s", (int)sizeof r->same - 1, a->error.text);
	if (++r->same_count >= SAME_FAILURES)
		a->failure = FAILURE_COMMON;
}

void attempt_classify(struct attempt *a, const struct agent_result *result)
{
	struct task_failing f = {.error = &a->error,
		.result = result,
		.is_timed_out = a->is_timed_out,
		.has_own_model = a->task->model.p,
		.call_retries = a->runner->options.call_retries};

	const struct budget *budget = a->world.call.budget;
	a->is_out_of_budget = a->error.code == ERR_BUDGET && budget && !budget_has_refused(budget);
	a->class = task_classify(&f, &a->failure);
	attempt_count_same(a);
}
