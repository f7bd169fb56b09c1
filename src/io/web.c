// SPDX-License-Identifier: MIT
/*
 * A walk of hops: the URL is parsed (by libcurl, the same parser that then requests it), its host
 * judged, its address judged at the socket, and where the answer is a redirect the next hop begins.
 * Each walk has a multi handle of its own, which waits at most 20 ms at a time.
 */
#include "io/web.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/address.h"
#include "base/clock.h"
#include "base/log.h"
#include "io/curl_table.h"
#include "io/http_reason.h"
#include "io/http_setup.h"

enum { WAIT_MS = 20, CONNECT_MS = 10'000 };

struct walk {
	const struct web_request *request;
	const struct curl_table *curl;
	CURLM *multi;
	CURLU *url; /* of this hop */
	struct buf host;
	struct web_limits limits;
	int64_t started;
	const char *method;
	struct str body;
	bool is_abroad; /* an origin other than the request's was visited */
	enum web_allowance allowance;
	bool is_proxied;
	bool only_judges; /* no socket is made: see judge_behind_proxy */
	bool is_refused; /* the judge refused an address, which is: */
	struct sockaddr_storage refused;
	struct web_answer answer;
	size_t head_bytes;
	bool has_head;
	struct err error; /* from within a callback */
	char detail[CURL_ERROR_SIZE];
};

void web_answer_release(struct web_answer *answer)
{
	buf_release(&answer->url);
	buf_release(&answer->head);
	buf_release(&answer->body);
	*answer = (struct web_answer){0};
}

struct str web_header(const struct web_answer *answer, const char *name)
{
	struct str rest = buf_str(&answer->head), line;

	while (str_split(&rest, '\n', &line)) {
		size_t colon = str_find_char(line, ':', 0);
		if (colon != SIZE_MAX && str_eq_nocase(str_head(line, colon), str_from(name)))
			return str_trim(str_skip(line, colon + 1));
	}
	return (struct str){0};
}

static void walk_release(struct walk *w)
{
	if (w->url)
		w->curl->curl_url_cleanup(w->url);
	if (w->multi)
		w->curl->curl_multi_cleanup(w->multi);
	buf_release(&w->host);
	web_answer_release(&w->answer);
}

/* ---- URLs ---- */

static void put_part(struct walk *w, CURLUPart part, unsigned flags, struct buf *out)
{
	char *text = NULL;

	if (w->curl->curl_url_get(w->url, part, &text, flags) != CURLUE_OK)
		return;
	buf_put_text(out, text);
	w->curl->curl_free(text);
}

static void put_origin(struct walk *w, struct buf *out)
{
	put_part(w, CURLUPART_SCHEME, 0, out);
	buf_put_text(out, "://");
	put_part(w, CURLUPART_HOST, 0, out);
	buf_put_char(out, ':');
	put_part(w, CURLUPART_PORT, CURLU_DEFAULT_PORT, out);
}

/* Also a relative one, as seen from the URL that is there. */
static bool set_url(struct walk *w, struct str text, struct err *e)
{
	AUTO(buf) url = {0};
	AUTO(buf) scheme = {0};

	if (text.n > WEB_URL_MAX_BYTES)
		return err_set(e, ERR_USAGE, "the URL is longer than %d bytes", WEB_URL_MAX_BYTES);
	buf_put_str(&url, text);
	if (!text.n || strlen(buf_text(&url)) != text.n)
		return err_set(e, ERR_USAGE, "the URL makes no sense");
	CURLUcode code = w->curl->curl_url_set(w->url, CURLUPART_URL, buf_text(&url),
		CURLU_NON_SUPPORT_SCHEME | CURLU_DISALLOW_USER | CURLU_URLENCODE);
	if (code == CURLUE_USER_NOT_ALLOWED)
		return err_set(e, ERR_DENIED, "a URL with a user name or password is not fetched");
	if (code != CURLUE_OK)
		return err_set(e, ERR_USAGE, "the URL makes no sense: %.*s", STR_ARG(text));
	put_part(w, CURLUPART_SCHEME, 0, &scheme);
	if (!str_eq_nocase(buf_str(&scheme), STR("http")) &&
		!str_eq_nocase(buf_str(&scheme), STR("https")))
		return err_set(e, ERR_DENIED, "only http:// and https:// are fetched, not %s://",
			buf_text(&scheme));
	w->curl->curl_url_set(w->url, CURLUPART_FRAGMENT, NULL, 0);
	return true;
}

static bool judge_host(struct walk *w, struct err *e)
{
	buf_clear(&w->host);
	put_part(w, CURLUPART_HOST, 0, &w->host);
	w->allowance = web_allowance(w->request->policy, buf_str(&w->host));
	if (w->allowance != WEB_REFUSED)
		return true;
	return err_set(e, ERR_DENIED,
		"%s is not among the hosts that may be fetched from; the user can allow it with "
		"--allow-host %s",
		buf_text(&w->host), buf_text(&w->host));
}

/* ---- what libcurl calls ---- */

static curl_socket_t open_socket(void *self, curlsocktype, struct curl_sockaddr *to)
{
	struct walk *w = self;
	struct sockaddr_storage address = {0};
	size_t n = to->addrlen < sizeof address ? to->addrlen : sizeof address;

	memcpy(&address, &to->addr, n);
	/* One refused address is enough: whoever mixes them waits for the other to be tried. */
	if (!w->is_proxied || w->only_judges) {
		if (w->is_refused ||
			!web_address_is_allowed((struct sockaddr *)&address, w->allowance)) {
			w->refused = w->is_refused ? w->refused : address;
			w->is_refused = true;
			return CURL_SOCKET_BAD;
		}
		if (w->only_judges)
			return CURL_SOCKET_BAD;
	}
	return socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);
}

