#ifndef CARRIER_H
#define CARRIER_H

struct carrier {
	const char *name;
	const char *host;
	int timeout_ms;
};

const struct carrier *carrier_find(const char *name);
int carrier_fetch(const struct carrier *carrier, const char *id);

#endif
