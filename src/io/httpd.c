// SPDX-License-Identifier: MIT
#include "io/httpd.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <event2/listener.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/must.h"

/* When there is no descriptor for one more connection. */
enum { FULL_PAUSE_MS = 20 };

struct httpd_request {
	struct connection *connection;
	struct evhttp_request *http;
	void (*gone)(void *self);
	void *gone_self;
	void (*written)(void *self);
	void *written_self;
};

struct connection {
	struct connection *next;
	struct httpd *httpd;
	struct evhttp_connection *http;
	uint64_t number;
	struct httpd_request *request; /* NULL between requests */
	struct timer *cut; /* set while it waits to be closed */
};

struct httpd {
	struct loop *loop;
	struct evhttp *http;
	struct connection *connections;
	size_t connection_count;
	uint64_t accepted;
	int port;
	char name[16]; /* of the socket without a port, "" when there is one */
	void (*on_request)(void *self, struct httpd_request *request);
	void *self;
};

static void unlink_connection(struct connection *c)
{
	struct connection **link = &c->httpd->connections;

	while (*link != c)
		link = &(*link)->next;
	*link = c->next;
	c->httpd->connection_count--;
}

/* libevent frees the connection right after this. */
static void on_closed(struct evhttp_connection *, void *self)
{
	struct connection *c = self;
	struct httpd_request *request = c->request;

	unlink_connection(c);
	timer_cancel(c->cut);
	if (request) {
		if (request->gone)
			request->gone(request->gone_self);
		/* libevent has already parted a request from a connection that failed by itself. */
		if (!evhttp_request_get_connection(request->http))
			evhttp_request_free(request->http);
		free(request);
	}
	free(c);
}

static struct connection *connection_of(struct httpd *httpd, struct evhttp_connection *http)
{
	for (struct connection *c = httpd->connections; c; c = c->next)
		if (c->http == http)
			return c;
	return NULL;
}

static struct connection *connection_new(struct httpd *httpd, struct evhttp_connection *http)
{
	struct connection *c = must_alloc(1, sizeof *c);
	int fd = bufferevent_getfd(evhttp_connection_get_bufferevent(http)), on = 1;

	*c = (struct connection){.next = httpd->connections,
		.httpd = httpd,
		.http = http,
		.number = ++httpd->accepted};
	httpd->connections = c;
	httpd->connection_count++;
	/* Pieces are to leave when they are written; a refusal only makes it slower. */
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	evhttp_connection_set_closecb(http, on_closed, c);
	return c;
}

/* An abstract name can be connected to by anybody on the machine. */
static bool is_welcome(const struct httpd *httpd, struct evhttp_connection *from)
{
	struct ucred peer = {0};
	socklen_t size = sizeof peer;
	int fd = bufferevent_getfd(evhttp_connection_get_bufferevent(from));

	return !*httpd->name ||
	       (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 && peer.pid == getpid());
}

static void on_http_request(struct evhttp_request *http, void *self)
{
	struct httpd *httpd = self;
	struct evhttp_connection *from = evhttp_request_get_connection(http);
	struct connection *c = connection_of(httpd, from);

	if (!is_welcome(httpd, from)) {
		evhttp_send_error(http, 403, NULL);
		return;
	}
	if (!c && httpd->connection_count >= HTTPD_CONNECTIONS_MAX) {
		evhttp_add_header(evhttp_request_get_output_headers(http), "Connection", "close");
		evhttp_send_reply(http, 503, "Service Unavailable", NULL);
		return;
	}
	if (!c)
		c = connection_new(httpd, from);
	c->request = must_alloc(1, sizeof *c->request);
	*c->request = (struct httpd_request){.connection = c, .http = http};
	httpd->on_request(httpd->self, c->request);
}

/*
 * Whoever waits to be let in keeps the socket ready, so that the loop would turn without a pause.
 * The second argument is evhttp's own, so there is nothing here to hang a timer on.
 */
static void on_full(struct evconnlistener *, void *)
{
	(void)poll(NULL, 0, FULL_PAUSE_MS);
}

static void pause_when_full(struct evhttp_bound_socket *bound)
{
	evconnlistener_set_error_cb(evhttp_bound_socket_get_listener(bound), on_full);
}

