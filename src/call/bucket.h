// SPDX-License-Identifier: MIT
/*
 * bucket: what one model of one provider may still be asked: requests and tokens within a minute,
 * calls at the same time. A plain value without pointers, so that processes can share it
 * (pace_share.h). Pure: the time comes from outside, in ns of a clock that never goes back. Private
 * to the room.
 *
 * A minute is counted in whole seconds and with one more at each end, so that no window of 60 s
 * holds more than the limit, whatever a request is late on its way: 60 of 62 of the rate are used.
 */
#ifndef CALL_BUCKET_H
#define CALL_BUCKET_H

#include <stdbool.h>
#include <stdint.h>

enum {
	BUCKET_SECONDS = 62, /* that count as the minute, the present one included */
	BUCKET_RING = 64,
	BUCKET_HOLDERS = 32,
	BUCKET_WHOLE = 1'000, /* of the scale */
};
#define BUCKET_TOKENS_MAX 1'000'000'000'000LL
#define NS_PER_S          1'000'000'000LL

/* What is believed before the provider says anything. 0: no limit. */
struct pace_limits {
	int64_t rpm, tpm, concurrent;
	bool is_rpm_said, is_tpm_said; /* by the user: the provider can lower it only */
};

/* What the headers of an answer say. {.limit = -1 ...}: nothing, see PACE_TOLD_NOTHING. */
struct pace_told {
	struct pace_quota {
		int64_t limit, left; /* -1 not said */
		int64_t reset_ms; /* until it is whole again; -1 not said */
	} requests, tokens;
	int64_t age_ms; /* since it was said */
};
#define PACE_TOLD_NOTHING ((struct pace_told){{-1, -1, -1}, {-1, -1, -1}, 0})

/* Who has calls under way: a process, by its id and the time it was started at. */
struct holder {
	int32_t pid;
	uint32_t calls;
	uint64_t started;
};

struct bucket {
	int64_t admitted; /* calls, ever */
	int64_t second; /* the newest one of the ring */
	int64_t tokens[BUCKET_RING]; /* by second modulo BUCKET_RING */
	uint32_t requests[BUCKET_RING];
	struct holder holders[BUCKET_HOLDERS]; /* pid 0: a free place */
	int64_t told_rpm, told_tpm; /* by the provider; 0 not */
	struct room {
		int64_t left, until_ns; /* no more than so many until then; 0: nothing is known */
		int64_t number; /* of the call whose answer said so */
	} requests_room, tokens_room;
	int64_t guessed_rpm; /* what was too much, where nobody names a limit; 0 nothing was */
	int64_t scale; /* of all limits, in 1/BUCKET_WHOLE; 0 is a whole one */
	int64_t lowered_ns, raised_ns; /* when the scale was changed */
	int64_t pause_ns; /* nobody is admitted before */
	int64_t refusals; /* since the last success */
	struct holder claimed; /* who has waited too long: the others let it go first */
	int64_t claimed_until_ns;
};

enum bucket_why {
	BUCKET_FREE, /* may go now */
	BUCKET_PAUSED,
	BUCKET_CLAIMED,
	BUCKET_CONCURRENT,
	BUCKET_REQUESTS,
	BUCKET_TOKENS,
};

struct bucket_verdict {
	enum bucket_why why;
	int64_t at_ns; /* when it is worth asking again; 0: when a call has ended */
};

/* What an admitted call has to give back. */
struct bucket_share {
	int64_t second; /* that it is counted in */
	int64_t tokens; /* reserved */
	int64_t admitted_ns;
	int64_t number; /* of the admitted calls, from 1 */
};

/* False for bytes that no bucket ever was; now_ns: the clock it was written by. */
bool bucket_is_sane(const struct bucket *b, int64_t now_ns);
/* What holds now; 0: no limit. */
struct pace_limits bucket_limits(const struct bucket *b, const struct pace_limits *believed);
/* Calls under way, of all processes. */
int64_t bucket_calls(const struct bucket *b);
/* Whether this process may make a call of about so many tokens. */
struct bucket_verdict bucket_judge(struct bucket *b, const struct pace_limits *believed,
	const struct holder *who, int64_t tokens, int64_t now_ns);
/* Counts a call that bucket_judge has let go. More tokens than the limit are the whole minute's. */
struct bucket_share bucket_take(struct bucket *b, const struct pace_limits *believed,
	const struct holder *who, int64_t tokens, int64_t now_ns);
/*
 * So many calls of this process are under way, whatever was believed before: said after every
 * bucket_take and every end.
 */
void bucket_hold(struct bucket *b, const struct holder *who, uint32_t calls);
/* All that a process held, which has gone. */
void bucket_forget(struct bucket *b, const struct holder *who);
/* The tokens that it really took, in place of those reserved. */
void bucket_settle(struct bucket *b, const struct bucket_share *share, int64_t tokens);
/*
 * The provider said that it was too much. Calls admitted before the last time lower nothing more.
 * asked_ms: how long it asks to wait; 0: it does not say.
 */
void bucket_refused(struct bucket *b, const struct pace_limits *believed,
	const struct bucket_share *share, int64_t asked_ms, int64_t now_ns);
void bucket_succeeded(struct bucket *b, const struct pace_limits *believed, int64_t now_ns);
/* What the answer to that call says. */
void bucket_learn(struct bucket *b, const struct bucket_share *share, const struct pace_told *told,
	int64_t now_ns);
/* What was counted in to after and was not in before yet is counted in b, too. */
void bucket_carry(
	struct bucket *b, const struct bucket *before, const struct bucket *after, int64_t now_ns);
/* The others wait until who was admitted or the time is over. */
void bucket_claim(struct bucket *b, const struct holder *who, int64_t until_ns);

#endif
