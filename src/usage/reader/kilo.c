// SPDX-License-Identifier: MIT
/* kilo: Kilo keeps messages as OpenCode does, from which it grew. */
#include "usage/reader/opencode.h"

extern const struct usage_reader usage_reader_kilo;

static void places(struct usage_places *places)
{
	if (!usage_places_variable(places, "KILO_DATA_DIR", "/kilo.db", 0))
		usage_places_xdg(places, "XDG_DATA_HOME", ".local/share", "/kilo/kilo.db", 0);
}

static bool wants(struct str below, unsigned)
{
	return str_is(below, "kilo.db");
}

static bool database(struct usage_file *file, struct err *e)
{
	static const struct opencode_message row = {.is_row = true, .is_cost_always_said = true};
	AUTO(source) source = {0};

	return source_open(file, &source, e) &&
	       opencode_take_rows(file, &source, "message", &row, e) && source_end(&source, e);
}

const struct usage_reader usage_reader_kilo = {
	.name = "kilo",
	.title = "Kilo",
	.places = places,
	.wants = wants,
	.database = database,
};
