// SPDX-License-Identifier: MIT
/*
 * remote: tasks and their ends as bytes, for workers that are other processes, maybe on other
 * machines: JSON objects. What does not read as one is refused (ERR_PARSE), as it came from
 * outside.
 *
 *   {"version":1,"id":ID,"prompt":TEXT,"preamble":TEXT,"context":TEXT,"model":NAME,"timeout":S,
 *    "max_turns":N,"own_model":BOOL}
 *   {"version":1,"done":true,"result":TEXT,"usage":USAGE,"work":WORK}
 *   {"version":1,"done":false,"class":NAME,"failure":"passing"|"lasting"|"common","message":TEXT,
 *    "usage":USAGE,"work":WORK}
 */
#ifndef BATCH_REMOTE_H
#define BATCH_REMOTE_H

#include "batch/runner.h"

struct remote_task {
	struct str id; /* for people */
	struct str prompt, preamble; /* what the agent is told */
	struct str context; /* the batch's: goes into the system part; "" none */
	struct str model; /* "provider/model" */
	bool has_own_model; /* the task names it */
	int64_t timeout_s; /* 0 none */
	int max_turns;
};

void remote_put_task(struct buf *out, const struct remote_task *task);
/* Strings live in the arena. */
[[nodiscard]] bool remote_read_task(
	struct str bytes, struct arena *a, struct remote_task *out, struct err *e);
void remote_put_result(struct buf *out, const struct runner_result *result);
[[nodiscard]] bool remote_read_result(
	struct str bytes, struct arena *a, struct runner_result *out, struct err *e);

#endif