static bool bind_loopback(struct httpd *httpd, int port, struct err *e)
{
	struct evhttp_bound_socket *bound =
		evhttp_bind_socket_with_handle(httpd->http, "127.0.0.1", (uint16_t)port);
	struct sockaddr_in address;
	socklen_t size = sizeof address;

	if (!bound)
		return err_errno(e, "cannot listen on 127.0.0.1:%d", port);
	if (getsockname(evhttp_bound_socket_get_fd(bound), (struct sockaddr *)&address, &size) != 0)
		return err_errno(e, "cannot learn the port");
	httpd->port = ntohs(address.sin_port);
	pause_when_full(bound);
	return true;
}

/*
 * Linux: a unix socket bound to no address gets an abstract name of five digits behind a NUL
 * (unix(7), "Autobind feature").
 */
static bool bind_inside(struct httpd *httpd, struct err *e)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	socklen_t size = sizeof address.sun_family;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return err_errno(e, "cannot make a socket");
	if (bind(fd, (struct sockaddr *)&address, size) != 0 || listen(fd, 64) != 0) {
		(void)err_errno(e, "cannot listen");
		close(fd);
		return false;
	}
	size = sizeof address;
	if (getsockname(fd, (struct sockaddr *)&address, &size) != 0 ||
		!evhttp_accept_socket_with_handle(httpd->http, fd)) {
		(void)err_errno(e, "cannot listen");
		close(fd);
		return false;
	}
	size_t n = size - offsetof(struct sockaddr_un, sun_path) - 1;
	must(n < sizeof httpd->name);
	memcpy(httpd->name, address.sun_path + 1, n);
	return true;
}

static struct httpd *open_httpd(struct loop *loop,
	void (*on_request)(void *self, struct httpd_request *request), void *self)
{
	struct httpd *httpd = must_alloc(1, sizeof *httpd);

	*httpd = (struct httpd){.loop = loop, .on_request = on_request, .self = self};
	httpd->http = evhttp_new(loop_base(loop));
	must(httpd->http);
	evhttp_set_allowed_methods(httpd->http, EVHTTP_REQ_GET | EVHTTP_REQ_POST | EVHTTP_REQ_HEAD |
							EVHTTP_REQ_PUT | EVHTTP_REQ_DELETE |
							EVHTTP_REQ_OPTIONS | EVHTTP_REQ_PATCH);
	evhttp_set_default_content_type(httpd->http, NULL);
	evhttp_set_max_body_size(httpd->http, HTTPD_BODY_MAX_BYTES);
	evhttp_set_max_headers_size(httpd->http, HTTPD_HEAD_MAX_BYTES);
	evhttp_set_timeout(httpd->http, HTTPD_IDLE_S);
	evhttp_set_gencb(httpd->http, on_http_request, httpd);
	return httpd;
}

