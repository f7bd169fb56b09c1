// SPDX-License-Identifier: MIT
/* whole: a view and what it is made of, from opening to closing. */
#ifndef USAGE_WHOLE_H
#define USAGE_WHOLE_H

#include "usage/find.h"
#include "usage/overlap.h"
#include "usage/provider.h"
#include "usage/save.h"

enum { READERS_MAX = 32 };

struct whole {
	struct usage_view view;
	struct state state;
	struct saved saved;
	struct find_places places;
	bool is_wanted[READERS_MAX];
	bool is_read[READERS_MAX]; /* wanted, or for its limits */
	const char *index_path; /* NULL none */
	const char *usual_path; /* where it is unless a later program's is there */
	const char *shut_index; /* it can be read, but not written: what it knew is taken over each
				   time */
	uint64_t index_inode;
	struct fresh fresh;
	struct overlaps overlaps;
	struct usual_providers providers;
	bool is_early; /* what is new is still looked for: nothing of known may be used */
	VEC(struct usage_cell) cells;
	VEC(struct usage_file_facts) files;
	VEC(struct usage_limit) limits;
	VEC(struct usage_reset) resets;
	struct usage_limits shown_limits;
	bool has_limits;
	bool has_providers; /* cells without one have their reader's usual one */
};

/* With all that the index has and the transcripts say now; not yet written, without the view. */
struct whole *whole_open(const struct usage_wish *wish, struct err *e);
/* Trouble is left in the view. False: it is not written, or somebody else wrote (ERR_CANCELLED). */
bool whole_save(struct whole *w, struct err *e);
/* The index is damaged: out of the way with it. */
void whole_set_aside(struct whole *w);
const struct usage_limits *whole_limits(void *whole);
/* Fills the view; early: without what needs the transcripts' files. */
void whole_show(struct whole *w);
void whole_show_early(struct whole *w);
void whole_close(void *whole);

#endif
