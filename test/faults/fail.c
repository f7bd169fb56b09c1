// SPDX-License-Identifier: MIT
/*
 * fail: a library to preload (LD_PRELOAD) that lets one call of a libc function fail.
 *
 *   FAULT=NAME:N:ERROR   the N-th call of NAME fails with ERROR (EIO, EINTR ...); ERROR "short"
 * lets it move one byte at most, "kill" is the end of the program there, by SIGKILL. N+ is that
 * call and all behind it; 0 is none. FAULT_MARK=FILE at the end "calls C" is appended to FILE, at
 * the fault "hit".
 *
 * NAME is one of the functions below; open stands for open, openat and openat2, and
 * epoll_create, send, recv, read, write, rename, unlink and mkdir for their sisters too. Only calls
 * through the dynamic linker are seen: those of the program and of its libraries, not libc's own.
 * Calls to read and write on descriptors that are no file, pipe or socket (eventfd, timerfd) are
 * left alone: the kernel does not fail them.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

struct error {
	const char *name;
	int number;
};

static const struct error errors[] = {{"EACCES", EACCES}, {"EAGAIN", EAGAIN},
	{"ECONNREFUSED", ECONNREFUSED}, {"ECONNRESET", ECONNRESET}, {"EINTR", EINTR}, {"EIO", EIO},
	{"EMFILE", EMFILE}, {"ENETUNREACH", ENETUNREACH}, {"ENOMEM", ENOMEM}, {"ENOSPC", ENOSPC},
	{"EPIPE", EPIPE}, {0}};

static char chosen[32]; /* "" none */
static long at_call;
static bool is_for_ever, is_short, is_kill;
static int error_number;
static atomic_long calls;

/* By number, so that no function of this library or of a sanitizer is in between. */
static void mark(const char *format, long number)
{
	const char *path = getenv("FAULT_MARK");
	char line[64];
	long (*call)(long, ...) = (typeof(call))dlsym(RTLD_NEXT, "syscall");

	if (!path)
		return;
	int n = snprintf(line, sizeof line, format, number);
	long fd = call(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (fd < 0)
		return;
	call(SYS_write, fd, line, (size_t)n);
	call(SYS_close, fd);
}

__attribute__((constructor)) static void begin(void)
{
	const char *fault = getenv("FAULT");
	char number[16], what[16];

	if (!fault || sscanf(fault, "%31[^:]:%15[^:]:%15s", chosen, number, what) != 3)
		return;
	char *end;
	at_call = strtol(number, &end, 10);
	is_for_ever = *end == '+';
	is_short = strcmp(what, "short") == 0;
	is_kill = strcmp(what, "kill") == 0;
	for (const struct error *e = errors; e->name; e++)
		if (strcmp(e->name, what) == 0)
			error_number = e->number;
	if (!is_short && !is_kill && !error_number) {
		fprintf(stderr, "FAULT=%s: unknown error\n", fault);
		_exit(125);
	}
}

__attribute__((destructor)) static void end(void)
{
	if (*chosen)
		mark("calls %ld\n", atomic_load(&calls));
}

/* Counts a call; true when it is the one. */
static bool is_hit(const char *name)
{
	if (!*chosen || strcmp(name, chosen) != 0)
		return false;
	long n = atomic_fetch_add(&calls, 1) + 1;
	if (at_call == 0 || n < at_call || (n > at_call && !is_for_ever))
		return false;
	if (n == at_call)
		mark("hit %ld\n", n);
	if (is_kill)
		kill(getpid(), SIGKILL);
	return true;
}

static bool fails(const char *name)
{
	if (!is_hit(name))
		return false;
	errno = error_number;
	return true;
}

static bool is_data(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 &&
	       (S_ISREG(st.st_mode) || S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode));
}

/* Of functions that move bytes: shortens n, or sets errno and returns true. */
static bool fails_to_move(const char *name, int fd, size_t *n)
{
	int before = errno;
	bool hit = is_data(fd) && is_hit(name);

	errno = hit && !is_short ? error_number : before;
	if (hit && is_short && *n > 1)
		*n = 1;
	return hit && !is_short;
}

#define NEXT(function) ((typeof(&function))dlsym(RTLD_NEXT, #function))

ssize_t read(int fd, void *bytes, size_t n)
{
	return fails_to_move("read", fd, &n) ? -1 : NEXT(read)(fd, bytes, n);
}

ssize_t pread(int fd, void *bytes, size_t n, off_t offset)
{
	return fails_to_move("read", fd, &n) ? -1 : NEXT(pread)(fd, bytes, n, offset);
}

ssize_t pread64(int fd, void *bytes, size_t n, off64_t offset)
{
	return fails_to_move("read", fd, &n) ? -1 : NEXT(pread64)(fd, bytes, n, offset);
}

ssize_t readv(int fd, const struct iovec *parts, int count)
{
	return fails("read") ? -1 : NEXT(readv)(fd, parts, count);
}

ssize_t write(int fd, const void *bytes, size_t n)
{
	return fails_to_move("write", fd, &n) ? -1 : NEXT(write)(fd, bytes, n);
}

ssize_t writev(int fd, const struct iovec *parts, int count)
{
	return fails("write") ? -1 : NEXT(writev)(fd, parts, count);
}

