// SPDX-License-Identifier: MIT
#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

bool err_set(struct err *e, enum err_code code, const char *format, ...)
{
	va_list arguments;

	e->code = code;
	va_start(arguments, format);
	vsnprintf(e->text, sizeof e->text, format, arguments);
	va_end(arguments);
	return false;
}

/* Puts ": more" behind the n bytes that vsnprintf wrote, as far as it fits. */
static void append(struct err *e, int n, const char *more)
{
	size_t at = n < 0 ? 0 : (size_t)n, length = strlen(more);

	if (at + 2 >= sizeof e->text)
		return;
	memcpy(e->text + at, ": ", 2);
	at += 2;
	if (length > sizeof e->text - 1 - at)
		length = sizeof e->text - 1 - at;
	memcpy(e->text + at, more, length);
	e->text[at + length] = '\0';
}

bool err_context(struct err *e, const char *format, ...)
{
	char old[sizeof e->text];
	va_list arguments;

	memcpy(old, e->text, sizeof old);
	va_start(arguments, format);
	int n = vsnprintf(e->text, sizeof e->text, format, arguments);
	va_end(arguments);
	append(e, n, old);
	return false;
}

bool err_errno(struct err *e, const char *format, ...)
{
	int number = errno;
	char reason[128];
	va_list arguments;

	e->code = number == ENOENT || number == ENOTDIR ? ERR_NOT_FOUND
		  : number == EACCES || number == EPERM ? ERR_DENIED
							: ERR_IO;
	va_start(arguments, format);
	int n = vsnprintf(e->text, sizeof e->text, format, arguments);
	va_end(arguments);
	append(e, n, strerror_r(number, reason, sizeof reason));
	return false;
}

const char *err_code_name(enum err_code code)
{
	static const char *const names[] = {
		[ERR_NONE] = "none",
		[ERR_USAGE] = "usage",
		[ERR_IO] = "io",
		[ERR_PARSE] = "parse",
		[ERR_NOT_FOUND] = "not_found",
		[ERR_DENIED] = "denied",
		[ERR_NETWORK] = "network",
		[ERR_PROVIDER] = "provider",
		[ERR_TIMEOUT] = "timeout",
		[ERR_LIMIT] = "limit",
		[ERR_CANCELLED] = "cancelled",
		[ERR_TASK] = "task",
		[ERR_BUDGET] = "budget",
	};

	return names[code];
}