static bool is_redirect(const struct walk *w)
{
	int status = w->answer.status;

	return w->limits.redirects >= 0 &&
	       (status == 301 || status == 302 || status == 303 || status == 307 ||
		       status == 308) &&
	       web_header(&w->answer, "location").n;
}

static void head_line(struct walk *w, struct str line)
{
	int64_t status = 0;

	if (!str_starts(line, STR("HTTP/"))) {
		buf_put_str(&w->answer.head, line);
		buf_put_char(&w->answer.head, '\n');
		return;
	}
	size_t space = str_find_char(line, ' ', 0);
	buf_clear(&w->answer.head);
	if (space != SIZE_MAX && str_int(str_trim(str_head(str_skip(line, space), 4)), &status))
		w->answer.status = (int)status;
}

static size_t got_header(char *bytes, size_t size, size_t count, void *self)
{
	struct walk *w = self;
	struct str line = str_trim((struct str){bytes, size * count});

	w->head_bytes += size * count;
	if (w->head_bytes > HTTP_HEAD_MAX_BYTES) {
		err_set(&w->error, ERR_LIMIT, "the answer's head is longer than %d KB",
			HTTP_HEAD_MAX_BYTES >> 10);
		return 0;
	}
	/* What comes behind the body is no head. */
	if (line.n && !w->has_head)
		head_line(w, line);
	else if (!line.n)
		w->has_head = w->has_head || w->answer.status >= 200;
	return size * count;
}

static size_t got_body(char *bytes, size_t size, size_t count, void *self)
{
	struct walk *w = self;
	size_t n = size * count;

	/* Nobody reads what a redirect says besides. */
	if (is_redirect(w))
		return 0;
	if (w->answer.body.n + n > w->limits.body_bytes) {
		err_set(&w->error, ERR_LIMIT, "the answer is longer than %zu KB",
			w->limits.body_bytes >> 10);
		return 0;
	}
	if (!w->request->on_body) {
		buf_put(&w->answer.body, bytes, n);
		return n;
	}
	w->limits.body_bytes -= n;
	w->answer.is_stopped =
		!w->request->on_body(w->request->self, &w->answer, (struct str){bytes, n});
	return w->answer.is_stopped ? 0 : n;
}

/* ---- one hop ---- */

static bool goes_abroad(const char *name)
{
	static const char *const kept[] = {"accept", "accept-language", "user-agent"};

	for (size_t i = 0; i < sizeof kept / sizeof *kept; i++)
		if (str_eq_nocase(str_from(name), str_from(kept[i])))
			return true;
	return false;
}

static struct curl_slist *make_headers(const struct walk *w)
{
	/* Expect: 100-continue would cost a round trip for larger bodies. */
	struct curl_slist *list = w->curl->curl_slist_append(NULL, "Expect:");
	AUTO(buf) line = {0};

	for (const struct http_header *h = w->request->headers; h && h->name; h++) {
		if (w->is_abroad && !goes_abroad(h->name))
			continue;
		buf_clear(&line);
		/* ";" is how libcurl is told to send one without a value. */
		buf_printf(&line, h->value.n ? "%s: %.*s" : "%s;%.*s", h->name, STR_ARG(h->value));
		list = w->curl->curl_slist_append(list, buf_text(&line));
		if (h->is_secret)
			explicit_bzero(line.p, line.n);
	}
	return list;
}

static void set_method(const struct walk *w, CURL *easy)
{
	const struct curl_table *curl = w->curl;

	if (w->body.p || strcmp(w->method, "POST") == 0) {
		curl->curl_easy_setopt(easy, CURLOPT_POSTFIELDS, w->body.p ? w->body.p : "");
		curl->curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)w->body.n);
	}
	if (strcmp(w->method, "HEAD") == 0)
		curl->curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
	else
		curl->curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, w->method);
}

