// SPDX-License-Identifier: MIT
/* image: files that the model is shown beside a task. */
#include <fcntl.h>
#include <string.h>

#include "agent/agent.h"
#include "base/base64.h"
#include "base/file.h"

static size_t bytes_of(const struct agent_images *images)
{
	size_t n = 0;

	for (size_t i = 0; i < images->block_count; i++)
		n += images->blocks[i].data.n / 4 * 3;
	return n;
}

static void append(struct agent_images *images, const struct block *pair, struct arena *a)
{
	size_t n = images->block_count;
	struct block *blocks = arena_alloc(a, n + 2, sizeof *blocks);

	if (n)
		memcpy(blocks, images->blocks, n * sizeof *blocks);
	memcpy(&blocks[n], pair, 2 * sizeof *blocks);
	*images = (struct agent_images){blocks, n + 2};
}

bool agent_images_add(struct agent_images *images, const char *path, struct arena *a, struct err *e)
{
	size_t taken = bytes_of(images);
	size_t left = taken < IMAGES_MAX_BYTES ? IMAGES_MAX_BYTES - taken : 0;
	AUTO(buf) bytes = {.max = IMAGES_MAX_BYTES + 1};
	AUTO(buf) data = {0};

	if (!file_read(AT_FDCWD, path, left, &bytes, e)) {
		if (e->code == ERR_LIMIT)
			err_set(e, ERR_USAGE, "%s: all images together may have %d MB", path,
				IMAGES_MAX_BYTES >> 20);
		e->code = ERR_USAGE;
		return err_context(e, "--image");
	}
	const char *type = image_type(buf_str(&bytes));
	if (!type)
		return err_set(e, ERR_USAGE, "--image: %s: %s", path,
			bytes.n ? "no PNG, JPEG, GIF or WebP image" : "the file is empty");
	base64_put(&data, buf_str(&bytes));
	const char *slash = strrchr(path, '/');
	struct block pair[2] = {
		{.kind = BLOCK_IMAGE,
			.media_type = str_from(type),
			.data = arena_copy(a, buf_str(&data))},
		{.kind = BLOCK_TEXT,
			.text = arena_printf(a, "(the image above: %s)", slash ? slash + 1 : path)},
	};
	append(images, pair, a);
	return true;
}

bool agent_images_suit(const struct route *route, struct err *e)
{
	for (; route; route = route->fallback)
		if (route->is_in_catalog && route->model.is_blind)
			return err_set(e, ERR_USAGE, "--image: %.*s takes no images",
				STR_ARG(route->name));
	return true;
}
