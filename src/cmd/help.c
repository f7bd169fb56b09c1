// SPDX-License-Identifier: MIT
/* help: --help, "help COMMAND" and the man page, all from the table of commands. */
#include <stdio.h>
#include <string.h>

#include "cmd/command.h"
#include "ui/ui.h"

static const struct option options[] = {
	{"man", 0, NULL, "print the manual as an mdoc(7) page"},
	{0},
};

struct variable {
	const char *name, *brief;
};

static const struct variable variables[] = {
	{"ANTHROPIC_API_KEY", "key for Anthropic's API; chooses its model when --model is absent"},
	{"ANTHROPIC_AUTH_TOKEN", "the same, sent as Authorization: Bearer; the key goes before it"},
	{"ANTHROPIC_BASE_URL", "where to reach that API, or a server that speaks it"},
	{"OPENAI_API_KEY", "key for OpenAI's API; chooses its model when --model is absent"},
	{"OPENAI_BASE_URL", "where to reach that API, or a server that speaks it"},
	{"OPENROUTER_API_KEY", "key for OpenRouter; the same"},
	{"GEMINI_API_KEY", "key for Google's Gemini; the same"},
	{"NAME_API_KEY, NAME_BASE_URL",
		"the same for --model NAME/...: DEEPSEEK, GROQ, MISTRAL, LLAMACPP, VLLM, LMSTUDIO"},
	{"OLLAMA_HOST", "host:port of an Ollama server, for --model ollama/..."},
	{"FETTLE_MAX_TURNS ...", "any setting that has one value: fettle config keys lists them"},
	{"XDG_CONFIG_HOME",
		"where fettle/config.json and fettle/presets/ are, instead of ~/.config"},
	{"NO_COLOR, FORCE_COLOR", "no colour on stderr; colour even where it is no terminal"},
	{"SSL_CERT_FILE, SSL_CERT_DIR", "certificates to trust instead of the system's"},
};

static const struct variable statuses[] = {
	{"0", "done"},
	{"1", "the task failed"},
	{"2", "wrong usage or configuration"},
	{"3", "the provider failed or could not be reached"},
	{"4", "a deadline passed: the task's, connecting, first byte or idle"},
	{"5", "a limit was reached: turns, output tokens or the context window"},
	{"130, 143", "interrupted (SIGINT), terminated (SIGTERM)"},
};

#define COUNT(table) (sizeof(table) / sizeof *(table))

enum { LEFT_COLUMNS = 30 };

static void print_option(FILE *out, const struct option *o)
{
	char left[64];

	if (o->instead)
		return;
	snprintf(left, sizeof left, "%c%c%s--%s%s%s", o->letter ? '-' : ' ',
		o->letter ? o->letter : ' ', o->letter ? ", " : "  ", o->name, o->value ? " " : "",
		o->value ? o->value : "");
	if (strlen(left) > LEFT_COLUMNS)
		fprintf(out, "  %s\n  %-*s %s\n", left, LEFT_COLUMNS, "", o->brief);
	else
		fprintf(out, "  %-*s %s\n", LEFT_COLUMNS, left, o->brief);
}

static void print_command(FILE *out, const struct command *c)
{
	for (size_t i = 0; c->synopsis[i]; i++)
		fprintf(out, "%s fettle %s %s\n", i ? "      " : "usage:", c->name, c->synopsis[i]);
	fprintf(out, "\n%s\n", c->description);
	if (c->options->name)
		fprintf(out, "\noptions:\n");
	for (const struct option *o = c->options; o->name; o++)
		print_option(out, o);
	if (c->examples[0])
		fprintf(out, "\nexamples:\n");
	for (size_t i = 0; c->examples[i]; i++)
		fprintf(out, "  %s\n", c->examples[i]);
}

void command_print_help(const struct command *command, const struct options *given, struct arena *a)
{
	const struct command *part = command->part ? command->part(given, a) : NULL;

	print_command(stdout, part ? part : command);
}

static void print_overview(FILE *out)
{
	fprintf(out,
		"fettle - a coding assistant for the terminal, as one small program\n\n"
		"usage: fettle [options] \"task\"          ask about the code in this directory\n"
		"       fettle COMMAND [options] ...\n\n"
		"commands:\n");
	for (const struct command *const *c = commands; *c; c++)
		fprintf(out, "  %-10s %s%s\n", (*c)->name, (*c)->brief,
			c == commands ? " (the default)" : "");
	fprintf(out, "\noptions of run:\n");
	for (const struct option *o = commands[0]->options; o->name; o++)
		print_option(out, o);
	fprintf(out, "\nenvironment:\n");
	for (size_t i = 0; i < COUNT(variables); i++)
		fprintf(out, "  %-*s %s\n", LEFT_COLUMNS, variables[i].name, variables[i].brief);
	fprintf(out, "\nexit status:\n");
	for (size_t i = 0; i < COUNT(statuses); i++)
		fprintf(out, "  %-*s %s\n", LEFT_COLUMNS, statuses[i].name, statuses[i].brief);
	fprintf(out, "\nMore: fettle help COMMAND, man fettle\n");
}

/* ---- the man page ---- */

