/* mailcore/imap/object_id.c: a letter, and a hash or a number of the store. */
#include "mailcore/imap/object_id.h"

void imap_write_email_id(struct buf *out, const unsigned char etag[SHA256_SIZE])
{
    buf_addc(out, 'M');
    buf_hex(out, str_n(etag, SHA256_SIZE));
}

void imap_write_thread_id(struct buf *out, int64_t thread)
{
    buf_addc(out, 'T');
    buf_i64(out, thread);
}
