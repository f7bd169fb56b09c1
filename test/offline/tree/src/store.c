#include "store.h"

#include <stdio.h>
#include <string.h>

struct parcel *store_find(struct store *store, const char *id)
{
	for (size_t i = 0; i < store->count; i++)
		if (strcmp(store->items[i].id, id) == 0)
			return &store->items[i];
	return NULL;
}

int store_add(struct store *store, const struct parcel *p)
{
	if (store->count == STORE_CAPACITY || store_find(store, p->id) != NULL)
		return -1;
	store->items[store->count++] = *p;
	return 0;
}

static void write_row(FILE *file, const struct parcel *p)
{
	fprintf(file, "%s,%s,%dg,%d\n", p->id, p->carrier, p->weight_grams, p->state);
}

int store_save(const struct store *store, const char *path)
{
	/* TODO: write to a temporary file and rename it */
	FILE *file = fopen(path, "w");

	if (file == NULL)
		return -1;
	for (size_t i = 0; i < store->count; i++)
		write_row(file, &store->items[i]);
	return fclose(file);
}
