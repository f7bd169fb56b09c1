// SPDX-License-Identifier: MIT
/*
 * dialect: how the servers that speak Chat Completions differ in what they take. What they give is
 * read leniently and needs no row. Sources: the servers' own API references, November 2026.
 */
#include "llm/llm.h"

/* Shown in the provider's list of applications. */
static const struct header openrouter_headers[] = {
	{"x-openrouter-title", STR("fettle")},
	{0},
};

static const struct dialect dialects[] = {
	{.name = "openai",
		.base_url = "https://api.openai.com/v1",
		.max_tokens_name = "max_completion_tokens",
		.has_developer_role = true,
		.has_store = true,
		.has_effort = true,
		.has_base64 = true,
		.answer_form = FORM_SCHEMA},
	{.name = "openrouter",
		.base_url = "https://openrouter.ai/api/v1",
		.max_tokens_name = "max_completion_tokens",
		.cost_name = "cost",
		.routing_name = "provider",
		.has_effort = true,
		.keeps_details = true,
		.has_base64 = true,
		.headers = openrouter_headers},
	{.name = "gemini",
		.base_url = "https://generativelanguage.googleapis.com/v1beta/openai",
		.max_tokens_name = "max_completion_tokens",
		.has_effort = true,
		.answer_form = FORM_SCHEMA_ALONE,
		.keeps_extra_content = true,
		.id_prefix = "models/"},
	{.name = "deepseek",
		.base_url = "https://api.deepseek.com",
		.max_tokens_name = "max_tokens",
		.answer_form = FORM_OBJECT_ALONE},
	{.name = "groq",
		.base_url = "https://api.groq.com/openai/v1",
		.max_tokens_name = "max_completion_tokens",
		.has_effort = true},
	{.name = "mistral",
		.base_url = "https://api.mistral.ai/v1",
		.max_tokens_name = "max_tokens",
		.dimensions_name = "output_dimension"},
	{.name = "llamacpp",
		.port = 8080,
		.max_tokens_name = "max_tokens",
		.has_effort = true,
		.has_base64 = true,
		.answer_form = FORM_SCHEMA_ALONE},
	{.name = "vllm",
		.port = 8000,
		.max_tokens_name = "max_tokens",
		.has_base64 = true,
		.answer_form = FORM_SCHEMA_ALONE},
	{.name = "lmstudio",
		.port = 1234,
		.max_tokens_name = "max_tokens",
		.answer_form = FORM_SCHEMA_ALONE},
	{0},
};

const struct dialect *dialect_find(struct str name)
{
	for (const struct dialect *d = dialects; d->name; d++)
		if (str_is(name, d->name))
			return d;
	return NULL;
}
