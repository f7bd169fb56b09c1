// SPDX-License-Identifier: MIT
#include <stdio.h>

#include "cmd/command.h"
#include "llm/llm.h"

static int run(const struct program *, int, char *const *)
{
	struct str date = catalog_date();

	printf("fettle %s (model catalogue of %.*s)\n", FETTLE_VERSION, STR_ARG(date));
	return command_end_output();
}

const struct command command_version = {
	.name = "version",
	.brief = "print the version and the date of the model catalogue",
	.synopsis = {""},
	.description = "The same as fettle --version.",
	.options = (const struct option[]){{0}},
	.examples = {"fettle --version"},
	.run = run,
};
