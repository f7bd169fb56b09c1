// SPDX-License-Identifier: MIT
/* deltas: a delta as one line of text, for tests. */
#ifndef TEST_UNIT_DELTAS_H
#define TEST_UNIT_DELTAS_H

#include "base/json.h"
#include "llm/llm.h"

static inline void deltas_counts(struct buf *out, const struct usage *u)
{
	const int64_t counts[] = {u->input, u->output, u->cache_read, u->cache_write,
		u->cache_write_1h, u->reasoning, u->reported_cost_nanousd};
	static const char *const names[] = {"input", "output", "cache_read", "cache_write",
		"cache_write_1h", "reasoning", "cost_nanousd"};

	for (size_t i = 0; i < 7; i++)
		if (counts[i] >= 0)
			buf_printf(out, " %s=%lld", names[i], (long long)counts[i]);
}

static inline void deltas_member(struct buf *out, struct str text)
{
	buf_put_char(out, ' ');
	json_quote(out, text);
}

/* A delta_fn; self is the struct buf to append to. */
static inline bool deltas_write(void *self, const struct delta *d)
{
	static const char *const names[] = {"START", "TEXT", "THINKING", "SIGNATURE", "REDACTED",
		"TOOL_USE", "TOOL_INPUT", "EXTRA", "BLOCK_STOP", "USAGE", "STOP", "ERROR", "END"};
	struct buf *out = self;

	buf_put_text(out, names[d->kind]);
	switch (d->kind) {
	case DELTA_START:
		deltas_member(out, d->id);
		deltas_member(out, d->model);
		break;
	case DELTA_TOOL_USE:
		buf_printf(out, " %d", d->index);
		deltas_member(out, d->id);
		deltas_member(out, d->name);
		break;
	case DELTA_USAGE: deltas_counts(out, &d->usage); break;
	case DELTA_STOP:
		buf_printf(out, " %s", stop_reason_name(d->reason));
		if (d->text.n)
			deltas_member(out, d->text);
		break;
	case DELTA_ERROR:
		deltas_member(out, d->error.type);
		deltas_member(out, d->error.message);
		buf_put_text(out, d->error.is_retryable ? " retryable" : "");
		buf_put_text(out, d->error.is_overflow ? " overflow" : "");
		break;
	case DELTA_END: break;
	case DELTA_BLOCK_STOP: buf_printf(out, " %d", d->index); break;
	default: buf_printf(out, " %d", d->index); deltas_member(out, d->text);
	}
	buf_put_char(out, '\n');
	return true;
}

#endif
