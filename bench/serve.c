// SPDX-License-Identifier: MIT
/*
 * serve: runs a command again and again against a server of its own on loopback, and says how long
 * it took. Usage: bench_serve RUNS REPLY[,REPLY...] [CERTIFICATE KEY --] COMMAND [::: COMMAND...]
 * A command is [NAME=VALUE...] PROGRAM ARGUMENT...; @URL@ in an argument is the server's base URL,
 * https where a certificate is given. REPLY is a file of server-sent events, one request
 * each; every event is one write (and one HTTP chunk). "-" as REPLY: no server, just the command.
 * stdout is a pipe that is drained.
 * Commands take turns, so that drift of the machine hits all alike. One line a command:
 *   first_byte_ms wall_ms cpu_ms rss_kb request_bytes   (medians; first_byte is exec to the first
 * byte of the first request at the server, behind the TLS handshake)
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <pthread.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/must.h"

extern char **environ;

enum { REPLIES_MAX = 8, COMMANDS_MAX = 6, WORDS_MAX = 64, ENVIRONMENT_MAX = 128 };

struct server {
	int listener;
	SSL_CTX *tls; /* NULL: plain */
	char url[64];
	struct buf replies[REPLIES_MAX];
	int reply_count;
	int64_t first_byte;
	size_t request_bytes;
};

struct sample {
	double first_byte_ms, wall_ms, cpu_ms, rss_kb, request_bytes;
};

static void open_server(struct server *s)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof address;

	s->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	must(s->listener >= 0 && bind(s->listener, (void *)&address, sizeof address) == 0);
	must(listen(s->listener, 16) == 0);
	must(getsockname(s->listener, (void *)&address, &size) == 0);
	snprintf(s->url, sizeof s->url, "http%s://127.0.0.1:%d", s->tls ? "s" : "",
		ntohs(address.sin_port));
}

struct connection {
	int fd;
	SSL *tls; /* NULL: plain */
};

static bool open_connection(struct server *s, struct connection *c)
{
	int one = 1;

	*c = (struct connection){.fd = accept4(s->listener, NULL, NULL, SOCK_CLOEXEC)};
	if (c->fd < 0)
		return false;
	setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	if (s->tls) {
		c->tls = SSL_new(s->tls);
		must(c->tls && SSL_set_fd(c->tls, c->fd));
		SSL_accept(c->tls);
	}
	return true;
}

static void close_connection(struct connection *c)
{
	if (c->tls)
		SSL_free(c->tls);
	close(c->fd);
}

static ssize_t receive(const struct connection *c, char *bytes, size_t n)
{
	return c->tls ? SSL_read(c->tls, bytes, (int)n) : recv(c->fd, bytes, n, 0);
}

/* Reads one request; its size, or 0 at the end of the connection. */
static size_t read_request(struct server *s, const struct connection *c)
{
	static char bytes[1 << 20];
	size_t n = 0, need = 0;

	while (!need || n < need) {
		ssize_t got = receive(c, bytes + n, sizeof bytes - 1 - n);
		if (got <= 0)
			return 0;
		if (!s->first_byte)
			s->first_byte = clock_ns();
		n += (size_t)got;
		bytes[n] = '\0';
		char *head_end = strstr(bytes, "\r\n\r\n");
		char *length = strcasestr(bytes, "content-length:");
		if (head_end && length)
			need = (size_t)(head_end + 4 - bytes) + strtoul(length + 15, NULL, 10);
	}
	return n;
}

static void send_all(const struct connection *c, const char *p, size_t n)
{
	while (n) {
		ssize_t sent =
			c->tls ? SSL_write(c->tls, p, (int)n) : send(c->fd, p, n, MSG_NOSIGNAL);
		if (sent <= 0)
			return;
		p += sent;
		n -= (size_t)sent;
	}
}

static void send_reply(const struct connection *c, struct str reply)
{
	static const char head[] = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n"
				   "transfer-encoding: chunked\r\n\r\n";
	char chunk[64 << 10];

	send_all(c, head, sizeof head - 1);
	while (reply.n) {
		size_t end = str_find(reply, STR("\n\n"), 0);
		struct str event = str_head(reply, end == SIZE_MAX ? reply.n : end + 2);
		int n = snprintf(chunk, sizeof chunk, "%zx\r\n%.*s\r\n", event.n, STR_ARG(event));
		send_all(c, chunk, (size_t)n);
		reply = str_skip(reply, event.n);
	}
	send_all(c, "0\r\n\r\n", 5);
}

/* Serves one run: the replies in order, over as many connections as it takes. */
static void *serve(void *self)
{
	struct server *s = self;
	struct connection c;
	int at = 0;

	while (at < s->reply_count) {
		if (!open_connection(s, &c))
			break;
		size_t n;
		while (at < s->reply_count && (n = read_request(s, &c)) > 0) {
			if (at == 0)
				s->request_bytes = n;
			send_reply(&c, buf_str(&s->replies[at++]));
		}
		close_connection(&c);
	}
	return NULL;
}

static void *drain(void *self)
{
	char bytes[64 << 10];
	int fd = *(int *)self;

	while (read(fd, bytes, sizeof bytes) > 0)
		;
	return NULL;
}

