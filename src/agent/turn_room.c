// SPDX-License-Identifier: MIT
/* Before a request: the conversation is brought within the window of the model that gets it. */
#include "agent/turn.h"

void turn_set_window(struct agent *agent, const struct route *route)
{
	int64_t most = route->is_in_catalog ? route->model.max_output_tokens : 0;
	int64_t wanted = route->max_output_tokens ? route->max_output_tokens : OUTPUT_MAX_TOKENS;
	bool is_known;
	int64_t tokens = route_context_tokens(route, &is_known);

	agent->window_route = route;
	window_set_limits(
		&agent->window, tokens, is_known, most > 0 && most < wanted ? most : wanted);
}

static void tell_window(struct agent *agent, const struct call_result *call)
{
	turn_tell(agent,
		(struct agent_event){
			.kind = AGENT_WINDOW, .window = &agent->window.change, .call = call});
}

void turn_fill_prompt(struct agent *agent)
{
	const struct window *w = &agent->window;

	agent->prompt.messages = w->view.p;
	agent->prompt.message_count = w->view.n;
	agent->prompt.max_output_tokens = w->output_tokens;
	agent->prompt.context_tokens = w->tokens;
}

/* A fallback may have a smaller window: there is no time for a summary then. */
const struct prompt *turn_fit_route(void *self, const struct route *route, struct err *e)
{
	struct agent *agent = self;
	bool has_shrunk;

	if (route == agent->window_route)
		return &agent->prompt;
	turn_set_window(agent, route);
	switch (window_fit(&agent->window, &has_shrunk, e)) {
	case WINDOW_FITS: break;
	case WINDOW_SUMMARISE:
		window_close_summary(&agent->window, STR(""));
		has_shrunk = true;
		break;
	case WINDOW_TOO_SMALL: return NULL;
	}
	if (has_shrunk)
		tell_window(agent, NULL);
	turn_fill_prompt(agent);
	return &agent->prompt;
}

bool turn_is_curable(struct agent *agent, const struct call_result *call)
{
	return call->error && call->stop == STOP_CONTEXT && call->http_status &&
	       !call->times.first_token && !agent->error.code && !agent->has_overflowed &&
	       window_overflowed(&agent->window, call->context_tokens);
}

static void close_summary(
	struct agent *agent, struct str text, const struct err *why, const struct call_result *call)
{
	window_close_summary(&agent->window, text);
	agent->window.change.error = agent->window.change.is_summarised ? NULL : why;
	tell_window(agent, call);
	agent->window.change.error = NULL;
	summary_release(&agent->summary);
	turn_send(agent);
}

static void got_summary_end(void *self, const struct call_result *call)
{
	struct agent *agent = self;
	static const struct err empty = {ERR_TASK, "the summary was empty"};

	agent->call = NULL;
	turn_keep_call(agent, call);
	/* A request that was refused costs nothing. */
	if (!call->error || call->usage.input >= 0)
		turn_add_cost(agent, &call->usage, call->cost_nanousd);
	if (agent->error.code)
		turn_end_soon(agent);
	else if (call->error)
		close_summary(agent, STR(""), call->error, call);
	else
		close_summary(agent, buf_str(&agent->summary.text), &empty, call);
}

/* By the model that is there for it, else by the conversation's own. */
static const struct route *prepare_summary(struct agent *agent)
{
	const struct route *other = agent->task.summary_route, *own = agent->route;
	bool is_known;

	if (other && other->wire && !str_eq(other->name, own->name) &&
		summary_prepare(&agent->summary, &agent->window, &agent->prompt, false,
			route_context_tokens(other, &is_known)))
		return other;
	return summary_prepare(
		       &agent->summary, &agent->window, &agent->prompt, true, agent->window.tokens)
		       ? own
		       : NULL;
}

static void summarise(struct agent *agent)
{
	static const struct err too_long = {ERR_LIMIT, "they do not fit into a question"};
	struct call_sink sink = {.retry = turn_got_retry,
		.end = got_summary_end,
		.self = agent,
		.wait = turn_got_wait};
	const struct route *route = prepare_summary(agent);

	if (route)
		agent->call = summary_ask(&agent->summary, &agent->world.call, route, &sink);
	else
		close_summary(agent, STR(""), &too_long, NULL);
}

void turn_make_room(struct agent *agent)
{
	bool has_shrunk;
	enum window_verdict verdict = window_fit(&agent->window, &has_shrunk, &agent->error);

	if (has_shrunk)
		tell_window(agent, NULL);
	switch (verdict) {
	case WINDOW_FITS: turn_send(agent); break;
	case WINDOW_SUMMARISE: summarise(agent); break;
	case WINDOW_TOO_SMALL:
		agent->result.turns--;
		agent->result.stop = STOP_CONTEXT;
		err_context(&agent->error, "%.*s", STR_ARG(agent->route->name));
		turn_end_soon(agent);
		break;
	}
}
