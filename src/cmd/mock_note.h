// SPDX-License-Identifier: MIT
/*
 * mock_note: an exchange with a provider as an entry of a script that replays it. Pure: no sockets,
 * no clock. Keys do not get into it.
 */
#ifndef CMD_MOCK_NOTE_H
#define CMD_MOCK_NOTE_H

#include "base/json.h"
#include "cmd/mock_script.h"

/* Shorter waits than this are not kept: the network's own. */
enum { MOCK_NOTE_WAIT_MS = 50 };

enum exchange_end {
	EXCHANGE_WHOLE,
	EXCHANGE_CUT, /* the provider's connection broke, before the head when status is 0 */
	EXCHANGE_LEFT, /* the client went away */
};

/* A pause of the provider, behind so many bytes of the body. */
struct exchange_wait {
	size_t at;
	int64_t ms;
};

/* {0} is a valid start; release it in the end. Strings are the arena's. */
struct exchange {
	struct arena arena;
	VEC(struct str) secrets; /* what the client proved itself with */
	struct str match; /* JSON: of exchange_match */
	int status; /* 0: there was no head */
	VEC(struct header) headers; /* of the answer, names in lower case */
	struct buf body;
	VEC(struct exchange_wait) waits;
	int64_t delay_ms; /* until the head */
	enum exchange_end end;
};

void exchange_release(struct exchange *x);
/* From the request: its secrets, and the conditions that an equal request meets again. */
void exchange_ask(struct exchange *x, const struct mock_question *q);
bool exchange_is_secret(struct str header_name); /* in any case */
/* NULL: the script can hold it. Else why not, as part of a sentence. */
const char *exchange_obstacle(const struct exchange *x);
/* {"match": ..., "reply": ...} */
void exchange_put(const struct exchange *x, struct json_writer *w);

#endif
