/* directory/credential.h: what proves who somebody is: rows of kind, label, data.
 *
 * The account password is two rows made at the same moment: argon2id (RFC 9106; 19 MiB, 2 passes, 1 lane) for protocols that
 * send the password, and the verifiers of SCRAM-SHA-256 (RFC 5802, 7677) for those that do not. An app password is
 * 128 random bits, so that a plain SHA-256 of it is as strong as itself and costs nothing to check.
 *
 * Passwords are compared after fold_password (core/fold_name.h). Nothing here reads or writes the store. */
#ifndef SCAMBIO_DIRECTORY_CREDENTIAL_H
#define SCAMBIO_DIRECTORY_CREDENTIAL_H

#include "core/buf.h"
#include "core/hash.h"

/* Stored: never change a number. */
enum credential_kind {
    CREDENTIAL_ARGON2 = 1,
    CREDENTIAL_SCRAM_SHA256 = 2,
    CREDENTIAL_APP = 3,
    CREDENTIAL_SEALED = 4, /* the clear text of an app password for SyncML, encrypted: directory/sealed.c */
};

enum {
    PASSWORD_BYTES = 1024,    /* longer ones are refused before they cost anything */
    CREDENTIAL_BYTES = 512,   /* of a row's data */
    SCRAM_ITERATIONS = 15000, /* RFC 7677 section 4 */
    SCRAM_SALT = 16,
    ARGON2_MEMORY_KB = 19 * 1024,
    ARGON2_PASSES = 2,
};

/* "$argon2id$v=19$m=…,t=…,p=…$salt$hash" of a new random salt. Takes about 25 ms. E_MEMORY. */
enum status password_make(struct str password, struct buf *out);
/* The same text with a hash that no password has: verifying against it costs what a real one does. No hashing. */
void password_decoy(struct buf *out);
/* OK, UNAUTHENTICATED; E_CORRUPT when the data is no such text; E_MEMORY. */
enum status password_verify(struct str data, struct str password);

struct scram_verifier {
    int iterations;
    size_t salt_n;
    unsigned char salt[64];
    unsigned char stored_key[SHA256_SIZE], server_key[SHA256_SIZE];
};
/* From a password, with the salt and iterations given. */
void scram_derive(struct str password, struct str salt, int iterations, struct scram_verifier *out);
/* "SCRAM-SHA-256$iterations:salt$StoredKey:ServerKey" (the form of RFC 5803). */
enum status scram_make(struct str password, struct buf *out);
void scram_write(const struct scram_verifier *v, struct buf *out);
enum status scram_read(struct str data, struct scram_verifier *out); /* E_CORRUPT */
/* RFC 5802 section 3: does the proof belong to the verifier and AuthMessage? On true `server_signature` is set. */
bool scram_proves(const struct scram_verifier *v, struct str auth_message,
                  const unsigned char proof[SHA256_SIZE], unsigned char server_signature[SHA256_SIZE]);

enum { APP_PASSWORD_BYTES = 16, APP_PASSWORD_CHARS = 26 };

/* A new one, as text for people: "k3px-…", base32 in groups of four. */
void app_password_make(struct buf *text);
/* SHA-256 of what such a text means, whatever its case, hyphens and blanks; false: it cannot be an app password. */
bool app_password_hash(struct str text, unsigned char out[SHA256_SIZE]);

#endif