struct httpd *httpd_new(struct loop *loop, int port,
	void (*on_request)(void *self, struct httpd_request *request), void *self, struct err *e)
{
	struct httpd *httpd = open_httpd(loop, on_request, self);

	must(port >= 0 && port <= 65'535);
	if (bind_loopback(httpd, port, e))
		return httpd;
	httpd_free(httpd);
	return NULL;
}

struct httpd *httpd_new_inside(struct loop *loop,
	void (*on_request)(void *self, struct httpd_request *request), void *self, struct err *e)
{
	struct httpd *httpd = open_httpd(loop, on_request, self);

	if (bind_inside(httpd, e))
		return httpd;
	httpd_free(httpd);
	return NULL;
}

void httpd_free(struct httpd *httpd)
{
	if (!httpd)
		return;
	evhttp_free(httpd->http);
	free(httpd);
}

const char *httpd_name(const struct httpd *httpd)
{
	return httpd->name;
}

int httpd_port(const struct httpd *httpd)
{
	return httpd->port;
}

const char *httpd_method(const struct httpd_request *request)
{
	switch (evhttp_request_get_command(request->http)) {
	case EVHTTP_REQ_GET: return "GET";
	case EVHTTP_REQ_POST: return "POST";
	case EVHTTP_REQ_HEAD: return "HEAD";
	case EVHTTP_REQ_PUT: return "PUT";
	case EVHTTP_REQ_DELETE: return "DELETE";
	case EVHTTP_REQ_OPTIONS: return "OPTIONS";
	case EVHTTP_REQ_PATCH: return "PATCH";
	default: return "?";
	}
}

struct str httpd_target(const struct httpd_request *request)
{
	return str_from(evhttp_request_get_uri(request->http));
}

struct str httpd_body(const struct httpd_request *request)
{
	struct evbuffer *input = evhttp_request_get_input_buffer(request->http);
	size_t n = evbuffer_get_length(input);

	if (n == 0)
		return STR("");
	return (struct str){(const char *)evbuffer_pullup(input, -1), n};
}

struct str httpd_header(const struct httpd_request *request, const char *name)
{
	return str_from(evhttp_find_header(evhttp_request_get_input_headers(request->http), name));
}

void httpd_each_header(const struct httpd_request *request,
	void (*visit)(void *self, struct str name, struct str value), void *self)
{
	struct evkeyvalq *headers = evhttp_request_get_input_headers(request->http);

	for (struct evkeyval *header = headers->tqh_first; header; header = header->next.tqe_next)
		visit(self, str_from(header->key), str_from(header->value));
}

uint64_t httpd_connection(const struct httpd_request *request)
{
	return request->connection->number;
}

void httpd_on_gone(struct httpd_request *request, void (*gone)(void *self), void *self)
{
	request->gone = gone;
	request->gone_self = self;
}

void httpd_put_header(struct httpd_request *request, const char *name, const char *value)
{
	/* libevent refuses names and values with line ends in them. */
	(void)evhttp_add_header(evhttp_request_get_output_headers(request->http), name, value);
}

void httpd_start(struct httpd_request *request, int status, const char *type, int64_t body_bytes)
{
	char number[24];

	httpd_put_header(request, "Content-Type", type);
	if (body_bytes >= 0) {
		snprintf(number, sizeof number, "%lld", (long long)body_bytes);
		httpd_put_header(request, "Content-Length", number);
	}
	evhttp_send_reply_start(request->http, status, NULL);
}

static void on_written(struct evhttp_connection *, void *self)
{
	struct httpd_request *request = self;
	void (*written)(void *self) = request->written;

	request->written = NULL;
	if (written)
		written(request->written_self);
}

void httpd_write(
	struct httpd_request *request, struct str bytes, void (*written)(void *self), void *self)
{
	struct evbuffer *piece = evbuffer_new();

	must(piece && bytes.n > 0);
	must(evbuffer_add(piece, bytes.p, bytes.n) == 0);
	request->written = written;
	request->written_self = self;
	evhttp_send_reply_chunk_with_cb(request->http, piece, on_written, request);
	evbuffer_free(piece);
}

void httpd_end(struct httpd_request *request)
{
	struct evhttp_request *http = request->http;

	request->connection->request = NULL;
	free(request);
	evhttp_send_reply_end(http);
}

void httpd_reply(struct httpd_request *request, int status, const char *type, struct str body)
{
	httpd_start(request, status, type, (int64_t)body.n);
	if (body.n)
		httpd_write(request, body, NULL, NULL);
	httpd_end(request);
}

static void close_now(struct bufferevent *, void *self)
{
	evhttp_connection_free(((struct connection *)self)->http);
}

static void close_on_event(struct bufferevent *, short, void *self)
{
	evhttp_connection_free(((struct connection *)self)->http);
}

static void cut_now(void *self)
{
	struct connection *c = self;
	struct bufferevent *stream = evhttp_connection_get_bufferevent(c->http);

	c->cut = NULL;
	if (evbuffer_get_length(bufferevent_get_output(stream)) == 0)
		evhttp_connection_free(c->http);
	else
		bufferevent_setcb(stream, NULL, close_now, close_on_event, c);
}

void httpd_cut(struct httpd_request *request)
{
	struct connection *c = request->connection;

	/* Not at once: libevent may be calling us from within this connection. */
	request->gone = NULL;
	request->written = NULL;
	c->cut = loop_after(c->httpd->loop, 0, cut_now, c);
}
