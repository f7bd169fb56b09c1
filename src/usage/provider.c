// SPDX-License-Identifier: MIT
#include "usage/provider.h"

#include "usage/reader.h"

void usual_providers_find(struct usual_providers *usual, struct names *names)
{
	usual->count = 0;
	for (const struct usage_reader *const *r = usage_readers; *r; r++) {
		if (!(*r)->provider)
			continue;
		must(usual->count < USUAL_PROVIDERS_MAX);
		usual->list[usual->count].source = names_add(names, str_from((*r)->name));
		usual->list[usual->count].provider = names_add(names, str_from((*r)->provider));
		usual->count++;
	}
}

uint32_t usual_provider(const struct usual_providers *usual, uint32_t source, uint32_t provider)
{
	for (size_t i = 0; i < usual->count && !provider; i++)
		if (usual->list[i].source == source)
			return usual->list[i].provider;
	return provider;
}
