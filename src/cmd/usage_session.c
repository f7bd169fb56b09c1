// SPDX-License-Identifier: MIT
/* usage session ID: one conversation. */
#include "cmd/usage.h"

static int show_one(struct usage_run *u, struct str text, struct err *e)
{
	struct usage_conversation conversation;
	uint32_t *session = &u->query.filter.session;

	if (!usage_session_find(u->view, text, session, e)) {
		if (u->look.form == USAGE_JSON)
			buf_put_text(&u->out, "null\n");
		return EXIT_TASK_FAILED;
	}
	if (!usage_conversation_read(u->view, &u->query, &conversation, e))
		return EXIT_TASK_FAILED;
	usage_show_conversation(&u->look, usage_name(u->view, *session), &conversation);
	usage_conversation_release(&conversation);
	return EXIT_DONE;
}

int usage_run_session(struct usage_run *u, struct err *e)
{
	const char *id = options_value(u->given, "id");

	if (u->word_count > (id ? 0 : 1)) {
		err_set(e, ERR_USAGE, "usage session takes one ID at most: %s",
			u->words[u->word_count - 1]);
		return EXIT_USAGE;
	}
	return show_one(u, str_from(id ? id : u->words[0]), e);
}
