// SPDX-License-Identifier: MIT
/* run: what the files of the command share. Private to them. */
#ifndef CMD_RUN_H
#define CMD_RUN_H

#include "base/uuid.h"
#include "cmd/command.h"
#include "cmd/mcp_servers.h"
#include "cmd/replay.h"
#include "cmd/settings.h"
#include "cmd/spending.h"
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
	struct route_wish wish; /* that it was chosen by */
	struct route route, summary_route;
	struct agent_images images;
	struct retry_limits retry;
	struct spending spending;
	struct http_trust trust;
	struct rates rates;
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
	struct pacer *pacer; /* NULL: a script answers */
	struct replay replay;
	bool is_elsewhere; /* others ask the model: no key is needed, and nobody is announced */
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
/* run_prepare.c, in this order. What the settings say goes into options that were not given. */
[[nodiscard]] bool run_read_settings(struct run *r, const struct option *options, struct err *e);
[[nodiscard]] bool run_read_options(struct run *r, struct err *e);
/* Who answers, and in what form. */
[[nodiscard]] bool run_prepare_model(struct run *r, struct err *e);
/* What tools may do, and what the model is told besides its tasks, which are known by now. */
[[nodiscard]] bool run_prepare_hands(struct run *r, struct err *e);
/* What the model is told of another workspace with hands of its own. From any thread. */
[[nodiscard]] bool run_load_context(struct run *r, const struct workspace *w,
	const struct hands *hands, struct agent_context *out, struct err *e);
void run_release(struct run *r);

/* Text on stdin that is no task goes into piped. */
[[nodiscard]] bool run_collect_tasks(struct run *r, const struct program *program, struct err *e);
/* The model, its fallbacks, the one for summaries; a replay is read. */
[[nodiscard]] bool run_choose_model(struct run *r, struct err *e);
/* Another model beside it, in the arena; NULL and e. */
[[nodiscard]] const struct route *run_choose_other(struct run *r, struct str model, struct err *e);
[[nodiscard]] bool run_open_trace(struct run *r, struct err *e);
/* It refuses what options name to be read. */
[[nodiscard]] bool run_open_outputs(struct run *r, struct err *e);
/* The n-th file that an option names to be read, from 0; NULL: there are no more. */
const char *run_input(const struct options *given, size_t n, const char **option);

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

/* What everything waits on; run_close_loop gives it back. Signals are told to call. */
[[nodiscard]] bool run_open_loop(
	struct run *r, void (*call)(void *self, int number), void *self, struct err *e);
/* Workers, trust, MCP; says on stderr who answers. */
void run_begin_work(struct run *r);
void run_close_loop(struct run *r);
/* What agents and calls of this run live in: a person waits, or else it is one of many. */
struct agent_world run_world(const struct run *r, bool is_interactive);
/* What holds for every task of this run, all but its words. */
struct agent_task run_agent_task(struct run *r);
/* One task after another; the status is in r. Opens the loop and closes it. */
void run_all(struct run *r);

#endif
