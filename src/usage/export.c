// SPDX-License-Identifier: MIT
#include "usage/export.h"

#include "base/clock.h"

#define NAME(field) \
	{ \
#field, USAGE_FIELD_NAME, offsetof(struct usage_entry, field) \
	}
#define COUNT(field) \
	{ \
#field, USAGE_FIELD_COUNT, offsetof(struct usage_entry, tokens.field) \
	}
#define FLAG(name, flag) \
	{ \
		name, USAGE_FIELD_FLAG, flag \
	}

const struct usage_field usage_fields[] = {
	NAME(source),
	NAME(session),
	NAME(project),
	NAME(branch),
	NAME(agent),
	NAME(model),
	NAME(provider),
	COUNT(input),
	COUNT(output),
	COUNT(cache_write_5m),
	COUNT(cache_write_1h),
	COUNT(cache_read),
	COUNT(other),
	COUNT(reasoning),
	COUNT(web_searches),
	{"total", USAGE_FIELD_TOTAL},
	{"cost_usd", USAGE_FIELD_COST},
	FLAG("is_fast", USAGE_FAST),
	FLAG("is_us", USAGE_US),
	FLAG("is_batch", USAGE_BATCH),
	FLAG("is_sidechain", USAGE_SIDECHAIN),
	FLAG("is_guessed_model", USAGE_GUESSED_MODEL),
	{"credits", USAGE_FIELD_CREDITS, offsetof(struct usage_entry, tokens.nanocredits)},
	{0},
};

uint32_t usage_field_name(const struct usage_field *field, const struct usage_entry *entry)
{
	return *(const uint32_t *)((const char *)entry + field->place);
}

int64_t usage_field_number(const struct usage_field *field, const struct usage_entry *entry)
{
	switch (field->kind) {
	case USAGE_FIELD_COUNT:
	case USAGE_FIELD_CREDITS: return *(const int64_t *)((const char *)entry + field->place);
	case USAGE_FIELD_FLAG: return (entry->flags & field->place) != 0;
	default: return usage_tokens_total(&entry->tokens);
	}
}

void usage_put_instant(struct buf *out, int64_t time_ms)
{
	char text[CLOCK_TEXT];
	int64_t ms = time_ms % 1000;

	clock_text(time_ms, false, "%Y-%m-%dT%H:%M:%S", text);
	buf_printf(out, "%s.%03dZ", text, (int)(ms < 0 ? ms + 1000 : ms));
}
