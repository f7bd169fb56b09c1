// SPDX-License-Identifier: MIT
/*
 * err: why something failed: a code for decisions, a sentence for people.
 *
 * Fallible functions return bool (or a pointer) and take struct err *e last. e is never NULL and is
 * not touched on success. Callers add context with err_context. Only the top prints.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include <stdbool.h>

enum err_code {
	ERR_NONE,
	ERR_USAGE, /* wrong words on the command line or wrong settings */
	ERR_IO, /* the system refused: errno is in the sentence */
	ERR_PARSE, /* bytes from outside are not what they should be */
	ERR_NOT_FOUND, /* names something that is not there */
	ERR_DENIED, /* refused by a rule of ours */
	ERR_NETWORK, /* no connection, or it broke */
	ERR_PROVIDER, /* the provider answered with an error */
	ERR_TIMEOUT, /* a deadline passed */
	ERR_LIMIT, /* a limit the user or we set was reached */
	ERR_CANCELLED, /* the user stopped it */
	ERR_TASK, /* the model did not finish the task */
	ERR_BUDGET, /* it would cost more than the user allows */
};

struct err {
	enum err_code code;
	char text[400];
};

/* Both return false, so that "return err_set(...)" reads well. Too long a sentence is cut. */
__attribute__((format(printf, 3, 4))) bool err_set(
	struct err *e, enum err_code code, const char *format, ...);
/* Puts "context: " in front of the sentence. */
__attribute__((format(printf, 2, 3))) bool err_context(struct err *e, const char *format, ...);
/* ERR_IO (ERR_NOT_FOUND for ENOENT, ERR_DENIED for EACCES) from errno: "subject: reason". */
__attribute__((format(printf, 2, 3))) bool err_errno(struct err *e, const char *format, ...);
const char *err_code_name(enum err_code code); /* "io", "not_found" ...; stable, used in JSON */

#endif