/* The environment with the command's own settings in front; the first one of a name counts. */
static char **environment_of(char ***words)
{
	char **all = must_alloc(ENVIRONMENT_MAX, sizeof *all);
	size_t n = 0;

	for (; **words && strchr(**words, '=') && n < ENVIRONMENT_MAX / 2; (*words)++)
		all[n++] = **words;
	for (char **e = environ; *e && n < ENVIRONMENT_MAX - 1; e++)
		all[n++] = *e;
	return all;
}

static struct sample run_once(struct server *s, char **words)
{
	char **environment = environment_of(&words);
	char **copy = must_alloc(WORDS_MAX, sizeof *copy);
	posix_spawn_file_actions_t actions;
	struct rusage usage;
	pthread_t thread, drainer;
	int status, out[2];
	pid_t pid;
	size_t n = 0;

	for (; words[n] && n < WORDS_MAX - 1; n++)
		if (strstr(words[n], "@URL@")) {
			const char *at = strstr(words[n], "@URL@");
			must(asprintf(&copy[n], "%.*s%s%s", (int)(at - words[n]), words[n], s->url,
				     at + 5) > 0);
		} else {
			copy[n] = must_copy(words[n], strlen(words[n]));
		}
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
	must(pipe2(out, O_CLOEXEC) == 0);
	must(pthread_create(&drainer, NULL, drain, &out[0]) == 0);
	posix_spawn_file_actions_adddup2(&actions, out[1], 1);
	posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
	s->first_byte = 0;
	if (s->reply_count)
		must(pthread_create(&thread, NULL, serve, s) == 0);
	int64_t started = clock_ns();
	must(posix_spawnp(&pid, copy[0], &actions, NULL, copy, environment) == 0);
	must(wait4(pid, &status, 0, &usage) == pid);
	int64_t ended = clock_ns();
	close(out[1]);
	pthread_join(drainer, NULL);
	close(out[0]);
	if (!WIFEXITED(status) || WEXITSTATUS(status) > 1)
		fprintf(stderr, "%s: status %d\n", copy[0], status);
	if (s->reply_count) {
		pthread_cancel(thread);
		pthread_join(thread, NULL);
	}
	for (size_t i = 0; i < n; i++)
		free(copy[i]);
	free(copy);
	free(environment);
	posix_spawn_file_actions_destroy(&actions);
	return (struct sample){clock_ms(s->first_byte - started), clock_ms(ended - started),
		(double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e3 +
			(double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e3,
		(double)usage.ru_maxrss, (double)s->request_bytes};
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(const struct sample *samples, int n, size_t offset)
{
	double *values = must_alloc((size_t)n, sizeof *values);

	for (int i = 0; i < n; i++)
		values[i] = *(const double *)((const char *)&samples[i] + offset);
	qsort(values, (size_t)n, sizeof *values, compare);
	double middle = values[n / 2];
	free(values);
	return middle;
}

static void load_replies(struct server *s, const char *list)
{
	struct str rest = str_from(list), name;
	struct err e;

	while (strcmp(list, "-") != 0 && s->reply_count < REPLIES_MAX &&
		str_split(&rest, ',', &name)) {
		char *path = must_copy(name.p, name.n);
		must(file_read(
			-100 /* AT_FDCWD */, path, 64 << 20, &s->replies[s->reply_count++], &e));
		free(path);
	}
}

static void use_tls(struct server *s, const char *certificate, const char *key)
{
	s->tls = SSL_CTX_new(TLS_server_method());
	must(s->tls && SSL_CTX_use_certificate_chain_file(s->tls, certificate) == 1 &&
		SSL_CTX_use_PrivateKey_file(s->tls, key, SSL_FILETYPE_PEM) == 1);
}

int main(int count, char **words)
{
	struct server s = {0};
	char **commands[COMMANDS_MAX];
	int command_count = 0;
	int64_t runs;

	if (count < 4 || !str_int(str_from(words[1]), &runs) || runs < 1)
		return 2;
	load_replies(&s, words[2]);
	int first = 3;
	if (count > 6 && strcmp(words[5], "--") == 0) {
		use_tls(&s, words[3], words[4]);
		first = 6;
	}
	commands[command_count++] = words + first;
	for (int i = first; i < count; i++)
		if (strcmp(words[i], ":::") == 0 && command_count < COMMANDS_MAX) {
			words[i] = NULL;
			commands[command_count++] = words + i + 1;
		}
	open_server(&s);
	struct sample *samples = must_alloc((size_t)runs * COMMANDS_MAX, sizeof *samples);
	for (int c = 0; c < command_count; c++)
		run_once(&s, commands[c]); /* warm-up */
	for (int r = 0; r < runs; r++)
		for (int c = 0; c < command_count; c++)
			samples[c * runs + r] = run_once(&s, commands[c]);
	for (int c = 0; c < command_count; c++) {
		const struct sample *own = samples + c * runs;
		int n = (int)runs;
		printf("%.3f %.3f %.3f %.0f %.0f\n",
			median(own, n, offsetof(struct sample, first_byte_ms)),
			median(own, n, offsetof(struct sample, wall_ms)),
			median(own, n, offsetof(struct sample, cpu_ms)),
			median(own, n, offsetof(struct sample, rss_kb)),
			median(own, n, offsetof(struct sample, request_bytes)));
	}
	free(samples);
	return 0;
}
