/* server/channel.h: messages with descriptors over a local socket, and small contents as descriptors. */
#ifndef SCAMBIO_SERVER_CHANNEL_H
#define SCAMBIO_SERVER_CHANNEL_H

#include "core/buf.h"

enum { CHANNEL_FDS = 128 };

/* One message with up to CHANNEL_FDS descriptors. False: the other side is gone (errno says why). */
bool channel_send(int fd, struct str message, const int *fds, size_t fd_count);

/* What came with one recvmsg, at most `size` bytes, and its descriptors (close-on-exec, the caller's). -1: error; 0: the end. */
ssize_t channel_receive(int fd, void *p, size_t size, int *fds, size_t *fd_count);

/* A descriptor that holds the bytes (-1: no), and the bytes of one (at most `max`). */
int channel_memory(struct str content);
enum status channel_content(int fd, size_t max, struct buf *out);

#endif
