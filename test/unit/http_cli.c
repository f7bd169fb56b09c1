// SPDX-License-Identifier: MIT
/*
 * http_cli: many requests at once through one client, for the script tests.
 *
 *   http_cli URL COUNT CA_FILE FIRST_CONNECT_MS CONNECT_MS CANCEL_MS
 *
 * Starts COUNT requests in one turn of the loop; the first has a connect deadline of its own. Where
 * CANCEL_MS is not 0 the first is cancelled after that time; below 0 by the first other one that is
 * answered, from within its callback. Prints a line for each that ended:
 * "whole", "whole reused" or the sentence; then "open N" if some never end within a minute.
 */
#include <stdio.h>
#include <stdlib.h>

#include "io/http.h"

struct world {
	struct loop *loop;
	struct http_client *client;
	struct http *first;
	size_t left;
	bool done, cancels_within;
};

static void ignore_head(void *, int)
{
}

static void ignore_body(void *, struct str)
{
}

static void count_down(struct world *w)
{
	w->done = --w->left == 0;
}

static void ended(void *self, const struct err *e, const struct http_times *times)
{
	puts(e ? e->text : times->reused ? "whole reused" : "whole");
	count_down(self);
}

static void ended_first(void *self, const struct err *e, const struct http_times *times)
{
	((struct world *)self)->first = NULL;
	ended(self, e, times);
}

static void cancel_first(void *self)
{
	struct world *w = self;

	if (!w->first)
		return;
	http_cancel(w->first);
	w->first = NULL;
	puts("cancelled");
	count_down(w);
}

static void take_body(void *self, struct str)
{
	struct world *w = self;

	if (w->cancels_within)
		cancel_first(w);
}

static void give_up(void *self)
{
	((struct world *)self)->done = true;
}

static void start_all(struct world *w, char **words)
{
	static const struct http_header headers[] = {
		{"content-type", STR("text/plain"), false}, {0}};
	long count = strtol(words[2], NULL, 10);

	w->left = (size_t)count;
	for (long i = 0; i < count; i++) {
		struct http_request request = {.url = words[1],
			.headers = headers,
			.body = STR("hello"),
			.limits = {strtol(words[i ? 5 : 4], NULL, 10), 20'000, 20'000}};
		struct http_sink sink = {
			ignore_head, NULL, i ? take_body : ignore_body, i ? ended : ended_first, w};
		struct http *http = http_start(w->client, &request, &sink);
		if (!i)
			w->first = http;
	}
}

int main(int count, char **words)
{
	struct err e;
	struct world w = {.loop = loop_new(&e)};

	if (count != 7 || !w.loop)
		return 2;
	w.client = http_client_new(w.loop);
	http_client_trust(w.client, &(struct http_trust){.ca_file = words[3]});
	start_all(&w, words);
	w.cancels_within = strtol(words[6], NULL, 10) < 0;
	if (strtol(words[6], NULL, 10) > 0)
		loop_after(w.loop, strtol(words[6], NULL, 10), cancel_first, &w);
	struct timer *limit = loop_after(w.loop, 60'000, give_up, &w);
	loop_run(w.loop, &w.done);
	if (w.left)
		printf("open %zu\n", w.left);
	else
		timer_cancel(limit);
	http_client_free(w.client);
	loop_free(w.loop);
	return 0;
}
