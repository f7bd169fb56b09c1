// SPDX-License-Identifier: MIT
/*
 * A redis-server of a test's own: on a socket in a directory of its own and on a port of loopback,
 * nothing is kept. It ends with the test.
 */
#ifndef TEST_REDIS_SERVER_H
#define TEST_REDIS_SERVER_H

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

struct redis_server {
	char directory[64], socket[96], url[128], tcp_url[64];
	int port;
	pid_t pid;
};

static inline int redis_server_free_port(void)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t n = sizeof at;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0 && bind(fd, (struct sockaddr *)&at, sizeof at) == 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &n), 0);
	close(fd);
	return ntohs(at.sin_port);
}

static inline bool redis_server_listens(const struct redis_server *s)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(at.sun_path, sizeof at.sun_path, "%s", s->socket);
	bool is_there = connect(fd, (struct sockaddr *)&at, sizeof at) == 0;
	close(fd);
	return is_there;
}

/* more: further words, ended by NULL; NULL: none. */
static inline void redis_server_start(struct redis_server *s, const char *const *more)
{
	const char *words[32] = {"redis-server", "--save", "", "--appendonly", "no"};
	int64_t end_ns = clock_ns() + 60'000'000'000LL;
	char port[16];
	int n = 5, status;

	snprintf(port, sizeof port, "%d", s->port);
	const char *where[] = {"--bind", "127.0.0.1", "--port", port, "--unixsocket", s->socket,
		"--dir", s->directory, "--logfile", "log", "--enable-debug-command", "yes"};
	for (size_t i = 0; i < sizeof where / sizeof *where; i++)
		words[n++] = where[i];
	for (; more && *more; more++)
		words[n++] = *more;
	pid_t parent = getpid();
	s->pid = fork();
	assert_true(s->pid >= 0);
	if (s->pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		int null = open("/dev/null", O_RDWR);
		dup2(null, 0);
		dup2(null, 1);
		if (getppid() == parent)
			execvp(words[0], (char *const *)words);
		_exit(127);
	}
	while (!redis_server_listens(s)) {
		assert_int_equal(waitpid(s->pid, &status, WNOHANG), 0);
		assert_true(clock_ns() < end_ns);
		nanosleep(&(struct timespec){.tv_nsec = 5'000'000}, NULL);
	}
}

static inline void redis_server_open(struct redis_server *s, const char *const *more)
{
	*s = (struct redis_server){.port = redis_server_free_port()};
	snprintf(s->directory, sizeof s->directory, "/tmp/fettle-redis.XXXXXX");
	assert_non_null(mkdtemp(s->directory));
	snprintf(s->socket, sizeof s->socket, "%s/s", s->directory);
	snprintf(s->url, sizeof s->url, "unix://%s", s->socket);
	snprintf(s->tcp_url, sizeof s->tcp_url, "redis://127.0.0.1:%d", s->port);
	redis_server_start(s, more);
}

/* One command, words between blanks; out: what it says, cut. */
static inline void redis_server_say(
	const struct redis_server *s, const char *command, char *out, size_t size)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(at.sun_path, sizeof at.sun_path, "%s", s->socket);
	assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof at), 0);
	assert_true(dprintf(fd, "%s\r\n", command) > 0);
	ssize_t n = read(fd, out, size - 1);
	assert_true(n > 0);
	out[n] = 0;
	close(fd);
}

/* It may be started again. */
static inline void redis_server_kill(struct redis_server *s)
{
	int status;

	kill(s->pid, SIGKILL);
	assert_int_equal(waitpid(s->pid, &status, 0), s->pid);
	unlink(s->socket);
}

static inline void redis_server_close(struct redis_server *s)
{
	char log[96];

	redis_server_kill(s);
	snprintf(log, sizeof log, "%s/log", s->directory);
	unlink(log);
	assert_int_equal(rmdir(s->directory), 0);
}

#endif
