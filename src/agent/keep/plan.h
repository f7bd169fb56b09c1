// SPDX-License-Identifier: MIT
/* plan: what the files of an undo share. Private to them. */
#ifndef AGENT_KEEP_PLAN_H
#define AGENT_KEEP_PLAN_H

#include "agent/keep/tree.h"
#include "agent/undo.h"

/* What one run made of one path, over all its changes. */
struct net {
	struct str path;
	struct kept_state from, to;
	struct kept_state other; /* what it may be instead of to: the last change was cut off */
	bool has_other;
	bool is_made; /* where nothing was; the permissions of to may not be exact */
	struct str unkept; /* why from cannot be had again; absent: it can */
	struct kept_state present;
	const char *problem;
	bool is_over; /* it is as it was already */
};

typedef VEC(struct net) net_list;

struct undo_plan {
	struct undo_wish wish;
	struct arena arena;
	struct store store;
	struct undo_run run;
	net_list nets; /* in the order of paths */
	VEC(struct undo_file) files;
	const char *problem;
};

/* From the changes of a journal; strings are the journal's. */
void net_collect(const struct journal *j, net_list *out);
bool net_is_file(const struct net *net); /* else it is about a directory only */
/* Looks at what is there now and says what stands against it. */
void net_judge(struct undo_plan *p, struct net *net);
/* The mode that an undo gives the file: what the run left alone stays as it is. */
mode_t net_mode(const struct net *net);

#endif
