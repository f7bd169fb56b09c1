#ifndef UTIL_H
#define UTIL_H

#define ARRAY_LENGTH(a) (sizeof(a) / sizeof((a)[0]))

int clamp_int(int value, int low, int high);
char *trim_space(char *text);
void log_line(const char *format, ...);

#endif
