// SPDX-License-Identifier: MIT
#include "io/knock.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/must.h"

/* A socket on its way to the port, -1 when it is decided already. */
static int begin(int port, bool *is_open)
{
	struct sockaddr_in at = {.sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	*is_open = false;
	if (fd < 0)
		return -1;
	*is_open = connect(fd, (const struct sockaddr *)&at, sizeof at) == 0;
	if (!*is_open && errno == EINPROGRESS)
		return fd;
	close(fd);
	return -1;
}

static void look(struct pollfd *p, bool *is_open)
{
	int error = 0;
	socklen_t n = sizeof error;

	if (p->fd < 0 || !p->revents)
		return;
	*is_open = getsockopt(p->fd, SOL_SOCKET, SO_ERROR, &error, &n) == 0 && error == 0;
	close(p->fd);
	p->fd = -1;
}

void knock(const int *ports, size_t count, int wait_ms, bool *is_open)
{
	struct pollfd doors[KNOCK_MAX];
	int64_t until = clock_ns() + (int64_t)wait_ms * 1'000'000;
	size_t waiting = 0;

	must(count <= KNOCK_MAX);
	for (size_t i = 0; i < count; i++) {
		doors[i] = (struct pollfd){.fd = begin(ports[i], &is_open[i]), .events = POLLOUT};
		waiting += doors[i].fd >= 0;
	}
	while (waiting) {
		int64_t left_ns = until - clock_ns();
		int ready = left_ns <= 0 ? 0 : poll(doors, count, (int)(left_ns / 1'000'000) + 1);
		if (ready == 0 || (ready < 0 && errno != EINTR))
			break;
		waiting = 0;
		for (size_t i = 0; ready > 0 && i < count; i++)
			look(&doors[i], &is_open[i]);
		for (size_t i = 0; i < count; i++)
			waiting += doors[i].fd >= 0;
	}
	for (size_t i = 0; i < count; i++)
		if (doors[i].fd >= 0)
			close(doors[i].fd);
}
