// SPDX-License-Identifier: MIT
/*
 * sse: decoder of server-sent events (WHATWG HTML, "Server-sent events"). Bytes in, events out.
 *
 * Lines end in LF, CR or CRLF, also when a CRLF is cut between two feeds; one leading byte order
 * mark is dropped; comment lines are skipped; several data lines are joined with LF. An event
 * without data and without name is nothing. {0} is a valid start.
 */
#ifndef BASE_SSE_H
#define BASE_SSE_H

#include "base/buf.h"
#include "base/err.h"

/* A line or an event may not be longer than this (images come as base64 in one line). */
enum { SSE_EVENT_MAX_BYTES = 32 << 20 };

struct sse {
	struct buf line, name, data;
	bool has_data, after_cr, past_start;
};

/* Called once an event; name and data are valid during the call. False stops the feed. */
typedef bool sse_event_fn(void *self, struct str name, struct str data);

void sse_release(struct sse *s);
/* False when the sink said so (e untouched) or an event is too long (ERR_LIMIT). */
[[nodiscard]] bool sse_feed(
	struct sse *s, struct str bytes, sse_event_fn *event, void *self, struct err *e);
/* At the end of the stream: an event without its empty line is delivered, if it has data. */
[[nodiscard]] bool sse_end(struct sse *s, sse_event_fn *event, void *self);

#endif
