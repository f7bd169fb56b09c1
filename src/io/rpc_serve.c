// SPDX-License-Identifier: MIT
/*
 * The connection's thread starts the program. A step waits for something to happen, writes what
 * goes, reads what is there, and gives each message to whom it is for. It ends when the program has
 * ended, breaks the rules or does not end although it was asked to; then the program's process
 * group is killed and everybody who waits is told why.
 */
#include "io/rpc_inside.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"
#include "base/log.h"
#include "base/utf8.h"
#include "io/child.h"
#include "io/sandbox.h"

enum {
	TICK_MS = 20, /* where a moment or an end without pidfd is waited for */
	REST_MS = 60'000,
	HUNG_UP_MS = 500, /* from the end of a pipe to the end of the program */
	READ_STEP_BYTES = 1 << 20, /* then the other pipes and the clock have their turn */
	READ_LAST_BYTES = 64 << 20, /* of what an ended program left behind */
};

static void close_pair(int pair[2])
{
	file_close(&pair[0]);
	file_close(&pair[1]);
}

static bool spawn(struct rpc *c, struct err *e)
{
	const struct rpc_options *o = &c->options;
	int in[2] = {-1, -1}, out[2] = {-1, -1}, errors[2] = {-1, -1};
	bool is_started = false;

	if (pipe2(in, O_CLOEXEC) < 0 || pipe2(out, O_CLOEXEC) < 0 || pipe2(errors, O_CLOEXEC) < 0) {
		err_errno(e, "pipe");
	} else {
		struct child_start how = {.program = o->program,
			.arguments = o->arguments,
			.environment = o->environment,
			.directory = o->directory,
			.sandbox = o->sandbox,
			.in_fd = in[0],
			.out_fd = out[1],
			.errors_fd = errors[1]};
		is_started = child_spawn(&how, &c->pid, e);
	}
	if (is_started) {
		c->in_fd = in[1];
		c->out_fd = out[0];
		c->errors_fd = errors[0];
		in[1] = out[0] = errors[0] = -1;
		fcntl(c->in_fd, F_SETFL, O_NONBLOCK);
		fcntl(c->out_fd, F_SETFL, O_NONBLOCK);
		fcntl(c->errors_fd, F_SETFL, O_NONBLOCK);
		c->pid_fd = child_watch(c->pid);
	}
	close_pair(in);
	close_pair(out);
	close_pair(errors);
	return is_started;
}

/* Whether there is a program to serve. A child in a sandbox ends with the thread that started it.
 */
static bool begin(struct rpc *c)
{
	struct err e;
	bool is_started = spawn(c, &e);

	pthread_mutex_lock(&c->lock);
	if (!is_started) {
		c->failure = e;
		c->is_over = true;
	}
	c->has_begun = true;
	pthread_cond_broadcast(&c->changed);
	pthread_mutex_unlock(&c->lock);
	return is_started;
}

static void wait_for_something(struct rpc *c)
{
	bool has_to_write = c->sent < c->sending.n && c->in_fd >= 0;
	struct pollfd fds[] = {
		{.fd = has_to_write ? c->in_fd : -1, .events = POLLOUT},
		{.fd = c->out_fd, .events = POLLIN},
		{.fd = c->errors_fd, .events = POLLIN},
		{.fd = c->pid_fd, .events = POLLIN},
		{.fd = c->wake_fd, .events = POLLIN},
	};
	eventfd_t count;

	poll(fds, 5, c->hung_up_ns || c->closed_ns || c->pid_fd < 0 ? TICK_MS : REST_MS);
	if (fds[4].revents & POLLIN)
		eventfd_read(c->wake_fd, &count);
}

static void take_queue(struct rpc *c)
{
	pthread_mutex_lock(&c->lock);
	if (c->sent == c->sending.n) {
		struct buf empty = c->sending;
		buf_clear(&empty);
		c->sending = c->queue;
		c->queue = empty;
		c->sent = 0;
	}
	if (c->is_closing && !c->closed_ns)
		c->closed_ns = clock_ns();
	pthread_mutex_unlock(&c->lock);
}

static void hang_up(struct rpc *c, int *fd)
{
	file_close(fd);
	if (!c->hung_up_ns)
		c->hung_up_ns = clock_ns();
}

/* SIGPIPE is blocked here, as all signals are. */
static void write_ready(struct rpc *c)
{
	while (c->in_fd >= 0 && c->sent < c->sending.n) {
		ssize_t n = write(c->in_fd, c->sending.p + c->sent, c->sending.n - c->sent);
		if (n > 0)
			c->sent += (size_t)n;
		else if (n < 0 && errno == EAGAIN)
			return;
		else if (n < 0 && errno != EINTR)
			hang_up(c, &c->in_fd);
	}
	if (c->in_fd < 0)
		c->sent = c->sending.n;
}

