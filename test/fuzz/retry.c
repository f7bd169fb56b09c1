// SPDX-License-Identifier: MIT
/*
 * retry: whatever a header says, the wait is within bounds, and a bucket that learned it is one. A
 * line is "name:value".
 */
#include "call/retry.h"
#include "base/must.h"
#include "call/pace_told.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LONGEST_MS = 1 << 30, NOW_S = 1'795'262'400 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str rest = {(const char *)data, size}, line, name;
	struct retry_hints hints = {0};
	struct pace_heard heard = {0};
	struct bucket bucket = {0};
	struct trouble trouble = {.status = 429, .is_retryable = true};
	struct attempt attempt = {.trouble = &trouble, .hints = &hints};
	const struct retry_limits limits = {3, 60'000};

	while (size && str_split(&rest, '\n', &line))
		if (str_split(&line, ':', &name)) {
			retry_take_header(&hints, name, line);
			pace_take_header(&heard, name, line);
		}
	struct pace_told told = pace_told_of(&heard, NOW_S * 1'000LL);
	bucket_learn(&bucket, &(struct bucket_share){0}, &told, NS_PER_S);
	must(bucket_is_sane(&bucket, NS_PER_S));
	int64_t asked_ms = retry_asked_ms(&hints, NOW_S);
	must(asked_ms >= 0 && asked_ms / 32 < LONGEST_MS);
	struct retry_choice choice = retry_choose(&attempt, &limits, NOW_S, (uint32_t)size);
	must(choice.delay_ms >= 0 && choice.delay_ms <= limits.wait_max_ms);
	must(choice.verdict == RETRY_AGAIN || !choice.delay_ms);
	return 0;
}
