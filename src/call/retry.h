// SPDX-License-Identifier: MIT
/*
 * retry: what to do when an attempt has failed: try again, after how long; go to the next route; or
 * give up. Pure: the clock's time and chance come from outside. Private to the room.
 */
#ifndef CALL_RETRY_H
#define CALL_RETRY_H

#include "call/call.h"

/* Backoff where the provider names no time: anything from 0 to 500 ms, 1 s, 2 s ... 8 s. */
enum { RETRY_BASE_MS = 500, RETRY_BACKOFF_MAX_MS = 8'000 };

/* What the headers of an answer say about trying again. */
struct retry_hints {
	bool has_verdict, verdict; /* x-should-retry */
	int64_t precise_ms; /* retry-after-ms, the stronger one; 0 none */
	int64_t after_ms; /* retry-after in seconds; 0 none */
	int64_t at_s; /* retry-after as a date, seconds since 1970; 0 none */
	int64_t date_s; /* the server's own time; 0 none */
};

/* Takes note of a header (name in lower case); what makes no sense is as if it were not there. */
void retry_take_header(struct retry_hints *hints, struct str name, struct str value);
/*
 * A decimal number above 0 with an optional fraction: no sign, exponent, hexadecimal, NaN or
 * infinity. In thousandths, rounded up; whatever is too long is cut to the longest.
 */
bool retry_read_thousandths(struct str text, int64_t longest, int64_t *out);
/* How long the provider asks to wait, ms; 0: it does not say. now_s: wall clock. */
int64_t retry_asked_ms(const struct retry_hints *hints, int64_t now_s);
/* Full jitter: evenly between 0 and 500 ms * 2^retries, at most 8 s. chance: any 32 random bits. */
int64_t retry_backoff_ms(int retries, uint32_t chance);

/* Why an attempt failed. */
struct trouble {
	int status; /* HTTP; 0: no answer, or it was within a stream */
	struct str type; /* the provider's, "" none */
	enum err_code code; /* ERR_NETWORK, ERR_TIMEOUT: the connection's; else the provider's */
	bool is_retryable; /* by status and type, or a connection that may work the next time */
	bool is_overflow;
};

struct attempt {
	const struct trouble *trouble;
	const struct retry_hints *hints;
	int retries; /* so far, on this route */
	bool is_shown; /* something of the answer was passed on */
};

enum retry_verdict {
	RETRY_NEVER, /* the request's fault: no other route would do better */
	RETRY_ELSEWHERE, /* this route is used up */
	RETRY_AGAIN,
};

struct retry_choice {
	enum retry_verdict verdict;
	int64_t delay_ms; /* AGAIN */
	int64_t asked_ms; /* ELSEWHERE because the provider asks to wait for so long; else 0 */
};

struct retry_choice retry_choose(const struct attempt *attempt, const struct retry_limits *limits,
	int64_t now_s, uint32_t chance);
/* A word for machines: "rate_limit", "overloaded", "authentication_failed", "budget" ... */
const char *retry_reason(const struct trouble *trouble);

#endif
