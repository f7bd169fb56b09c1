// SPDX-License-Identifier: MIT
/*
 * mock_record: stands in front of a provider, passes requests on and answers back as they come, and
 * writes down what went by as a script. All on the loop's thread.
 */
#ifndef CMD_MOCK_RECORD_H
#define CMD_MOCK_RECORD_H

#include "cmd/mock_script.h"
#include "io/httpd.h"

struct recorder;

/*
 * base_url is the provider's; path gets the script, NULL: it is only kept for recorder_script.
 * The file is whole after every answer. NULL and e (ERR_USAGE) when one of the two cannot be used.
 */
[[nodiscard]] struct recorder *recorder_new(
	struct loop *loop, const char *base_url, const char *path, struct err *e);
/* Answers the request with the provider's answer. question is needed during the call only. */
void recorder_forward(
	struct recorder *r, struct httpd_request *request, const struct mock_question *question);
/* The script so far. */
void recorder_script(const struct recorder *r, struct buf *out);
/* False when the file could not be written since; said on stderr at that time. */
bool recorder_is_well(const struct recorder *r);
void recorder_free(struct recorder *r); /* after the server; NULL is nothing */

#endif