static void set_options(struct walk *w, CURL *easy, struct str url)
{
	const struct curl_table *curl = w->curl;

	curl->curl_easy_setopt(easy, CURLOPT_CURLU, w->url);
	curl->curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	curl->curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	/* A name server that does not answer is not waited for when the walk ends. */
	curl->curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
	curl->curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS);
	curl->curl_easy_setopt(easy, CURLOPT_USERAGENT, "fettle/" FETTLE_VERSION);
	curl->curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "");
	curl->curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
	curl->curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, w);
	curl->curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, got_header);
	curl->curl_easy_setopt(easy, CURLOPT_HEADERDATA, w);
	curl->curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, got_body);
	curl->curl_easy_setopt(easy, CURLOPT_WRITEDATA, w);
	curl->curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, w->detail);
	http_set_trust(curl, easy, url, &w->request->trust);
	http_set_proxy(curl, easy, url);
	if (w->only_judges)
		curl->curl_easy_setopt(easy, CURLOPT_PROXY, "");
}

static bool is_cancelled(const struct walk *w)
{
	return w->request->cancel && atomic_load(w->request->cancel);
}

static int64_t deadline_of(const struct walk *w)
{
	return w->request->deadline_ns ? atomic_load(w->request->deadline_ns)
				       : w->started + w->limits.total_ms * 1'000'000;
}

/* For the sentence: how long that was. */
static double patience_s(const struct walk *w)
{
	return w->request->deadline_ns ? (double)((clock_ns() - w->started) / 1'000'000'000)
				       : (double)w->limits.total_ms / 1e3;
}

/* False when it was stopped from here. */
static bool wait_for_end(struct walk *w, CURLcode *code, struct err *e)
{
	const struct curl_table *curl = w->curl;
	int running = 1, left;

	while (curl->curl_multi_perform(w->multi, &running) == CURLM_OK && running) {
		if (is_cancelled(w))
			return err_set(e, ERR_CANCELLED, "stopped");
		int64_t left_ms = (deadline_of(w) - clock_ns()) / 1'000'000;
		if (left_ms <= 0)
			return err_set(
				e, ERR_TIMEOUT, "no whole answer within %g s", patience_s(w));
		curl->curl_multi_poll(
			w->multi, NULL, 0, left_ms < WAIT_MS ? (int)left_ms : WAIT_MS, NULL);
	}
	CURLMsg *message = curl->curl_multi_info_read(w->multi, &left);
	*code = message && message->msg == CURLMSG_DONE ? message->data.result : CURLE_RECV_ERROR;
	return true;
}

static bool explain(struct walk *w, CURL *easy, CURLcode code, struct err *e)
{
	struct http_failure failure = {
		.code = code, .detail = w->detail, .general = w->curl->curl_easy_strerror(code)};

	if (code == CURLE_OPERATION_TIMEDOUT)
		return err_set(e, ERR_TIMEOUT, "no connection within %d s", CONNECT_MS / 1000);
	w->curl->curl_easy_getinfo(easy, CURLINFO_SSL_VERIFYRESULT, &failure.verify_result);
	http_explain(&failure, e);
	return false;
}

static bool refuse_address(const struct walk *w, struct err *e)
{
	const struct sockaddr *address = (const struct sockaddr *)&w->refused;
	char text[INET6_ADDRSTRLEN] = "?";
	enum address_kind kind = address_judge(address);

	if (address->sa_family == AF_INET6)
		inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)address)->sin6_addr, text,
			sizeof text);
	else if (address->sa_family == AF_INET)
		inet_ntop(AF_INET, &((const struct sockaddr_in *)address)->sin_addr, text,
			sizeof text);
	const char *what =
		kind == ADDRESS_PUBLIC ? "an address of this machine" : address_kind_name(kind);
	bool is_plain = strcmp(buf_text(&w->host), text) == 0;
	return err_set(e, ERR_DENIED,
		"%s is %s%s%s%s: this machine and its network are fetched from only where the user "
		"names the host, with --allow-host %s",
		buf_text(&w->host), is_plain ? "" : "at ", is_plain ? "" : text,
		is_plain ? "" : ", ", what, buf_text(&w->host));
}

