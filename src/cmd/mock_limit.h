// SPDX-License-Identifier: MIT
/*
 * mock_limit: how much the scripted provider lets be asked within a window of time, and what it
 * says of it. Pure: the clock comes from outside.
 */
#ifndef CMD_MOCK_LIMIT_H
#define CMD_MOCK_LIMIT_H

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"
#include "base/vec.h"

struct reading;

/* A script's "limit". {0}: there is none. */
struct mock_limit {
	bool is_there;
	int64_t rpm, tpm, concurrent; /* 0: as many as they like */
	int64_t window_s;
	bool has_headers, keeps_silent; /* about what is left; about when to come back */
	enum mock_limit_style { STYLE_OF_WIRE, STYLE_ANTHROPIC, STYLE_OPENAI } style;

	VEC(struct mock_taken) taken; /* of this window, in their order */
	size_t first; /* of them that counts */
	int64_t under_way;
};

/* A request that was let in. */
struct mock_taken {
	int64_t at_ns, tokens;
};

/* target is the script's struct mock_limit. */
[[nodiscard]] bool mock_limit_read(
	struct reading *r, struct str value, void *target, struct err *e);
void mock_limit_release(struct mock_limit *l);

/* NULL: it is let in, and counted. Otherwise what there is too much of, for a sentence. */
const char *mock_limit_take(struct mock_limit *l, int64_t now_ns);
/* What the one that was let in last takes. */
void mock_limit_spend(struct mock_limit *l, int64_t tokens);
/* One that was let in has ended. */
void mock_limit_leave(struct mock_limit *l);
/* How long until something leaves the window; 0: nothing is in it. */
int64_t mock_limit_wait_ms(const struct mock_limit *l, int64_t now_ns);
/* The headers of an answer; wall_ms: since 1970, at now_ns. */
void mock_limit_each_header(const struct mock_limit *l, bool is_anthropic, int64_t now_ns,
	int64_t wall_ms, void (*visit)(void *self, const char *name, const char *value),
	void *self);

#endif
