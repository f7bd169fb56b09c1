#ifndef NET_HTTP_H
#define NET_HTTP_H

/* The status of a GET request, 0 when there was no answer. */
int http_get(const char *host, const char *id, int timeout_ms);
void http_sleep(int ms);
int port_is_valid(int port);

#endif
