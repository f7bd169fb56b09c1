// SPDX-License-Identifier: MIT
/*
 * curl_table: libcurl's functions, found at first use. Loading the library takes about 3 ms and 6
 * MB that a run without a network does not pay.
 */
#ifndef IO_CURL_TABLE_H
#define IO_CURL_TABLE_H

#include <curl/curl.h>

#include "base/err.h"

/* curl.h wraps some of these in type-checking macros; the table wants the functions. */
#undef curl_easy_setopt
#undef curl_easy_getinfo
#undef curl_multi_setopt

#define CURL_FUNCTIONS(each) \
	each(curl_global_init) each(curl_easy_init) each(curl_easy_cleanup) each(curl_easy_setopt) \
		each(curl_easy_getinfo) each(curl_easy_strerror) each(curl_multi_init) each( \
			curl_multi_cleanup) each(curl_multi_add_handle) \
			each(curl_multi_remove_handle) each(curl_multi_socket_action) each( \
				curl_multi_perform) each(curl_multi_poll) each(curl_multi_assign) \
				each(curl_multi_info_read) each(curl_multi_setopt) \
					each(curl_slist_append) each(curl_slist_free_all) \
						each(curl_url) each(curl_url_cleanup) \
							each(curl_url_set) each(curl_url_get) \
								each(curl_free)

struct curl_table {
#define DECLARE(function) typeof(&function) function;
	CURL_FUNCTIONS(DECLARE)
#undef DECLARE
};

/* NULL and e (ERR_NETWORK, naming the package) when libcurl is not installed. From any thread. */
[[nodiscard]] const struct curl_table *curl_table_open(struct err *e);

#endif