/* One piece; 0 when there is none now or never. */
static size_t read_piece(struct rpc *c, int *fd, char *bytes, size_t size)
{
	ssize_t n;

	if (*fd < 0)
		return 0;
	do
		n = read(*fd, bytes, size);
	while (n < 0 && errno == EINTR);
	if (n > 0)
		return (size_t)n;
	if (n < 0 && errno == EAGAIN)
		return 0;
	if (fd == &c->out_fd)
		hang_up(c, fd);
	else
		file_close(fd);
	return 0;
}

static void read_errors(struct rpc *c)
{
	char bytes[16 << 10];
	size_t n, total = 0;

	while (total < READ_STEP_BYTES &&
		(n = read_piece(c, &c->errors_fd, bytes, sizeof bytes)) > 0) {
		total += n;
		pthread_mutex_lock(&c->lock);
		buf_put(&c->errors, bytes, n);
		if (c->errors.n > 2 * RPC_ERRORS_KEPT_BYTES)
			buf_drop_front(&c->errors, c->errors.n - RPC_ERRORS_KEPT_BYTES);
		pthread_mutex_unlock(&c->lock);
	}
}

static void skip_message(struct rpc *c, struct str message)
{
	AUTO(buf) shown = {0};

	utf8_put_line(&shown, message, 60);
	log_debug("%s: skipped: %s", c->options.name, buf_text(&shown));
	pthread_mutex_lock(&c->lock);
	c->skipped++;
	pthread_mutex_unlock(&c->lock);
}

static bool answer_request(
	struct rpc *c, struct str id, struct str method, struct str params, struct err *e)
{
	AUTO(buf) result = {0};
	AUTO(buf) body = {0};
	struct json_writer w = {.buf = &body};

	json_open(&w, '{');
	json_member_text(&w, "jsonrpc", "2.0");
	json_key(&w, "id");
	json_put_raw(&w, id);
	if (c->options.on_request &&
		c->options.on_request(c->options.self, method, params, &result)) {
		json_key(&w, "result");
		json_put_raw(&w, result.n ? buf_str(&result) : STR("null"));
	} else {
		json_key(&w, "error");
		json_put_raw(&w, STR("{\"code\":-32601,\"message\":\"method not found\"}"));
	}
	json_close(&w, '}');
	pthread_mutex_lock(&c->lock);
	bool is_queued = rpc_enqueue(c, buf_str(&body));
	pthread_mutex_unlock(&c->lock);
	return is_queued || err_set(e, ERR_LIMIT, "it does not read what it is sent");
}

static void give_answer(struct rpc *c, struct str id, struct str message)
{
	int64_t number = 0;
	struct arena scratch = {0};

	/* Some send our number back as a string. */
	if (json_type(id) == JSON_STRING) {
		if (!str_int(json_text(id, &scratch), &number))
			number = 0;
	} else if (!json_int(id, &number))
		number = 0;
	arena_release(&scratch);
	pthread_mutex_lock(&c->lock);
	struct rpc_waiter *w = c->waiters;
	while (w && w->id != number)
		w = w->next;
	if (w && !w->is_answered) {
		buf_put_str(&w->bytes, message);
		w->is_answered = true;
		pthread_cond_broadcast(&c->changed);
	}
	pthread_mutex_unlock(&c->lock);
}

static bool take_message(struct rpc *c, struct str message, struct err *e)
{
	static const struct str names[] = {
		STR("id"), STR("method"), STR("params"), STR("result"), STR("error")};
	enum { ID, METHOD, PARAMS, RESULT, ERROR, COUNT };
	struct str parts[COUNT];
	struct arena scratch = {0};
	bool goes_on = true;

	json_pick(message, names, COUNT, parts);
	enum json_type id = json_type(parts[ID]);
	bool has_id = id == JSON_STRING || id == JSON_NUMBER;
	struct str method = json_text(parts[METHOD], &scratch);
	if (method.p && has_id)
		goes_on = answer_request(c, parts[ID], method, parts[PARAMS], e);
	else if (method.p && c->options.on_notification)
		c->options.on_notification(c->options.self, method, parts[PARAMS]);
	else if (has_id && !method.p && (parts[RESULT].p || parts[ERROR].p))
		give_answer(c, parts[ID], message);
	else if (!method.p)
		skip_message(c, message);
	arena_release(&scratch);
	return goes_on;
}

/* Text that is no UTF-8 is what programs quote from files; it is no reason to lose the message. */
static bool check_message(struct rpc *c, struct str message, struct err *e)
{
	AUTO(buf) repaired = {0};
	struct err wrong;

	if (!utf8_is_valid(message)) {
		utf8_put_repaired(&repaired, message);
		message = buf_str(&repaired);
	}
	if (json_check(message, &wrong))
		return take_message(c, message, e);
	if (c->options.framing == RPC_HEADERS)
		return err_set(e, ERR_PARSE, "a message that is no JSON: %s", wrong.text);
	skip_message(c, message);
	return true;
}

