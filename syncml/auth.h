/* syncml/auth.h: who sends a message: what its SyncHdr (Cred) or the header x-syncml-hmac proves, and with what it is challenged.
 *
 *   no Cred                            407 and a challenge
 *   basic                              the password in clear: only where the request is `secure`
 *   MD5 of SyncML 1.0, 1.1, 1.2        an app password with scope syncml; the nonce is spent, the next one is in the challenge
 *   MAC of OMA DS 1.2                  the same, and it proves each message: see sml_auth_message
 * (SyncML Representation Protocol 1.1 section 5.3.1; OMA-SyncML-DataSyncProtocol 1.2 section 11)
 *
 * NONCES. A device that logged in by digest has its next nonce in the store. It is spent by the log-in that uses it
 * (tx_sml_auth), never by a failure, so that who only knows a DevID cannot disturb its owner. A device that has none yet is
 * challenged with one that follows from its names and the hour: nothing is stored for somebody who proved nothing. The right
 * digest over an older nonce is no failed log-in: the device missed an answer, and is told the nonce again.
 *
 * Judging may hash a password: on a worker only. It reads the store and changes nothing but the counts of failures. */
#ifndef SCAMBIO_SYNCML_AUTH_H
#define SCAMBIO_SYNCML_AUTH_H

#include "directory/directory.h"
#include "store/device.h"
#include "syncml/message.h"

struct sml_auth_request {
    const struct sml_message *message; /* version, Source, LocName, Cred */
    struct str body;                   /* the message as it came: what a MAC is over */
    struct str hmac;                   /* the request's x-syncml-hmac; STR_NONE */
    struct str peer;                   /* the client's address, for throttling */
    bool secure;                       /* a password may come in clear */
};

struct sml_auth {
    int code; /* Status of the SyncHdr: 212 good for the session, 200 good for this message, 401 wrong, 407 missing, 503 later */
    struct login login;                /* with 212 and 200 */
    struct str user;                   /* the name that it logged in with, as typed: for device.user */
    struct sml_cred chal;              /* for the Status of the SyncHdr; type STR_NONE: none */
    bool every_message;                /* by MAC: the session's next messages must prove themselves too */
    bool spends;                       /* by digest or MAC: */
    struct str nonce_used, nonce_next; /* raw */
    int64_t retry_after;               /* with 503: seconds; 0: not known */
};

/* Judges the first message of a session. OK: *out is set, its strings are in the arena or the message. Only faults are
 * returned otherwise, E_UNAVAILABLE and E_BUSY not among them (503). */
enum status sml_auth(struct directory *d, struct arena *a, const struct sml_auth_request *r,
                     struct sml_auth *out);

/* Judges another message of a session that logged in by MAC (`session`: its last verdict). 200, 401 or 503; a failure ends the
 * session. */
enum status sml_auth_message(struct directory *d, struct arena *a, const struct sml_auth_request *r,
                             const struct sml_auth *session, struct sml_auth *out);

/* In the write that opens or continues the session, on the device's row: spends the nonce and notes who logged in, in *d and in
 * the store but for tx_device_update's fields. PRECONDITION: another log-in has used this nonce first: 401 and `chal`. */
enum status tx_sml_auth(struct tx *tx, const struct sml_auth *auth, struct device *d);

#endif
