// SPDX-License-Identifier: MIT
/* What a run made of each path, and whether it can be taken back. */
#include <stdlib.h>

#include "agent/keep/plan.h"

/* ---- all changes of a path are one ---- */

static int by_path_and_number(const void *a, const void *b)
{
	const struct journal_change *x = *(const struct journal_change *const *)a;
	const struct journal_change *y = *(const struct journal_change *const *)b;
	int order = str_cmp(x->path, y->path);

	return order ? order : (x->number > y->number) - (x->number < y->number);
}

static void add_to(struct net *net, const struct journal_change *change)
{
	if (!net->path.p) {
		net->path = change->path;
		net->from = change->from;
		net->unkept = change->unkept;
	}
	net->to = change->to;
	net->is_made = change->from.mode == 0;
	net->has_other = change->outcome == OUTCOME_OPEN;
	net->other = change->from;
}

void net_collect(const struct journal *j, net_list *out)
{
	VEC(const struct journal_change *) changes = {0};
	size_t next;

	vec_each (&j->changes, change)
		if (change->outcome != OUTCOME_LEFT)
			vec_push(&changes, change);
	if (changes.n)
		qsort(changes.p, changes.n, sizeof *changes.p, by_path_and_number);
	for (size_t i = 0; i < changes.n; i = next) {
		struct net net = {0};
		for (next = i;
			next < changes.n && str_eq(changes.p[i]->path, changes.p[next]->path);
			next++)
			add_to(&net, changes.p[next]);
		if (net.has_other || !kept_state_eq(&net.from, &net.to))
			vec_push(out, net);
	}
	vec_release(&changes);
}

/* ---- judging ---- */

static bool is_file(const struct kept_state *state)
{
	return state->mode && !S_ISDIR(state->mode);
}

bool net_is_file(const struct net *net)
{
	return is_file(&net->from) || is_file(&net->to);
}

mode_t net_mode(const struct net *net)
{
	bool is_mode_ours = net->from.mode != net->to.mode || !is_file(&net->present);

	return is_mode_ours ? net->from.mode : net->present.mode;
}

/* The same but for permissions. */
static bool is_same_content(const struct kept_state *a, const struct kept_state *b)
{
	struct kept_state like_a = *b;

	if ((a->mode & S_IFMT) != (b->mode & S_IFMT))
		return false;
	like_a.mode = a->mode;
	return kept_state_eq(a, &like_a);
}

static const char *changed_since(const struct net *net)
{
	const struct kept_state *now = &net->present;

	if (now->mode == 0)
		return "removed since";
	if (net->to.mode == 0)
		return "made again since";
	if (is_file(now) && is_file(&net->to) && (!now->has_digest || !net->to.has_digest))
		return "more than 16 MB: it cannot be told whether it changed since";
	return "changed since";
}

/* Permissions that the run has changed, and somebody after it. A new file's are the umask's. */
static bool has_other_mode(const struct net *net)
{
	mode_t now = net->present.mode;

	return !net->is_made && net->from.mode && net->to.mode && net->from.mode != net->to.mode &&
	       now != net->to.mode && now != net->from.mode;
}

static void judge_file(struct undo_plan *p, struct net *net)
{
	AUTO(buf) bytes = {0};
	struct err e;

	if (kept_state_eq(&net->present, &net->from)) {
		net->is_over = true;
	} else if (!is_same_content(&net->present, &net->to) &&
		   !(net->has_other && is_same_content(&net->present, &net->other))) {
		net->problem = changed_since(net);
	} else if (has_other_mode(net)) {
		net->problem = "its permissions were changed since";
	} else if (net->unkept.p) {
		net->problem = arena_printf(
			&p->arena, "its former contents are not kept: %.*s", STR_ARG(net->unkept))
				       .p;
	} else if (is_file(&net->from) && !store_get(&p->store, &net->from.digest, &bytes, &e)) {
		net->problem = arena_text(&p->arena, str_from(e.text));
	} else if (is_same_content(&net->present, &net->from) &&
		   net_mode(net) == net->present.mode) {
		net->is_over = true;
	}
}

/* Made by the run: goes when it is empty. Removed by it: comes back. */
static void judge_directory(struct net *net)
{
	const struct kept_state *now = &net->present;

	if (net->from.mode == 0)
		net->is_over = !S_ISDIR(now->mode);
	else if (now->mode && !S_ISDIR(now->mode))
		net->problem = "made again since";
	else
		net->is_over = now->mode == net->from.mode;
}

void net_judge(struct undo_plan *p, struct net *net)
{
	struct err e;

	if (!keep_look(p->wish.workspace, net->path, &net->present, NULL, &e))
		net->problem = arena_text(&p->arena, str_from(e.text));
	else if (net_is_file(net))
		judge_file(p, net);
	else
		judge_directory(net);
}
