// SPDX-License-Identifier: MIT
#include "batch/csv.h"

void csv_record_release(struct csv_record *r)
{
	vec_release(&r->fields);
}

static struct str take_line(struct csv *c)
{
	struct str line = {0};

	str_split(&c->rest, '\n', &line);
	c->line++;
	return line;
}

/* Behind a field: a comma, or the end of the record. */
static bool take_comma(struct csv *c)
{
	if (!str_starts(c->rest, STR(",")))
		return false;
	c->rest = str_skip(c->rest, 1);
	return true;
}

static bool at_end(struct str rest)
{
	return rest.n == 0 || rest.p[0] == '\n' || str_is(rest, "\r") ||
	       str_starts(rest, STR("\r\n"));
}

static struct str plain_field(struct csv *c, struct csv_record *out)
{
	size_t n = 0;

	while (n < c->rest.n && c->rest.p[n] != ',' && !at_end(str_skip(c->rest, n)))
		n++;
	struct str field = str_head(c->rest, n);
	if (str_find_char(field, '"', 0) != SIZE_MAX)
		out->fault = "a quote within a field that does not begin with one";
	c->rest = str_skip(c->rest, n);
	return field;
}

/* Two quotes are one. */
static struct str without_doubles(struct str field, struct arena *a)
{
	char *p = arena_alloc(a, field.n + 1, 1);
	size_t n = 0;

	for (size_t i = 0; i < field.n; i++) {
		p[n++] = field.p[i];
		i += field.p[i] == '"';
	}
	return (struct str){p, n};
}

static struct str quoted_field(struct csv *c, struct arena *a, struct csv_record *out)
{
	struct str body = str_skip(c->rest, 1);
	bool has_doubles = false;
	size_t end = 0;

	while ((end = str_find_char(body, '"', end)) != SIZE_MAX && end + 1 < body.n &&
		body.p[end + 1] == '"') {
		has_doubles = true;
		end += 2;
	}
	if (end == SIZE_MAX) {
		out->fault = "a quote that is never closed";
		c->rest = (struct str){0};
		return (struct str){0};
	}
	struct str field = str_head(body, end);
	for (size_t i = 0; i < field.n; i++)
		c->line += field.p[i] == '\n';
	c->rest = str_skip(body, end + 1);
	if (!at_end(c->rest) && c->rest.p[0] != ',')
		out->fault = "text between a closing quote and the comma";
	return has_doubles ? without_doubles(field, a) : field;
}

bool csv_next(struct csv *c, struct arena *a, struct csv_record *out)
{
	out->fields.n = 0;
	out->fault = NULL;
	while (c->rest.n && at_end(c->rest))
		(void)take_line(c);
	if (c->rest.n == 0)
		return false;
	out->line = c->line;
	do {
		struct str field = str_starts(c->rest, STR("\"")) ? quoted_field(c, a, out)
								  : plain_field(c, out);
		vec_push(&out->fields, field);
	} while (!out->fault && take_comma(c));
	(void)take_line(c);
	return true;
}