ssize_t recv(int fd, void *bytes, size_t n, int flags)
{
	return fails_to_move("recv", fd, &n) ? -1 : NEXT(recv)(fd, bytes, n, flags);
}

ssize_t send(int fd, const void *bytes, size_t n, int flags)
{
	return fails_to_move("send", fd, &n) ? -1 : NEXT(send)(fd, bytes, n, flags);
}

static int mode_of(int flags, va_list arguments)
{
	return flags & (O_CREAT | __O_TMPFILE) ? va_arg(arguments, int) : 0;
}

#define OPEN(function) \
	int function(const char *path, int flags, ...) \
	{ \
		va_list arguments; \
		va_start(arguments, flags); \
		int mode = mode_of(flags, arguments); \
		va_end(arguments); \
		return fails("open") ? -1 : NEXT(function)(path, flags, mode); \
	}

OPEN(open)
OPEN(open64)

#define OPENAT(function) \
	int function(int directory, const char *path, int flags, ...) \
	{ \
		va_list arguments; \
		va_start(arguments, flags); \
		int mode = mode_of(flags, arguments); \
		va_end(arguments); \
		return fails("open") ? -1 : NEXT(function)(directory, path, flags, mode); \
	}

OPENAT(openat)
OPENAT(openat64)

long syscall(long number, ...)
{
	va_list arguments;
	long a[6];

	va_start(arguments, number);
	for (int i = 0; i < 6; i++)
		a[i] = va_arg(arguments, long);
	va_end(arguments);
	if ((number == SYS_openat2 && fails("open")) ||
		(number == SYS_getdents64 && fails("getdents64")) ||
		(number == SYS_pidfd_open && fails("pidfd_open")))
		return -1;
	return NEXT(syscall)(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

int rename(const char *from, const char *to)
{
	return fails("rename") ? -1 : NEXT(rename)(from, to);
}

int renameat(int from_directory, const char *from, int to_directory, const char *to)
{
	return fails("rename") ? -1 : NEXT(renameat)(from_directory, from, to_directory, to);
}

int renameat2(
	int from_directory, const char *from, int to_directory, const char *to, unsigned flags)
{
	return fails("rename") ? -1
			       : NEXT(renameat2)(from_directory, from, to_directory, to, flags);
}

int unlinkat(int directory, const char *path, int flags)
{
	return fails("unlink") ? -1 : NEXT(unlinkat)(directory, path, flags);
}

int mkdirat(int directory, const char *path, mode_t mode)
{
	return fails("mkdir") ? -1 : NEXT(mkdirat)(directory, path, mode);
}

int fsync(int fd)
{
	return fails("fsync") ? -1 : NEXT(fsync)(fd);
}

int fchmod(int fd, mode_t mode)
{
	return fails("fchmod") ? -1 : NEXT(fchmod)(fd, mode);
}

int socket(int domain, int type, int protocol)
{
	return fails("socket") ? -1 : NEXT(socket)(domain, type, protocol);
}

int socketpair(int domain, int type, int protocol, int fds[2])
{
	return fails("socketpair") ? -1 : NEXT(socketpair)(domain, type, protocol, fds);
}

int connect(int fd, const struct sockaddr *address, socklen_t n)
{
	return fails("connect") ? -1 : NEXT(connect)(fd, address, n);
}

int poll(struct pollfd *fds, nfds_t count, int timeout_ms)
{
	return fails("poll") ? -1 : NEXT(poll)(fds, count, timeout_ms);
}

int pipe(int fds[2])
{
	return fails("pipe") ? -1 : NEXT(pipe)(fds);
}

int pipe2(int fds[2], int flags)
{
	return fails("pipe") ? -1 : NEXT(pipe2)(fds, flags);
}

int eventfd(unsigned count, int flags)
{
	return fails("eventfd") ? -1 : NEXT(eventfd)(count, flags);
}

int epoll_create(int size)
{
	return fails("epoll_create") ? -1 : NEXT(epoll_create)(size);
}

int epoll_create1(int flags)
{
	return fails("epoll_create") ? -1 : NEXT(epoll_create1)(flags);
}

int epoll_ctl(int epoll, int operation, int fd, struct epoll_event *event)
{
	/* Taking one out never fails for want of anything. */
	if (operation != EPOLL_CTL_DEL && fails("epoll_ctl"))
		return -1;
	return NEXT(epoll_ctl)(epoll, operation, fd, event);
}

int epoll_wait(int epoll, struct epoll_event *events, int count, int timeout_ms)
{
	return fails("epoll_wait") ? -1 : NEXT(epoll_wait)(epoll, events, count, timeout_ms);
}

void *mmap(void *at, size_t n, int protection, int flags, int fd, off_t offset)
{
	/* Memory without a file is as memory from malloc: to be without ends the program. */
	if (fd >= 0 && fails("mmap"))
		return MAP_FAILED;
	return NEXT(mmap)(at, n, protection, flags, fd, offset);
}

int pthread_create(
	pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *), void *self)
{
	if (fails("pthread_create"))
		return error_number;
	return NEXT(pthread_create)(thread, attributes, run, self);
}

int posix_spawn(pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions,
	const posix_spawnattr_t *attributes, char *const words[], char *const environment[])
{
	if (fails("posix_spawn"))
		return error_number;
	return NEXT(posix_spawn)(pid, path, actions, attributes, words, environment);
}
