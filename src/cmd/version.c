// SPDX-License-Identifier: MIT
#include <stdio.h>

#include "cmd/command.h"
#include "llm/llm.h"

static int run(const struct program *, int count, char *const *words)
{
	struct err e;

	if (count > 0 && words[0][0] != '-') {
		err_set(&e, ERR_USAGE, "version takes no words: %s", words[0]);
		return command_wrong_usage(NULL, &e);
	}
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
