// SPDX-License-Identifier: MIT
/* image: what kind of image bytes are, and how the wires carry them. */
#include "base/base64.h"
#include "llm/inside.h"

/* Enough of an image's beginning to tell its kind, as base64. */
enum { HEAD_CHARACTERS = 16 };

const char *image_type(struct str bytes)
{
	static const struct {
		struct str head;
		const char *type;
	} kinds[] = {
		{STR("\x89PNG\r\n\x1a\n"), "image/png"},
		{STR("\xff\xd8\xff"), "image/jpeg"},
		{STR("GIF87a"), "image/gif"},
		{STR("GIF89a"), "image/gif"},
	};

	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
		if (str_starts(bytes, kinds[i].head))
			return kinds[i].type;
	/* Four bytes of length stand between the two. */
	bool is_webp =
		str_starts(bytes, STR("RIFF")) && str_starts(str_skip(bytes, 8), STR("WEBP"));
	return is_webp ? "image/webp" : NULL;
}

static void put(struct prompt_builder *b, struct str media_type, struct str data)
{
	if (media_type.n && data.n)
		builder_put(b, ROLE_USER,
			(struct block){
				.kind = BLOCK_IMAGE, .media_type = media_type, .data = data});
}

void image_get_data(struct prompt_builder *b, struct str data)
{
	AUTO(buf) head = {0};
	struct err e;
	const char *type = NULL;

	if (base64_get(str_head(data, HEAD_CHARACTERS), &head, &e))
		type = image_type(buf_str(&head));
	put(b, str_from(type), data);
}

void image_get_source(struct prompt_builder *b, struct str source)
{
	if (json_text_is(json_get(source, "type"), "base64"))
		put(b, text_or_empty(source, "media_type", b->a),
			text_or_empty(source, "data", b->a));
}

void image_get_url(struct prompt_builder *b, struct str url)
{
	struct str marker = STR(";base64,");
	size_t at = str_find(url, marker, 0);

	if (str_starts(url, STR("data:")) && at != SIZE_MAX)
		put(b, str_skip(str_head(url, at), 5), str_skip(url, at + marker.n));
}

void image_put_url(struct json_writer *w, const struct block *b)
{
	AUTO(buf) url = {0};

	buf_printf(&url, "data:%.*s;base64,", STR_ARG(b->media_type));
	buf_put_str(&url, b->data);
	json_put_str(w, buf_str(&url));
}
