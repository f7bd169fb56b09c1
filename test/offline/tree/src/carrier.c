#include "carrier.h"

#include <string.h>

#include "net/http.h"
#include "retry.h"
#include "util.h"

static const struct carrier carriers[] = {
	{"ups", "api.ups.example", 4000},
	{"dhl", "api.dhl.example", 6000},
	{"postnord", "api.postnord.example", 5000},
};

const struct carrier *carrier_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_LENGTH(carriers); i++)
		if (strcmp(carriers[i].name, name) == 0)
			return &carriers[i];
	return NULL;
}

int carrier_fetch(const struct carrier *carrier, const char *id)
{
	int attempt = 0, status;

	for (;;) {
		status = http_get(carrier->host, id, carrier->timeout_ms);
		if (status == 200)
			return 0;
		if (!retry_allowed(&retry_default, attempt, status))
			return -1;
		http_sleep(retry_delay_ms(&retry_default, attempt++));
	}
}
