// SPDX-License-Identifier: MIT
/* mock: the command that serves a script until it is told to stop. */
#include "cmd/mock.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "cmd/command.h"

extern const struct command command_mock;

static const struct option options[] = {
	{"port", 'p', "N", "listen on this port of 127.0.0.1 (default: a free one)"},
	{"log", 'l', "FILE", "append one JSON object a request to this file"},
	{"verbose", 'v', NULL, "say on stderr what happens inside"},
	{"help", 'h', NULL, "this help"},
	{0},
};

static void on_signal(void *self, int)
{
	loop_stop(self);
}

static bool announce(int port, struct err *e)
{
	printf("listening on http://127.0.0.1:%d\n", port);
	return fflush(stdout) == 0 || err_errno(e, "stdout");
}

static bool serve(struct str script, const char *name, int port, int log_fd, struct err *e)
{
	struct loop *loop = loop_new(e);
	struct mock *mock = NULL;

	if (!loop)
		return false;
	/* Signals before the announcement: who reads it may stop us at once. */
	bool is_good = mock_start(loop, script, name, port, log_fd, &mock, &port, e) &&
		       loop_on_signal(loop, SIGINT, on_signal, loop, e) &&
		       loop_on_signal(loop, SIGTERM, on_signal, loop, e) && announce(port, e);
	if (is_good)
		loop_run(loop, &(const bool){false});
	mock_free(mock);
	loop_free(loop);
	return is_good;
}

static bool read_script(const char *path, struct buf *script, struct err *e)
{
	bool is_read =
		strcmp(path, "-") == 0
			? file_read_fd(STDIN_FILENO, "stdin", MOCK_SCRIPT_MAX_BYTES, script, e)
			: file_read(AT_FDCWD, path, MOCK_SCRIPT_MAX_BYTES, script, e);

	if (!is_read)
		e->code = ERR_USAGE;
	return is_read;
}

static bool open_log(const char *path, int *fd, struct err *e)
{
	if (!path)
		return true;
	/* 0600: the log holds whole requests. */
	*fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (*fd >= 0)
		return true;
	(void)err_errno(e, "%s", path);
	e->code = ERR_USAGE;
	return false;
}

static bool run_mock(const struct options *given, struct err *e)
{
	AUTO(buf) script = {0};
	AUTO_FD log_fd = -1;
	int64_t port;

	if (given->operand_count != 1)
		return err_set(e, ERR_USAGE, "needs one script");
	if (!options_int(given, "port", 0, 0, &port, e))
		return false;
	if (port > 65'535)
		return err_set(e, ERR_USAGE, "option --port: %lld is no port", (long long)port);
	const char *path = given->operands[0];
	return read_script(path, &script, e) && open_log(options_value(given, "log"), &log_fd, e) &&
	       serve(buf_str(&script), path, (int)port, log_fd, e);
}

static int run(const struct program *program, int count, char *const *words)
{
	AUTO(arena) arena = {0};
	struct options given;
	struct err e;

	if (!options_parse(options, count, words, &arena, &given, &e))
		return command_wrong_usage(&command_mock, &e);
	if (options_has(&given, "help"))
		return command_find("help")->run(
			program, 1, (char *const[]){(char[]){"mock"}, NULL});
	log_enable(options_has(&given, "verbose"));
	if (run_mock(&given, &e))
		return EXIT_DONE;
	if (e.code == ERR_USAGE)
		return command_wrong_usage(&command_mock, &e);
	fprintf(stderr, "fettle: %s\n", e.text);
	return command_exit_status(&e);
}

const struct command command_mock = {
	.name = "mock",
	.brief = "answer as a provider would, by a script: for tests without network and keys",
	.synopsis = {"[options] SCRIPT", "[options] -          (the script from stdin)"},
	.description =
		"Serves POST /v1/messages (Anthropic), /v1/chat/completions and /v1/responses (OpenAI) and "
		"/api/chat (Ollama) on the loopback address and answers each request with the first reply "
		"of the script that fits it. Replies can be slow, cut, stalled, damaged or errors. "
		"Lists of models and vectors of texts are served, too. "
		"docs/mock.md describes scripts.\n\n"
		"The first line on stdout is \"listening on http://127.0.0.1:PORT\". SIGINT and "
		"SIGTERM "
		"end it with status 0.",
	.options = options,
	.examples = {"fettle mock script.json",
		"fettle mock --port 8080 --log requests.jsonl script.json"},
	.run = run,
};
