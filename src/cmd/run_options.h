// SPDX-License-Identifier: MIT
/* run_options: rows of the option tables of commands that have tasks worked on. */
#ifndef CMD_RUN_OPTIONS_H
#define CMD_RUN_OPTIONS_H

#include "cmd/command.h"
#include "cmd/mcp_servers.h"

/* Who answers. */
#define MODEL_OPTIONS \
	{"model", 'm', "PROVIDER/MODEL", \
		"which model answers (anthropic/..., openai/..., offline)"}, \
		{"fast", 0, NULL, \
			"the fast, cheap model: fast_model of the settings, or the provider's"}, \
		{"smart", 0, NULL, \
			"the strong model: smart_model of the settings, or the provider's"}, \
		{"preset", 0, "NAME", \
			"prompt, model, tools and limits by a name: fettle preset list"}, \
		{"effort", 0, "LEVEL", \
			"how much the model reasons: none, minimal, low, medium, high, xhigh, max"}, \
		{"base-url", 0, "URL", \
			"where the provider is reached, for a local or own server"}, \
		{"replay", 0, "SCRIPT", \
			"let a script answer (docs/mock.md) instead of a provider: no network, no key"}, \
		{"fallback", 0, "PROVIDER/MODEL,...", \
			"who is asked when that model cannot answer"}, \
		{"summary-model", 0, "PROVIDER/MODEL", \
			"who summarises what no longer fits the context window (default: fast_model of the " \
			"settings, else the same model)"}, \
		{"max-retries", 0, "N", \
			"how often a failed model call is made again (default 3), before anything is shown"}, \
		{"max-retry-wait", 0, "SECONDS", \
			"the longest wait that a provider may ask for before a retry (default 60)"}, \
		LIMIT_OPTIONS, TRUST_OPTIONS, \
		{"connect-timeout", 0, "SECONDS", \
			"give up connecting after this time (default 10)"}, \
		{"first-byte-timeout", 0, "SECONDS", \
			"give up when no answer begins after this time (default 300)"}, \
	{ \
		"idle-timeout", 0, "SECONDS", \
			"give up when an answer stops coming for this time (default 120)" \
	}

/* What tools may do. */
#define PERMIT_OPTIONS \
	{"permit", 0, "MODE", \
		"what tools may do: read (the workspace), edit (and change files in it, and run " \
		"commands in the sandbox; the default), all"}, \
		{"allow-tool", 0, "RULE", \
			"allow a tool, or with NAME(PATTERN) some of its calls, without asking; may be " \
			"repeated"}, \
		{"deny-tool", 0, "RULE", "refuse a tool, or some of its calls; may be repeated"}, \
		{"allow-host", 0, "HOST", \
			"let tools fetch from this host, *.SUFFIX for those under it, or * for any public one; " \
			"may be repeated"}, \
		{"allow-read", 0, "GLOB", \
			"let tools read files that may hold secrets (.env, keys); may be repeated"}, \
		{"sandbox", 0, "KIND", \
			"what commands are fenced in with: auto (the default), bubblewrap, landlock, none " \
			"(needs --permit all)"}, \
		{"sandbox-network", 0, NULL, "let commands in the sandbox use the network"}, \
		MCP_OPTION

/* How long a task may become. */
#define TURN_OPTIONS \
	{"max-turns", 0, "N", "stop after this many model calls (default 50)"}, \
	{ \
		"max-output-tokens", 0, "N", "ceiling of one answer (default 32000)" \
	}

#endif
