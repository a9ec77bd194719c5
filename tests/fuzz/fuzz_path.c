/* Any bytes as a URL: what is taken names its place by decoded segments that hold no slash and no control character, and the href
 * made of it leads to the same place again. */
#include "dav/path.h"

#include <stdlib.h>

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void clean(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        must(s.p[i] != '/' && (unsigned char)s.p[i] >= 0x20);
    must(!s.p || (s.n > 0 && s.n <= 256 && str_utf8(s)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    SCOPED_ARENA(a, 1 << 20);
    struct dav_path p, again;
    struct str raw = str_n(data, size);
    if (dav_href_parse(&a, raw, STR("h.test"), 256, &p))
        return 0;
    clean(p.address);
    clean(p.slug);
    clean(p.name);
    SCOPED_BUF(href, 1 << 16);
    dav_href_write(&href, &p, p.slug, p.name);
    must(href.st == OK);
    for (size_t i = 0; i < href.n; i++)
        must(!strchr("<>&\"'", href.p[i]));
    must(dav_path_parse(&a, buf_view(&href), 256, &again) == OK);
    must(again.kind == p.kind && str_eq(again.address, p.address));
    must(str_eq(again.slug, p.slug) && str_eq(again.name, p.name));
    return 0;
}
