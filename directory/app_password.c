/* directory/app_password.c: passwords for one device: made by us, so that people need not invent (or reuse)
 * one.
 *
 * base32 (RFC 4648 section 6) has no 0, 1, 8, 9 to take for O, I, B, g; lower case and groups of four are
 * easy to type on a phone. */
#include "directory/credential.h"

#include "core/clock.h"

static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz234567";

void app_password_make(struct buf *text)
{
    unsigned char bytes[APP_PASSWORD_BYTES + 1] = {0}; /* 130 bits are written, the last two 0 */
    random_bytes(bytes, APP_PASSWORD_BYTES);
    for (size_t i = 0; i < APP_PASSWORD_CHARS; i++) {
        size_t bit = i * 5;
        unsigned pair = ((unsigned)bytes[bit / 8] << 8) | bytes[bit / 8 + 1];
        if (i && i % 4 == 0)
            buf_addc(text, '-');
        buf_addc(text, alphabet[(pair >> (11 - bit % 8)) & 31]);
    }
    hash_wipe(bytes, sizeof bytes);
}

bool app_password_hash(struct str text, unsigned char out[SHA256_SIZE])
{
    char plain[APP_PASSWORD_CHARS];
    size_t n = 0;
    for (size_t i = 0; i < text.n; i++) {
        char c = ascii_lower(text.p[i]);
        if (c == '-' || c == ' ')
            continue;
        if (n == sizeof plain || !c || !strchr(alphabet, c))
            return false;
        plain[n++] = c;
    }
    if (n != sizeof plain)
        return false;
    sha256(str_n(plain, n), out);
    hash_wipe(plain, sizeof plain);
    return true;
}
