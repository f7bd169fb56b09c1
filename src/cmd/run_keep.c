// SPDX-License-Identifier: MIT
/* run: what it changes: kept, shown, told. */
#include <stdio.h>

#include "base/utf8.h"
#include "base/xdg.h"
#include "cmd/run.h"

/* What tools change is kept, or, in a dry run, only shown. */
void run_open_keep(struct run *r)
{
	struct hands *h = &r->hands;

	h->is_dry_run = options_has(&r->given, "dry-run");
	h->keep = h->is_dry_run ? keep_new_dry(&r->workspace)
				: keep_new(&r->workspace,
					  xdg_directory(XDG_STATE, "", run_environment, &r->arena),
					  r->session_id, r->tasks[0]);
}

/* The diff of a dry run goes to stderr, unless stdout has it. */
void run_tell_changes(struct run *r)
{
	struct keep *keep = r->hands.keep;
	AUTO(buf) line = {0};
	AUTO(buf) diff = {0};
	AUTO(buf) shown = {0};

	if (keep_is_dry(keep) && str_is(str_from(r->ui_options.format->name), "text")) {
		keep_put_diff(keep, &diff, &diff);
		utf8_put_shown(&shown, buf_str(&diff));
		fputs(buf_text(&shown), stderr);
	}
	if (!r->ui_options.is_quiet && ui_put_changes(&line, keep))
		fprintf(stderr, "fettle: %s\n", buf_text(&line));
}

struct str run_net_diff(void *self)
{
	struct run *r = self;
	AUTO(buf) notes = {0};
	AUTO(buf) shown = {0};

	if (r->net_diff.p)
		return buf_str(&r->net_diff);
	keep_put_diff(r->hands.keep, &r->net_diff, &notes);
	utf8_put_shown(&shown, buf_str(&notes));
	fputs(buf_text(&shown), stderr);
	return buf_str(&r->net_diff);
}