/* A leading dot or quote would be a request, a backslash an escape. */
static void roff_text(const char *text)
{
	bool line_start = true;

	for (; *text; text++) {
		if (line_start && (*text == '.' || *text == '\''))
			printf("\\&");
		line_start = *text == '\n';
		/* mdoc wants a new line for a new sentence. */
		if (text[0] == '.' && text[1] == ' ' && text[2] >= 'A' && text[2] <= 'Z') {
			printf(".\n");
			text++;
			continue;
		}
		if (text[0] == '\n' && text[1] == '\n') {
			printf("\n.Pp\n");
			text++;
			continue;
		}
		if (*text == '\\')
			printf("\\e");
		else if (*text == '-')
			printf("\\-");
		else if (*text == '"')
			printf("\\(dq");
		else
			putchar(*text);
	}
	putchar('\n');
}

static void roff_options(const struct option *o)
{
	if (!o->name)
		return;
	printf(".Bl -tag -width Ds\n");
	for (; o->name; o++) {
		if (o->instead)
			continue;
		printf(".It ");
		if (o->letter)
			printf("Fl %c , ", o->letter);
		printf("Fl \\-%s%s%s\n", o->name, o->value ? " Ar " : "", o->value ? o->value : "");
		roff_text(o->brief);
	}
	printf(".El\n");
}

static void roff_table(const struct variable *rows, size_t n)
{
	printf(".Bl -tag -width Ds\n");
	for (size_t i = 0; i < n; i++) {
		printf(".It %s\n", rows[i].name);
		roff_text(rows[i].brief);
	}
	printf(".El\n");
}

static void roff_command(const struct command *c)
{
	printf(".Ss fettle %s\n", c->name);
	for (size_t i = 0; c->synopsis[i]; i++) {
		printf(".D1 ");
		printf("fettle %s ", c->name);
		roff_text(c->synopsis[i]);
	}
	printf(".Pp\n");
	roff_text(c->description);
	roff_options(c->options);
}

static void print_man(void)
{
	printf(".Dd November 21, 2026\n.Dt FETTLE 1\n.Os\n.Sh NAME\n.Nm fettle\n"
	       ".Nd coding assistant for the terminal\n.Sh SYNOPSIS\n"
	       ".Nm fettle\n.Op options\n.Ar task ...\n.Nm fettle\n.Ar command\n.Op options\n.Ar ...\n"
	       ".Sh DESCRIPTION\n.Nm\nanswers questions about the code in the working directory.\nIt asks a "
	       "language model, lets it read\nwith tools, and prints the answer.\nWithout a key and "
	       "without a server it answers from the tools alone.\n");
	for (const struct command *const *c = commands; *c; c++)
		roff_command(*c);
	printf(".Sh ENVIRONMENT\n");
	roff_table(variables, COUNT(variables));
	printf(".Sh FILES\n.Bl -tag -width Ds\n.It Pa AGENTS.md , CLAUDE.md\n"
	       "Instructions for the model, read from the repository's root down to the working "
	       "directory.\n.It Pa ~/.config/fettle/config.json , .fettle.json\n"
	       "Settings: the user\\(aqs own, and those of a repository, from its root down to the "
	       "working directory.\n.It Pa ~/.config/fettle/presets/*.json\nPresets.\n.It Pa .gitignore , .ignore\nWhat the tools leave out.\n.El\n");
	printf(".Sh EXIT STATUS\n");
	roff_table(statuses, COUNT(statuses));
	printf(".Sh EXAMPLES\n");
	for (const struct command *const *c = commands; *c; c++)
		for (size_t i = 0; (*c)->examples[i]; i++) {
			printf(".Dl ");
			roff_text((*c)->examples[i]);
		}
	printf(".Sh SEE ALSO\n.Xr git 1 ,\n.Xr rg 1\n");
}

static int wrong_word(const char *word)
{
	const char *near = command_nearest(word);

	fprintf(stderr,
		near ? "fettle: no command %s (did you mean %s?)\n" : "fettle: no command %s\n",
		word, near);
	return EXIT_USAGE;
}

static int run(const struct program *, int count, char *const *words)
{
	struct arena a = {0};
	struct options given;
	struct err e;
	int status;

	if (!options_parse(options, count, words, &a, &given, &e)) {
		arena_release(&a);
		return command_wrong_usage(NULL, &e);
	}
	const char *word = given.operand_count ? given.operands[0] : NULL;
	const struct command *command = word ? command_find(word) : NULL;
	struct options behind = {.operands = given.operands + 1,
		.operand_count = given.operand_count ? given.operand_count - 1 : 0};
	if (options_has(&given, "man"))
		print_man();
	else if (command)
		command_print_help(command, &behind, &a);
	else if (!word)
		print_overview(stdout);
	status = word && !command ? wrong_word(word) : command_end_output();
	arena_release(&a);
	return status;
}

const struct command command_help = {
	.name = "help",
	.brief = "explain fettle or one of its commands",
	.synopsis = {"[COMMAND [WORD ...]]", "--man"},
	.description =
		"Without a command: the overview, as fettle --help. Of a report of fettle usage: "
		"fettle help usage daily.",
	.options = options,
	.examples = {"fettle help run"},
	.run = run,
};
