// SPDX-License-Identifier: MIT
/* Buckets of this process alone. */
#include <stdlib.h>
#include <string.h>

#include "base/must.h"
#include "call/pace.h"

struct named {
	struct named *next;
	struct bucket bucket;
	size_t n;
	char name[];
};

struct pace_home {
	struct named *first;
};

struct pace_home *pace_home_new(void)
{
	return must_alloc(1, sizeof(struct pace_home));
}

void pace_home_free(struct pace_home *home)
{
	struct named *next;

	for (struct named *n = home ? home->first : NULL; n; n = next) {
		next = n->next;
		free(n);
	}
	free(home);
}

struct bucket *pace_home_lend(struct pace_home *home, struct str name)
{
	struct named *n = home->first;

	while (n && !str_eq((struct str){n->name, n->n}, name))
		n = n->next;
	if (!n) {
		n = must_alloc(1, sizeof *n + name.n);
		n->n = name.n;
		if (name.n)
			memcpy(n->name, name.p, name.n);
		n->next = home->first;
		home->first = n;
	}
	return &n->bucket;
}

static struct bucket *lend(void *self, struct str name, int64_t *)
{
	return pace_home_lend(self, name);
}

static void back(void *, struct bucket *)
{
}

struct pace_store pace_home_store(struct pace_home *home)
{
	return (struct pace_store){.lend = lend, .back = back, .self = home, .who = {.pid = 1}};
}