static bool read_messages(struct rpc *c, size_t max_bytes, struct err *e)
{
	char bytes[64 << 10];
	size_t n, total = 0;
	struct str message;

	while (total < max_bytes && (n = read_piece(c, &c->out_fd, bytes, sizeof bytes)) > 0) {
		total += n;
		frames_feed(&c->frames, (struct str){bytes, n});
		for (;;) {
			if (!frames_next(&c->frames, &message, e))
				return false;
			if (!message.p)
				break;
			if (!check_message(c, message, e))
				return false;
		}
	}
	return true;
}

/* What is in a sandbox is ended by its keeper, which must not be killed itself. */
static void end_program(struct rpc *c, enum sandbox_ending how)
{
	if (c->options.sandbox)
		sandbox_end(c->pid, how);
	else
		kill(-c->pid, how == SANDBOX_ASK ? SIGTERM : SIGKILL);
}

static int collect(struct rpc *c)
{
	siginfo_t info;

	if (!child_has_ended(c->pid))
		end_program(c, SANDBOX_KILL);
	while (waitid(P_PID, (id_t)c->pid, &info, WEXITED | WNOWAIT) < 0 && errno == EINTR) {
	}
	return child_collect(c->pid);
}

/* Whether it has had its time to end: after it hung up, or after we did. */
static bool is_out_of_time(struct rpc *c, struct err *e)
{
	int64_t now = clock_ns();

	if (!c->closed_ns) {
		if (!c->hung_up_ns || now - c->hung_up_ns < HUNG_UP_MS * 1'000'000LL)
			return false;
		err_set(e, ERR_IO, "it closed its %s", c->in_fd < 0 ? "stdin" : "stdout");
		return true;
	}
	bool is_late = now - c->closed_ns >= c->options.stop_ms * 1'000'000LL;
	if (c->sent == c->sending.n || is_late)
		file_close(&c->in_fd);
	if (is_late && !c->term_ns) {
		end_program(c, SANDBOX_ASK);
		c->term_ns = now;
	}
	if (!c->term_ns || now - c->term_ns < RPC_TERM_MS * 1'000'000LL)
		return false;
	err_set(e, ERR_IO, "it had to be killed");
	return true;
}

/* False: over. has_ended: of itself, and e says nothing. */
static bool step(struct rpc *c, bool *has_ended, struct err *e)
{
	wait_for_something(c);
	/* First, so that everything it wrote is there to be read below. */
	*has_ended = child_has_ended(c->pid);
	take_queue(c);
	write_ready(c);
	read_errors(c);
	if (!read_messages(c, *has_ended ? READ_LAST_BYTES : READ_STEP_BYTES, e)) {
		*has_ended = false;
		return false;
	}
	return !*has_ended && !is_out_of_time(c, e);
}

/* The last two lines that say something, for the sentence. */
static void put_last_words(struct rpc *c, struct buf *out)
{
	struct str text = str_trim(buf_str(&c->errors));
	size_t from = text.n;

	for (int lines = 0; from > 0 && lines < 2; lines++)
		do
			from--;
		while (from > 0 && text.p[from] != '\n');
	struct str last = str_trim(str_skip(text, from));
	if (!last.n)
		return;
	buf_put_text(out, ": ");
	utf8_put_line(out, last, 200);
}

static void say_why(struct rpc *c, bool has_ended, int status, const struct err *why)
{
	AUTO(buf) words = {0};

	if (!has_ended)
		buf_put_text(&words, why->text);
	else if (status > 128)
		buf_printf(&words, "it was ended by signal %d", status - 128);
	else
		buf_printf(&words, "it ended with exit status %d", status);
	pthread_mutex_lock(&c->lock);
	put_last_words(c, &words);
	if (!c->is_over)
		err_set(&c->failure, has_ended ? ERR_IO : why->code, "%s: %s", c->options.name,
			buf_text(&words));
	c->is_over = true;
	pthread_cond_broadcast(&c->changed);
	pthread_mutex_unlock(&c->lock);
	log_debug("%s: %s", c->options.name, buf_text(&words));
}

void *rpc_serve(void *self)
{
	struct rpc *c = self;
	struct err why = {0};
	bool has_ended = false;

	if (!begin(c))
		return NULL;
	while (step(c, &has_ended, &why)) {
	}
	int status = collect(c);
	read_errors(c);
	say_why(c, has_ended, status, &why);
	file_close(&c->in_fd);
	file_close(&c->out_fd);
	file_close(&c->errors_fd);
	file_close(&c->pid_fd);
	return NULL;
}
