#ifndef RETRY_H
#define RETRY_H

/* The retry rules: how often and how long to wait. */
#define RETRY_MAX_ATTEMPTS 5
#define RETRY_BASE_MS      250
#define RETRY_CAP_MS       8000

struct retry_policy {
	int max_attempts;
	int base_ms;
	int cap_ms;
};

extern const struct retry_policy retry_default;

int retry_delay_ms(const struct retry_policy *policy, int attempt);
int retry_allowed(const struct retry_policy *policy, int attempt, int status);

#endif
