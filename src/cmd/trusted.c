// SPDX-License-Identifier: MIT
/* trusted: fettle trust: whether a repository's .mcp.json may start programs. */
#include "agent/trusted.h"

#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/utf8.h"
#include "cmd/mcp_servers.h"
#include "cmd/world.h"

extern const struct command command_trust_file;

static const struct option options[] = {
	{"yes", 'y', NULL, "do not ask"},
	{"list", 'l', NULL, "every decision there is"},
	{"forget", 0, NULL, "take the decision for this repository back"},
	{"directory", 'C', "DIR", "the repository of this directory"},
	{"verbose", 'v', NULL, "say on stderr what happens inside"},
	{"help", 'h', NULL, "this help"},
	{0},
};

static void show_pairs(const char *what, const struct mcp_pair *pairs, size_t count)
{
	AUTO(buf) line = {0};

	for (size_t i = 0; i < count; i++) {
		buf_clear(&line);
		mcp_put_exactly(pairs[i].name, &line);
		buf_put_text(&line, ": ");
		mcp_put_exactly(pairs[i].value, &line);
		printf("    %s %s\n", what, buf_text(&line));
	}
}

static void show_server(const struct mcp_config *config)
{
	AUTO(buf) name = {0};
	AUTO(buf) words = {0};

	utf8_put_line(&name, config->name, MCP_NAME_MAX_BYTES);
	mcp_config_put(config, &words);
	printf("  %s\n    %s %s\n", buf_text(&name), config->url ? "asks" : "runs",
		buf_text(&words));
	show_pairs("env", config->variables, config->variable_count);
	show_pairs("header", config->headers, config->header_count);
	if (config->has_network)
		printf("    may use the network\n");
	if (config->is_disabled)
		printf("    is switched off\n");
}

/* Exactly what is in the file, its variables not replaced. */
static bool show(const struct workspace *w, struct str text, struct err *e)
{
	struct mcp_configs found = {0};
	AUTO(buf) root = {0};

	if (!project_file_parse(text, &found, e))
		return false;
	utf8_put_line(&root, str_from(w->root), 1000);
	printf("%s/" PROJECT_FILE ":\n", buf_text(&root));
	vec_each (&found.list, config)
		show_server(config);
	vec_each (&found.problems, problem)
		printf("  left out: %s\n", *problem);
	fflush(stdout);
	mcp_configs_release(&found);
	return true;
}

static bool is_agreed(const struct world *world, struct err *e)
{
	char answer[16];

	if (options_has(&world->given, "yes"))
		return true;
	if (!isatty(STDIN_FILENO))
		return err_set(e, ERR_USAGE, "there is no terminal to ask on: --yes says it");
	fprintf(stderr, "May these be used in this repository, until the file changes? [y/N] ");
	if (fgets(answer, sizeof answer, stdin) && (answer[0] == 'y' || answer[0] == 'Y'))
		return true;
	return err_set(e, ERR_CANCELLED, "nothing is trusted");
}

static int add(struct world *world, const char *directory, struct err *e)
{
	AUTO(buf) text = {0};

	if (!project_file_read(&world->workspace, &text, e))
		return EXIT_TASK_FAILED;
	if (!show(&world->workspace, buf_str(&text), e))
		return EXIT_TASK_FAILED;
	if (!is_agreed(world, e))
		return e->code == ERR_USAGE ? EXIT_USAGE : EXIT_TASK_FAILED;
	if (!trusted_add(directory, world->workspace.root, buf_str(&text), clock_wall_s(), e))
		return EXIT_TASK_FAILED;
	printf("trusted, until the file changes (fettle trust --forget)\n");
	return command_end_output();
}

static void show_decision(void *, const struct trusted *trusted)
{
	AUTO(buf) root = {0};
	char date[11];

	clock_date(trusted->wall_s, date);
	utf8_put_line(&root, str_from(trusted->root), 1000);
	printf("%s  %.12s  %s\n", date, trusted->digest.p, buf_text(&root));
}

static int trust(struct world *world, struct err *e)
{
	const struct options *given = &world->given;

	if (given->operand_count)
		return err_set(e, ERR_USAGE, "trust takes no words: %s", given->operands[0]),
		       EXIT_USAGE;
	if (!world_settings(world, e))
		return EXIT_USAGE;
	const char *directory = trust_directory(&world->settings, &world->arena);
	if (!directory)
		return err_set(e, ERR_NOT_FOUND,
			       "neither XDG_STATE_HOME nor HOME says where to "
			       "keep it"),
		       EXIT_TASK_FAILED;
	if (options_has(given, "list")) {
		trusted_each(directory, show_decision, NULL);
		return command_end_output();
	}
	if (!options_has(given, "forget"))
		return add(world, directory, e);
	if (trusted_forget(directory, world->workspace.root, e))
		return EXIT_DONE;
	if (e->code == ERR_NOT_FOUND)
		err_set(e, ERR_NOT_FOUND, "%s is not trusted", world->workspace.root);
	return EXIT_TASK_FAILED;
}

static int run(const struct program *program, int count, char *const *words)
{
	return world_command(&command_trust_file, program, count, words, trust);
}

const struct command command_trust_file = {
	.name = "trust",
	.brief = "let a repository's .mcp.json start its MCP servers",
	.synopsis = {"[-C DIR] [--yes]", "--list", "--forget [-C DIR]"},
	.description =
		"A repository's .mcp.json names programs to start, so it counts only after you have seen "
		"what it would run and said yes. The decision is bound to the file's contents (SHA-256): "
		"when they change, it has to be made anew. It is kept with your own files "
		"($XDG_STATE_HOME/fettle/trusted), never in the repository; files that the programs "
		"themselves read are not part of it.",
	.options = options,
	.examples = {"fettle trust", "fettle trust --list",
		"fettle trust --forget -C ~/src/project"},
	.run = run,
};
