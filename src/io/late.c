// SPDX-License-Identifier: MIT
#include "io/late.h"

#include <dlfcn.h>

static bool load(struct late *late, void *table, struct err *e)
{
	void *library = dlopen(late->library, late->flags | RTLD_LOCAL);

	if (!library)
		return err_set(e, late->code, "%s cannot be loaded (Debian package %s): %s",
			late->library, late->package, dlerror());
	return late->load(table, library, e);
}

bool late_open(struct late *late, void *table, struct err *e)
{
	pthread_mutex_lock(&late->lock);
	late->is_open = late->is_open || load(late, table, e);
	bool is_open = late->is_open;
	pthread_mutex_unlock(&late->lock);
	return is_open;
}
