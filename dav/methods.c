/* dav/methods.c: the table of methods: where each is allowed, what body it takes, where it runs. */
#include "dav/methods.h"

#include "dav/report.h"

const struct dav_method dav_methods[] = {
    {STR_INIT("OPTIONS"), 0, ON_ALL, method_options},
    {STR_INIT("GET"), METHOD_SCAN, ON_ALL, method_get},
    {STR_INIT("HEAD"), METHOD_SCAN, ON_ALL, method_get},
    {STR_INIT("PUT"), METHOD_RAW_BODY, ON_ITEMS, method_put},
    {STR_INIT("POST"), METHOD_RAW_BODY, ON_COLLECTIONS, method_post},
    {STR_INIT("DELETE"), 0, ON_COLLECTIONS | ON_ITEMS, method_delete},
    {STR_INIT("PROPFIND"), METHOD_XML_BODY | METHOD_DEFER | METHOD_SHALLOW, ON_ALL, method_propfind},
    {STR_INIT("PROPPATCH"), METHOD_XML_REQUIRED, ON_ALL, method_proppatch},
    {STR_INIT("MKCOL"), METHOD_XML_BODY, ON_COLLECTIONS | ON_ITEMS, method_mkcol},
    {STR_INIT("MKCALENDAR"), METHOD_XML_BODY, ON_COLLECTIONS | ON_ITEMS, method_mkcol},
    {STR_INIT("COPY"), METHOD_DEFER, ON_COLLECTIONS | ON_ITEMS, method_copy},
    {STR_INIT("MOVE"), METHOD_DEFER, ON_COLLECTIONS | ON_ITEMS, method_move},
    {STR_INIT("ACL"), METHOD_XML_REQUIRED | METHOD_DEFER, ON_COLLECTIONS, method_acl},
    {STR_INIT("REPORT"), METHOD_XML_REQUIRED | METHOD_DEFER, ON_ALL, method_report},
    /* known, and nowhere allowed: 405 and not 501 */
    {STR_INIT("LOCK"), 0, 0, NULL},
    {STR_INIT("UNLOCK"), 0, 0, NULL},
    {STR_INIT("PATCH"), 0, 0, NULL},
};
const size_t dav_method_count = COUNT_OF(dav_methods);

void method_options(struct dav_request *r)
{
    dav_options(r->dav, r->t);
}
