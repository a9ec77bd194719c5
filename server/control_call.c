/* server/control_call.c: the caller's side of the control socket. */
#include "server/channel.h"
#include "server/control.h"

#include <arpa/inet.h>
#include <jansson.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>

static int connect_to(const char *path)
{
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    size_t n = strlen(path);
    if (n >= sizeof un.sun_path)
        return -1;
    memcpy(un.sun_path, path, n + 1);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&un, sizeof un) != 0) {
        close(fd);
        fd = -1;
    }
    return fd;
}

static bool send_frame(int fd, const json_t *frame, const int *fds, size_t count)
{
    char *text = json_dumps(frame, JSON_COMPACT);
    struct str body = str_c(text);
    SCOPED_BUF(b, CONTROL_FRAME + 4);
    uint32_t length = htonl((uint32_t)body.n);
    buf_add(&b, str_n(&length, sizeof length));
    buf_add(&b, body);
    free(text);
    return b.st == OK && channel_send(fd, buf_view(&b), fds, count);
}

static json_t *words(char *const *list, size_t count)
{
    json_t *array = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(array, json_string(list[i]));
    return array;
}

/* All descriptors in order, a message's worth at a time; the last goes with the command itself. */
static bool send_call(int fd, const struct command_call *call, int argc, char **argv)
{
    size_t count = 3 + call->file_count + (call->out_file >= 0), sent = 0;
    int *all = calloc(count, sizeof *all);
    if (!all)
        return false;
    all[0] = call->in;
    all[1] = call->out;
    all[2] = call->err;
    for (size_t i = 0; i < call->file_count; i++)
        all[3 + i] = call->files[i];
    if (call->out_file >= 0)
        all[count - 1] = call->out_file;
    json_t *more = json_pack("{s:b}", "more", 1);
    bool ok = more != NULL;
    for (; ok && count - sent > CHANNEL_FDS; sent += CHANNEL_FDS)
        ok = send_frame(fd, more, all + sent, CHANNEL_FDS);
    json_t *frame =
        json_pack("{s:o, s:b, s:b, s:o, s:i, s:b}", "argv", words(argv, (size_t)argc), "json", call->json,
                  "terminal", call->terminal, "names", words(call->file_names, call->file_count), "files",
                  (int)call->file_count, "out", call->out_file >= 0);
    ok = ok && frame && send_frame(fd, frame, all + sent, count - sent);
    json_decref(frame);
    json_decref(more);
    free(all);
    return ok;
}

static bool receive_exit(int fd, int *status)
{
    char frame[256];
    uint32_t length;
    if (recv(fd, &length, sizeof length, MSG_WAITALL) != (ssize_t)sizeof length)
        return false;
    length = ntohl(length);
    if (length >= sizeof frame || recv(fd, frame, length, MSG_WAITALL) != (ssize_t)length)
        return false;
    json_t *answer = json_loadb(frame, length, 0, NULL);
    const json_t *value = json_object_get(answer, "exit");
    bool ok = json_is_integer(value);
    *status = (int)json_integer_value(value);
    json_decref(answer);
    return ok;
}

bool control_call(const char *path, const struct command_call *call, int argc, char **argv, int *exit_status)
{
    SCOPED(scoped_close) int fd = connect_to(path);
    if (fd < 0)
        return false;
    if (!send_call(fd, call, argc, argv) || !receive_exit(fd, exit_status)) {
        dprintf(call->err, "scambio: the server ended before the command did; look at its log\n");
        *exit_status = 1;
    }
    return true;
}
