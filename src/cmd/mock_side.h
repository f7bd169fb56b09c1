// SPDX-License-Identifier: MIT
/*
 * mock_side: what the scripted provider answers besides conversations: lists of models, vectors of
 * texts, its version. It does so by itself; a reply of the script is asked only when it names the
 * path. Pure: no sockets, no clock.
 */
#ifndef CMD_MOCK_SIDE_H
#define CMD_MOCK_SIDE_H

#include "cmd/mock_script.h"

struct mock_side {
	const char *method, *path;
	const struct wire *wire;
	/* The body of the answer; ERR_PARSE: what the client did wrong, ERR_NOT_FOUND: no such
	 * model. */
	bool (*answer)(struct mock_script *s, const struct mock_question *q, struct arena *a,
		struct buf *out, struct err *e);
	bool takes_any; /* the request's body is no JSON */
};

/* An error's body in the words of a wire; type absent: the usual one for the status. */
void mock_put_error(const struct wire *wire, int64_t status, struct str type, struct str message,
	struct buf *out);
/* Of an error that a stream would have broken off with, where there is no stream. */
int64_t mock_error_status(struct str type);

/* NULL when nothing of the kind is at the question's path. */
const struct mock_side *mock_side_find(const char *method, const struct mock_question *q);

/* The value of a parameter of the query; "" when it is not there. */
struct str mock_side_parameter(const struct mock_question *q, const char *name);
/* Whose path it would be, where nothing is at it. */
const struct wire *mock_side_owner(const struct mock_question *q);

/* Of a script's "models"; target is its struct mock_script. */
[[nodiscard]] bool mock_side_read_models(
	struct reading *r, struct str value, void *target, struct err *e);

#endif
