// SPDX-License-Identifier: MIT
#include "cmd/world.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/utf8.h"

static const char *get_environment(const char *name)
{
	return getenv(name);
}

static void on_signal(void *self, int number)
{
	struct world *w = self;

	w->signal_number = number;
	w->is_done = true;
}

/* What settings may say of them counts for every command. */
static const struct option shared_options[] = {TRUST_OPTIONS, {0}};

bool world_read_settings(struct world *w, struct err *e)
{
	if (!workspace_open(&w->workspace, options_value(&w->given, "directory"), e)) {
		e->code = ERR_USAGE;
		return false;
	}
	settings_read(&w->settings, &w->workspace, get_environment);
	settings_fill(&w->settings, shared_options, &w->given, &w->arena);
	w->wish.environment = get_environment;
	return true;
}

bool world_settings(struct world *w, struct err *e)
{
	if (!world_read_settings(w, e))
		return false;
	if (!settings_check(&w->settings, e) || !settings_wish(&w->settings, &w->wish, e)) {
		e->code = ERR_USAGE;
		return false;
	}
	settings_warn(&w->settings);
	return true;
}

bool world_open(struct world *w, struct err *e)
{
	w->loop = loop_new(e);
	if (!w->loop || !loop_on_signal(w->loop, SIGINT, on_signal, w, e) ||
		!loop_on_signal(w->loop, SIGTERM, on_signal, w, e))
		return err_context(e, "cannot start");
	w->http = http_client_new(w->loop);
	/* Of several routes the client judges, request by request, who is on this machine. */
	if (!command_trust(&w->given, w->route, &w->arena, &w->trust, e))
		return false;
	http_client_trust(w->http, &w->trust);
	return true;
}

bool world_wait(struct world *w)
{
	if (!w->is_done)
		loop_run(w->loop, &w->is_done);
	return w->signal_number == 0;
}

bool world_wait_lists(struct world *w, struct lists *lists)
{
	w->is_done = !lists;
	bool is_whole = world_wait(w);
	if (!is_whole && lists_cancel(lists))
		world_finish(w);
	return is_whole;
}

void world_finish(struct world *w)
{
	w->is_done = false;
	loop_run(w->loop, &w->is_done);
}

static void release(struct world *w)
{
	pacer_free(w->pacer);
	http_client_free(w->http);
	if (w->loop)
		loop_free(w->loop);
	settings_release(&w->settings);
	workspace_release(&w->workspace);
	arena_release(&w->arena);
}

static int run(
	struct world *w, const struct command *command, int (*body)(struct world *w, struct err *e))
{
	struct err e = {0};
	AUTO(buf) line = {0};

	log_enable(options_has(&w->given, "verbose"));
	int status = body(w, &e);
	if (status == EXIT_USAGE)
		return command_wrong_usage(command, &e);
	if (status != EXIT_DONE && e.code) {
		utf8_put_line(&line, str_from(e.text), sizeof e.text);
		fprintf(stderr, "fettle: %s\n", buf_text(&line));
	}
	return status;
}

int world_command(const struct command *command, const struct program *, int count,
	char *const *words, int (*body)(struct world *w, struct err *e))
{
	struct world w = {0};
	struct err e;
	int status;

	if (!options_parse(command->options, count, words, &w.arena, &w.given, &e)) {
		status = command_wrong_usage(command, &e);
	} else if (options_has(&w.given, "help")) {
		command_print_help(command, &w.given, &w.arena);
		status = command_end_output();
	} else {
		status = run(&w, command, body);
	}
	release(&w);
	return status;
}
