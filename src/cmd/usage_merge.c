// SPDX-License-Identifier: MIT
/* usage merge, usage forget: what the index has from elsewhere and from transcripts that are gone.
 */
#include <inttypes.h>
#include <stdio.h>

#include "base/utf8.h"
#include "cmd/usage.h"

static int tell(struct usage_run *u, int64_t answers, const char *what)
{
	buf_put_count(&u->out, answers);
	buf_printf(&u->out, " %s %s\n", answers == 1 ? "answer" : "answers", what);
	return EXIT_DONE;
}

static int failed(const struct err *e)
{
	return e->code == ERR_USAGE ? EXIT_USAGE : EXIT_TASK_FAILED;
}

static void tell_losses(const char *path, const struct usage_merged *merged)
{
	AUTO(buf) line = {0};
	AUTO(buf) losses = {0};

	utf8_put_line(&line, str_from(path), 1000);
	usage_put_losses(&losses, &merged->history);
	if (losses.n)
		fprintf(stderr, "fettle: %s is damaged%s\n", buf_text(&line), buf_text(&losses));
}

/* What became of the own index is said as other reports say it. */
static bool look_at_index(struct usage_run *u, struct err *e)
{
	if (!usage_open(&u->wish, &u->view, e))
		return false;
	usage_run_tell_index(u);
	usage_close(u->view);
	u->view = NULL;
	return true;
}

int usage_run_merge(struct usage_run *u, struct err *e)
{
	int64_t sum = 0;

	if (u->word_count == 0) {
		err_set(e, ERR_USAGE,
			"usage merge needs the index of another machine, or its directory");
		return EXIT_USAGE;
	}
	if (!look_at_index(u, e))
		return EXIT_TASK_FAILED;
	for (size_t i = 0; i < u->word_count; i++) {
		struct usage_merged merged;
		if (!usage_merge_index(&u->wish, u->words[i], &merged, e))
			return failed(e);
		tell_losses(u->words[i], &merged);
		sum += merged.answers;
	}
	return tell(u, sum, "more");
}

int usage_run_forget(struct usage_run *u, struct err *e)
{
	int64_t answers = 0;

	if (!look_at_index(u, e))
		return EXIT_TASK_FAILED;
	if (!usage_forget_gone(&u->wish, options_has(u->given, "merged"), &answers, e))
		return failed(e);
	return tell(u, answers, "forgotten");
}
