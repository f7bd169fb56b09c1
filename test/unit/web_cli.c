// SPDX-License-Identifier: MIT
/*
 * web_cli: one request of io/web, for the script tests.
 *
 *   web_cli [OPTION VALUE]... URL
 *
 * allow HOST, any yes, named TEXT, header NAME:VALUE, method M, post BODY, total-ms N, bytes N,
 * redirects N, cancel-ms N (the flag is set from another thread), stop-after BYTES (on_body says
 * enough), threads N (the same request by each; all have to come to the same). Prints JSON: status,
 * url, type, bytes, head (of the body), stopped, or error and code; and the time it took.
 */
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/vec.h"
#include "io/web.h"

enum { THREADS_MAX = 16 };

struct given {
	struct web_request request;
	struct web_policy policy;
	VEC(const char *) hosts;
	VEC(struct http_header) headers;
	atomic_bool cancel;
	int64_t cancel_ms, stop_after, threads;
};

struct seen {
	size_t bytes;
	int64_t stop_after;
};

static bool note_body(void *self, const struct web_answer *answer, struct str bytes)
{
	struct seen *seen = self;

	must(answer->status && web_header(answer, "CONTENT-type").p);
	seen->bytes += bytes.n;
	return (int64_t)seen->bytes < seen->stop_after;
}

static void *set_cancel(void *self)
{
	struct given *given = self;

	usleep((useconds_t)given->cancel_ms * 1000);
	atomic_store(&given->cancel, true);
	return NULL;
}

static void put_answer(struct json_writer *w, const struct web_answer *answer)
{
	json_member_int(w, "status", answer->status);
	json_member_text(w, "url", buf_text(&answer->url));
	json_member_str(w, "type", web_header(answer, "Content-Type"));
	json_member_int(w, "bytes", (int64_t)answer->body.n);
	json_member_str(w, "head", str_head(buf_str(&answer->body), 4000));
	json_member_bool(w, "stopped", answer->is_stopped);
}

static void *ask(void *self)
{
	struct given *given = self;
	struct buf *out = must_alloc(1, sizeof *out);
	struct json_writer w = {.buf = out};
	struct web_request request = given->request;
	struct seen seen = {.stop_after = given->stop_after};
	AUTO(web_answer) answer = {0};
	struct err e;

	request.on_body = given->stop_after ? note_body : NULL;
	request.self = &seen;
	json_open(&w, '{');
	if (web_get(&request, &answer, &e)) {
		put_answer(&w, &answer);
	} else {
		json_member_text(&w, "code", err_code_name(e.code));
		json_member_text(&w, "error", e.text);
	}
	if (given->stop_after)
		json_member_int(&w, "seen", (int64_t)seen.bytes);
	return out;
}

static int64_t number(const char *text)
{
	int64_t value = 0;

	must(str_int(str_from(text), &value));
	return value;
}

static void take_header(struct given *given, const char *text)
{
	size_t colon = str_find_char(str_from(text), ':', 0);

	must(colon != SIZE_MAX);
	vec_push(&given->headers, (struct http_header){.name = must_copy(text, colon),
					  .value = str_skip(str_from(text), colon + 1)});
}

static void take(struct given *given, const char *name, const char *value)
{
	struct web_limits *limits = &given->request.limits;

	if (strcmp(name, "allow") == 0)
		vec_push(&given->hosts, value);
	else if (strcmp(name, "any") == 0)
		given->policy.allows_any_public = true;
	else if (strcmp(name, "named") == 0)
		given->policy.named_in = str_from(value);
	else if (strcmp(name, "header") == 0)
		take_header(given, value);
	else if (strcmp(name, "method") == 0)
		given->request.method = value;
	else if (strcmp(name, "post") == 0)
		given->request.body = str_from(value);
	else if (strcmp(name, "total-ms") == 0)
		limits->total_ms = number(value);
	else if (strcmp(name, "bytes") == 0)
		limits->body_bytes = (size_t)number(value);
	else if (strcmp(name, "redirects") == 0)
		limits->redirects = (int)number(value);
	else if (strcmp(name, "cancel-ms") == 0)
		given->cancel_ms = number(value);
	else if (strcmp(name, "stop-after") == 0)
		given->stop_after = number(value);
	else if (strcmp(name, "threads") == 0)
		given->threads = number(value);
	else
		must(!"an option of web_cli");
}

/* The threads' common word. */
static struct buf *ask_all(struct given *given)
{
	pthread_t threads[THREADS_MAX];
	struct buf *first = NULL;

	must(given->threads >= 1 && given->threads <= THREADS_MAX);
	for (int64_t i = 0; i < given->threads; i++)
		must(pthread_create(&threads[i], NULL, ask, given) == 0);
	for (int64_t i = 0; i < given->threads; i++) {
		void *result;
		must(pthread_join(threads[i], &result) == 0);
		struct buf *one = result;
		if (first) {
			must(str_eq(buf_str(first), buf_str(one)));
			buf_release(one);
			free(one);
		} else {
			first = one;
		}
	}
	return first;
}

int main(int count, char **words)
{
	struct given given = {.threads = 1};
	pthread_t canceller;

	for (int i = 1; i + 2 < count; i += 2)
		take(&given, words[i], words[i + 1]);
	vec_push(&given.headers, (struct http_header){0});
	given.policy.allowed_hosts = given.hosts.p;
	given.policy.allowed_count = given.hosts.n;
	given.request.policy = &given.policy;
	given.request.headers = given.headers.p;
	given.request.url = words[count - 1];
	given.request.cancel = &given.cancel;
	int64_t started = clock_ns();
	if (given.cancel_ms)
		must(pthread_create(&canceller, NULL, set_cancel, &given) == 0);
	struct buf *out = ask_all(&given);
	printf("%s,\"ms\":%.0f}\n", buf_text(out), clock_ms(clock_ns() - started));
	if (given.cancel_ms)
		pthread_join(canceller, NULL);
	buf_release(out);
	free(out);
	vec_each (&given.headers, h)
		free((char *)h->name);
	vec_release(&given.headers);
	vec_release(&given.hosts);
	return 0;
}
