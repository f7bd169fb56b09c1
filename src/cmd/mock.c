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
#include "cmd/mock_record.h"

extern const struct command command_mock;

static const struct option options[] = {
	{"port", 'p', "N", "listen on this port of 127.0.0.1 (default: a free one)"},
	{"record", 0, "BASE_URL",
		"stand in front of this provider, pass everything on, and write a script of it"},
	{"output", 'o', "SCRIPT", "with --record: the file for the script (default: stdout)"},
	{"log", 'l', "FILE", "append one JSON object a request to this file"},
	{"verbose", 'v', NULL, "say on stderr what happens inside"},
	{"help", 'h', NULL, "this help"},
	{0},
};

static void on_signal(void *self, int)
{
	loop_stop(self);
}

/* Where the script itself goes to stdout, the address goes to stderr. */
static bool announce(FILE *to, int port, struct err *e)
{
	fprintf(to, "listening on http://127.0.0.1:%d\n", port);
	return fflush(to) == 0 || err_errno(e, to == stdout ? "stdout" : "stderr");
}

/* What the words ask for. */
struct service {
	struct buf script;
	const char *name; /* of the script */
	const char *base_url; /* to be recorded; NULL: the script is played */
	const char *output;
	int port, log_fd;
	struct recorder *recorder;
};

static bool start(
	struct service *s, struct loop *loop, struct mock **mock, int *port, struct err *e)
{
	if (!s->base_url)
		return mock_start(
			loop, buf_str(&s->script), s->name, s->port, s->log_fd, mock, port, e);
	s->recorder = recorder_new(loop, s->base_url, s->output, e);
	return s->recorder &&
	       mock_start_recording(loop, s->recorder, s->port, s->log_fd, mock, port, e);
}

static bool put_recording(const struct service *s, struct err *e)
{
	AUTO(buf) script = {0};

	if (!recorder_is_well(s->recorder))
		return err_set(e, ERR_IO, "the recording is not whole: %s", s->output);
	if (s->output)
		return true;
	recorder_script(s->recorder, &script);
	return file_write_fd(STDOUT_FILENO, buf_str(&script), e) || err_context(e, "stdout");
}

static bool serve(struct service *s, struct err *e)
{
	FILE *to = s->base_url && !s->output ? stderr : stdout;
	struct loop *loop = loop_new(e);
	struct mock *mock = NULL;
	int port;

	if (!loop)
		return false;
	/* Signals before the announcement: who reads it may stop us at once. */
	bool is_good = start(s, loop, &mock, &port, e) &&
		       loop_on_signal(loop, SIGINT, on_signal, loop, e) &&
		       loop_on_signal(loop, SIGTERM, on_signal, loop, e) && announce(to, port, e);
	if (is_good)
		loop_run(loop, &(const bool){false});
	mock_free(mock);
	if (is_good && s->recorder)
		is_good = put_recording(s, e);
	recorder_free(s->recorder);
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

static bool check_words(const struct options *given, const struct service *s, struct err *e)
{
	if (s->base_url && given->operand_count)
		return err_set(e, ERR_USAGE, "--record writes a script (--output) and takes none");
	if (!s->base_url && given->operand_count != 1)
		return err_set(e, ERR_USAGE, "needs one script");
	if (s->output && !s->base_url)
		return err_set(e, ERR_USAGE, "option --output: needs --record");
	return true;
}

static bool read_words(const struct options *given, struct service *s, struct err *e)
{
	int64_t port;

	s->base_url = options_value(given, "record");
	s->output = options_value(given, "output");
	if (!check_words(given, s, e) || !options_int(given, "port", 0, 0, &port, e))
		return false;
	if (port > 65'535)
		return err_set(e, ERR_USAGE, "option --port: %lld is no port", (long long)port);
	s->port = (int)port;
	s->name = given->operand_count ? given->operands[0] : NULL;
	return s->base_url || read_script(s->name, &s->script, e);
}

static bool run_mock(const struct options *given, struct err *e)
{
	struct service s = {.log_fd = -1};
	bool is_good = read_words(given, &s, e) &&
		       open_log(options_value(given, "log"), &s.log_fd, e) && serve(&s, e);

	buf_release(&s.script);
	file_close(&s.log_fd);
	return is_good;
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
	.synopsis = {"[options] SCRIPT", "[options] -          (the script from stdin)",
		"[options] --record BASE_URL [-o SCRIPT]"},
	.description =
		"Serves POST /v1/messages (Anthropic), /v1/chat/completions and /v1/responses (OpenAI) and "
		"/api/chat (Ollama) on the loopback address and answers each request with the first reply "
		"of the script that fits it. Replies can be slow, cut, stalled, damaged or errors. "
		"Lists of models, vectors of texts and batches are served, too. "
		"docs/mock.md describes scripts.\n\n"
		"With --record the answers are a real provider's: requests are passed on to BASE_URL, "
		"and a script is written that gives the same answers again. Keys do not get into it.\n\n"
		"The first line on stdout (stderr, when the script goes to stdout) is \"listening on "
		"http://127.0.0.1:PORT\". SIGINT and "
		"SIGTERM "
		"end it with status 0.",
	.options = options,
	.examples = {"fettle mock script.json",
		"fettle mock --port 8080 --log requests.jsonl script.json",
		"fettle mock --record https://api.anthropic.com -o script.json"},
	.run = run,
};
