// SPDX-License-Identifier: MIT
#include "io/redis_url.h"

#include <string.h>
#include <sys/un.h>

#include "base/url.h"

static struct str plain(struct str text, struct arena *a)
{
	AUTO(buf) bytes = {0};

	url_unescape(&bytes, text);
	return arena_copy(a, buf_str(&bytes));
}

/* The last '@' ends the password: people forget to write those within it as %40. */
static size_t end_of_user(struct str rest, bool is_path)
{
	size_t end = rest.n;

	if (is_path && str_starts(rest, STR("/")))
		return 0;
	while (end && rest.p[end - 1] != '@')
		end--;
	return end;
}

static bool read_user(struct str who, struct arena *a, struct redis_url *url, struct err *e)
{
	size_t colon = str_find_char(who, ':', 0);

	if (colon == SIZE_MAX || (colon && colon + 1 == who.n))
		return err_set(e, ERR_USAGE,
			"who uses Redis has a password: redis://[USER]:PASSWORD@HOST");
	if (colon)
		url->user = plain(str_head(who, colon), a);
	if (colon + 1 < who.n)
		url->password = plain(str_skip(who, colon + 1), a);
	return true;
}

static bool read_db(struct str text, struct redis_url *url, struct err *e)
{
	if (!str_int(text, &url->db) || url->db < 0 || url->db > REDIS_DB_MAX)
		return err_set(e, ERR_USAGE, "a Redis URL's database is a number");
	return true;
}

static bool read_path(struct str rest, struct arena *a, struct redis_url *url, struct err *e)
{
	size_t mark = str_find_char(rest, '?', 0);
	struct str path = str_head(rest, mark), query = str_skip(rest, mark);

	path = plain(path, a);
	url->path = path.p;
	if (path.n < 2 || path.p[0] != '/' || memchr(path.p, 0, path.n))
		return err_set(e, ERR_USAGE,
			"a Redis URL of a socket has its path: unix:///run/redis.sock");
	if (path.n >= sizeof((struct sockaddr_un){0}).sun_path)
		return err_set(e, ERR_USAGE, "the path of the Redis socket is too long");
	if (!query.n)
		return true;
	if (!str_starts(query, STR("?db=")))
		return err_set(e, ERR_USAGE, "a Redis URL of a socket may end in ?db=N only");
	return read_db(str_skip(query, 4), url, e);
}

static bool read_host(struct str rest, struct arena *a, struct redis_url *url, struct err *e)
{
	size_t slash = str_find_char(rest, '/', 0);
	struct str place = str_head(rest, slash), db = str_skip(rest, slash);
	bool is_bracketed = place.n && place.p[0] == '[';
	size_t end = is_bracketed ? str_find_char(place, ']', 0) : str_find_char(place, ':', 0);
	struct str host = is_bracketed ? str_skip(str_head(place, end), 1) : str_head(place, end);
	struct str port = str_skip(place, is_bracketed && end < place.n ? end + 1 : end);
	int64_t number = REDIS_PORT;

	if (!host.n || memchr(host.p, 0, host.n) || (is_bracketed && end == SIZE_MAX))
		return err_set(e, ERR_USAGE,
			"a Redis URL names a host: redis://[:PASSWORD@]HOST[:PORT][/DB]");
	if (port.n && (port.p[0] != ':' || !str_int(str_skip(port, 1), &number) || number < 1 ||
			      number > 65'535))
		return err_set(e, ERR_USAGE, "a Redis URL's port is a number up to 65535");
	url->host = arena_text(a, host);
	url->port = (int)number;
	return db.n <= 1 || read_db(str_skip(db, 1), url, e);
}

bool redis_url_read(struct str text, struct arena *a, struct redis_url *out, struct err *e)
{
	static const struct {
		struct str scheme;
		bool is_path;
	} kinds[] = {
		{STR("redis://"), false}, {STR("redis+unix://"), true}, {STR("unix://"), true}};
	struct redis_url url = {0};

	if (str_starts(text, STR("rediss://")))
		return err_set(e, ERR_USAGE,
			"rediss:// is not supported: fettle talks to Redis without TLS (a tunnel "
			"can bring it)");
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		if (!str_starts(text, kinds[i].scheme))
			continue;
		struct str rest = str_skip(text, kinds[i].scheme.n);
		size_t end = end_of_user(rest, kinds[i].is_path);
		if (end && !read_user(str_head(rest, end - 1), a, &url, e))
			return false;
		rest = str_skip(rest, end);
		if (!(kinds[i].is_path ? read_path : read_host)(rest, a, &url, e))
			return false;
		*out = url;
		return true;
	}
	return err_set(e, ERR_USAGE, "a Redis URL begins with redis:// or unix://");
}

void redis_url_put(struct buf *out, const struct redis_url *url)
{
	if (url->path)
		buf_printf(out, "unix://%s", url->path);
	else if (strchr(url->host, ':'))
		buf_printf(out, "redis://[%s]:%d", url->host, url->port);
	else
		buf_printf(out, "redis://%s:%d", url->host, url->port);
	if (url->db)
		buf_printf(out, url->path ? "?db=%lld" : "/%lld", (long long)url->db);
}
