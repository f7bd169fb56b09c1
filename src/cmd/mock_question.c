// SPDX-License-Identifier: MIT
/* A request of HTTP as the question that a script answers. */
#include "cmd/mock_play.h"

#include "base/json.h"
#include "cmd/mock_side.h"

/* What is no conversation. */
static bool read_side(struct play *p, int *status, struct err *e)
{
	struct mock_question *q = &p->question;
	struct str body = httpd_body(p->request);

	q->wire = q->side->wire;
	*status = 400;
	if (q->side->takes_any) {
		q->raw_body = body;
		return true;
	}
	if (body.n && !json_check(body, e))
		return err_context(e, "the request is no JSON");
	if (body.n)
		q->body = str_trim(body);
	q->prompt.model = json_text(json_get(q->body, "model"), &p->arena);
	return true;
}

static const struct wire *wire_of_path(struct str path)
{
	static const struct {
		const char *path;
		const struct wire *wire;
	} paths[] = {
		{"/v1/messages", &wire_anthropic},
		{"/v1/chat/completions", &wire_openai},
		{"/chat/completions", &wire_openai},
		{"/v1/responses", &wire_responses},
		{"/responses", &wire_responses},
		{"/api/chat", &wire_ollama},
	};

	for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
		if (str_is(path, paths[i].path))
			return paths[i].wire;
	return NULL;
}

static void keep_header(void *self, struct str name, struct str value)
{
	struct play *p = self;
	struct mock_question *q = &p->question;
	char *lower = arena_alloc(&p->arena, name.n + 1, 1);

	for (size_t i = 0; i < name.n; i++)
		lower[i] =
			name.p[i] >= 'A' && name.p[i] <= 'Z' ? (char)(name.p[i] + 32) : name.p[i];
	q->headers[q->header_count++] = (struct header){lower, value};
}

static void count_header(void *self, struct str, struct str)
{
	(*(size_t *)self)++;
}

bool play_read_question(struct play *p, int *status, struct err *e)
{
	struct mock_question *q = &p->question;
	struct str target = httpd_target(p->request), body = httpd_body(p->request);
	size_t header_count = 0;

	httpd_each_header(p->request, count_header, &header_count);
	q->headers = arena_alloc(&p->arena, header_count + 1, sizeof *q->headers);
	httpd_each_header(p->request, keep_header, p);
	q->path = str_head(target, str_find_char(target, '?', 0));
	q->query = str_skip(target, q->path.n + 1);
	q->side = mock_side_find(httpd_method(p->request), q);
	if (q->side)
		return read_side(p, status, e);
	*status = 404;
	q->wire = wire_of_path(q->path);
	if (!q->wire || !str_is(str_from(httpd_method(p->request)), "POST")) {
		q->wire = q->wire ? q->wire : mock_side_owner(q);
		return err_set(e, ERR_NOT_FOUND, "Invalid URL (%s %.*s)", httpd_method(p->request),
			STR_ARG(q->path));
	}
	*status = 400;
	if (!json_check(body, e))
		return err_context(e, "the request is no JSON");
	q->body = body;
	return q->wire->get_request(body, &p->arena, &q->prompt, e);
}
