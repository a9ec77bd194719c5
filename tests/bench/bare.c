/* tests/bench/bare.c: the least that an HTTP answer costs here: libmicrohttpd with epoll and two threads, Basic authentication compared as a
 * string, and a constant body. bare PORT BYTES AUTHORIZATION-VALUE */
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char *body;
static size_t body_size;
static const char *wanted;

static enum MHD_Result answer(void *cls, struct MHD_Connection *c, const char *url, const char *method,
                              const char *version, const char *data, size_t *size, void **state)
{
    (void)cls, (void)url, (void)method, (void)version, (void)data, (void)size;
    if (!*state) {
        *state = c;
        return MHD_YES;
    }
    const char *given = MHD_lookup_connection_value(c, MHD_HEADER_KIND, "Authorization");
    int status = given && strcmp(given, wanted) == 0 ? 200 : 401;
    struct MHD_Response *r = MHD_create_response_from_buffer(body_size, body, MHD_RESPMEM_PERSISTENT);
    MHD_add_response_header(r, "Content-Type", "text/calendar; charset=utf-8");
    MHD_add_response_header(r, "ETag", "\"0123456789abcdef0123456789abcdef\"");
    enum MHD_Result result = MHD_queue_response(c, (unsigned)status, r);
    MHD_destroy_response(r);
    return result;
}

int main(int argc, char **argv)
{
    if (argc != 4)
        return 2;
    body_size = strtoul(argv[2], NULL, 10);
    body = malloc(body_size + 1);
    wanted = argv[3];
    memset(body, 'x', body_size);
    if (!MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD, (uint16_t)strtoul(argv[1], NULL, 10), NULL, NULL,
                          answer, NULL, MHD_OPTION_THREAD_POOL_SIZE, 2U, MHD_OPTION_END))
        return 1;
    pause();
    return 0;
}
