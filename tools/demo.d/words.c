// SPDX-License-Identifier: MIT
#include <assert.h>

static int words(const char *text)
{
	int n = 0;

	for (const char *at = text; *at; at++)
		n += *at == ' ';
	return n;
}

int main(void)
{
	assert(words("") == 0);
	assert(words("two words") == 2);
}
