// SPDX-License-Identifier: MIT
/* run: what the files of the command share. Private to them. */
#ifndef CMD_RUN_H
#define CMD_RUN_H

#include "base/uuid.h"
#include "cmd/command.h"
#include "cmd/mcp_servers.h"
#include "cmd/replay.h"
#include "cmd/settings.h"
#include "io/web.h"
#include "ui/trace.h"
#include "ui/ui.h"

struct run {
	struct arena arena;
	struct options given; /* on the command line, and what settings add */
	struct settings settings;
	struct buf piped;
	struct str *tasks;
	size_t task_count;
	bool task_is_piped; /* "-", or no task and something on stdin */
	struct route route, summary_route;
	struct agent_images images;
	struct retry_limits retry;
	struct http_trust trust;
	struct workspace workspace;
	struct agent_context context;
	struct hands hands;
	struct buf net_diff;
	struct web_policy web;
	struct mcp_servers servers;
	struct answer_schema *schema; /* NULL: answers are any text */
	struct loop *loop;
	struct pool *pool;
	struct http_client *http;
	struct replay replay;
	struct ui *ui;
	struct ui_options ui_options;
	struct ui_times times;
	struct trace *trace; /* NULL: nobody wants one */
	char session_id[UUID_TEXT];
	int64_t max_turns, timeout_s;

	struct agent *agent;
	struct timer *timeout, *patience;
	bool is_done, is_stopped;
	int signal_number;
	int status;
};

const char *run_environment(const char *name);
/* Text on stdin that is no task goes into piped. */
[[nodiscard]] bool run_collect_tasks(struct run *r, const struct program *program, struct err *e);
/* The model, its fallbacks, the one for summaries; a replay is read. */
[[nodiscard]] bool run_choose_model(struct run *r, struct err *e);
[[nodiscard]] bool run_open_trace(struct run *r, struct err *e);
[[nodiscard]] bool run_open_outputs(struct run *r, struct err *e);

[[nodiscard]] bool run_read_hooks(struct run *r, struct err *e);
/* What tools may do: needs the settings. */
[[nodiscard]] bool run_make_hands(struct run *r, struct err *e);
void run_open_keep(struct run *r);
struct str run_net_diff(void *run); /* made once, when all tasks are done */
void run_tell_changes(struct run *r); /* on stderr, when all tasks are done */

/* Which MCP servers there are: needs the hands. */
[[nodiscard]] bool run_read_mcp(struct run *r, struct err *e);
/* Their tools, once the loop runs; whoever is not known yet is asked. */
void run_offer_mcp(struct run *r);
/* The asking, or a start, ends soon. */
void run_stop_mcp(struct run *r);

/* What everything waits on; run_all gives it back. */
[[nodiscard]] bool run_open_loop(struct run *r, struct err *e);
void run_all(struct run *r); /* one task after another; the status is in r */

#endif
