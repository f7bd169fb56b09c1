#include "net/http.h"

#include <stdio.h>
#include <unistd.h>

#include "util.h"

#define HTTP_PORT 80

int http_get(const char *host, const char *id, int timeout_ms)
{
	char url[256];

	if (!port_is_valid(HTTP_PORT))
		return 0;
	snprintf(url, sizeof(url), "http://%s/track/%s", host, id);
	log_line("GET %s (%d ms)", url, timeout_ms);
	/* FIXME: no socket is opened yet */
	return 200;
}

void http_sleep(int ms)
{
	usleep((useconds_t)clamp_int(ms, 0, 60000) * 1000);
}
