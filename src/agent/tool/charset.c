// SPDX-License-Identifier: MIT
#include "agent/tool/charset.h"

#include <errno.h>
#include <iconv.h>
#include <string.h>

#include "base/utf8.h"

enum encoding { ENCODING_NONE, ENCODING_UTF8, ENCODING_WINDOWS_1252, ENCODING_OTHER };

struct label {
	const char *label; /* in lower case */
	enum encoding encoding;
	const char *name; /* iconv's, of ENCODING_OTHER */
};

/*
 * iconv is given no other names than these: it would load whatever module a page asks for. The
 * names are those whose tables browsers use for the label.
 */
static const struct label labels[] = {
	{"utf-8", ENCODING_UTF8},
	{"utf8", ENCODING_UTF8},
	{"iso-8859-1", ENCODING_WINDOWS_1252},
	{"iso8859-1", ENCODING_WINDOWS_1252},
	{"latin1", ENCODING_WINDOWS_1252},
	{"us-ascii", ENCODING_WINDOWS_1252},
	{"ascii", ENCODING_WINDOWS_1252},
	{"windows-1252", ENCODING_WINDOWS_1252},
	{"cp1252", ENCODING_WINDOWS_1252},
	{"utf-16", ENCODING_OTHER, "UTF-16LE"},
	{"utf-16le", ENCODING_OTHER, "UTF-16LE"},
	{"utf-16be", ENCODING_OTHER, "UTF-16BE"},
	{"iso-8859-2", ENCODING_OTHER, "ISO-8859-2"},
	{"latin2", ENCODING_OTHER, "ISO-8859-2"},
	{"iso-8859-3", ENCODING_OTHER, "ISO-8859-3"},
	{"iso-8859-4", ENCODING_OTHER, "ISO-8859-4"},
	{"iso-8859-5", ENCODING_OTHER, "ISO-8859-5"},
	{"iso-8859-6", ENCODING_OTHER, "ISO-8859-6"},
	{"iso-8859-7", ENCODING_OTHER, "ISO-8859-7"},
	{"iso-8859-8", ENCODING_OTHER, "ISO-8859-8"},
	{"iso-8859-9", ENCODING_OTHER, "CP1254"},
	{"iso-8859-10", ENCODING_OTHER, "ISO-8859-10"},
	{"iso-8859-13", ENCODING_OTHER, "ISO-8859-13"},
	{"iso-8859-14", ENCODING_OTHER, "ISO-8859-14"},
	{"iso-8859-15", ENCODING_OTHER, "ISO-8859-15"},
	{"latin-9", ENCODING_OTHER, "ISO-8859-15"},
	{"iso-8859-16", ENCODING_OTHER, "ISO-8859-16"},
	{"windows-1250", ENCODING_OTHER, "CP1250"},
	{"windows-1251", ENCODING_OTHER, "CP1251"},
	{"cp1251", ENCODING_OTHER, "CP1251"},
	{"windows-1253", ENCODING_OTHER, "CP1253"},
	{"windows-1254", ENCODING_OTHER, "CP1254"},
	{"windows-1255", ENCODING_OTHER, "CP1255"},
	{"windows-1256", ENCODING_OTHER, "CP1256"},
	{"windows-1257", ENCODING_OTHER, "CP1257"},
	{"windows-1258", ENCODING_OTHER, "CP1258"},
	{"windows-874", ENCODING_OTHER, "CP874"},
	{"tis-620", ENCODING_OTHER, "CP874"},
	{"koi8-r", ENCODING_OTHER, "KOI8-R"},
	{"koi8-u", ENCODING_OTHER, "KOI8-U"},
	{"ibm866", ENCODING_OTHER, "CP866"},
	{"macintosh", ENCODING_OTHER, "MACINTOSH"},
	{"gbk", ENCODING_OTHER, "GB18030"},
	{"gb2312", ENCODING_OTHER, "GB18030"},
	{"gb18030", ENCODING_OTHER, "GB18030"},
	{"big5", ENCODING_OTHER, "BIG5-HKSCS"},
	{"big5-hkscs", ENCODING_OTHER, "BIG5-HKSCS"},
	{"euc-jp", ENCODING_OTHER, "EUC-JP"},
	{"shift_jis", ENCODING_OTHER, "CP932"},
	{"shift-jis", ENCODING_OTHER, "CP932"},
	{"sjis", ENCODING_OTHER, "CP932"},
	{"windows-31j", ENCODING_OTHER, "CP932"},
	{"iso-2022-jp", ENCODING_OTHER, "ISO-2022-JP"},
	{"euc-kr", ENCODING_OTHER, "CP949"},
	{"ks_c_5601-1987", ENCODING_OTHER, "CP949"},
};

static const struct label utf8_label = {"utf-8", ENCODING_UTF8};
static const struct label windows_label = {"windows-1252", ENCODING_WINDOWS_1252};

