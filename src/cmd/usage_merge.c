// SPDX-License-Identifier: MIT
/* usage merge, usage forget: what the index has from elsewhere and from transcripts that are gone.
 */
#include <inttypes.h>

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

int usage_run_merge(struct usage_run *u, struct err *e)
{
	int64_t sum = 0;

	if (u->word_count == 0) {
		err_set(e, ERR_USAGE,
			"usage merge needs the index of another machine, or its directory");
		return EXIT_USAGE;
	}
	for (size_t i = 0; i < u->word_count; i++) {
		int64_t answers = 0;
		if (!usage_merge_index(&u->wish, u->words[i], &answers, e))
			return failed(e);
		sum += answers;
	}
	return tell(u, sum, "more");
}

int usage_run_forget(struct usage_run *u, struct err *e)
{
	int64_t answers = 0;

	if (!usage_forget_gone(&u->wish, options_has(u->given, "merged"), &answers, e))
		return failed(e);
	return tell(u, answers, "forgotten");
}
