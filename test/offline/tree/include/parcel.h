#ifndef PARCEL_H
#define PARCEL_H

#include <stddef.h>

#define PARCEL_ID_MAX  32
#define PARCEL_VERSION "0.4.0"

enum parcel_state {
	PARCEL_NEW,
	PARCEL_IN_TRANSIT,
	PARCEL_DELIVERED,
	PARCEL_LOST,
};

struct parcel {
	char id[PARCEL_ID_MAX];
	const char *carrier;
	int weight_grams;
	enum parcel_state state;
};

int parcel_init(struct parcel *p, const char *id, const char *carrier);
const char *parcel_state_name(enum parcel_state state);
int parcel_advance(struct parcel *p, enum parcel_state next);

#endif
