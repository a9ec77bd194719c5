/* Any bytes as a URL of CATENATE: what is taken has a UID, a name in UTF-8 and parts that count from 1. */
#include "mailcore/imap/url.h"

#include <stdlib.h>

static void must(bool holds)
{
    if (!holds)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    SCOPED_ARENA(a, 1 << 20);
    struct imap_url u;
    if (imap_url_parse(&a, str_n(data, size), &u) != OK)
        return 0;
    must(u.uid > 0);
    must(!u.mailbox.p || (u.mailbox.n > 0 && str_utf8(u.mailbox)));
    must(u.section.text != IMAP_SECTION_MIME || u.section.depth > 0);
    for (size_t i = 0; i < u.section.depth; i++)
        must(u.section.part[i] > 0);
    must(u.partial || (!u.offset && !u.octets));
    must(u.offset <= INT64_MAX && u.octets <= INT64_MAX);
    return 0;
}
