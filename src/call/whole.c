// SPDX-License-Identifier: MIT
/* whole: answers that are one piece of JSON and are read when all of it is there. */
#include "call/walk.h"

void whole_take(struct call *call, struct str bytes)
{
	buf_put_str(&call->body, bytes);
	if (!call->body.overflow)
		return;
	whole_refuse(call, ERR_PROVIDER, "an answer beyond 256 MB");
	call_hang_up(call);
	call->is_answered = true;
	call_walk_soon(call);
}

void whole_refuse(struct call *call, enum err_code code, const char *why)
{
	err_set(&call->error, code, "%.*s: %s", STR_ARG(call->route->name), why);
	call->trouble = (struct trouble){.code = code};
}

/* An answer that makes no sense was paid for, and would be again. */
void whole_finish(struct call *call, const struct err *e, const struct http_times *times)
{
	struct err why;

	if (e) {
		call_broke_off(call, e, times);
		err_context(&call->error, "%.*s at %s", STR_ARG(call->route->name), call->url);
	} else if (!call->errand->read(call, &why)) {
		whole_refuse(call, ERR_PROVIDER, why.text);
	}
}
