#include "util.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int clamp_int(int value, int low, int high)
{
	if (value < low)
		return low;
	return value > high ? high : value;
}

char *trim_space(char *text)
{
	size_t n = strlen(text);

	while (n > 0 && isspace((unsigned char)text[n - 1]))
		text[--n] = '\0';
	while (isspace((unsigned char)*text))
		text++;
	return text;
}

void log_line(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fputs("parcel: ", stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
}