static const struct label *find_label(struct str label)
{
	label = str_trim(label);
	for (size_t i = 0; i < sizeof labels / sizeof *labels; i++)
		if (str_eq_nocase(label, str_from(labels[i].label)))
			return &labels[i];
	return NULL;
}

/* Takes the mark off. */
static const struct label *find_mark(struct str *bytes)
{
	static const struct {
		struct str mark;
		const char *label;
	} marks[] = {
		{{"\xef\xbb\xbf", 3}, "utf-8"},
		{{"\xff\xfe", 2}, "utf-16le"},
		{{"\xfe\xff", 2}, "utf-16be"},
	};

	for (size_t i = 0; i < sizeof marks / sizeof *marks; i++)
		if (str_starts(*bytes, marks[i].mark)) {
			*bytes = str_skip(*bytes, marks[i].mark.n);
			return find_label(str_from(marks[i].label));
		}
	return NULL;
}

/* Where windows-1252 is not latin-1; what it leaves open are the controls of latin-1. */
static const uint16_t windows_upper[32] = {0x20ac, 0x81, 0x201a, 0x192, 0x201e, 0x2026, 0x2020,
	0x2021, 0x2c6, 0x2030, 0x160, 0x2039, 0x152, 0x8d, 0x17d, 0x8f, 0x90, 0x2018, 0x2019,
	0x201c, 0x201d, 0x2022, 0x2013, 0x2014, 0x2dc, 0x2122, 0x161, 0x203a, 0x153, 0x9d, 0x17e,
	0x178};

static void put_windows(struct buf *out, struct str bytes)
{
	for (size_t i = 0; i < bytes.n; i++) {
		unsigned char c = (unsigned char)bytes.p[i];
		utf8_put(out, c >= 0x80 && c < 0xa0 ? windows_upper[c - 0x80] : c);
	}
}

/* False when the system does not know the encoding. */
static bool put_converted(struct buf *out, struct str bytes, const char *name)
{
	iconv_t converter = iconv_open("UTF-8", name);
	char piece[4096], *from = (char *)bytes.p;
	size_t left = bytes.n;

	if (converter == (iconv_t)-1)
		return false;
	while (left && !out->overflow) {
		char *to = piece;
		size_t room = sizeof piece;
		size_t result = iconv(converter, &from, &left, &to, &room);
		buf_put(out, piece, (size_t)(to - piece));
		if (result != (size_t)-1 || errno == E2BIG)
			continue;
		utf8_put(out, 0xfffd);
		from++;
		left--;
	}
	iconv_close(converter);
	return true;
}

void charset_put(struct buf *out, struct str bytes, struct str label)
{
	const struct label *found = find_mark(&bytes);

	if (!found)
		found = find_label(label);
	if (!found)
		found = utf8_is_valid(bytes) ? &utf8_label : &windows_label;
	if (found->encoding == ENCODING_WINDOWS_1252)
		put_windows(out, bytes);
	else if (found->encoding == ENCODING_UTF8 || !put_converted(out, bytes, found->name))
		utf8_put_repaired(out, bytes);
}

/* The value behind "charset =" at or after from, quoted or not. */
static struct str label_after(struct str text, size_t *from)
{
	size_t n = 0;

	while (*from < text.n && !str_eq_nocase(str_head(str_skip(text, *from), 7), STR("charset")))
		++*from;
	struct str rest = str_trim(str_skip(text, *from + 7));
	*from += *from < text.n;
	if (!str_starts(rest, STR("=")))
		return (struct str){0};
	rest = str_trim(str_skip(rest, 1));
	if (rest.n && (rest.p[0] == '"' || rest.p[0] == '\''))
		rest = str_trim(str_skip(rest, 1));
	while (n < rest.n && (unsigned char)rest.p[n] > ' ' && !strchr("\"';>/", rest.p[n]))
		n++;
	return n ? str_head(rest, n) : (struct str){0};
}

struct str charset_of_type(struct str content_type)
{
	size_t from = 0;

	while (from < content_type.n) {
		struct str label = label_after(content_type, &from);
		if (label.p)
			return label;
	}
	return (struct str){0};
}

/* Also in <meta http-equiv=content-type content="text/html; charset=...">. */
struct str charset_of_html(struct str html)
{
	struct str head = str_head(html, 1024);
	size_t at = 0;

	while ((at = str_find_char(head, '<', at)) != SIZE_MAX) {
		struct str tag = str_skip(head, ++at);
		if (!str_eq_nocase(str_head(tag, 4), STR("meta")))
			continue;
		struct str label = charset_of_type(str_head(tag, str_find_char(tag, '>', 0)));
		/* Whoever can read this tag does not read UTF-16. */
		if (label.p && !str_eq_nocase(str_head(label, 6), STR("utf-16")))
			return label;
	}
	return (struct str){0};
}