static bool judge_end(struct walk *w, CURL *easy, CURLcode code, struct err *e)
{
	if (w->error.code) {
		*e = w->error;
		return false;
	}
	if (w->only_judges && !w->is_refused && code == CURLE_COULDNT_CONNECT)
		return true;
	if (w->only_judges && code == CURLE_COULDNT_RESOLVE_HOST)
		return err_set(e, ERR_DENIED,
			"%s is not known here, and what a proxy would reach under that name cannot "
			"be told; the user can allow it with --allow-host %s",
			buf_text(&w->host), buf_text(&w->host));
	if (w->is_refused)
		return refuse_address(w, e);
	if (code == CURLE_WRITE_ERROR && (w->answer.is_stopped || is_redirect(w)))
		return true;
	return code == CURLE_OK || explain(w, easy, code, e);
}

static bool hop(struct walk *w, struct err *e)
{
	const struct curl_table *curl = w->curl;
	struct curl_slist *headers = make_headers(w);
	CURL *easy = curl->curl_easy_init();
	CURLcode code;

	must(easy && headers);
	set_options(w, easy, buf_str(&w->answer.url));
	set_method(w, easy);
	curl->curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
	curl->curl_multi_add_handle(w->multi, easy);
	bool is_good = wait_for_end(w, &code, e) && judge_end(w, easy, code, e);
	curl->curl_multi_remove_handle(w->multi, easy);
	curl->curl_easy_cleanup(easy);
	curl->curl_slist_free_all(headers);
	return is_good;
}

/* The proxy makes the connection: what it would reach is looked up here, and no socket made. */
static bool judge_behind_proxy(struct walk *w, struct err *e)
{
	if (!w->is_proxied || w->allowance == WEB_ANYWHERE)
		return true;
	w->only_judges = true;
	bool is_good = hop(w, e);
	w->only_judges = false;
	return is_good;
}

static bool begin_hop(struct walk *w, struct err *e)
{
	if (!judge_host(w, e))
		return false;
	web_answer_release(&w->answer);
	put_part(w, CURLUPART_URL, 0, &w->answer.url);
	w->has_head = w->is_refused = false;
	w->is_proxied = http_proxy_for(buf_str(&w->answer.url));
	log_debug("%s %s", w->method, buf_text(&w->answer.url));
	return judge_behind_proxy(w, e) && hop(w, e);
}

/* ---- redirects ---- */

/* As browsers do (Fetch, 4.4): POST becomes GET but for 307 and 308. */
static bool change_method(struct walk *w, struct err *e)
{
	int status = w->answer.status;

	if (status == 307 || status == 308) {
		if (w->is_abroad && w->body.p)
			return err_set(e, ERR_DENIED,
				"a redirect to another host wants what was sent to this one");
		return true;
	}
	if (strcmp(w->method, "HEAD") != 0)
		w->method = "GET";
	w->body = (struct str){0};
	return true;
}

static bool follow(struct walk *w, struct err *e)
{
	AUTO(buf) from = {0};
	AUTO(buf) to = {0};
	struct str location = web_header(&w->answer, "location");

	put_origin(w, &from);
	if (!set_url(w, location, e))
		return false;
	put_origin(w, &to);
	w->is_abroad = w->is_abroad || !str_eq_nocase(buf_str(&from), buf_str(&to));
	return change_method(w, e);
}

static bool walk(struct walk *w, struct err *e)
{
	if (!set_url(w, str_from(w->request->url), e) || !begin_hop(w, e))
		return false;
	for (int redirects = 0; is_redirect(w); redirects++) {
		if (redirects == w->limits.redirects)
			return err_set(e, ERR_LIMIT, "more than %d redirects", redirects);
		if (!follow(w, e) || !begin_hop(w, e))
			return err_context(e, "redirected");
	}
	return true;
}

static struct web_limits with_defaults(struct web_limits limits)
{
	if (!limits.body_bytes)
		limits.body_bytes = WEB_BODY_MAX_BYTES;
	if (!limits.total_ms)
		limits.total_ms = WEB_TOTAL_MS;
	if (!limits.redirects)
		limits.redirects = WEB_REDIRECTS_MAX;
	return limits;
}

bool web_get(const struct web_request *request, struct web_answer *out, struct err *e)
{
	struct walk w = {.request = request, .limits = with_defaults(request->limits)};

	if (request->policy->closed)
		return err_set(e, ERR_DENIED, "%s", request->policy->closed);
	w.started = clock_ns();
	w.body = request->body;
	w.method = request->method ? request->method : request->body.p ? "POST" : "GET";
	w.curl = curl_table_open(e);
	if (!w.curl)
		return false;
	w.multi = w.curl->curl_multi_init();
	w.url = w.curl->curl_url();
	must(w.multi && w.url);
	bool is_good = walk(&w, e);
	if (is_good) {
		*out = w.answer;
		w.answer = (struct web_answer){0};
	}
	walk_release(&w);
	return is_good;
}
