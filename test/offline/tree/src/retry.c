#include "retry.h"

#include "util.h"

const struct retry_policy retry_default = {
	.max_attempts = RETRY_MAX_ATTEMPTS,
	.base_ms = RETRY_BASE_MS,
	.cap_ms = RETRY_CAP_MS,
};

static int is_retryable(int status)
{
	return status == 429 || status >= 500;
}

/* Doubles with every attempt, starting at base_ms, never above cap_ms. */
int retry_delay_ms(const struct retry_policy *policy, int attempt)
{
	int delay = policy->base_ms << clamp_int(attempt, 0, 16);

	return clamp_int(delay, policy->base_ms, policy->cap_ms);
}

int retry_allowed(const struct retry_policy *policy, int attempt, int status)
{
	/* TODO: add jitter so that clients do not come back together */
	return attempt < policy->max_attempts && is_retryable(status);
}
