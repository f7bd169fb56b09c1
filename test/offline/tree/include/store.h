#ifndef STORE_H
#define STORE_H

#include "parcel.h"

#define STORE_CAPACITY 64

struct store {
	struct parcel items[STORE_CAPACITY];
	size_t count;
};

struct parcel *store_find(struct store *store, const char *id);
int store_add(struct store *store, const struct parcel *p);
int store_save(const struct store *store, const char *path);

#endif
