// SPDX-License-Identifier: MIT
/* hiredis_table: hiredis' reader of replies, found at first use: most runs know no Redis. */
#ifndef IO_HIREDIS_TABLE_H
#define IO_HIREDIS_TABLE_H

#include <hiredis/read.h>

#include "base/err.h"

struct hiredis_table {
	typeof(&redisReaderCreateWithFunctions) create;
	typeof(&redisReaderFree) free;
	typeof(&redisReaderFeed) feed;
	typeof(&redisReaderGetReply) get_reply;
};

/* NULL and e (ERR_NOT_FOUND, naming the package) when it is not installed. From any thread. */
[[nodiscard]] const struct hiredis_table *hiredis_table_open(struct err *e);

#endif
