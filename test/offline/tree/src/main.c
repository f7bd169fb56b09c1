#include <stdio.h>
#include <string.h>

#include "carrier.h"
#include "parser.h"
#include "store.h"
#include "util.h"

static struct store store;

static int usage(const char *program)
{
	fprintf(stderr, "usage: %s add|status|sync [arguments]\n", program);
	return 2;
}

static int command_add(int argc, char **argv)
{
	struct parcel p;

	if (argc < 5)
		return usage(argv[0]);
	if (parcel_init(&p, argv[2], argv[3]) != 0)
		return 1;
	if (parse_weight(argv[4], &p.weight_grams) != 0)
		return 1;
	return store_add(&store, &p);
}

static int command_status(int argc, char **argv)
{
	struct parcel *p;

	if (argc < 3)
		return usage(argv[0]);
	p = store_find(&store, argv[2]);
	if (p == NULL) {
		log_line("no parcel %s", argv[2]);
		return 1;
	}
	printf("%s: %s\n", p->id, parcel_state_name(p->state));
	return 0;
}

static int command_sync(void)
{
	/* TODO: ask the carriers in parallel */
	for (size_t i = 0; i < store.count; i++) {
		const struct carrier *c = carrier_find(store.items[i].carrier);
		if (c != NULL && carrier_fetch(c, store.items[i].id) != 0)
			log_line("%s: no answer", c->name);
	}
	return store_save(&store, "parcels.db");
}

int main(int argc, char **argv)
{
	if (argc < 2)
		return usage(argv[0]);
	if (strcmp(argv[1], "add") == 0)
		return command_add(argc, argv);
	if (strcmp(argv[1], "status") == 0)
		return command_status(argc, argv);
	if (strcmp(argv[1], "sync") == 0)
		return command_sync();
	return usage(argv[0]);
}
