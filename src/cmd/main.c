// SPDX-License-Identifier: MIT
/* main: from the first word to a command. "run" is the default: fettle "task" is fettle run "task".
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/utf8.h"
#include "cmd/command.h"

extern const struct command command_run, command_batch, command_worker, command_embed,
	command_models, command_warm, command_mcp, command_trust_file, command_init, command_doctor,
	command_config, command_preset, command_mock, command_help, command_version, command_undo,
	command_usage;

const struct command *const commands[] = {
	&command_run,
	&command_batch,
	&command_worker,
	&command_undo,
	&command_usage,
	&command_embed,
	&command_models,
	&command_warm,
	&command_mcp,
	&command_trust_file,
	&command_init,
	&command_doctor,
	&command_config,
	&command_preset,
	&command_mock,
	&command_help,
	&command_version,
	NULL,
};

const struct command *command_find(const char *name)
{
	for (const struct command *const *c = commands; *c; c++)
		if (strcmp((*c)->name, name) == 0)
			return *c;
	return NULL;
}

const char *command_nearest(const char *word)
{
	const char *names[sizeof commands / sizeof *commands];
	size_t n = 0;

	for (; commands[n]; n++)
		names[n] = commands[n]->name;
	names[n] = NULL;
	return option_nearest(str_from(word), names);
}

int command_wrong_usage(const struct command *command, const struct err *e)
{
	AUTO(buf) shown = {0};

	/* What was typed is in it. */
	utf8_put_line(&shown, str_from(e->text), sizeof e->text);
	fprintf(stderr, "fettle: %s\nTry: fettle help%s%s\n", buf_text(&shown), command ? " " : "",
		command ? command->name : "");
	return EXIT_USAGE;
}

int command_failed(const struct command *command, const struct err *e)
{
	AUTO(buf) shown = {0};

	if (e->code == ERR_USAGE)
		return command_wrong_usage(command, e);
	utf8_put_line(&shown, str_from(e->text), sizeof e->text);
	fprintf(stderr, "fettle: %s\n", buf_text(&shown));
	return EXIT_USAGE;
}

int command_end_output(void)
{
	if ((fflush(stdout) == 0 && !ferror(stdout)) || errno == EPIPE)
		return EXIT_DONE;
	perror("fettle: stdout");
	return EXIT_TASK_FAILED;
}

int command_exit_status(const struct err *e)
{
	switch (e->code) {
	case ERR_NONE: return EXIT_DONE;
	case ERR_USAGE: return EXIT_USAGE;
	case ERR_NETWORK:
	case ERR_PROVIDER: return EXIT_PROVIDER;
	case ERR_TIMEOUT: return EXIT_TIMEOUT;
	case ERR_BUDGET:
	case ERR_LIMIT: return EXIT_LIMIT;
	case ERR_CANCELLED: return EXIT_INTERRUPTED;
	default: return EXIT_TASK_FAILED;
	}
}

/* A closed descriptor 0, 1 or 2 would be given to the next file or socket that is opened. */
static bool keep_open(int fd, int flags)
{
	if (fcntl(fd, F_GETFD) >= 0 || errno != EBADF)
		return true;
	int opened = open("/dev/null", flags | O_CLOEXEC);
	if (opened >= 0 && opened != fd) {
		dup2(opened, fd);
		close(opened);
	}
	return false;
}

static const struct command *choose(int *count, char ***words)
{
	const char *first = *count > 1 ? (*words)[1] : NULL;
	const struct command *command = first ? command_find(first) : NULL;

	if (command) {
		*count -= 2;
		*words += 2;
		return command;
	}
	*count -= 1;
	*words += 1;
	if (first && (strcmp(first, "--version") == 0 || strcmp(first, "-V") == 0))
		return &command_version;
	if (first && (strcmp(first, "--help") == 0 || strcmp(first, "-h") == 0)) {
		*count = 0;
		return &command_help;
	}
	return &command_run;
}

int main(int count, char **words)
{
	struct program program = {.exec_ns = clock_cpu_ns(), .main_at = clock_ns()};

	program.has_stdin = keep_open(STDIN_FILENO, O_RDONLY);
	program.has_stdout = keep_open(STDOUT_FILENO, O_WRONLY);
	keep_open(STDERR_FILENO, O_WRONLY);
	signal(SIGPIPE, SIG_IGN);
	const struct command *command = choose(&count, &words);
	if (!program.has_stdout) {
		fprintf(stderr, "fettle: stdout is closed: nowhere to put the answer\n");
		return EXIT_USAGE;
	}
	return command->run(&program, count, words);
}
