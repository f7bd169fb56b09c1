// SPDX-License-Identifier: MIT
/*
 * floor: the least a C program can do with the same HTTP library: load it, POST a file, read the
 * answer. Usage: floor URL BODY-FILE [HEADER...]. The yardstick for cold start (bench/run).
 */
#include <curl/curl.h>
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"

#undef curl_easy_setopt

static size_t drop(char *, size_t size, size_t count, void *)
{
	return size * count;
}

int main(int count, char **words)
{
	struct buf body = {0};
	struct err e;
	void *library = dlopen("libcurl.so.4", RTLD_LAZY);

	if (count < 3 || !library || !file_read(-100 /* AT_FDCWD */, words[2], 1 << 20, &body, &e))
		return 1;
#define FIND(name) typeof(&name) call_##name = (typeof(&name))dlsym(library, #name)
	FIND(curl_global_init);
	FIND(curl_easy_init);
	FIND(curl_easy_setopt);
	FIND(curl_easy_perform);
	FIND(curl_slist_append);
	call_curl_global_init(CURL_GLOBAL_DEFAULT);
	CURL *easy = call_curl_easy_init();
	struct curl_slist *headers = call_curl_slist_append(NULL, "Expect:");
	for (int i = 3; i < count; i++)
		headers = call_curl_slist_append(headers, words[i]);
	call_curl_easy_setopt(easy, CURLOPT_URL, words[1]);
	call_curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
	call_curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body.p);
	call_curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.n);
	call_curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, drop);
	return call_curl_easy_perform(easy) != CURLE_OK;
}
