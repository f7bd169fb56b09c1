// SPDX-License-Identifier: MIT
#include "io/libssl.h"

#include <dlfcn.h>
#include <stdbool.h>
#include <stddef.h>

const struct libssl *libssl_open(void)
{
	static struct libssl table;
	static bool is_open;

	if (is_open)
		return &table;
	/* Never loaded for this: only found where it is. */
	void *library = dlopen("libssl.so.3", RTLD_NOW | RTLD_LOCAL | RTLD_NOLOAD);
	if (!library)
		return NULL;
#define FIND(type, function, arguments) \
	table.function = (typeof(table.function))dlsym(library, #function); \
	if (!table.function) \
		return NULL;
	LIBSSL_FUNCTIONS(FIND)
#undef FIND
	table.ex_index =
		table.CRYPTO_get_ex_new_index(LIBSSL_EX_INDEX_SSL_CTX, 0, NULL, NULL, NULL, NULL);
	is_open = table.ex_index > 0;
	return is_open ? &table : NULL;
}
