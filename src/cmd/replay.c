// SPDX-License-Identifier: MIT
#include "cmd/replay.h"

#include <fcntl.h>
#include <stdio.h>

#include "base/file.h"
#include "cmd/mock_script.h"

const char replay_closed_web[] = "a replay (--replay) asks no server";

bool replay_open(struct replay *r, const char *path, struct err *e)
{
	struct mock_script script = {0};
	struct err why;

	r->path = path;
	if (!file_read(AT_FDCWD, path, MOCK_SCRIPT_MAX_BYTES, &r->script, &why))
		return err_set(e, ERR_USAGE, "option --replay: %s", why.text);
	/* Read again when it is served: here so that a mistake is found before anything begins. */
	if (!mock_script_read(&script, buf_str(&r->script), path, &why))
		return err_set(e, ERR_USAGE, "option --replay: %s", why.text);
	const struct wire *wire = NULL;
	struct str model = {0};
	vec_each (&script.replies, reply) {
		wire = wire ? wire : reply->match.wire;
		model = model.n ? model : reply->match.model;
	}
	/* A wire's own provider has the wire's name. */
	r->model = arena_printf(&r->arena, "%s/%.*s", wire ? wire->name : wire_anthropic.name,
		STR_ARG(model.n ? model : STR("replay")))
			   .p;
	mock_script_release(&script);
	return true;
}

const char *replay_environment(const char *name)
{
	return str_ends(str_from(name), STR("_API_KEY")) ? "replay" : NULL;
}

bool replay_address(struct replay *r, struct route *route, struct err *e)
{
	if (!route->wire)
		return err_set(e, ERR_USAGE,
			"--replay and --model offline: the offline model asks nobody");
	/* The chain was made for this run and is not in use yet. */
	for (struct route *one = route; one; one = (struct route *)one->fallback)
		if (one->wire)
			one->url = arena_printf(&r->arena, "http://replay%s", one->wire->path).p;
	snprintf(route->why, sizeof route->why, "--replay %s answers", r->path);
	return true;
}

bool replay_start(struct replay *r, struct loop *loop, struct http_client *client, struct err *e)
{
	const char *socket;

	if (!r->path)
		return true;
	if (!mock_start_inside(loop, buf_str(&r->script), r->path, &r->mock, &socket, e))
		return err_context(e, "option --replay");
	http_client_stay_inside(client, socket);
	return true;
}

void replay_stop(struct replay *r)
{
	mock_free(r->mock);
	r->mock = NULL;
}

void replay_release(struct replay *r)
{
	buf_release(&r->script);
	arena_release(&r->arena);
}
