// SPDX-License-Identifier: MIT
/*
 * url: references made absolute (RFC 3986, 5.2), for showing them. What is requested goes through
 * libcurl's own parser, so that what is checked is what is asked.
 */
#ifndef BASE_URL_H
#define BASE_URL_H

#include "base/buf.h"

/*
 * Appends reference as seen from base, an absolute URL. Spaces and controls are escaped, a tab or
 * newline within is dropped as browsers do; what has a scheme of its own stays as it is.
 */
void url_resolve(struct buf *out, struct str base, struct str reference);
/* The scheme without its colon; absent where there is none. */
struct str url_scheme(struct str url);
/* Appends text with its %XX as bytes; a '%' without two digits stays. */
void url_unescape(struct buf *out, struct str text);
/*
 * Whether a text that people wrote names the host: whole, behind "http://" or "https://", or by
 * itself where its ending is one that no file has.
 */
bool url_text_names(struct str text, struct str host);

#endif
