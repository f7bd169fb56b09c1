// SPDX-License-Identifier: MIT
#include "base/xdg.h"

const char *xdg_directory(enum xdg kind, const char *name,
	const char *(*environment)(const char *name), struct arena *a)
{
	static const struct {
		const char *variable, *below_home;
	} places[] = {
		[XDG_CONFIG] = {"XDG_CONFIG_HOME", ".config"},
		[XDG_CACHE] = {"XDG_CACHE_HOME", ".cache"},
		[XDG_STATE] = {"XDG_STATE_HOME", ".local/state"},
	};
	const char *base = environment(places[kind].variable), *home = environment("HOME");
	const char *slash = *name ? "/" : "";

	if (base && *base == '/')
		return arena_printf(a, "%s/fettle%s%s", base, slash, name).p;
	if (home && *home == '/')
		return arena_printf(
			a, "%s/%s/fettle%s%s", home, places[kind].below_home, slash, name)
			.p;
	return NULL;
}
