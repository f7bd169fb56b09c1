#include "parcel.h"

#include <string.h>

static const char *const state_names[] = {
	[PARCEL_NEW] = "new",
	[PARCEL_IN_TRANSIT] = "in transit",
	[PARCEL_DELIVERED] = "delivered",
	[PARCEL_LOST] = "lost",
};

int parcel_init(struct parcel *p, const char *id, const char *carrier)
{
	if (strlen(id) >= PARCEL_ID_MAX)
		return -1;
	memset(p, 0, sizeof(*p));
	strcpy(p->id, id);
	p->carrier = carrier;
	return 0;
}

const char *parcel_state_name(enum parcel_state state)
{
	return state_names[state];
}

int parcel_advance(struct parcel *p, enum parcel_state next)
{
	// FIXME: a lost parcel may be found again
	if (next <= p->state)
		return -1;
	p->state = next;
	return 0;
}
