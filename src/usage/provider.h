// SPDX-License-Identifier: MIT
/* provider: who gave an answer whose record does not say so: whom the assistant asks usually. */
#ifndef USAGE_PROVIDER_H
#define USAGE_PROVIDER_H

#include "usage/names.h"

enum { USUAL_PROVIDERS_MAX = 32 };

/* {0} knows none. */
struct usual_providers {
	struct {
		uint32_t source, provider; /* names */
	} list[USUAL_PROVIDERS_MAX];
	size_t count;
};

/* Adds what names lack. */
void usual_providers_find(struct usual_providers *usual, struct names *names);
/* provider itself where there is one; 0 where nobody knows. */
uint32_t usual_provider(const struct usual_providers *usual, uint32_t source, uint32_t provider);

#endif
